"""An observer's threads: they end when told, and a defect never leaves a wrong picture on the page."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from clusterview.kube import reading
from clusterview.kube.kinds import named
from clusterview.kube.kubeconfigs import ClusterAccess
from clusterview.kube.watching import Reflector
from clusterview.observer import words
from clusterview.observer.observing import Observer
from clusterview.observer.readers import Readers
from clusterview.stream.publishing import Publisher
from tests.lab.fixtures import wait_until

NOWHERE = ClusterAccess(id="nowhere", name="nowhere", server="https://127.0.0.1:1", namespace="default", source="test", cluster={}, user={})


def no_publisher(epoch: int) -> Publisher:
    raise AssertionError(f"epoch {epoch} was not granted")


@pytest.fixture
def observer() -> Observer:
    return Observer(access=NOWHERE, publisher_for=no_publisher)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no such clock")
def test_a_computer_that_slept_has_seen_nothing_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    awake, slept, reopened = time.clock_gettime, 0.0, list[str]()
    monkeypatch.setattr(time, "clock_gettime", lambda clock: awake(clock) + (slept if clock == time.CLOCK_BOOTTIME else 0.0))
    monkeypatch.setattr(Readers, "reopen", lambda _, key: reopened.append(key))
    monkeypatch.setattr(reading, "contact", lambda _: 0.01)
    observer = Observer(access=NOWHERE, publisher_for=no_publisher)
    observer.following.hear(word=words.Opened(key="Pod"))
    for slept in (0.0, 3600.0):
        observer._asking.pulse_round()
        observer._take(seconds=1.0)
        assert reopened == (["Pod"] if slept else [])


def test_a_row_that_is_read_in_the_whole_cluster_again_has_2_s_to_be_followed_on_a_computer_that_slept_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Reflector, "run", lambda _: None)
    now, pods = time.monotonic() + 1000.0, named("Pod")
    observer = Observer(access=NOWHERE, publisher_for=no_publisher, namespaces=["store"], clock=lambda: now)
    observer._readers._narrow_down(pods)
    observer._readers._widen(pods)
    narrowed, ended, _ = list(observer._inbox.queue)
    for word in (narrowed, words.Opened(key="Pod/store"), ended):
        observer.following.hear(word=word)
    assert observer.following._sight.is_open(key="Pod/store", now=now + 2.0)


def alive() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("nowhere")]


def test_every_thread_ends_when_it_is_stopped(observer: Observer) -> None:
    observer.start()
    wait_until(lambda: len(alive()) == 26, seconds=5, what="every thread runs")
    observer.stop()
    assert alive() == []


@pytest.mark.parametrize("begun", [0, 5, 25], ids=["none", "some readers", "all but the last"])
def test_an_observer_that_could_not_begin_every_thread_has_failed_and_leaves_none(
    observer: Observer, monkeypatch: pytest.MonkeyPatch, begun: int
) -> None:
    start, starts = threading.Thread.start, itertools.count()

    def start_some(thread: threading.Thread) -> None:
        if next(starts) >= begun:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        observer.start()
    assert observer.has_failed
    observer.stop()
    assert alive() == []


def test_a_full_inbox_does_not_hold_the_threads_back_from_ending(observer: Observer, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = threading.Event()
    monkeypatch.setattr(observer.following, "hear", lambda **_: blocked.wait(5))
    observer.start()
    wait_until(lambda: len(alive()) == 26, seconds=5, what="every thread runs")
    for _ in range(5_000):
        observer._inbox.put_nowait(words.Contacted(0.0)) if not observer._inbox.full() else None
    blocked.set()
    observer.stop()
    assert alive() == []


def test_what_comes_while_changes_are_gathered_is_taken_in_together(observer: Observer, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[words.Word] = []
    first, *others = [words.Contacted(float(number)) for number in range(700)]

    def wait(seconds: float) -> None:
        assert (seconds, heard) == (0.05, [first])
        for one in others:
            observer._inbox.put(one)

    monkeypatch.setattr(observer.following, "hear", lambda word: heard.append(word))
    monkeypatch.setattr(observer.following, "gathering_seconds", lambda now: 0.05)
    monkeypatch.setattr(observer, "_stopped", SimpleNamespace(wait=wait))
    observer._inbox.put(first)
    observer._take(seconds=1.0)
    assert heard == [first, *others]


def test_a_defect_ends_the_observer_instead_of_showing_half_a_picture(
    observer: Observer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(observer.following, "hear", fail)
    observer.start()
    wait_until(lambda: observer.is_over, seconds=5, what="it is over")
    observer.stop()
    assert "a defect" in caplog.text
