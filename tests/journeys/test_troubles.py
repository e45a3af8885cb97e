"""A cluster that cannot be opened takes neither the page nor the other clusters away: each says in a clear sentence why, and what helps.

One `up --read-only` opens a cluster that works beside several that do not, and leaves one alone whose plugin would tell; another `up` has a
broken kubeconfig.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import axe
from tests.journeys.dashboard import Dashboard, wait_for
from tests.journeys.installations import sign_in
from tests.journeys.troubles import Kubeconfig, prints_an_expired_token
from tests.lab.fixtures import reset_shop
from tests.ports import free_port

pytestmark = [pytest.mark.lab, pytest.mark.browser]

# For each context that does not work: the reason, what the detail says, and the banner in English and Korean.
TROUBLES = {
    "away": (
        "unreachable", "cannot be reached: Connection refused. Check that the cluster runs",
        "the cluster does not answer", "클러스터가 응답하지 않습니다",
    ),
    "refused": (
        "unauthorized", "it is expired or unknown. Log in to the cluster again.",
        "the cluster refuses Clusterview's credential; log in to the cluster again", "클러스터에 다시 로그인하세요",
    ),
    "absent": (
        "plugin", "cannot be started: No such file or directory. Install it, or put it on the PATH",
        "the kubeconfig's credential plugin gives no credential", "직접 실행해 보거나 다시 로그인하세요",
    ),
    "expired": (
        "plugin", "gave a credential that has expired. Log in again, and check this machine's clock.",
        "the kubeconfig's credential plugin gives no credential", "직접 실행해 보거나 다시 로그인하세요",
    ),
    "hanging": (
        "plugin", "gave nothing within 30 s and was ended. Run it by hand: it may wait for a login.",
        "the kubeconfig's credential plugin gives no credential", "직접 실행해 보거나 다시 로그인하세요",
    ),
}  # fmt: skip


@dataclasses.dataclass
class Several:
    """The `up`, its kubeconfig, a viewer of REST, and what a browser keeps of the administrator."""

    dashboard: Dashboard
    kubeconfig: Kubeconfig
    rest: httpx.Client
    state: Any

    def cluster(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.rest.get("/clusters").json() if one["name"] == name)
        return found


@pytest.fixture(scope="module")
def several(least_rights: Any, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    folder = tmp_path_factory.mktemp("troubles")
    written = Kubeconfig(good=least_rights, folder=folder)
    written.context("good")
    written.context("away", server="https://127.0.0.1:1")
    written.context("refused", user={"token": "nobody"})
    written.context("absent", user={"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/plugin"}})
    written.context("expired", user=written.plugin("expired", prints_an_expired_token()))
    written.context("hanging", user=written.plugin("hanging", "time.sleep(3600)"))
    written.context("untouched", user=written.plugin("trap", prints_an_expired_token()))
    options = ("--read-only", *(word for name in ("good", *TROUBLES) for word in ("--context", name)))
    dashboard = Dashboard(state=folder / "state", port=free_port(), kubeconfig=written.write(), options=options)
    dashboard.start()
    try:
        state = sign_in(browser=browser, link=dashboard.login_link)
        with dashboard.rest(token=dashboard.token(name="operator", role="operator")) as rest:
            yield Several(dashboard, written, rest, state)
        hanging = wait_for(lambda: (pid := written.pid("hanging")) and psutil.pid_exists(pid) and pid, seconds=30, what="the plugin that hangs runs")
    finally:
        dashboard.stop()
    wait_for(lambda: not psutil.pid_exists(hanging), seconds=5, what="the plugin that hangs ended with `up`")
    assert written.pid("trap") is None, "the plugin of a context that was not chosen ran"
    assert not dashboard.stopped_by_policy()


@pytest.fixture
def reader(several: Several, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The administrator's page; in the language that a test names."""
    context = browser.new_context(locale=getattr(request, "param", "en-US"), storage_state=several.state)
    yield context.new_page()
    context.close()


