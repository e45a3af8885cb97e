"""A child that ends comes back; when `up` ends, in whatever way, nothing of it is left."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import options, starting, supervising
from dashboard.refusals import Refused
from tests.dashboard.waiting import runs, wait_for

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = ["sleep", "600"]
DEAF = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"]


class StandIn:
    """One running stand-in for `up`, with its output in a file."""

    def __init__(self, *, state: Path, children: dict[str, list[str]]) -> None:
        self.state, self.output = state, state / "output"
        with self.output.open("w") as output:
            command = [sys.executable, "-m", "tests.dashboard.stand_in", str(state), json.dumps(children)]
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        wait_for(lambda: set(self.pids()) == set(children), what="every child has started")

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.state / "up.json").read_text())
        return report

    def pids(self) -> dict[str, int]:
        pids: dict[str, int] = self.report()["children"]
        return pids

    def end(self, *, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    started: list[StandIn] = []

    def begin(**children: list[str]) -> StandIn:
        started.append(StandIn(state=tmp_path, children=children))
        return started[-1]

    yield begin
    for stand_in in started:
        stand_in.process.kill()
        stand_in.process.wait(5)


def test_a_child_that_ends_comes_back_and_one_line_says_so(start: Any) -> None:
    up = start(steady=SLEEPER, other=SLEEPER)
    before = up.pids()
    os.kill(before["steady"], signal.SIGKILL)
    wait_for(lambda: up.pids()["steady"] != before["steady"], what="another child")
    assert runs(up.pids()["steady"])
    assert up.pids()["other"] == before["other"]
    assert up.output.read_text() == "steady was ended by SIGKILL; starting it again in 0.2 s\n"


def test_a_child_that_cannot_run_is_tried_again_later_and_later(start: Any) -> None:
    up = start(broken=["false"])
    lines = wait_for(lambda: (found := up.output.read_text().splitlines())[2:] and found, what="three endings")
    assert [line.split()[-2] for line in lines[:3]] == ["0.2", "0.4", "0.8"]


def test_a_program_that_does_not_exist_is_named(start: Any) -> None:
    up = start(missing=["no-such-program"])
    assert "no-such-program cannot be started: No such file" in wait_for(up.output.read_text, what="the reason")


@given(pause=st.floats(0, 1000), ran=st.floats(0, 1000))
def test_the_pause_grows_within_its_bounds_and_is_short_again_after_a_settled_run(pause: float, ran: float) -> None:
    following = supervising.next_pause(pause_seconds=pause, ran_seconds=ran)
    assert 0.2 <= following <= 10
    assert following == 0.2 if ran > 30 else following >= min(pause, 10)


def test_sigterm_ends_every_child_and_the_foundations_last(start: Any, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    writer = "trap 'echo {0} >> {1}; exit' TERM; echo ready >> {1}; while :; do sleep 0.05; done"
    up = start(base=["sh", "-c", writer.format("base", diary)], upper=["sh", "-c", writer.format("upper", diary)])
    wait_for(lambda: diary.read_text().count("ready") == 2, what="both listen for the signal")
    pids = up.pids()
    assert up.end(number=signal.SIGTERM) == 0
    assert diary.read_text().split()[2:] == ["upper", "base"]
    assert not [pid for pid in pids.values() if runs(pid)]
    assert not (tmp_path / "up.json").exists()


def test_a_child_that_is_deaf_to_sigterm_is_killed(start: Any) -> None:
    up = start(deaf=DEAF)
    wait_for(lambda: "deaf" in up.output.read_text(), what="the child is deaf")
    pid = up.pids()["deaf"]
    assert up.end(number=signal.SIGTERM) == 0
    assert not runs(pid)


@pytest.mark.parametrize("line", [SLEEPER, DEAF, ["sh", "-c", "sleep 600 & wait"]], ids=["willing", "deaf", "with a child of its own"])
def test_kill_9_leaves_nothing_behind(start: Any, line: list[str]) -> None:
    up = start(one=line, two=SLEEPER)
    family = wait_for(lambda: (found := psutil.Process(up.process.pid).children(recursive=True))[3:] and found, what="children and guards")
    up.end(number=signal.SIGKILL)
    wait_for(lambda: not [process.pid for process in family if runs(process.pid)], what="everything ended")
    assert not [process for process in psutil.process_iter(["pid"]) if process.pid in {member.pid for member in family} and runs(process.pid)]


def test_a_killed_guard_neither_ends_nor_doubles_its_child(start: Any) -> None:
    up = start(steady=SLEEPER, other=SLEEPER)
    pids = up.pids()
    (guard,) = wait_for(lambda: psutil.Process(pids["steady"]).children(), what="the guard")
    guard.kill()
    os.kill(pids["other"], signal.SIGKILL)
    wait_for(lambda: up.pids()["other"] != pids["other"], what="the supervisor has looked at its children")
    assert up.pids()["steady"] == pids["steady"]
    assert runs(pids["steady"])
    assert up.end(number=signal.SIGTERM) == 0
    assert not runs(pids["steady"])


def test_a_second_up_on_the_same_state_is_refused_with_pid_and_address(start: Any, tmp_path: Path) -> None:
    up = start(steady=SLEEPER)
    asked = options.read(arguments=["--port", "1"], state=tmp_path)
    for refused in (options.refuse, options.hold):
        with pytest.raises(Refused, match=rf"already runs on {tmp_path} \(pid {up.process.pid}\), at http://127.0.0.1:8000"):
            refused(options=asked)


def test_after_kill_9_the_next_up_waits_until_the_last_child_is_gone(start: Any, tmp_path: Path) -> None:
    up = start(deaf=DEAF)
    wait_for(lambda: "deaf" in up.output.read_text(), what="the child is deaf")
    pid = up.pids()["deaf"]
    up.end(number=signal.SIGKILL)
    assert runs(pid)
    with options.hold(options=options.read(arguments=[], state=tmp_path)):
        wait_for(lambda: not runs(pid), seconds=0.5, what="it has ended: its lock was free a moment before")


def test_what_is_written_privately_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    supervising.write_privately(path=tmp_path / "up.json", text="{}")
    assert (tmp_path / "up.json").stat().st_mode & 0o777 == 0o600


def test_the_file_with_a_childs_own_words_is_named_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    redis = starting.OwnRedis(folder=tmp_path, port=1, password="word")
    log = f'logfile "{tmp_path}/redis.log"'
    monkeypatch.setattr(starting, "redis_program", lambda: "false")
    assert log in Path(starting.redis_line(redis=redis)[1]).read_text()

    async def until_it_ended() -> None:
        supervisor = supervising.Supervisor(environment=dict(os.environ), report=tmp_path / "up.json", folder=ROOT)
        said = asyncio.Event()
        monkeypatch.setattr(supervising, "say", lambda sentence: (print(sentence), said.set()))
        monkeypatch.setattr(starting, "python_children", lambda **_: [supervising.Child(name=name, line=SLEEPER) for name in ("web", "traffic")])
        monkeypatch.setattr(starting, "prepare", lambda **_: asyncio.sleep(3600))
        start = asyncio.create_task(starting.start(supervisor=supervisor, options=options.read(arguments=[], state=tmp_path), redis=redis))
        await said.wait()
        start.cancel()
        await supervisor.stop()

    asyncio.run(until_it_ended())
    assert capsys.readouterr().out.startswith(f"redis ended with exit code 1 (its own words are in {tmp_path}/redis.log); starting it again")


@pytest.mark.parametrize("name", ["write_privately", "print", "create_subprocess_exec"])
def test_a_child_is_kept_alive_although_the_disk_is_full_nobody_reads_or_it_could_not_be_started(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, enough = list[str](), asyncio.Event()
    genuine = asyncio.create_subprocess_exec

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def start(*line: str, **options: Any) -> asyncio.subprocess.Process:
        started.append(line[-1])
        if len(started) == 4:
            enough.set()
        if name == "create_subprocess_exec" and len(started) < 3:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return await genuine(*line, **options)

    async def until_four_starts() -> None:
        supervisor = supervising.Supervisor(environment=dict(os.environ), report=tmp_path / "up.json", folder=ROOT)
        supervisor.start(supervising.Child(name="short", line=["true"]))
        await asyncio.wait([supervisor.keepers[0], asyncio.create_task(enough.wait())], return_when=asyncio.FIRST_COMPLETED)
        await supervisor.stop()

    monkeypatch.setattr(supervising, "LONGEST_PAUSE_SECONDS", 0)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    if name != "create_subprocess_exec":
        monkeypatch.setattr(supervising, name, fail, raising=False)
    asyncio.run(until_four_starts())
    assert enough.is_set()


def test_up_ends_aloud_when_a_defect_keeps_it_from_keeping_a_child_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_down(*_: object) -> str:
        raise RuntimeError("a defect")

    async def start(*, supervisor: supervising.Supervisor, **_: object) -> None:
        supervisor.start(supervising.Child(name="short", line=["true"]))

    async def run() -> None:
        async with asyncio.timeout(60):
            await starting.run(options=options.read(arguments=[], state=tmp_path), lock=0)

    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setattr(starting, "start", start)
    monkeypatch.setattr(supervising.Supervisor, "run_once", break_down)
    with pytest.raises(RuntimeError, match="a defect"):
        asyncio.run(run())


@pytest.mark.parametrize("is_deaf", [False, True], ids=["in a terminal", "with nohup"])
def test_a_terminal_that_closes_ends_everything_in_order_unless_it_is_not_to(is_deaf: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_deaf_now() -> bool:
        return signal.getsignal(signal.SIGHUP) is signal.SIG_IGN

    async def start(*, supervisor: supervising.Supervisor, **_: object) -> None:
        supervisor.start(child)
        while not (tmp_path / "up.json").exists():  # noqa: ASYNC110 (a file)
            await asyncio.sleep(0.01)
        found.append(is_deaf_now())
        for number in (signal.SIGHUP, signal.SIGHUP, *([signal.SIGTERM] if is_deaf else [])):
            os.kill(os.getpid(), number)

    async def run() -> None:
        async with asyncio.timeout(60):
            await starting.run(options=options.read(arguments=[], state=tmp_path), lock=0)

    child, found = supervising.Child(name="steady", line=SLEEPER), list[bool]()
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setattr(starting, "start", start)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if is_deaf else lambda *_: None)
    try:
        asyncio.run(run())
    finally:
        signal.signal(signal.SIGHUP, before)
    assert found == [is_deaf]
    assert child.process and child.process.returncode == -signal.SIGTERM
    assert not (tmp_path / "up.json").exists()


def test_a_child_that_ended_is_not_started_with_newer_code_on_an_older_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    began, migrations, started = tmp_path / "began", ["older"], asyncio.Event()
    begin = ["sh", "-c", f"echo >> {began}"]

    def say(sentence: str) -> None:
        print(sentence)
        if "ended" in sentence:
            migrations[0] = "newer"
        else:
            started.set()

    async def until_it_is_told() -> None:
        supervisor = supervising.Supervisor(environment=dict(os.environ), report=tmp_path / "up.json", folder=ROOT)
        start = asyncio.create_task(starting.start(supervisor=supervisor, options=options.read(arguments=[], state=tmp_path), redis=None))
        async with asyncio.timeout(60):
            await started.wait()
        start.cancel()
        await supervisor.stop()

    monkeypatch.setattr(supervising, "say", say)
    monkeypatch.setattr(starting, "fingerprint_of_migrations", lambda: migrations[0])
    monkeypatch.setattr(starting, "is_migrated", lambda **_: True)
    monkeypatch.setattr(starting, "prepare", lambda **_: asyncio.sleep(3600))
    monkeypatch.setattr(starting, "python_children", lambda **_: [supervising.Child(name=name, line=begin) for name in ("web", "traffic")])
    asyncio.run(until_it_is_told())
    assert began.read_text() == "\n"
    assert "web is not started (the clone was updated, and its tables are others now: stop `up` and start it again)" in capsys.readouterr().out
