"""While the side that is to get the traffic is being rolled out no switch begins; the way back waits for no rollout."""

from __future__ import annotations

import pytest

from clusterview.models import Switch
from clusterview.traffic import requesting
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import BLUE, GREEN

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_rollout_that_nobody_could_see_by_the_pods_yet_is_seen_at_the_click(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        about = {"person": here.olga, "cluster": "lab", "namespace": "store", "service": "shop", "to": "green"}
        here.memory.service_among(namespace="store", name="shop")
        here.memory.roll_out("green")
        with pytest.raises(Refused) as refused:
            requesting.request_switch(**about, opened=lambda _: here.memory)  # type: ignore[arg-type]
        assert [one["code"] for one in refused.value.body["checks"] if one["level"] == "block"] == ["rollout-unfinished"]
        here.memory.roll_out("green", finished=True)
        here.click(to="green")
        here.go_all()
        assert (Switch.objects.get().state, here.memory.selector) == (State.SUCCEEDED, GREEN)


def test_a_rollout_that_begins_after_the_click_is_seen_by_whoever_takes_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        here.click(to="green")
        [run] = here.runs
        here.go(run, times=40, until="patch mark")
        here.die(run)
        here.memory.roll_out("green")
        here.take_over()
        here.go_all()
        switch = Switch.objects.get()
        assert (switch.state, switch.reason, switch.detail) == (State.FAILED_NO_CHANGE, "preflight", "rollout-unfinished")
        assert (here.memory.selector, here.memory.sent) == (BLUE, [])


@pytest.mark.parametrize("side", ["blue", "green"])
def test_the_way_back_after_success_waits_for_no_rollout(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.moved(monkeypatch) as here:
        here.memory.roll_out(side)
        here.back()
        here.go_all()
        assert (Switch.objects.exclude(reverses=None).get().state, here.memory.selector) == (State.SUCCEEDED, BLUE)


@pytest.mark.parametrize("side", ["blue", "green"])
def test_the_way_back_of_a_switch_that_runs_waits_for_no_rollout(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        here.memory.follows_at_once = False
        here.click(to="green")
        [run] = here.runs
        here.go(run, times=40, until="convergence")
        here.memory.roll_out(side)
        here.memory.follows_at_once = True
        here.memory.follow()
        here.back()
        here.take_over()
        here.go_all()
        here.settle()
        assert (Switch.objects.get().state, here.memory.selector) == (State.ROLLED_BACK, BLUE)
