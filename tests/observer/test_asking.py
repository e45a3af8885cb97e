"""What an API server's answers, and its silence, are taken for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clusterview.kube import errors, reading
from clusterview.observer import words
from clusterview.observer.asking import FILES_SECONDS, Asking, health_of
from clusterview.projection.observations import Check, Health


class Silence:
    """A connection of which only siblings are made, with one credential."""

    def __init__(self) -> None:
        self.credentials, self.credential, self.has_changed = self, "one", False

    def current(self) -> Any:
        return self.credential

    def reread(self) -> bool:
        changed, self.has_changed = self.has_changed, False
        return changed

    def sibling(self, **_: Any) -> Silence:
        return self


@pytest.fixture(autouse=True)
def nobody_says_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> reading.Standing:
        raise errors.TimedOut("s")

    monkeypatch.setattr(reading, "standing", fail)


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
    assert wait == (FILES_SECONDS if reason in ("unauthorized", "plugin", "kubeconfig") else 1.0)


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
    asking._pulse.has_changed = True  # type: ignore[attr-defined]
    monkeypatch.setattr(reading, "contact", lambda _: 0.01)
    asking.pulse_round()
    assert not asking.away.is_set()


def test_an_answer_is_contact(asking: Asking, told: list[words.Word], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "contact", lambda _: 0.01)
    assert asking.pulse_round() == 1.0
    assert told == [words.Contacted(at=50.0)]


def test_an_account_that_is_refused_is_asked_for_each_half_minute_and_at_once_with_another_file_f13(
    monkeypatch: pytest.MonkeyPatch, told: list[words.Word]
) -> None:
    now, asked, connection = [0.0], list[float](), Silence()

    def refuse(_: Any) -> float:
        asked.append(now[0])
        raise errors.Unauthorized("s")

    monkeypatch.setattr(reading, "contact", refuse)
    asking = Asking(connection=connection, tell=told.append, clock=lambda: now[0])  # type: ignore[arg-type]

    def wait(seconds: float) -> None:
        until = now[0] + seconds
        while now[0] < until:
            now[0] += asking.pulse_round()

    wait(95)
    assert asked == [0, 30, 60, 90]
    wait(5)
    connection.has_changed, changed_at = True, now[0]
    wait(4)
    assert len(asked) == 5 and asked[-1] - changed_at <= 2


def test_what_was_opened_with_another_credential_is_opened_again_f14(asking: Asking, told: list[words.Word], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "contact", lambda _: 0.01)
    for _ in range(2):
        asking.pulse_round()
    assert words.Renewed() not in told
    asking._pulse.credential = "another"  # type: ignore[attr-defined]
    for _ in range(2):
        asking.pulse_round()
    assert told.count(words.Renewed()) == 1


class Standings:
    """Who answers, how far its history has come, and what was seen of it; `asked` is when it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, told: list[words.Word]) -> None:
        self.now, self.asked, self.versions = 0.0, list[float](), list[str]()
        self.seen: dict[str, str] = {}
        self.asking = Asking(connection=Silence(), tell=told.append, seen=lambda: self.seen, clock=lambda: self.now)  # type: ignore[arg-type]
        monkeypatch.setattr(reading, "standing", self._say)
        monkeypatch.setattr(reading, "readiness", lambda _: PING)
        monkeypatch.setattr(reading, "version", lambda _: "v1")
        monkeypatch.setattr(reading, "contact", self._answer)
        self.problem: errors.KubeError | None = None

    def pulses(self, *, until: float) -> None:
        """A second each; the health is asked for every five."""
        while self.now < until:
            self.asking.pulse_round()
            if self.now % 5 == 0:
                self.asking.health_round()
            self.now += 1.0

    def _answer(self, _: Any) -> float:
        if self.problem is not None:
            raise self.problem
        return 0.01

    def _say(self, _: Any) -> reading.Standing:
        self.asked.append(self.now)
        return reading.Standing(reading.Identity("uid", is_weak=False), self.versions.pop(0) if self.versions else "9")


@pytest.fixture
def standings(monkeypatch: pytest.MonkeyPatch, told: list[words.Word]) -> Standings:
    return Standings(monkeypatch, told)


