"""Keeps children alive: a supervisor of our own, since the ready ones end everything when one process dies and restart none.

A child that ends is started again, 0.2 s to 10 s later, with one line that says so; only `stop` ends it for good. Each child runs under
`guarding.py` and in a session of its own, so that Ctrl-C reaches `up` alone and `kill -9` of `up` leaves nothing behind. What runs where
stands in one JSON file, written anew at every start of a child. A full disk, a terminal that is gone and a lack of memory pass, so none of
them ends the keeping of a child.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

GUARD = Path(__file__).with_name("guarding.py")
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 10.0
SETTLED_SECONDS = 30.0
PATIENCE_SECONDS = 8.0


@dataclass
class Child:
    """One supervised process. A foundation is ended only after the children that stand on it. What it says may stand in a file of its own, `log`.
    It is not started while `why_not` has a sentence against that.
    """

    name: str
    line: list[str]
    foundation: bool = False
    log: Path | None = None
    why_not: Callable[[], str] = str
    process: asyncio.subprocess.Process | None = None


def next_pause(*, pause_seconds: float, ran_seconds: float) -> float:
    """How long to wait before another start: doubled each time, short again after a child that ran for a while."""
    return FIRST_PAUSE_SECONDS if ran_seconds > SETTLED_SECONDS else min(max(pause_seconds * 2, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)


@dataclass
class Supervisor:
    """Keeps the started children alive. `facts` stand in the report beside the pids; `held` are descriptors that outlive `up` in the guards.

    `broken` raises the defect that ended the keeping of a child: whoever supervises has to end then, for nobody would start that child again.
    """

    environment: dict[str, str]
    report: Path
    folder: Path
    facts: dict[str, object] = field(default_factory=dict)
    held: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.children: list[Child] = []
        self.keepers: list[asyncio.Task[None]] = []
        self.pipe, self.lifeline = os.pipe()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, *children: Child) -> None:
        """This will keep these children alive from now on."""
        for child in children:
            self.children.append(child)
            self.keepers.append(asyncio.create_task(self.keep(child), name=child.name))
            self.keepers[-1].add_done_callback(self.note_defect)

    def note_defect(self, keeper: asyncio.Task[None]) -> None:
        """This will tell whoever supervises that a child is not kept any more."""
        if not keeper.cancelled() and (defect := keeper.exception()) and not self.broken.done():
            self.broken.set_exception(defect)

    async def stop(self) -> None:
        """This will end every child: SIGTERM, after 8 seconds SIGKILL; the foundations last."""
        for keeper in self.keepers:
            keeper.cancel()
        await asyncio.gather(*self.keepers, return_exceptions=True)
        for foundation in (False, True):
            await asyncio.gather(*(end(child=child) for child in self.children if child.foundation is foundation))
        os.close(self.lifeline)
        os.close(self.pipe)
        self.report.unlink(missing_ok=True)

    def kill(self) -> None:
        """This will end every child at once."""
        for child in self.children:
            send(child=child, number=signal.SIGKILL)

    async def keep(self, child: Child) -> None:
        pause_seconds = 0.0
        while True:
            begun = time.monotonic()
            ending = await self.run_once(child)
            pause_seconds = next_pause(pause_seconds=pause_seconds, ran_seconds=time.monotonic() - begun)
            say(f"{child.name} {ending} in {pause_seconds:.1f} s")
            await asyncio.sleep(pause_seconds)

    async def run_once(self, child: Child) -> str:
        """This will start the child, note its pid, and return in words how it ended, and what comes next."""
        passed = (self.pipe, *self.held)
        try:
            if why_not := child.why_not():
                return f"is not started ({why_not}); trying again"
            child.process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(GUARD), ",".join(str(number) for number in passed), *child.line,
                env=self.environment, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, pass_fds=passed, start_new_session=True,
            )  # fmt: skip
        except OSError as problem:
            return f"could not be started ({problem}); trying again"
        self.write_report()
        ending = how_it_ended(code=await child.process.wait())
        return f"{ending}{f' (its own words are in {child.log})' if child.log else ''}; starting it again"

    def write_report(self) -> None:
        pids = {child.name: child.process.pid for child in self.children if child.process}
        try:
            write_privately(path=self.report, text=json.dumps(self.facts | {"pid": os.getpid(), "children": pids}))
        except OSError as problem:
            say(f"{self.report} could not be written ({problem}), so commands may look for what runs in the wrong place")


async def end(*, child: Child) -> None:
    if child.process is None or child.process.returncode is not None:
        return
    send(child=child, number=signal.SIGTERM)
    try:
        await asyncio.wait_for(child.process.wait(), PATIENCE_SECONDS)
    except TimeoutError:
        say(f"{child.name} did not end within {PATIENCE_SECONDS:.0f} s and was killed")
        send(child=child, number=signal.SIGKILL)
        await child.process.wait()


def send(*, child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        if child.process and child.process.returncode is None:
            child.process.send_signal(number)


def how_it_ended(*, code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def say(sentence: str) -> None:
    """This will print a line; whoever supervises goes on where nobody can read it."""
    with contextlib.suppress(OSError):
        print(sentence, flush=True)


def write_privately(*, path: Path, text: str) -> None:
    """This will replace a file at once, readable by its owner only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


async def wait_for_signal(*, numbers: Iterable[signal.Signals]) -> None:
    """This will return at the first of these signals. It stays deaf to them before."""
    heard = asyncio.Event()
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, heard.set)
    await heard.wait()
