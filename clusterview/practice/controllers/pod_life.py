"""What a pod's status is, so many seconds after its kubelet saw it: pull, init containers, start, readiness, crash loop. Pure arithmetic.

A stage has a name; the kubelet writes a status only when the stage changes, so what others write in between (a test, an operator) stays.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clusterview.practice.controllers.behaviours import Behaviour
from clusterview.practice.objects import Object, share, stamp, uid_of, with_condition
from clusterview.practice.timing import Timing

ENDED = {"crash": (1, "Error"), "out-of-memory": (137, "OOMKilled")}


@dataclass(frozen=True)
class Stage:
    """`key` names it; `until` is the number of seconds at which the next one begins, None where none does."""

    key: str
    until: float | None
    begun: float = 0.0
    restarts: int = 0


def stage_at(pod: Object, behaviour: Behaviour, elapsed: float, timing: Timing) -> Stage:
    """This will tell the stage at `elapsed` seconds."""
    pulled = varied(timing.pull_seconds, pod, timing)
    if elapsed < pulled:
        return Stage("creating", pulled)
    inits = [one for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") != "Always"]
    initialised = pulled + len(inits) * timing.init_seconds
    if elapsed < initialised:
        number = int((elapsed - pulled) / timing.init_seconds) if timing.init_seconds else 0
        return Stage(f"init {number}", pulled + (number + 1) * timing.init_seconds, pulled)
    if behaviour == "missing-image":
        return _pulling(elapsed - initialised, initialised, timing)
    started = initialised + varied(timing.start_seconds, pod, timing)
    if elapsed < started:
        return Stage("starting", started, initialised)
    if behaviour in ENDED:
        return _crashing(elapsed - started, started, timing)
    if pod["spec"].get("restartPolicy") != "Always":
        done = started + timing.job_seconds
        return Stage("running", done, started) if elapsed < done else Stage("succeeded", None, done)
    if behaviour == "unready":
        return Stage("running", None, started)
    ready = started + (varied(timing.ready_seconds, pod, timing) + first_probe(pod) if has_probe(pod) else 0.0)
    return Stage("running", ready, started) if elapsed < ready else Stage("ready", None, started)


def varied(seconds: float, pod: Object, timing: Timing) -> float:
    """The duration for this pod."""
    return seconds * (1.0 + timing.spread * (share(uid_of(pod)) - 0.5))


def has_probe(pod: Object) -> bool:
    return any(one.get("readinessProbe") is not None for one in pod["spec"]["containers"])


def first_probe(pod: Object) -> float:
    return float(max((int((one.get("readinessProbe") or {}).get("initialDelaySeconds") or 0) for one in pod["spec"]["containers"]), default=0))


def _back_offs(timing: Timing) -> Iterator[float]:
    seconds = timing.first_back_off_seconds
    while True:
        yield seconds
        seconds = min(seconds * 2, timing.longest_back_off_seconds)


def _pulling(seconds: float, begun: float, timing: Timing) -> Stage:
    """An image that is not there: an error at each try, and longer waits in between."""
    at, tries = 0.0, 0
    for wait in _back_offs(timing):
        failed = at + timing.start_seconds
        if seconds < failed:
            return Stage("pull failed", begun + failed, begun + at, tries)
        if seconds < failed + wait:
            return Stage("pull backed off", begun + failed + wait, begun + failed, tries)
        at, tries = failed + wait, tries + 1
    raise AssertionError("unreachable")


def _crashing(seconds: float, begun: float, timing: Timing) -> Stage:
    """A container that ends: run, wait, run, wait longer."""
    at, restarts = 0.0, 0
    for wait in _back_offs(timing):
        ended = at + timing.crash_after_seconds
        if seconds < ended:
            return Stage("running", begun + ended, begun + at, restarts)
        if seconds < ended + wait:
            return Stage("crashed", begun + ended + wait, begun + ended, restarts)
        at, restarts = ended + wait, restarts + 1
    raise AssertionError("unreachable")


def status_of(pod: Object, stage: Stage, behaviour: Behaviour, *, node: Object, address: str, now: float, begun_at: float) -> Object:
    """The pod's status in this stage. `begun_at` is when the stage's containers began or ended."""
    before = pod.get("status") or {}
    host = next((one["address"] for one in (node.get("status") or {}).get("addresses") or () if one["type"] == "InternalIP"), "")
    initialised = not stage.key.startswith(("creating", "init")) or not pod["spec"].get("initContainers")
    ready, over = stage.key == "ready", stage.key == "succeeded"
    has_address = bool(pod["spec"].get("hostNetwork")) or stage.key != "creating"
    phase = "Succeeded" if over else "Running" if stage.key in ("running", "ready", "crashed") else "Pending"
    status: Object = {
        **{key: value for key, value in before.items() if key not in ("reason", "message")}, "phase": phase,
        "hostIP": host, "hostIPs": [{"ip": host}],
        "startTime": before.get("startTime") or stamp(now),
    }  # fmt: skip
    if has_address and address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    conditions = list(before.get("conditions") or ())
    conditions = with_condition(conditions, type="PodReadyToStartContainers", status=_word(has_address and not over), now=now)
    conditions = _said(conditions, "Initialized", initialised, now, reason="ContainersNotInitialized", message="")
    reason = "PodCompleted" if over else "ContainersNotReady"
    for type in ("Ready", "ContainersReady"):
        conditions = _said(conditions, type, ready, now, reason=reason, message="" if over else _unready(pod))
    status["conditions"] = conditions
    status["containerStatuses"] = [_container(one, stage, behaviour, begun_at=begun_at) for one in pod["spec"]["containers"]]
    if pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = list(_init_containers(pod["spec"]["initContainers"], stage, begun_at=begun_at))
    return status


def _said(conditions: list[Object], type: str, holds: bool, now: float, *, reason: str, message: str) -> list[Object]:
    """A condition gives its reason only while it does not hold."""
    made = with_condition(conditions, type=type, status=_word(holds), now=now, reason="" if holds else reason, message="" if holds else message)
    if not holds:
        return made
    return [{key: value for key, value in one.items() if key not in ("reason", "message")} if one["type"] == type else one for one in made]


def _word(value: bool) -> str:
    return "True" if value else "False"


def _unready(pod: Object) -> str:
    return f"containers with unready status: [{' '.join(one['name'] for one in pod['spec']['containers'])}]"


def _container(container: Object, stage: Stage, behaviour: Behaviour, *, begun_at: float) -> Object:
    image = container["image"]
    state: dict[str, Any]
    last: dict[str, Any] = {}
    runs = stage.key in ("running", "ready")
    if runs:
        state = {"running": {"startedAt": stamp(begun_at)}}
    elif stage.key == "succeeded":
        state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": stamp(begun_at), "finishedAt": stamp(begun_at)}}
    elif stage.key == "crashed":
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": f"back-off restarting failed container {container['name']}"}}
    elif stage.key == "pull failed":
        state = {"waiting": {"reason": "ErrImagePull", "message": f'failed to pull and unpack image "{image}": not found'}}
    elif stage.key == "pull backed off":
        state = {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}": ErrImagePull: not found'}}
    else:
        state = {"waiting": {"reason": "PodInitializing" if stage.key.startswith("init") else "ContainerCreating"}}
    if behaviour in ENDED and (stage.key == "crashed" or stage.restarts):
        code, reason = ENDED[behaviour]
        last = {"terminated": {"exitCode": code, "reason": reason, "startedAt": stamp(begun_at), "finishedAt": stamp(begun_at)}}
    made: Object = {
        "name": container["name"], "image": image, "imageID": "", "state": state, "lastState": last, "ready": stage.key == "ready",
        "restartCount": stage.restarts, "started": runs,
    }  # fmt: skip
    return made | ({"containerID": f"practice://{container['name']}"} if runs else {})


def _init_containers(containers: list[Object], stage: Stage, *, begun_at: float) -> Iterator[Object]:
    done = len(containers) if not stage.key.startswith(("creating", "init")) else int(stage.key.split()[1]) if stage.key.startswith("init") else 0
    place = 0
    state: dict[str, Any]
    for one in containers:
        sidecar = one.get("restartPolicy") == "Always"
        if sidecar and stage.key != "creating":
            state, ready = {"running": {"startedAt": stamp(begun_at)}}, True
        elif place < done and not sidecar:
            state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": stamp(begun_at), "finishedAt": stamp(begun_at)}}
            ready = True
        elif place == done and stage.key.startswith("init"):
            state, ready = {"running": {"startedAt": stamp(begun_at)}}, False
        else:
            state, ready = {"waiting": {"reason": "PodInitializing"}}, False
        place += not sidecar
        yield {
            "name": one["name"], "image": one["image"], "imageID": "", "state": state, "lastState": {}, "ready": ready, "restartCount": 0,
            "started": sidecar and ready,
        }  # fmt: skip
