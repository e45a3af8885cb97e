"""The journeys' world: the lab, one `manage.py up` that watches it with exactly the printed rights, and Chromium.

Everything speaks HTTP to the real thing; no Django is loaded here, since Playwright's sync API and the ORM do not share a thread.
"""

from __future__ import annotations

import pathlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests import distributing
from tests.journeys import chromium
from tests.journeys.dashboard import Dashboard, wait_for
from tests.ports import free_port

CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": chromium.program(), "args": CHROMIUM_OPTIONS, "headless": True}


@pytest.fixture(scope="session")
def complaints() -> list[str]:
    """What the content security policy has complained about in any page and no test has answered for yet."""
    return []


@pytest.fixture(scope="session")
def browser(browser: Browser, complaints: list[str]) -> Browser:
    """Chromium, in which every page of every context is listened to."""
    make = browser.new_context

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    def listened_to(**options: Any) -> BrowserContext:
        context = make(**options)
        context.on("console", listen)
        return context

    browser.new_context = listened_to  # type: ignore[method-assign]
    return browser


@pytest.fixture(autouse=True)
def no_complaint(complaints: list[str]) -> Iterator[None]:
    """Whatever a test and its fixtures open, nothing in it is refused by the content security policy."""
    yield
    found, complaints[:] = complaints[:], []
    assert not found


@pytest.fixture(scope="session")
def least_rights(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A kubeconfig for an account that holds exactly what `manage.py rbac` prints."""
    printing = Dashboard(state=tmp_path_factory.mktemp("rights") / "state", port=0, kubeconfig=None)
    lab.kubectl("apply", "-f", "-", input=printing.manage("rbac", "--switch", "store", "--user", "clusterview"))
    return pathlib.Path(lab.token_kubeconfig("clusterview"))


class LongStream:
    """A reader of `changes` that never ends by itself; `why` says what ended it."""

    def __init__(self, *, rest: httpx.Client, cluster: str) -> None:
        self.begun, self.changes, self.why = time.monotonic(), 0, ""
        self.ended = threading.Event()
        self._rest, self._path = rest, f"/clusters/{cluster}/changes"
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            with self._rest.stream("GET", self._path, timeout=httpx.Timeout(10, read=60)) as answer:
                for line in answer.iter_lines():
                    self.changes += line.startswith("data:")
            self.why = "the server has ended it"
        except httpx.HTTPError as problem:
            self.why = repr(problem)
        finally:
            self.ended.set()


@pytest.fixture(scope="session")
def long_stream(dashboard: Dashboard, cluster_id: str) -> Iterator[LongStream]:
    """A stream that is opened before the first journey of a group in which nobody kills anything of the installation."""
    with dashboard.rest(token=dashboard.token(name="reader", role="viewer")) as rest:
        stream = LongStream(rest=rest, cluster=cluster_id)
        yield stream
        dashboard.stop()
        assert stream.ended.wait(30)


@pytest.fixture(autouse=True)
def begin_early(request: pytest.FixtureRequest) -> None:
    """What takes minutes begins before the first journey beside it, where the test that asks for it runs at all."""
    is_asked_for = any("long_stream" in getattr(item, "fixturenames", ()) for item in request.session.items)
    if is_asked_for and distributing.group(request.node.nodeid) == distributing.BESIDE_THE_STREAM:
        request.getfixturevalue("long_stream")


@pytest.fixture(scope="session")
def dashboard(lab: Any, least_rights: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """`manage.py up` on the lab, armed, live."""
    state = tmp_path_factory.mktemp("journeys") / "state"
    dashboard = Dashboard(state=state, port=free_port(), kubeconfig=least_rights).start()
    try:
        dashboard.manage("arm", lab.context)
        with dashboard.rest(token=dashboard.token(name="fixture", role="viewer")) as rest:
            wait_for(lambda: [c for c in rest.get("/clusters").json() if c["state"] == "live"], seconds=30, what="cluster live")
        yield dashboard
    finally:
        code = dashboard.stop()
        print(dashboard.log()[-4000:], f"\nup ended with {code}")
    assert not dashboard.stopped_by_policy(), "browsers have reported what the content security policy stopped"


@pytest.fixture(scope="session")
def operator(dashboard: Dashboard) -> Iterator[httpx.Client]:
    with dashboard.rest(token=dashboard.token(name="journey-operator", role="operator")) as rest:
        yield rest


@pytest.fixture(scope="session")
def cluster_id(operator: httpx.Client) -> str:
    return str(operator.get("/clusters").json()[0]["id"])


@pytest.fixture(scope="session")
def administrator_state(dashboard: Dashboard, browser: Browser) -> dict[str, Any]:
    """The first link makes an administrator; what the browser keeps of it serves all journeys."""
    return sign_in(browser=browser, link=dashboard.login_link)


@pytest.fixture(scope="session")
def viewer_state(dashboard: Dashboard, browser: Browser) -> dict[str, Any]:
    """The same of Vera, who may look and not switch."""
    return sign_in(browser=browser, link=dashboard.link_for(name="vera", role="viewer"))


def sign_in(*, browser: Browser, link: str) -> dict[str, Any]:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/c/**")
    state: dict[str, Any] = dict(context.storage_state())
    context.close()
    return state


@pytest.fixture
def context(browser: Browser, administrator_state: dict[str, Any]) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-US", storage_state=administrator_state, viewport={"width": 1440, "height": 900})  # type: ignore[arg-type]
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, dashboard: Dashboard, cluster_id: str) -> Page:
    """The live map, signed in as the administrator."""
    page = context.new_page()
    page.goto(f"{dashboard.url}/c/{cluster_id}/")
    return page
