"""The readers of rows come and go while others of them run, and all of them end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from clusterview.kube import errors, watching
from clusterview.kube.bounding import Bounds
from clusterview.kube.kinds import named
from clusterview.observer import readers, words
from clusterview.observer.readers import Reader, Readers


class Nobody:
    """A connection of which only siblings and the name are made."""

    class access:
        id = "lab"

    def sibling(self, **_: Any) -> Nobody:
        return self

    def close(self) -> None:
        """Nothing is open."""


def test_readers_that_are_stopped_while_narrow_ones_begin_all_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers.Reflector, "run", lambda _: None)
    begins, is_stopped, start = threading.Event(), threading.Event(), Reader.start

    def held(reader: Reader) -> None:
        if reader.reflector.spec.namespace:
            begins.set()
            is_stopped.wait(0.2)
        start(reader)

    monkeypatch.setattr(Reader, "start", held)
    all_of_them = Readers(
        connection=Nobody(),  # type: ignore[arg-type]
        specs=[named("Pod")], namespaces=["store", "bank"], is_away=lambda: False, bounds=Bounds(), deliver=lambda _: None, tell=lambda _: None,
    )  # fmt: skip
    all_of_them.start()
    refusal = watching.NotPermitted(named("Pod"), errors.Forbidden("The account may not do this."))
    narrowing = threading.Thread(target=all_of_them._hear, args=(refusal,))
    narrowing.start()
    assert begins.wait(5)

    failure = failure_of(all_of_them.stop)
    is_stopped.set()
    narrowing.join(5)
    assert failure is None
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lab: ")]


def test_a_narrow_reader_that_could_not_begin_begins_at_the_next_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    pods, told, begun, start, has_room = named("Pod"), list[words.Word](), list[str](), Reader.start, False

    def start_one(reader: Reader) -> None:
        if begun and not has_room:
            raise RuntimeError("can't start new thread")
        begun.append(reader.reflector.spec.key)
        start(reader)

    monkeypatch.setattr(readers.Reflector, "run", lambda own: own._stopped.wait(5))
    monkeypatch.setattr(Reader, "start", start_one)
    all_of_them = Readers(
        connection=Nobody(),  # type: ignore[arg-type]
        specs=[pods], namespaces=["store", "bank"], is_away=lambda: False, bounds=Bounds(), deliver=lambda _: None, tell=told.append,
    )  # fmt: skip
    refusal = watching.NotPermitted(pods, errors.Forbidden("The account may not do this."))
    assert failure_of(lambda: all_of_them._hear(refusal)) is not None
    has_room = True
    all_of_them._hear(refusal)
    assert begun == ["Pod/store", "Pod/bank"]
    assert [type(word) for word in told] == [words.Narrowed]
    all_of_them.stop()


def test_a_whole_list_ends_the_narrow_readers_though_some_could_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: Reader) -> None:
        raise RuntimeError("can't start new thread")

    pods, told = named("Pod"), list[words.Word]()
    monkeypatch.setattr(Reader, "start", start)
    all_of_them = Readers(
        connection=Nobody(),  # type: ignore[arg-type]
        specs=[pods], namespaces=["store"], is_away=lambda: False, bounds=Bounds(), deliver=lambda _: None, tell=told.append,
    )  # fmt: skip
    assert failure_of(lambda: all_of_them._narrow_down(pods)) is not None
    all_of_them._hear(watching.Listed(pods, [], "2"))
    assert isinstance(told[-1], words.Widened)


def test_a_whole_list_is_told_after_the_last_word_of_the_narrow_readers_however_long_that_has_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    pods, told, waits, has_room = named("Pod"), list[str](), threading.Event(), threading.Event()

    def deliver(said: watching.Observation) -> None:
        if said.spec.namespace:
            waits.set()
            has_room.wait(5)
        told.append(said.spec.key)

    monkeypatch.setattr(readers, "STOP_SECONDS", 0.01)
    monkeypatch.setattr(readers.Reflector, "run", lambda own: own._deliver(watching.Listed(own.spec, [], "1")) if own.spec.namespace else None)
    all_of_them = Readers(
        connection=Nobody(),  # type: ignore[arg-type]
        specs=[pods], namespaces=["store"], is_away=lambda: False, bounds=Bounds(), deliver=deliver,
        tell=lambda word: told.append(f"widened {word.key}") if isinstance(word, words.Widened) else None,
    )  # fmt: skip
    all_of_them.start()
    all_of_them._narrow_down(pods)
    assert waits.wait(5)
    widening = threading.Thread(target=all_of_them._hear, args=(watching.Listed(pods, [], "2"),))
    widening.start()
    widening.join(0.3)
    has_room.set()
    widening.join(5)
    all_of_them.stop()
    assert told == ["Pod/store", "widened Pod", "Pod"]


@pytest.mark.parametrize(
    ("kind", "namespaces", "seconds"),
    [
        ("Pod", [], 8.0),
        ("EndpointSlice", [], 8.0),
        ("Pod", ["store"], 8.0),
        ("Pod", ["store", "bank"], 16.0),
        ("Pod", list("abcdefgh"), 25.0),
        ("Node", [], 25.0),
    ],
)
def test_what_traffic_is_judged_by_is_watched_anew_after_a_shorter_silence(kind: str, namespaces: list[str], seconds: float) -> None:
    rows = Readers(
        connection=Nobody(),  # type: ignore[arg-type]
        specs=[named(kind).within(one) for one in namespaces] or [named(kind)], namespaces=namespaces, is_away=lambda: False, bounds=Bounds(),
        deliver=lambda _: None, tell=lambda _: None,
    )  # fmt: skip
    assert {one.reflector._silence_seconds for one in rows._all()} == {seconds}


def failure_of(act: Callable[[], None]) -> Exception | None:
    try:
        act()
    except RuntimeError as error:
        return error
    return None
