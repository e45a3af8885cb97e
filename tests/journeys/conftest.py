"""The journeys' world: two clusters, a `manage.py up` on each (on the lab with exactly the printed rights), and Chromium.

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
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests import distributing
from tests.journeys import chromium, differences, installations
from tests.journeys.dashboard import Dashboard
from tests.journeys.installations import Installation, Practice
from tests.lab.fixtures import reset_shop
from tests.ports import free_port

SOCKETS = 2_000  # of one person, at most: a thousand look on

PATIENCE = 40_000  # milliseconds: a page is waited for as long as a busy machine may need
expect.set_options(timeout=PATIENCE)

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
        context.set_default_timeout(PATIENCE)
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
def long_stream(on_lab: Installation) -> Iterator[LongStream]:
    """A stream that is opened before the first journey of a group in which nobody kills anything of the installation."""
    dashboard = on_lab.dashboard
    with dashboard.rest(token=dashboard.token(name="reader", role="viewer")) as rest:
        stream = LongStream(rest=rest, cluster=on_lab.cluster_id)
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
def on_lab(lab: Any, least_rights: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """`manage.py up` on the lab, armed, live."""
    state = tmp_path_factory.mktemp("journeys") / "state"
    dashboard = Dashboard(state=state, port=free_port(), kubeconfig=least_rights, sockets_per_person=SOCKETS)
    with installations.running(dashboard, cluster=lab) as made:
        dashboard.manage("arm", lab.context)
        yield made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A journey is made on both clusters, unless `differences` says why not."""
    if "installation" in metafunc.fixturenames:
        where = differences.clusters(file=pathlib.Path(str(metafunc.module.__file__)).name, test=metafunc.function.__name__)
        marked = [pytest.param(one, marks=pytest.mark.lab if one == differences.LAB else ()) for one in where]
        metafunc.parametrize("installation", marked, indirect=True, scope="session")


@pytest.fixture(scope="session")
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The product, live: on the lab, or as somebody has it who knows of no cluster."""
    if request.param == differences.LAB:
        yield request.getfixturevalue("on_lab")
        return
    dashboard = Dashboard(state=tmp_path_factory.mktemp("practice") / "state", port=free_port(), kubeconfig=None)
    with installations.running(dashboard, cluster=Practice(dashboard)) as made:
        yield made


@pytest.fixture(scope="session")
def cluster(installation: Installation) -> Any:
    """The cluster that is watched, to be asked around the product."""
    return installation.cluster


@pytest.fixture
def cluster_shop(cluster: Any) -> Any:
    """The same, with the shop as it was at the beginning: blue is live, three pods on each side."""
    reset_shop(lab=cluster)
    return cluster


@pytest.fixture(scope="session")
def dashboard(installation: Installation) -> Dashboard:
    return installation.dashboard


@pytest.fixture(scope="session")
def operator(installation: Installation) -> httpx.Client:
    return installation.operator


@pytest.fixture(scope="session")
def cluster_id(installation: Installation) -> str:
    return installation.cluster_id


@pytest.fixture(scope="session")
def administrator_state(installation: Installation, browser: Browser) -> dict[str, Any]:
    return installation.administrator_state(browser)


@pytest.fixture(scope="session")
def viewer_state(installation: Installation, browser: Browser) -> dict[str, Any]:
    return installation.viewer_state(browser)


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
