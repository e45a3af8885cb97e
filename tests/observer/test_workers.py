"""The bootsteps: where they run, and that they need neither broker nor cluster to begin and to end."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from kombu.asynchronous import Hub

from clusterview import garbage, workers
from clusterview.observer.keeping import Keeper
from clusterview.recording import forgetting


def worker(*queues: str) -> Any:
    consumed = dict.fromkeys(queues)
    return SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=consumed))), steps=[])


class Idle:
    def start(self) -> None:
        """Observes nothing."""


@pytest.mark.parametrize(("queues", "observes", "reconciles"), [(["observe"], True, False), (["traffic", "default"], False, True)])
def test_each_step_runs_where_its_queue_is_consumed(queues: list[str], observes: bool, reconciles: bool) -> None:
    parent = worker(*queues)
    assert workers.ObserverStep(parent).include_if(parent) is observes
    assert workers.ReconcilerStep(parent).include_if(parent) is reconciles


def test_both_begin_before_the_broker_is_reached() -> None:
    assert {str(one) for step in (workers.ObserverStep, workers.ReconcilerStep) for one in step.requires} == {"celery.worker.components:Pool"}


def test_a_broken_kubeconfig_is_said_and_does_not_stop_the_worker(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "config"
    path.write_text("{")
    monkeypatch.setattr(settings, "KUBECONFIG_PATHS", [str(path)])
    step = workers.ObserverStep(worker("observe"))
    step.start(worker("observe"))
    step.stop(worker("observe"))
    assert "is broken" in caplog.text


def test_the_clusters_of_the_settings_are_observed(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    path = tmp_path / "config"
    contexts = "".join(f"- {{name: {name}, context: {{cluster: c}}}}\n" for name in ("one", "two"))
    path.write_text(f"current-context: one\ncontexts:\n{contexts}clusters:\n- {{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}\n")
    monkeypatch.setattr(settings, "KUBECONFIG_PATHS", [str(path)])
    observed = list[list[str]]()
    monkeypatch.setattr(workers, "Observers", lambda *, accesses, **_: observed.append([one.id for one in accesses]) or Idle())
    workers.ObserverStep(worker("observe")).start(worker("observe"))
    monkeypatch.setattr(settings, "KUBE_CONTEXTS", ["two", "one"])
    workers.ObserverStep(worker("observe")).start(worker("observe"))
    assert observed == [["one"], ["two", "one"]]


@pytest.mark.parametrize(("hours", "said"), [(24.0, None), (0.0, forgetting.clear)])
def test_where_nothing_is_recorded_any_more_what_was_recorded_is_forgotten(
    hours: float, said: Callable[[], float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "REWIND_HOURS", hours)
    monkeypatch.setattr(settings, "KUBECONFIG_PATHS", [])
    told = list[Any]()
    monkeypatch.setattr(workers, "Observers", lambda *, forget, **_: told.append(forget) or Idle())
    workers.ObserverStep(worker("observe")).start(worker("observe"))
    assert told == [said]


def test_what_was_recorded_is_forgotten_again_and_again_until_the_worker_ends() -> None:
    rounds = queue.Queue[int]()
    observers = workers.Observers(accesses=[], redis_url="", forget=lambda: rounds.put(1) or 0.01)  # type: ignore[func-returns-value]
    observers.start()
    for _ in range(3):
        rounds.get(timeout=30)
    observers.stop()
    assert "forgetting" not in {thread.name for thread in threading.enumerate()}


def test_without_redis_nothing_is_observed_and_everything_still_ends(tmp_path: Any) -> None:
    nowhere = f"unix://{tmp_path}/nothing.sock"
    access = SimpleNamespace(id="one")
    observers = workers.Observers(accesses=[access], redis_url=nowhere)  # type: ignore[list-item]
    observers.start()
    observers.stop()


def test_while_clusters_are_observed_free_pages_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = queue.Queue[int]()
    monkeypatch.setattr(garbage, "return_pages", lambda: rounds.put(1) or 0.01)
    observers = workers.Observers(accesses=[], redis_url="")
    observers.start()
    for _ in range(3):
        rounds.get(timeout=30)
    observers.stop()
    assert "memory" not in {thread.name for thread in threading.enumerate()}


def test_a_worker_that_takes_no_message_sleeps_until_a_signal_comes() -> None:
    hub, heard = Hub(), list[int]()
    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    hub.timer.call_after(60, heard.clear)
    step = workers.QuietStep(SimpleNamespace(hub=hub, steps=[]))
    for _ in range(2):
        step.start(SimpleNamespace(hub=hub))
        coming = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
        coming.start()
        next(hub.create_loop())
        slept = list(heard)
        coming.join()
        step.stop(SimpleNamespace(hub=hub))
        assert slept == [signal.SIGUSR1], "the signal woke it, and nothing before"
        heard.clear()
    signal.signal(signal.SIGUSR1, before)
    hub.close()
    assert signal.set_wakeup_fd(-1) == -1


def test_a_keeper_says_once_that_redis_is_away(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    keeper = Keeper(access=SimpleNamespace(id="one"), redis_url=f"unix://{tmp_path}/nothing.sock")  # type: ignore[arg-type]
    for _ in range(3):
        keeper.round()
    assert caplog.text.count("Redis is away") == 1
