"""Processes that carry switches out and may die of it.

They are forked from one process that has everything imported and no connection open, so that each costs milliseconds. All of them share the
database that the product uses, a real file or a PostgreSQL; the test itself has no connection to it and asks a `Clerk`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connections

from clusterview.models import Switch
from clusterview.traffic import engine, executing, looking, moving_on, reconciling, requesting
from dashboard.settings import databases
from tests.lab.cluster import die_with_parent
from tests.traffic.points import Course, Point

ANSWER_SECONDS = 120.0
USUAL = engine.OLDEST_LOOK_SECONDS, engine.WATCHED_SECONDS
DYING_NICENESS = 10  # whoever takes over goes first on a busy machine, since that is what is timed

warm = multiprocessing.get_context("forkserver")
warm.set_forkserver_preload([f"tests.traffic.{name}" for name in ("warm", "executor", "sweep", "sweep_groups", "sweep_sizes")])


@dataclass(frozen=True)
class Place:
    """What executors work on. Without a URL the database is SQLite in the folder, with the product's own options."""

    folder: Path
    kubeconfig: Path
    database_url: str = ""

    def enter(self) -> None:
        """This will make it the place of this process, which has opened nothing so far."""
        die_with_test()
        chosen = databases(environment={"DATABASE_URL": self.database_url})
        if not self.database_url:
            chosen["default"]["NAME"] = self.folder / "clusterview.sqlite3"
        settings.STATE_DIR, settings.KUBECONFIG_PATHS, settings.DATABASES = self.folder, [str(self.kubeconfig)], chosen
        settings.FOLLOW_SECONDS, moving_on.LONGEST_REST = 0.0, timedelta(days=1)  # what a sweep keeps from the reconcilers they believe
        connections.settings = connections.configure_settings(chosen)
        del connections["default"]  # made when the models were imported, and never opened
        requesting.carry_out = _carry_out
        engine.HOLDER = f"executor-{os.getpid()}"


def be_patient() -> None:
    """On a busy machine too this process goes through to where it is to crash: until then no look of its own grows old, and it watches the endpoints
    for as long as they need.
    """
    engine.OLDEST_LOOK_SECONDS = engine.WATCHED_SECONDS = ANSWER_SECONDS


def die_with_test() -> None:
    """This process ends with the test's, however that ends, and even if it is frozen then. Linux ends it with the server that it was forked from,
    and that one ends when nobody holds its pipe any more; so its children do not hold it.
    """
    die_with_parent()
    os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]


def _carry_out(switch: Switch, *, look: engine.Look, opened: looking.Opener) -> None:
    """As the product does it, with the heartbeat beside it, but in the thread whose course is watched."""
    executing.of_this_process()
    engine.begin(switch, look=look, opened=opened)


@dataclass(frozen=True)
class Crash:
    """The signal that an executor gets at a point, if it comes there."""

    point: Point
    number: signal.Signals = signal.SIGKILL

    def met(self, here: Point) -> None:
        if here == self.point:
            engine.OLDEST_LOOK_SECONDS, engine.WATCHED_SECONDS = USUAL
            os.kill(os.getpid(), self.number)


Work = Callable[..., None]


class Executor:
    """A process that does one piece of work. The work is given `watched`, and calls it where the course begins in which it may crash."""

    def __init__(self, place: Place, work: Work, *given: Any, crash: Crash | None = None) -> None:
        self.process = warm.Process(target=_work, args=(place, work, given, crash), daemon=True)
        self.process.start()

    @property
    def exit_code(self) -> int | None:
        """None while it is there."""
        return self.process.exitcode

    @property
    def is_frozen(self) -> bool:
        try:
            return bool(psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(self.process.pid).send_signal(number)

    def end(self) -> None:
        """This will kill what is left of it."""
        self.process.kill()
        self.process.join(10)


def _work(place: Place, work: Work, given: tuple[Any, ...], crash: Crash | None) -> None:
    place.enter()
    if crash:
        os.nice(DYING_NICENESS)
        be_patient()
    work(Course(crash.met).watch if crash else _unwatched, *given)


def _unwatched() -> None:
    """The course of an executor that nothing happens to."""


def course(place: Place, work: Work, *given: Any) -> list[Point]:
    """The points that such an executor comes by when nothing happens to it, in order."""
    ours, theirs = warm.Pipe(duplex=False)
    process = warm.Process(target=_tell_course, args=(theirs, place, work, given), daemon=True)
    process.start()
    theirs.close()
    assert ours.poll(ANSWER_SECONDS), f"{work.__name__} did not end within {ANSWER_SECONDS:.0f} s"
    points: list[Point] = ours.recv()
    process.join(10)
    return points


def _tell_course(pipe: Connection, place: Place, work: Work, given: tuple[Any, ...]) -> None:
    place.enter()
    be_patient()
    been: list[Point] = []
    work(Course(been.append).watch, *given)
    pipe.send(been)


class Clerk:
    """A process that does one thing after another with the database, and says what came of it."""

    def __init__(self, place: Place) -> None:
        self._pipe, theirs = warm.Pipe()
        self._process = warm.Process(target=_serve, args=(place, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """This will return what the function returns there. Raises AssertionError with its traceback where it raised."""
        self._pipe.send((work, given, named))
        assert self._pipe.poll(ANSWER_SECONDS), f"no answer to {work.__name__} within {ANSWER_SECONDS:.0f} s"
        done, answer = self._pipe.recv()
        assert done, answer
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.join(10)
        self._pipe.close()


def _serve(place: Place, pipe: Connection) -> None:
    place.enter()
    while True:
        work, given, named = pipe.recv()
        try:
            pipe.send((True, work(*given, **named)))
        except Exception:
            pipe.send((False, traceback.format_exc()))


def reconcile(_: Callable[[], None]) -> None:
    """This will do for ever what every worker does beside its doorbells."""
    while True:
        reconciling.round_once()
        time.sleep(reconciling.ROUND_SECONDS)