def test_who_answers_is_asked_before_contact_is_told_and_about_every_half_minute_f25(standings: Standings, told: list[words.Word]) -> None:
    standings.pulses(until=1)
    assert [type(one) for one in told[:2]] == [words.Standing, words.Contacted]
    standings.pulses(until=100)
    assert standings.asked == [0, 30, 60, 90]
    standings.problem = errors.TimedOut("s")
    standings.pulses(until=103)
    told.clear()
    standings.problem = None
    standings.pulses(until=104)
    assert [type(one) for one in told] == [words.Standing, words.Contacted]


def test_an_older_history_is_asked_for_twice_before_it_is_told_f24(standings: Standings, told: list[words.Word]) -> None:
    standings.versions, standings.seen = ["8", "10"], {"Pod": "9"}
    standings.pulses(until=1)
    assert [one.version for one in told if isinstance(one, words.Standing)] == ["10"]


def test_who_does_not_say_who_it_is_is_in_contact_and_asked_again_soon(monkeypatch: pytest.MonkeyPatch, told: list[words.Word]) -> None:
    standings = Standings(monkeypatch, told)
    standings.versions = ["", ""]
    standings.pulses(until=30)
    assert standings.asked == [0, 5, 10] and words.Contacted(at=0.0) in told


def test_contact_is_as_old_as_the_answer_that_confirmed_it_whoever_does_not_say_who_it_is_then(
    standings: Standings, told: list[words.Word], monkeypatch: pytest.MonkeyPatch
) -> None:
    def freeze(_: Any) -> reading.Standing:
        standings.now += reading.CONTACT_SECONDS
        raise errors.TimedOut("s")

    monkeypatch.setattr(reading, "standing", freeze)
    standings.asking.pulse_round()
    assert told == [words.Contacted(at=0.0)]


PING = [reading.Check("ping", True)]
TOLD_PING = (Check("ping", True),)


class Said:
    """What the API server says of its health: its checks, or an error in their place."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, told: list[words.Word]) -> None:
        self.now, self.checks, self.version, self.told = 0.0, self.answered(PING), self.answered("v1.37.2"), told
        self.asking = Asking(connection=Silence(), tell=told.append, clock=lambda: self.now)  # type: ignore[arg-type]
        self.asking.away.clear()
        monkeypatch.setattr(reading, "readiness", lambda _: self.checks())
        monkeypatch.setattr(reading, "version", lambda _: self.version())

    def answered(self, value: Any) -> Callable[[], Any]:
        return lambda: value

    def failing(self, error: errors.KubeError) -> Callable[[], Any]:
        def fail() -> Any:
            raise error

        return fail

    def ask(self, *, at: float) -> list[words.Word]:
        """What is told after one more round."""
        self.now = at
        self.told.clear()
        self.asking.health_round()
        return list(self.told)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, told: list[words.Word]) -> Said:
    return Said(monkeypatch, told)


@pytest.mark.parametrize(
    "error", [errors.TimedOut("s"), errors.ServerError("s", status=503), errors.TooManyRequests("s")], ids=["late", "unavailable", "busy"]
)
def test_an_api_server_that_does_not_say_how_it_is_for_a_while_is_told_as_unknown(said: Said, error: errors.KubeError) -> None:
    well = Health(ready=True, version="v1.37.2", checks=TOLD_PING)
    assert said.ask(at=0) == [well]
    said.checks = said.failing(error)
    assert [said.ask(at=at) for at in (5, 10, 19.9)] == [[], [], []]
    assert said.ask(at=20) == [Health(ready=None, version="v1.37.2")]
    said.checks = said.answered(PING)
    assert said.ask(at=21) == [well]
    said.checks = said.failing(error)
    assert said.ask(at=26) == []


def test_an_outage_is_no_silence_of_the_checks(said: Said) -> None:
    said.checks = said.failing(errors.TimedOut("s"))
    assert said.ask(at=0) == []
    said.asking.away.set()
    assert said.ask(at=100) == []
    said.asking.away.clear()
    assert said.ask(at=200) == []


def test_a_version_that_may_not_be_read_does_not_hide_the_checks(said: Said) -> None:
    said.version = said.failing(errors.Forbidden("s"))
    assert said.ask(at=0) == [Health(ready=True, version="", checks=TOLD_PING)]


def test_one_failed_check_means_not_ready() -> None:
    found = health_of(checks=[reading.Check("ping", True), reading.Check("etcd", False, "failed")], version="v1.37.2")
    assert (found.ready, found.version, found.checks) == (False, "v1.37.2", (Check("ping", True), Check("etcd", False)))


def test_checks_that_may_not_be_read_do_not_mean_that_they_fail() -> None:
    assert health_of(checks=None, version="").ready
