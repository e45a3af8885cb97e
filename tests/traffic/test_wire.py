"""What really goes wrong between us and an API server, on the wire: no switch lies, is lost or happens twice (faults F09 to F12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from clusterview.access.people import Person
from clusterview.models import Switch
from clusterview.traffic import engine, looking, requesting
from clusterview.traffic.states import State
from tests.faults.api import ApiProxy
from tests.faults.requests import AnswerStatus, Delay, DropAnswer, Match, Repeat
from tests.faults.tcp import Latency, Reset
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.observer.reading import access_of
from tests.traffic.explaining import explained
from tests.traffic.test_engine import BLUE, GREEN, actions, ask, carry_out, no_doorbell, selector, who_may_switch, writes

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["explained", "no_doorbell", "writes"]

Writes = Callable[[], list[dict[str, str]]]
SERVICE = r"/services/shop\?(?!.*dryRun)"
EFFECT = Match(method="PATCH", path=SERVICE, body=r'"/spec/selector"', times=1)
MARK = Match(method="PATCH", path=SERVICE, body=r'^(?!.*"/spec/selector")', times=1)


@pytest.fixture
def wire(lab_shop: Lab) -> Iterator[ApiProxy]:
    with ApiProxy(lab=lab_shop, seed=3) as proxy:
        yield proxy


@pytest.fixture
def through(wire: ApiProxy) -> looking.Cluster:
    """The API server, through the proxy."""
    return looking.Cluster(access=access_of(wire.kubeconfig(user="admin")))


@pytest.fixture
def olga(through: looking.Cluster) -> Person:
    return who_may_switch()


def expect_moved_once(switch: Switch, writes: Writes) -> None:
    assert switch.state == State.SUCCEEDED, (switch.state, switch.reason, switch.detail)
    assert writes() == [BLUE, GREEN]
    assert actions(switch).count("INTENT") == actions(switch).count("OUTCOME")


def test_an_answer_that_is_lost_after_the_effect_is_found_out_f10(olga: Person, through: looking.Cluster, wire: ApiProxy, writes: Writes) -> None:
    switch = ask(olga=olga, reached=through)
    lost = wire.add(DropAnswer(match=EFFECT))
    expect_moved_once(carry_out(switch, through), writes)
    assert lost.met == 1
    assert "UNKNOWN" in actions(switch)


def test_an_effect_that_is_sent_twice_on_its_way_happened_once_and_is_told_as_applied(
    olga: Person, through: looking.Cluster, wire: ApiProxy, writes: Writes
) -> None:
    switch = ask(olga=olga, reached=through)
    repeated = wire.add(Repeat(match=EFFECT))
    expect_moved_once(carry_out(switch, through), writes)
    assert repeated.met == 1
    assert "UNKNOWN" in actions(switch)


def test_an_answer_that_is_lost_after_the_mark_costs_another_mark(olga: Person, through: looking.Cluster, wire: ApiProxy, writes: Writes) -> None:
    switch = ask(olga=olga, reached=through)
    lost = wire.add(DropAnswer(match=MARK))
    expect_moved_once(carry_out(switch, through), writes)
    assert lost.met == 1


def test_a_patch_that_is_delivered_late_is_refused_by_the_api_server_f11(
    olga: Person, through: looking.Cluster, wire: ApiProxy, writes: Writes, lab_shop: Lab
) -> None:
    switch = ask(olga=olga, reached=through)
    late = wire.add(Delay(match=EFFECT))
    expect_moved_once(carry_out(switch, through), writes)
    back = carry_out(requesting.request_back(switch=switch, person=olga, opened=lambda _: through), through)
    assert back.state == State.SUCCEEDED
    assert wire.release(late) in ([409], [422])
    assert selector(lab_shop) == BLUE
    assert writes() == [BLUE, GREEN, BLUE]


def test_a_right_that_is_taken_away_after_the_intent_ends_it_with_nothing_changed_f16(
    olga: Person, through: looking.Cluster, wire: ApiProxy, writes: Writes
) -> None:
    switch = ask(olga=olga, reached=through)
    wire.add(AnswerStatus(match=EFFECT, code=403))
    carry_out(switch, through)
    assert (switch.state, switch.reason) == (State.FAILED_NO_CHANGE, "missing-right"), switch.detail
    assert writes() == [BLUE]
    assert actions(switch).count("INTENT") == actions(switch).count("OUTCOME") == 1


@pytest.mark.parametrize("code", [401, 429, 500, 503])
@pytest.mark.parametrize("what", [MARK, EFFECT], ids=["mark", "effect"])
def test_a_write_that_the_server_turns_away_is_tried_again_and_happens_once(
    code: int, what: Match, olga: Person, through: looking.Cluster, wire: ApiProxy, writes: Writes
) -> None:
    switch = ask(olga=olga, reached=through)
    turned_away = wire.add(AnswerStatus(match=what, code=code, retry_after_seconds=1 if code == 429 else None))
    expect_moved_once(carry_out(switch, through), writes)
    assert turned_away.met == 1


def test_reads_that_fail_now_and_then_delay_a_switch_and_change_nothing_else(
    olga: Person, through: looking.Cluster, wire: ApiProxy, writes: Writes
) -> None:
    switch = ask(olga=olga, reached=through)
    failing = wire.add(AnswerStatus(match=Match(method="GET", probability=0.3), code=503))
    carry_out(switch, through)
    wire.remove(failing)
    expect_moved_once(carry_out(switch, through), writes)
    assert failing.met > 0


@pytest.mark.parametrize("fault", [Reset(after_seconds=0.01), Latency(seconds=0.2, jitter_seconds=0.1)], ids=["breaks", "lags"])
def test_a_line_that_breaks_or_lags_leaves_a_switch_that_can_be_finished(
    fault: Reset | Latency, olga: Person, through: looking.Cluster, wire: ApiProxy, writes: Writes, lab_shop: Lab
) -> None:
    switch = ask(olga=olga, reached=through)
    trouble = wire.add(fault)
    engine.advance(switch_id=switch.pk, opened=lambda _: through)
    wire.remove(trouble)
    Switch.objects.filter(pk=switch.pk).update(lease_until=None)
    switch.refresh_from_db()
    expect_moved_once(carry_out(switch, looking.Cluster(access=access_of(lab_shop.kubeconfig))), writes)
    wait_until(lambda: selector(lab_shop) == GREEN, seconds=5, what="green is live")


def test_reads_that_hang_are_given_up_and_asked_again(
    olga: Person, through: looking.Cluster, wire: ApiProxy, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An executor is not held for as long as the API server is frozen."""
    monkeypatch.setattr(looking, "READ_SECONDS", 0.5)
    switch = ask(olga=olga, reached=through)
    hanging = wire.add(Delay(match=Match(method="GET")))
    engine.advance(switch_id=switch.pk, opened=lambda _: through)
    switch.refresh_from_db()
    assert (switch.open, switch.holder, writes()) == (True, "", [BLUE])
    assert hanging.met > 0
    wire.remove(hanging)
    expect_moved_once(carry_out(switch, through), writes)
