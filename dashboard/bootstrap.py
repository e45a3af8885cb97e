"""From a clean clone to a running environment, with the standard library only.

Each part has a stamp, the hash of what it was made from, so that a second start does nothing. When the environment is there, the same
command line runs again inside it; `up`, `test` and `lab` have their own bodies, everything else is a Django command.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from pathlib import Path

from dashboard import installing, options
from dashboard.refusals import Refused, explain

USAGE = """usage: python3 manage.py COMMAND [--state DIR]

  up          start everything on this machine and print a link that signs you in (--help for its options)
  test        run every check that CI runs (--quick leaves out the lab, the browser and what is slow; other arguments go to pytest)
  bench       measure, beside what the cluster itself needs (bench switch, bench traffic)
  soak        check for minutes what a test run checks for seconds (soak model, machine, crash, races, late, stream, live, large,
              contract, traffic, rolling)
  practice    start a cluster to try everything in, where nothing can break (practice up)
  lab         build or start a real Kubernetes control plane on this machine, for the tests
  doctor      look at every setting and component, and say what to do about what is wrong
  user, login-link, token, arm, rbac, ...    `manage.py help` lists them, `manage.py COMMAND --help` explains one
"""

NEED_A_DATABASE = ("arm", "audit", "login-link", "token", "user")
UNDEFINED = ("42P01", "42703")  # what PostgreSQL says of a table and of a column that is not there


def main(*, arguments: list[str]) -> int:
    """This will run one `manage.py` command line and return its exit code."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    keep_compiled()
    try:
        return dispatch(command=arguments[0], rest=arguments[1:])
    except Refused as problem:
        print(problem, file=sys.stderr)
    except OSError as problem:
        print(explain(problem=problem), file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
    return 1


def keep_compiled() -> None:
    """This will have Python keep what it compiles, although the environment says otherwise, as that of many a container does: without that each of
    the processes that `up` starts would compile everything again, for more than a second.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def dispatch(*, command: str, rest: list[str]) -> int:
    """This will refuse what can be refused at once, make the environment, and do the work inside it."""
    if command in ("lab", "bench", "soak"):
        enter_environment(command=command, rest=rest, development=True)
        return run_development(command=command, words=rest)
    words, state = take_state(arguments=rest)
    if command in NEED_A_DATABASE and not {"-h", "--help"}.intersection(words):
        expect_database(state=state)
    make_state(folder=state)
    asked = options.read(arguments=words, state=state) if command == "up" else None
    if asked:
        options.refuse(options=asked)
    enter_environment(command=command, rest=rest, development=command == "test")
    installing.compile_catalogs()
    keep_secret_key(state=state)
    if asked:
        if is_open(folder=state):
            print(f"{state} is open to others than its owner. Where it is Clusterview's alone: chmod 700 {state}", file=sys.stderr, flush=True)
        installing.build_front_end()
        from dashboard import starting

        return starting.main(options=asked)
    return run_test(words=words) if command == "test" else run_django(command=command, words=words)


def enter_environment(*, command: str, rest: list[str], development: bool) -> None:
    """This will make the environment and, unless this process is inside it already, begin the same command line again in there."""
    installing.prepare_environment(development=development)
    if not inside():
        sys.stdout.flush()
        os.execv(installing.PYTHON, [str(installing.PYTHON), str(installing.ROOT / "manage.py"), command, *rest])  # noqa: S606


def run_development(*, command: str, words: list[str]) -> int:
    from tests.bench import command as bench
    from tests.lab import command as lab
    from tests.soak import command as soak

    return {"lab": lab.main, "bench": bench.main, "soak": soak.main}[command](words)


def run_test(*, words: list[str]) -> int:
    from dashboard import testing

    return testing.main(arguments=words)


def run_django(*, command: str, words: list[str]) -> int:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError, InterfaceError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    try:
        execute_from_command_line(["manage.py", command, *words])
    except ImproperlyConfigured as problem:
        raise Refused(str(problem)) from problem
    except (DatabaseError, InterfaceError) as problem:
        if sentence := why_not_used(problem=problem):
            raise Refused(sentence) from problem
        raise
    return 0


def why_not_used(*, problem: Exception) -> str:
    """The sentence for a database that is away, or was made by no or another version; empty for a defect of ours."""
    from django.db import InterfaceError, OperationalError

    said = " ".join(str(problem).split())
    if getattr(problem.__cause__, "sqlstate", "") in UNDEFINED or said.startswith(("no such table", "no such column")):
        return f"The database is not as this version needs it ({said}). `manage.py up` or `manage.py migrate` makes it so."
    is_away = isinstance(problem, (OperationalError, InterfaceError))
    return f"The database does not answer ({said}). Check DATABASE_URL and that its server runs." if is_away else ""


def inside() -> bool:
    """Whether this Python is the environment's."""
    return Path(sys.prefix).resolve() == installing.ENVIRONMENT.resolve()


def take_state(*, arguments: list[str]) -> tuple[list[str], Path]:
    """This will take `--state DIR` out of the arguments, whichever command they belong to: (what is left, the folder)."""
    left, said = [], os.environ.get("CLUSTERVIEW_STATE") or str(installing.STATE)
    words = iter(arguments)
    for word in words:
        if word == "--state":
            said = next(words, "")
        elif word.startswith("--state="):
            said = word.removeprefix("--state=")
        else:
            left.append(word)
    if not said:
        raise Refused("--state needs the name of a folder.")
    return left, Path(said).expanduser().absolute()


def expect_database(*, state: Path) -> None:
    """Raises Refused where the folder holds no database and none is named: nothing is made in a folder whose name was misspelt."""
    from dashboard import starting

    if not os.environ.get("DATABASE_URL") and not (state / starting.DATABASE).exists():
        elsewhere = "--state DIR names another folder, DATABASE_URL a server's"
        raise Refused(f"{state} holds no database of Clusterview. `manage.py up` makes one; {elsewhere}.")


def make_state(*, folder: Path) -> None:
    """This will make the state folder, readable by nobody else, and name it to everything that this command starts.

    One that is there already and holds anything keeps its rights, for it may be somebody else's as well, like /tmp.
    """
    os.umask(0o077)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_open(folder=folder) and folder.stat().st_uid == os.geteuid() and not any(folder.iterdir()):
        folder.chmod(0o700)
    os.environ["CLUSTERVIEW_STATE"] = str(folder)


def is_open(*, folder: Path) -> bool:
    """Whether others than its owner may do anything with the folder."""
    return bool(folder.stat().st_mode & 0o077)


def keep_secret_key(*, state: Path) -> None:
    """This will make sure that the state folder holds a secret key that only its owner can read."""
    path = state / "secret-key"
    if path.exists():
        return
    draft = state / f"secret-key.{os.getpid()}.{time.monotonic_ns()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(64))
    try:
        os.link(draft, path)
    except FileExistsError:  # another command was quicker; its key is the one
        return
    finally:
        draft.unlink()
