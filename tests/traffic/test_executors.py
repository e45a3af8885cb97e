"""Many processes carry out the same switch, once; and none that a test starts outlives it, whatever ends it and whatever state they are in."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from clusterview.models import Switch
from clusterview.traffic import engine, executing, looking
from clusterview.traffic.states import State
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.traffic import clerking, judging
from tests.traffic.executor import Clerk, Executor, Place, reconcile
from tests.traffic.shops import BLUE, GREEN, Shop, many
from tests.traffic.sweep import take_up
from tests.traffic.test_restored import accept_only

LARGE_BYTES = 1 << 30
TEST = """
import sys, time
import django
django.setup()
from pathlib import Path
from tests.traffic.executor import Executor, Place
from tests.traffic.test_executors import freeze
place = Place(folder=Path(sys.argv[1]), kubeconfig=Path(sys.argv[1], "none"))
one = Executor(place, freeze)
while not one.is_frozen:
    time.sleep(0.05)
print(one.process.pid, flush=True)
time.sleep(600)
"""


def freeze(_: Callable[[], None]) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def test_a_frozen_executor_ends_with_a_test_that_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", TEST, str(tmp_path)], cwd=root, env=environment, stdout=subprocess.PIPE, text=True) as test:
        assert test.stdout is not None
        frozen = psutil.Process(int(test.stdout.readline()))
        assert frozen.status() == psutil.STATUS_STOPPED
        test.kill()
    wait_until(lambda: not frozen.is_running(), seconds=10, what="the executor has ended")


def under_way(monkeypatch: pytest.MonkeyPatch, *, goes_on: Callable[[], bool]) -> tuple[executing.Executors, list[bool]]:
    """Executors that carry out something which goes on for as long as that says; and then, whether it had been told to leave."""
    monkeypatch.setattr(engine, "ENDING", threading.Event())
    told, begun = list[bool](), threading.Event()

    def work(**_: object) -> None:
        begun.set()
        end = time.monotonic() + 10
        while goes_on() and time.monotonic() < end:
            time.sleep(0.01)
        told.append(engine.ENDING.is_set())

    monkeypatch.setattr(engine, "advance", work)
    executors = executing.Executors()
    executors.advance(switch_id=uuid.uuid4())
    assert begun.wait(10)
    return executors, told


def test_what_is_carried_out_for_longer_than_a_moment_is_told_to_leave_when_the_process_ends_f54(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "GRACE_SECONDS", 0.05)
    executors, told = under_way(monkeypatch, goes_on=lambda: not engine.ENDING.is_set())
    executors.stop()
    assert told == [True]


def test_what_ends_in_a_moment_is_brought_to_its_end_when_the_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter(range(20))
    executors, told = under_way(monkeypatch, goes_on=lambda: next(left, None) is not None)
    executors.stop()
    assert told == [False]
    assert not executors._submit(lambda: None), "nothing begins any more"


def take_up_without_memory(watched: Callable[[], None], shop: Shop) -> None:
    """As under `prlimit --as`, with a namespace to read that takes more memory than there is."""
    look = looking.Cluster.situation

    def look_at_much(self: looking.Cluster, **asked: Any) -> Any:
        assert bytearray(LARGE_BYTES)
        return look(self, **asked)

    looking.Cluster.situation = look_at_much  # type: ignore[method-assign]
    limit = psutil.Process().memory_info().vms + LARGE_BYTES // 2
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    take_up(watched, shop)


def failures(shop: Shop) -> int:
    return Switch.objects.get(namespace=shop.namespace, service=shop.service).failures


@pytest.mark.lab
@pytest.mark.skipif(sys.platform != "linux", reason="Other systems do not keep a process from more memory.")
def test_where_one_executor_has_too_little_memory_another_one_moves_the_traffic_once_f50(lab_shop: Lab, tmp_path: Path) -> None:
    place = Place(folder=tmp_path, kubeconfig=lab_shop.kubeconfig)
    clerk, executors = Clerk(place), list[Executor]()
    try:
        clerk.ask(clerking.found)
        with many(lab=lab_shop, prefix="starved") as more:
            [shop] = more(1)
            clerk.ask(accept_only, shop)
            clerk.ask(clerking.hand_over, shop, going_back=False)
            executors.append(Executor(place, take_up_without_memory, shop))
            executors[0].process.join(30)
            assert (executors[0].exit_code, clerk.ask(failures, shop)) == (0, 1)
            executors.append(Executor(place, reconcile))
            clerk.ask(clerking.release, shop)
            wait_until(lambda: not clerk.ask(clerking.epochs), seconds=60, what="the switch has ended")
            [row], entries = clerk.ask(clerking.rows), clerk.ask(clerking.entries)
            writes = [one for one in judging.stored(lab_shop.writes()) if one.uid == row.service_uid]
    finally:
        for one in executors:
            one.end()
        clerk.end()
    assert judging.problems(judging.Record(writes=writes, entries=entries, rows=[row])) == []
    assert (row.state, [one.selector for one in writes if one.stored and one.selector != one.selector_before]) == (State.SUCCEEDED, [BLUE, GREEN])


@pytest.mark.lab
@pytest.mark.parametrize("told", [10, 0], ids=["ten are told at once", "nobody is told"])
def test_however_many_are_told_and_look_themselves_the_traffic_moves_once_f46_f48_f49(told: int, lab_shop: Lab, tmp_path: Path) -> None:
    place = Place(folder=tmp_path, kubeconfig=lab_shop.kubeconfig)
    clerk, executors = Clerk(place), list[Executor]()
    try:
        clerk.ask(clerking.found)
        with many(lab=lab_shop, prefix="told") as more:
            [shop] = more(1)
            clerk.ask(accept_only, shop)
            clerk.ask(clerking.hand_over, shop, going_back=False)
            executors += [Executor(place, take_up, shop) for _ in range(told)]
            executors += [Executor(place, reconcile) for _ in range(3)]
            clerk.ask(clerking.release, shop)
            wait_until(lambda: not clerk.ask(clerking.epochs), seconds=60, what="the switch has ended")
            [row], entries = clerk.ask(clerking.rows), clerk.ask(clerking.entries)
            writes = [one for one in judging.stored(lab_shop.writes()) if one.uid == row.service_uid]
    finally:
        for one in executors:
            one.end()
        clerk.end()
    assert judging.problems(judging.Record(writes=writes, entries=entries, rows=[row])) == []
    assert [one.selector for one in writes if one.stored and one.selector != one.selector_before] == [BLUE, GREEN]
