"""A real `manage.py up` under test, spoken to over HTTP only, as a person and a browser would."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from playwright.sync_api import Page

from tests.patience import Patience

T = TypeVar("T")
PROVOKED = "provoked.invalid"  # a host that only the test of the listener itself asks for
ROOT = pathlib.Path(__file__).resolve().parents[2]


def wait_for(look: Callable[[], T], *, seconds: float, what: str) -> T:
    """This will look until it sees something true, and return it; fails after `seconds` (see Patience) with the last thing seen."""
    patience = Patience(seconds=seconds)
    seen: Any = None
    while not patience.is_over:
        try:
            found = look()
        except (httpx.HTTPError, OSError, KeyError, LookupError) as problem:
            seen = problem
        else:
            if found:
                return found
            seen = found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s; last seen: {seen!r}")


def chip(page: Page, word: str, *, seconds: float) -> None:
    """The freshness chip says the word within so many seconds."""
    seen = page.get_by_test_id("freshness")
    wait_for(lambda: seen.count() and word in seen.first.inner_text().lower(), seconds=seconds, what=f"the chip says {word}")


def ended(*, rest: httpx.Client, switch: str) -> dict[str, Any]:
    """This will wait until the switch has ended, and give its story."""

    def look() -> dict[str, Any] | None:
        told: dict[str, Any] = rest.get(f"/switches/{switch}").json()
        return None if told["open"] else told

    found = wait_for(look, seconds=20, what="the switch has ended")
    assert found is not None
    return found


class Dashboard:
    """One `manage.py up` with a state folder of its own. Switches wait for nodes to follow in it only where that is asked for (`nodes_follow`).

    `sockets_per_person` is for one who looks on with more than is usual.
    """

    def __init__(
        self, *, state: pathlib.Path, port: int, kubeconfig: pathlib.Path | None, options: tuple[str, ...] = (), nodes_follow: bool = False,
        sockets_per_person: int | None = None,
    ) -> None:  # fmt: skip
        self.state, self.port, self.kubeconfig, self.options, self.nodes_follow = state, port, kubeconfig, options, nodes_follow
        self.sockets_per_person = sockets_per_person
        self.url = f"http://127.0.0.1:{port}"
        self.lines: list[str] = []
        self.login_link = ""
        self.process: subprocess.Popen[str] | None = None
        self._page_seen = threading.Event()

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLUSTERVIEW_", "DJANGO_", "KUBECONFIG"))}
        kept |= {} if self.nodes_follow else {"CLUSTERVIEW_FOLLOW_SECONDS": "0"}
        kept |= {} if self.sockets_per_person is None else {"CLUSTERVIEW_SOCKETS_PER_PERSON": str(self.sockets_per_person)}
        return kept | {"HOME": str(self.state.parent), "CLUSTERVIEW_STATE": str(self.state), "PYTHONUNBUFFERED": "1"}

    def start(self, *, seconds: float = 180) -> Dashboard:
        """This will start `up` and return when it has printed where the page is: with a link while nobody has signed in there."""
        self._page_seen.clear()
        chosen = ["--kubeconfig", str(self.kubeconfig)] if self.kubeconfig else []
        where = ["--port", str(self.port), "--state", str(self.state)]
        command = [sys.executable, str(ROOT / "manage.py"), "up", *where, *chosen, *self.options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        if not self._page_seen.wait(seconds):
            self.stop()
            raise AssertionError(f"no page within {seconds} s:\n" + "\n".join(self.lines[-40:]))
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip())
                if found := re.search(r"Open (http://\S+)", line):
                    self.login_link = found.group(1) if "/login/" in found.group(1) else ""
                    self._page_seen.set()

    def stop(self, *, signal_number: int = signal.SIGTERM, seconds: float = 60) -> int | None:
        """This will end `up` and return its exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.poll() if self.process else None
        self.process.send_signal(signal_number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(5)

    def manage(self, *arguments: str) -> str:
        """This will run `manage.py` with the same state, and return what it printed. While `up` runs, its report says which clusters there are."""
        is_running = self.process is not None and self.process.poll() is None
        chosen = {} if is_running or not self.kubeconfig else {"CLUSTERVIEW_KUBECONFIG": str(self.kubeconfig)}
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments, "--state", str(self.state)],
            cwd=ROOT, env=self.environment() | chosen, capture_output=True, text=True, timeout=180, check=False,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)} failed: {done.stdout}{done.stderr}"
        return done.stdout

    def link_for(self, *, name: str, role: str) -> str:
        """A new person's one-time link."""
        found = re.search(r"http\S+/login/\S+", self.manage("user", "add", name, "--role", role))
        assert found
        return found.group(0)

    def token(self, *, name: str, role: str) -> str:
        return self.manage("token", "create", name, "--role", role).split()[-1]

    def rest(self, *, token: str) -> httpx.Client:
        return httpx.Client(base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=40)

    def facts(self) -> dict[str, Any]:
        """What `up` tells of itself."""
        facts: dict[str, Any] = json.loads((self.state / "up.json").read_text())
        return facts

    def children(self) -> dict[str, int]:
        """The pids of the children by name."""
        children: dict[str, int] = self.facts()["children"]
        return children

    def stopped_by_policy(self) -> list[str]:
        """What browsers have reported as stopped by the content security policy, less what a test provoked."""
        return [line for line in self.lines if "content security policy stopped" in line and PROVOKED not in line]

    def log(self) -> str:
        return "\n".join(self.lines)
