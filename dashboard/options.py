"""What can be said to `up`, and what it refuses before anything is made or started.

Standard library only: a taken port or an unsafe address is refused in the first tenth of a second, not after an installation.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from clusterview.practice import sizes
from clusterview.practice.sizes import Size
from dashboard import addresses
from dashboard.refusals import Refused

LOOPBACK = ("127.0.0.1", "localhost", "::1")
STORIES = Path(__file__).resolve().parent.parent / "clusterview" / "practice" / "stories"
SHOP = "shop"
OTHER_UP_ENDS_SECONDS = 10.0


@dataclass(frozen=True)
class Options:
    """One `up` as asked for. `practice` is the story of the practice cluster, empty where a real cluster is opened; a large one has a `size`."""

    state: Path
    host: str
    port: int
    kubeconfig: str
    contexts: list[str]
    read_only: bool
    practice: str = ""
    size: Size | None = None

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    @property
    def report(self) -> Path:
        """The file that says what runs where."""
        return self.state / "up.json"


def read(*, arguments: list[str], state: Path) -> Options:
    """This will read the command line after `up`; argparse ends the process with 2 and a usage line when it cannot.

    Raises Refused for a size that cannot be.
    """
    parser = argparse.ArgumentParser(prog="manage.py up", description="Starts everything on this machine and prints a link that signs you in.")
    parser.add_argument("--port", type=port_number, default=8000)
    parser.add_argument("--host", default="127.0.0.1", help="beyond loopback only with PUBLIC_URL=https://... set")
    parser.add_argument("--state", metavar="DIR", help="where the database, the keys and Redis keep their files (default: .state)")
    parser.add_argument("--kubeconfig", metavar="FILE", default="", help="default: $KUBECONFIG, else ~/.kube/config, else the pod's own account")
    parser.add_argument("--context", action="append", default=[], metavar="NAME", help="open this context (repeatable); default: the current one")
    parser.add_argument("--read-only", action="store_true", help="nobody can change anything in a cluster")
    parser.add_argument("--practice", nargs="?", const=SHOP, default="", metavar="STORY", help="open the practice cluster, even beside a kubeconfig")
    sizes.add_options(parser)
    said = parser.parse_args(arguments)
    kubeconfig = absolute(said.kubeconfig)
    practice = said.practice or ("" if kubeconfig or said.context or knows_a_cluster() else SHOP)
    try:
        size = sizes.chosen(story=practice, nodes=said.nodes, pods=said.pods, by="--practice")
    except ValueError as problem:
        raise Refused(str(problem)) from problem
    return Options(
        state=state, host=said.host, port=said.port, kubeconfig=kubeconfig, contexts=said.context, practice=practice,
        read_only=said.read_only or os.environ.get("CLUSTERVIEW_READ_ONLY", "") == "1",
        size=size,
    )  # fmt: skip


def absolute(paths: str) -> str:
    """These paths, wherever they are read."""
    return os.pathsep.join(str(Path(part).expanduser().absolute()) for part in paths.split(os.pathsep) if part)


def knows_a_cluster() -> bool:
    """Whether this machine knows of a cluster without being told: by $KUBECONFIG, by ~/.kube/config, or by being a pod of one."""
    named = os.environ.get("CLUSTERVIEW_KUBECONFIG") or os.environ.get("KUBECONFIG") or os.environ.get("KUBERNETES_SERVICE_HOST")
    return bool(named) or (Path.home() / ".kube" / "config").exists()


def port_number(word: str) -> int:
    number = int(word)
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return number


def refuse(*, options: Options) -> None:
    """This will raise `Refused`, with the remedy, when this `up` would be unsafe or cannot work."""
    if other := running(options=options):
        raise Refused(already_runs(options=options, other=other))
    public = addresses.public_url(said=os.environ.get("PUBLIC_URL", "")) or ""
    if options.host not in LOOPBACK and not public.startswith("https://"):
        raise Refused(
            f"--host {options.host} would open the page beyond this machine without encryption. Put a proxy with TLS in front and set "
            "PUBLIC_URL=https://the.name, or leave --host out."
        )
    if options.practice and (options.kubeconfig or options.contexts):
        raise Refused("--practice opens the practice cluster and no other. Leave out --kubeconfig and --context, or --practice.")
    if options.practice and not (STORIES / f"{options.practice}.yaml").is_file():
        known = ", ".join(sorted(path.stem for path in STORIES.glob("[a-z]*.yaml")))
        raise Refused(f"There is no story called {options.practice}. There are: {known}.")
    for part in options.kubeconfig.split(os.pathsep):
        if part and not Path(part).is_file():
            raise Refused(f"There is no kubeconfig at {part}. Check the path given with --kubeconfig.")
    refuse_taken_port(host=options.host, port=options.port)


def already_runs(*, options: Options, other: dict[str, object] | None) -> str:
    where = f" (pid {other['pid']}), at {other['url']}" if other else ""
    return f"Clusterview already runs on {options.state}{where}. Stop it, or choose another folder with --state DIR."


def refuse_taken_port(*, host: str, port: int) -> None:
    """This will raise `Refused` when the page could not listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError as problem:
        raise Refused(f"This user may not listen on port {port}. Choose one above 1023 with --port.") from problem
    except OSError as problem:
        raise Refused(f"The page cannot listen on {host} port {port}: {problem}. Choose another with --port.") from problem


def running(*, options: Options) -> dict[str, object] | None:
    """What the `up` that runs on this state folder says of itself, if one does."""
    with contextlib.suppress(OSError, ValueError):
        said: dict[str, object] = json.loads(options.report.read_text())
        with lock_file(state=options.state) as file:
            if not taken(file=file) and is_alive(pid=int(str(said["pid"]))):
                return said
    return None


def hold(*, options: Options) -> IO[str]:
    """This will hold the state folder for this process and its guards, waiting for what an earlier, killed `up` still has to end."""
    file = lock_file(state=options.state)
    deadline = time.monotonic() + OTHER_UP_ENDS_SECONDS
    while not taken(file=file):
        if (other := running(options=options)) or time.monotonic() > deadline:
            file.close()
            raise Refused(already_runs(options=options, other=other))
        time.sleep(0.05)
    return file


def lock_file(*, state: Path) -> IO[str]:
    return (state / "up.lock").open("a+")


def is_held(*, state: Path) -> bool:
    """Whether an `up`, or what it still has to end, holds this state folder. Several may ask at once."""
    with lock_file(state=state) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def taken(*, file: IO[str]) -> bool:
    """This will take the lock if nobody has it; closing the file gives it back."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_alive(*, pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(pid, 0)
        except PermissionError:
            return True
        return True
    return False