def test_every_chosen_cluster_is_listed_and_the_one_that_works_is_live(several: Several) -> None:
    assert {one["name"] for one in several.rest.get("/clusters").json()} == {"good", *TROUBLES}
    wait_for(lambda: several.cluster("good")["state"] == "live", seconds=30, what="the good one is live beside the others")


def test_another_cluster_is_chosen_on_the_page(several: Several, reader: Page) -> None:
    reader.goto(f"{several.dashboard.url}/c/{several.cluster('good')['id']}/")
    chooser = reader.get_by_role("combobox", name="Cluster")
    expect(chooser.get_by_role("option")).to_have_count(1 + len(TROUBLES))
    chooser.select_option(label="away")
    reader.wait_for_url("**/c/away/")
    expect(reader.get_by_role("status").filter(has_text="the cluster does not answer")).to_be_visible()
    reader.get_by_role("combobox", name="Cluster").select_option(label="good")
    expect(reader.get_by_test_id("freshness")).to_contain_text("Live")


def test_an_installation_that_only_looks_refuses_a_switch_and_the_page_says_so(several: Several, reader: Page, lab: Any) -> None:
    reset_shop(lab=lab)
    answer = several.rest.post("/clusters/good/switches", json={"namespace": "store", "service": "shop", "to": "green"})
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
    assert lab.get("/api/v1/namespaces/store/services/shop")["spec"]["selector"]["slot"] == "blue"
    reader.goto(f"{several.dashboard.url}/c/good/traffic")
    expect(reader.get_by_text("This installation is read-only.")).to_be_visible()
    expect(reader.get_by_role("button", name="Switch shop")).to_have_count(0)
    expect(reader.get_by_role("button", name="Arm switching")).to_have_count(0)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """An `up` whose kubeconfig is not YAML."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "kubeconfig").write_text("clusters:\n  - name: [\n")
    dashboard = Dashboard(state=folder / "state", port=free_port(), kubeconfig=folder / "kubeconfig").start()
    yield dashboard
    dashboard.stop()
    assert not dashboard.stopped_by_policy()


@pytest.mark.parametrize(("locale", "heading"), [("en-US", "No cluster is connected"), ("ko-KR", "연결된 클러스터가 없습니다")])
def test_a_broken_kubeconfig_leaves_the_page_which_says_where_it_is_broken(locale: str, heading: str, broken: Dashboard, browser: Browser) -> None:
    sentence = f"The kubeconfig {broken.kubeconfig}, line 3 is broken:"
    wait_for(lambda: sentence in broken.log(), seconds=5, what="`up` says so too")
    context = browser.new_context(locale=locale)
    try:
        page = context.new_page()
        link = broken.manage("login-link").split()[-1]
        page.goto(link)
        page.locator("main form button").click()
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        expect(page.locator('.notice[lang="en"]')).to_contain_text(sentence)
        expect(page.locator('.notice[lang="en"]')).to_contain_text("Mend the file or give another one.")
        assert not axe.serious(page)
    finally:
        context.close()


# At the end, because the plugin that hangs is ended after half a minute


@pytest.mark.parametrize("name", TROUBLES)
def test_a_cluster_that_cannot_be_opened_says_why_and_what_helps(name: str, several: Several, reader: Page, browser: Browser) -> None:
    reason, detail, english, korean = TROUBLES[name]

    def says_so() -> bool:
        told = several.cluster(name)
        return bool(told["state"] == "lost" and told["reason"] == reason and detail in told["detail"])

    wait_for(says_so, seconds=60, what=f"{name}: {reason}, {detail}")
    address = f"{several.dashboard.url}/c/{several.cluster(name)['id']}/"
    reader.goto(address)
    banner = reader.locator(".banner")
    expect(banner).to_contain_text(english)
    expect(banner).to_contain_text(detail)
    reader.get_by_role("button", name="Account of admin").click()
    reader.get_by_role("button", name="한국어").click()
    expect(banner).to_contain_text(korean)
    expect(banner.locator('[lang="en"]')).to_contain_text(detail)
    expect(banner.locator('[lang="en"]')).to_be_hidden()
    assert not axe.serious(reader)
