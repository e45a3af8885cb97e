"""Every journey fails when the content security policy stops anything in any page. Here is that it would be heard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.journeys.dashboard import PROVOKED, Dashboard, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.browser]

ASK_ELSEWHERE = "host => { document.body.append(Object.assign(new Image(), { src: `https://${host}/a.png` })); }"


def test_what_the_policy_stops_is_heard_in_the_browser_and_in_the_log(page: Page, dashboard: Dashboard, complaints: list[str]) -> None:
    with page.expect_console_message(lambda message: PROVOKED in message.text):
        page.evaluate(ASK_ELSEWHERE, PROVOKED)
    assert [PROVOKED in text for text in complaints] == [True]
    complaints.clear()
    wait_for(lambda: [line for line in dashboard.lines if "policy stopped" in line and PROVOKED in line], seconds=10, what="the report")
    assert not dashboard.stopped_by_policy()
