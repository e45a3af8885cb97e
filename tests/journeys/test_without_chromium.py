"""A machine without Chromium leaves the browser's journeys out, and says so; CI may not."""

from __future__ import annotations

import shutil

import pytest

from tests.journeys import chromium


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("CI", raising=False)


def test_the_test_is_left_out_with_the_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="Chromium is not installed"):
        chromium.program()


def test_with_ci_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="Chromium is not installed"):
        chromium.program()


def test_what_is_installed_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", {"chromium-browser": "/somewhere/chromium-browser"}.get)
    assert chromium.program() == "/somewhere/chromium-browser"
