"""How long things take: knobs, in seconds. The usual values are those of a small, healthy cluster; tests and impatient people choose others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Timing:
    """`spread` is by how much of itself a duration varies between pods, always the same for the same pod."""

    pull_seconds: float = 0.8
    init_seconds: float = 0.4
    start_seconds: float = 0.3
    ready_seconds: float = 1.0
    stop_seconds: float = 1.5
    crash_after_seconds: float = 1.0
    job_seconds: float = 4.0
    first_back_off_seconds: float = 10.0
    longest_back_off_seconds: float = 300.0
    heartbeat_seconds: float = 10.0
    node_status_seconds: float = 60.0
    leader_seconds: float = 2.0
    node_grace_seconds: float = 40.0
    load_balancer_seconds: float = 2.0
    autoscaler_seconds: float = 15.0
    event_life_seconds: float = 3600.0
    spread: float = 0.4


USUAL = Timing()
QUICK = Timing(
    pull_seconds=0.02, init_seconds=0.01, start_seconds=0.01, ready_seconds=0.02, stop_seconds=0.05, crash_after_seconds=0.05, job_seconds=0.1,
    first_back_off_seconds=0.2, longest_back_off_seconds=1.0, load_balancer_seconds=0.02, autoscaler_seconds=0.2,
)  # fmt: skip
