"""What an API server's answers, and its silence, are taken for."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.kube import errors, reading
from clusterview.observer import words
from clusterview.observer.asking import REFUSED_SECONDS, Asking, health_of
from clusterview.projection.observations import Check


class Silence:
    """A connection of which only siblings are made."""

    def sibling(self, **_: Any) -> Silence:
        return self


@pytest.fixture
def told() -> list[words.Word]:
    return []


@pytest.fixture
def asking(told: list[words.Word]) -> Asking:
    return Asking(connection=Silence(), tell=told.append, clock=lambda: 50.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.Unreachable("s"), "unreachable"),
        (errors.TimedOut("s"), "unreachable"),
        (errors.Untrusted("s"), "untrusted"),
        (errors.Unauthorized("s"), "unauthorized"),
        (errors.PluginFailed("s"), "plugin"),
        (errors.BadKubeconfig("s"), "kubeconfig"),
        (errors.NotKubernetes("s"), "not_kubernetes"),
        (errors.ServerError("s", status=502), "unhealthy"),
    ],
)
def test_silence_is_told_with_its_reason_and_sentence(
    asking: Asking, told: list[words.Word], monkeypatch: pytest.MonkeyPatch, error: errors.KubeError, reason: str
) -> None:
    def fail(_: Any) -> float:
        raise error

    monkeypatch.setattr(reading, "contact", fail)
    wait = asking.pulse_round()
    assert told == [words.Silent(reason=reason, detail="s")]
    assert wait == (REFUSED_SECONDS if reason in ("unauthorized", "plugin", "kubeconfig") else 1.0)


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (errors.Unreachable("s"), True),
        (errors.Unauthorized("s"), True),
        (errors.PluginFailed("s"), True),
        (errors.BadKubeconfig("s"), True),
        (errors.ServerError("s", status=502), False),
    ],
)
def test_while_nobody_is_let_in_nobody_else_asks(asking: Asking, monkeypatch: pytest.MonkeyPatch, error: errors.KubeError, is_away: bool) -> None:
    def fail(_: Any) -> float:
        raise error

    monkeypatch.setattr(reading, "contact", lambda _: 0.01)
    asking.pulse_round()
    assert not asking.away.is_set()
    monkeypatch.setattr(reading, "contact", fail)
    asking.pulse_round()
    assert asking.away.is_set() == is_away
    monkeypatch.setattr(reading, "contact", lambda _: 0.01)
    asking.pulse_round()
    assert not asking.away.is_set()


def test_an_answer_is_contact(asking: Asking, told: list[words.Word], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "contact", lambda _: 0.01)
    assert asking.pulse_round() == 1.0
    assert told == [words.Contacted(at=50.0)]


def test_no_health_is_told_when_none_was_answered(asking: Asking, told: list[words.Word], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> str:
        raise errors.TimedOut("s")

    monkeypatch.setattr(reading, "version", fail)
    asking.health_round()
    assert told == []


def test_one_failed_check_means_not_ready() -> None:
    found = health_of(checks=[reading.Check("ping", True), reading.Check("etcd", False, "failed")], version="v1.37.2")
    assert (found.ready, found.version, found.checks) == (False, "v1.37.2", (Check("ping", True), Check("etcd", False)))


def test_checks_that_may_not_be_read_do_not_mean_that_they_fail() -> None:
    assert health_of(checks=None, version="").ready
