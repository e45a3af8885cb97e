"""Where journeys are made: a `manage.py up`, the cluster that it watches, and who is signed in there."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import httpx
from playwright.sync_api import Browser

from clusterview.practice.stories import telling
from tests.journeys.dashboard import Dashboard, wait_for
from tests.lab.asking import ApiServer


class Practice(ApiServer):
    """The practice cluster of an `up` that found no other, asked and disturbed as the lab is. All of its components are one process."""

    context = telling.CONTEXT

    def __init__(self, dashboard: Dashboard) -> None:
        self._dashboard = dashboard
        self._folder = dashboard.state / "practice"

    @property
    def kubeconfig(self) -> pathlib.Path:
        """The administrator's."""
        return self._folder / "kubeconfig"

    @property
    def server(self) -> str:
        return str(json.loads(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"])

    @property
    def authority(self) -> pathlib.Path:
        return self._folder / "ca.crt"

    @property
    def token(self) -> str:
        return str(json.loads(self.kubeconfig.read_text())["users"][0]["user"]["token"])

    @property
    def pid(self) -> int:
        return self._dashboard.children()["practice"]

    def stop(self, name: str, number: int) -> None:
        """This will send the component, and all others with it, a signal."""
        os.kill(self.pid, number)

    def check(self) -> None:
        """What has died `up` brings back."""


class Installation:
    """A `manage.py up` that is live."""

    def __init__(self, *, dashboard: Dashboard, cluster: Any) -> None:
        self.dashboard, self.cluster = dashboard, cluster
        self._states: dict[str, dict[str, Any]] = {}

    @cached_property
    def operator(self) -> httpx.Client:
        return self.dashboard.rest(token=self.dashboard.token(name="journey-operator", role="operator"))

    @cached_property
    def cluster_id(self) -> str:
        return str(self.operator.get("/clusters").json()[0]["id"])

    def administrator_state(self, browser: Browser) -> dict[str, Any]:
        """The first link makes an administrator; what the browser keeps of it serves all journeys."""
        if "administrator" not in self._states:
            self._states["administrator"] = sign_in(browser=browser, link=self.dashboard.login_link)
        return self._states["administrator"]

    def viewer_state(self, browser: Browser) -> dict[str, Any]:
        """The same of Vera, who may look and not switch."""
        if "viewer" not in self._states:
            self._states["viewer"] = sign_in(browser=browser, link=self.dashboard.link_for(name="vera", role="viewer"))
        return self._states["viewer"]


@contextmanager
def running(dashboard: Dashboard, *, cluster: Any) -> Iterator[Installation]:
    """This will start it, and wait until its cluster is live; afterwards it is stopped, and no browser may have told of a breach."""
    dashboard.start(seconds=180)
    try:
        made = Installation(dashboard=dashboard, cluster=cluster)
        wait_for(lambda: [c for c in made.operator.get("/clusters").json() if c["state"] == "live"], seconds=30, what="cluster live")
        yield made
        made.operator.close()
    finally:
        code = dashboard.stop()
        print(dashboard.log()[-4000:], f"\nup ended with {code}")
    assert not dashboard.stopped_by_policy(), "browsers have reported what the content security policy stopped"


def sign_in(*, browser: Browser, link: str) -> dict[str, Any]:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/c/**")
    state: dict[str, Any] = dict(context.storage_state())
    context.close()
    return state
