"""After its success: somebody else changes the selector while the old side is kept, which is told once and never fought (F78)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from clusterview.kube import errors
from clusterview.models import AuditEntry, Switch
from clusterview.traffic import executing, keeping, reconciling, reporting, requesting
from clusterview.traffic.situations import ServiceNow
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import BLUE, GREEN
from tests.traffic.world import World

pytestmark = pytest.mark.django_db(transaction=True)

RED = BLUE | {"slot": "red"}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Where a switch to green has succeeded."""
    with world.moved(monkeypatch) as made:
        yield made


def look(here: World) -> None:
    keeping.watch(opened=lambda _: here.memory)
    here.check()


def revert(here: World, selector: dict[str, str] = BLUE, *, by: str = "argocd-controller") -> None:
    here.memory.edit(lambda document: document["spec"].update(selector=dict(selector)), by=by)


def lines() -> list[dict[str, Any]]:
    return [one.body for one in AuditEntry.objects.filter(action="REVERTED_AFTERWARDS")]


@pytest.mark.parametrize("selector", [BLUE, RED], ids=["back", "elsewhere"])
def test_who_changes_the_selector_after_the_success_is_told_of_once_and_not_fought_f78(here: World, selector: dict[str, str]) -> None:
    look(here)
    assert not lines(), "told although it stands"
    revert(here, selector)
    sent = len(here.memory.writes)
    look(here)
    look(here)
    assert lines() == [{"reason": "reverted-afterwards", "selector": selector, "manager": "argocd-controller"}]
    assert len(here.memory.writes) == sent
    assert list(AuditEntry.objects.order_by("-sequence").values_list("action", flat=True)[:2]) == ["REVERTED_AFTERWARDS", "CLOSED"]
    told = reporting.as_dict(switch := Switch.objects.get())
    assert (told["state"], told["reason"], told["keeping_old_until"], told["can_go_back"]) == ("succeeded", "reverted-afterwards", None, False)
    assert "argocd-controller" in told["detail"] and "somebody else" in told["sentence"]
    assert [one["code"] for one in requesting.recipes_for(switch, opened=lambda _: here.memory)] == ["argo-cd"]
    of_service = reporting.of_service(cluster="lab", service_uid=switch.service_uid)
    assert (of_service["reverted"], of_service["keeping"], of_service["left"]) == (str(switch.pk), None, None)


def test_several_executors_tell_it_once(here: World) -> None:
    revert(here)
    for _ in range(3):
        here.watch()
    assert [run.at for run in here.runs] == ["service"] * 3
    for run in list(here.runs):
        here.go(run, times=9)
    assert len(lines()) == 1


def test_what_somebody_asks_for_before_anybody_has_looked_does_not_keep_it_untold(here: World) -> None:
    reverted = Switch.objects.get()
    revert(here, by="somebody")
    here.click(to="green")
    for run in list(here.runs):
        here.go(run, times=40)
    assert (Switch.objects.count(), here.memory.selector) == (2, GREEN)
    look(here)
    assert lines() == [{"reason": "reverted-afterwards", "selector": BLUE, "manager": "somebody"}]
    assert AuditEntry.objects.get(action="REVERTED_AFTERWARDS").switch_id == reverted.pk


def test_what_a_newer_switch_of_ours_has_moved_is_nobody_elses(here: World) -> None:
    here.watch()
    [watcher] = here.runs
    assert watcher.at == "service"
    here.back()
    here.go(here.runs[-1], times=40)
    assert here.memory.selector == BLUE
    here.go(watcher, times=9)
    look(here)
    assert not lines()


def turned_around(here: World) -> Switch:
    """A way back that somebody turned around before it had succeeded, so that traffic is where it was."""
    here.back()
    here.go(here.runs[-1], times=40, until="convergence")
    assert here.memory.selector == BLUE
    here.back()
    for run in list(here.runs):
        here.go(run, times=60)
    back = Switch.objects.get(reverses__isnull=False)
    assert (back.state, here.memory.selector) == (State.ROLLED_BACK, GREEN)
    return back


def test_a_later_switch_that_went_back_takes_no_way_back_away(here: World) -> None:
    first = Switch.objects.get()
    turned_around(here)
    told = reporting.of_service(cluster="lab", service_uid=first.service_uid)
    assert (reporting.can_go_back(first), told["keeping"]["switch"]) == (True, str(first.pk))
    look(here)
    assert not lines(), "it leads where the first one has brought it"
    here.begin(lambda: requesting.request_back(switch=first, person=here.olga, opened=lambda _: here.memory))
    for run in list(here.runs):
        here.go(run, times=60)
    assert (here.memory.selector, Switch.objects.filter(reverses=first).count()) == (BLUE, 2)


def test_who_has_read_the_service_before_a_newer_switch_went_back_accuses_nobody(here: World) -> None:
    first = Switch.objects.get()
    known, read = keeping.newer_than(first), here.memory.service(namespace="store", name="shop")
    turned_around(here)
    keeping.compare(first, msgspec.structs.replace(read, selector=BLUE), known=known)
    assert not lines()
    revert(here)
    look(here)
    assert [one["selector"] for one in lines()] == [BLUE]


def test_who_comes_to_look_while_a_newer_switch_runs_accuses_nobody_when_that_goes_back(here: World) -> None:
    first = Switch.objects.get()
    here.back()
    here.go(here.runs[-1], times=40, until="convergence")

    def read(**asked: str) -> ServiceNow:
        seen = here.memory.service(**asked)
        here.back()
        for run in list(here.runs):
            here.go(run, times=60)
        return seen

    keeping._look(first, opened=lambda _: SimpleNamespace(service=read))
    assert not lines()


def test_a_service_that_was_made_anew_ends_the_keeping(here: World) -> None:
    here.memory.create()
    look(here)
    assert lines() == [{"reason": "replaced"}]


def test_a_cluster_that_does_not_answer_proves_nothing_and_is_asked_again(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def away(**_: str) -> None:
        nonlocal asked
        asked += 1
        raise errors.Unreachable("The cluster cannot be reached.")

    revert(here)
    beside = Switch.objects.get()
    beside.pk, beside.service, beside.service_uid = uuid.uuid4(), "beside", "uid-beside"
    beside.save(force_insert=True)
    with monkeypatch.context() as now:
        now.setattr(here.memory, "service", away)
        keeping.watch(opened=lambda _: here.memory)
    assert (asked, lines()) == (1, [])
    beside.delete()
    look(here)
    assert len(lines()) == 1


def test_the_reconciler_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class Looked(BaseException):
        """The reconciler has come to it."""

    class Stand:
        def watch(self) -> None:
            raise Looked

        def scan(self) -> None:
            reconciler._ending.set()

    monkeypatch.setattr(reconciling, "ROUND_SECONDS", 0)
    monkeypatch.setattr(reconciling, "round_once", lambda: None)
    monkeypatch.setattr(executing, "of_this_process", Stand)
    reconciler = reconciling.Reconciler()
    with pytest.raises(Looked):
        reconciler._run()


def test_that_many_old_sides_are_kept_makes_no_look_dearer(here: World, django_assert_num_queries: Any) -> None:
    [kept] = keeping.kept()
    later = Switch.objects.get()
    for number in range(5):
        later.pk, later.service_uid = uuid.uuid4(), f"uid-beside-{number // 2}"
        later.save(force_insert=True)
    with django_assert_num_queries(1):
        assert len(keeping.kept()) == 4, "the last one of each Service"
    with django_assert_num_queries(1):
        assert keeping.kept_of(cluster="lab", namespace="store", service="shop") == later
    Switch.objects.exclude(pk=kept.pk).delete()
