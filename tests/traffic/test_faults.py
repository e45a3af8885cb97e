"""What happens in the cluster, to workers and to rights while a switch is under way, on a real API server (faults F43 to F63 and F75 to F102).

Other faults of these have their place elsewhere and name it too; those of canaries, drains and metrics belong to what is not built yet.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clusterview.access.people import Person
from clusterview.models import Switch
from clusterview.traffic import engine, requesting, resizing
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import State
from tests.lab import asking, states
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.traffic.explaining import explained
from tests.traffic.shops import Shop, many
from tests.traffic.test_engine import BLUE, GREEN, Reached, actions, ask, carry_out, no_doorbell, olga, reached, selector, writes

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["explained", "no_doorbell", "olga", "reached", "writes"]

Writes = Callable[[], list[dict[str, str]]]
Send = Callable[[], dict[str, Any]]
SERVICE = "/api/v1/namespaces/store/services/shop"


def pods_of(lab: Lab, slot: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.get(f"/api/v1/namespaces/store/pods?labelSelector=app%3Dshop,slot%3D{slot}")["items"]
    return found


def scale(lab: Lab, slot: str, replicas: int) -> None:
    lab.patch(f"/apis/apps/v1/namespaces/store/deployments/shop-{slot}", {"spec": {"replicas": replicas}})
    wait_until(lambda: len(pods_of(lab, slot)) == replicas, seconds=30, what=f"{slot} has {replicas} pods")


def unready(lab: Lab, slot: str) -> None:
    for pod in pods_of(lab, slot):
        states.put(lab, pod=pod["metadata"]["name"], namespace="store", state="unready")


def ready_again(lab: Lab, slot: str) -> None:
    lab.kubectl("delete", "pods", "-n", "store", "-l", f"app=shop,slot={slot}")


# The new side


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_new_side_that_is_gone_when_the_effect_lands_is_left_again_at_once_f75(
    when: str, olga: Person, reached: Reached, lab_shop: Lab, writes: Writes
) -> None:
    """After the last look before the effect: nobody can know then, so the way back begins as soon as it is seen."""

    def gone(send: Send) -> dict[str, Any]:
        reached.around = None
        if when == "before":
            scale(lab_shop, "green", 0)
        answer = send()
        if when == "after":
            scale(lab_shop, "green", 0)
        return answer

    reached.around = gone
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert (switch.state, switch.reason) == (State.ROLLED_BACK, "emptied"), switch.detail
    assert writes() == [BLUE, GREEN, BLUE]


def test_a_new_side_that_lost_its_readiness_between_look_and_effect_is_left_again_at_once_f84(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Writes
) -> None:
    def flip(send: Send) -> dict[str, Any]:
        reached.around = None
        unready(lab_shop, "green")
        return send()

    reached.around = flip
    try:
        switch = carry_out(ask(olga=olga, reached=reached), reached)
    finally:
        ready_again(lab_shop, "green")
    assert (switch.state, switch.reason) == (State.ROLLED_BACK, "emptied"), switch.detail
    assert writes() == [BLUE, GREEN, BLUE]


def test_one_pod_that_loses_its_readiness_does_not_send_the_others_traffic_back(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Writes
) -> None:
    def one_less(send: Send) -> dict[str, Any]:
        reached.around = None
        answer = send()
        states.put(lab_shop, pod=pods_of(lab_shop, "green")[0]["metadata"]["name"], namespace="store", state="unready")
        return answer

    reached.around = one_less
    try:
        switch = carry_out(ask(olga=olga, reached=reached), reached)
    finally:
        ready_again(lab_shop, "green")
    assert switch.state == State.SUCCEEDED, "two are ready, and the endpoints say so"
    assert writes() == [BLUE, GREEN]


@pytest.mark.parametrize(
    ("waited_for", "ends", "written"),
    [(5.0, State.SUCCEEDED, [BLUE, GREEN]), (0.5, State.ROLLED_BACK, [BLUE, GREEN, BLUE])],
    ids=["for less time than is waited for", "for longer"],
)
def test_pods_that_flap_all_together_send_the_traffic_back_once_at_most_f85(
    waited_for: float, ends: State, written: list[dict[str, str]], olga: Person, reached: Reached, lab_shop: Lab, writes: Writes,
    settings: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Every pod of the new side is unready for a second and ready for one, while the endpoints are watched and for longer than that."""
    settings.FOLLOW_SECONDS = 3.0
    monkeypatch.setattr(engine, "EMPTY_SECONDS", waited_for)
    flapping = threading.Thread(target=flap, args=(lab_shop, "green"), kwargs={"times": 3})

    def begin(send: Send) -> dict[str, Any]:
        reached.around = None
        answer = send()
        flapping.start()
        return answer

    reached.around = begin
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    flapping.join()
    ready_again(lab_shop, "green")
    assert (switch.state, writes()) == (ends, written), switch.detail
    assert carry_out(switch, reached).state == ends, "and afterwards it is left alone"
    assert writes() == written


def flap(lab: Lab, slot: str, *, times: int) -> None:
    ready = {pod["metadata"]["name"]: pod["status"] for pod in pods_of(lab, slot)}
    for _ in range(times):
        for states_of in ({name: states.changed(status, state="unready") for name, status in ready.items()}, ready):
            for name, status in states_of.items():
                lab.patch(f"/api/v1/namespaces/store/pods/{name}/status", {"status": status})
            time.sleep(1)


def test_where_both_sides_are_empty_it_stays_and_waits_f75(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to go back to, so the new side may come back."""

    def gone(send: Send) -> dict[str, Any]:
        reached.around = None
        for slot in ("green", "blue"):
            scale(lab_shop, slot, 0)
        return send()

    reached.around = gone
    monkeypatch.setattr(engine, "WATCHED_SECONDS", 3 * engine.EMPTY_SECONDS)
    switch = ask(olga=olga, reached=reached)
    engine.advance(switch_id=switch.pk, opened=lambda _: reached)
    switch.refresh_from_db()
    assert switch.state == State.VERIFYING
    scale(lab_shop, "green", 3)
    wait_until(lambda: carry_out(switch, reached).state == State.SUCCEEDED, seconds=30, what="green is back")
    assert writes() == [BLUE, GREEN]


def test_late_endpoints_are_waited_for_and_the_old_side_stays_until_then_f86(olga: Person, reached: Reached, lab_shop: Lab, writes: Writes) -> None:
    switch = ask(olga=olga, reached=reached)
    lab_shop.stop("kube-controller-manager", signal.SIGSTOP)
    try:
        engine.advance(switch_id=switch.pk, opened=lambda _: reached)
        switch.refresh_from_db()
        assert (switch.state, selector(lab_shop)) == (State.VERIFYING, GREEN)
        with pytest.raises(Refused) as refused:
            resizing.scale_down(switch=switch, person=olga, opened=lambda _: reached)
        assert (refused.value.status, refused.value.code) == (409, "not-succeeded")
    finally:
        lab_shop.stop("kube-controller-manager", signal.SIGCONT)
    wait_until(lambda: carry_out(switch, reached).state == State.SUCCEEDED, seconds=30, what="the endpoints followed")
    assert writes() == [BLUE, GREEN]


# The old side


def test_a_way_back_to_a_side_that_is_gone_is_left_to_a_person_and_nothing_is_written_f92(
    olga: Person, reached: Reached, lab_shop: Lab, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "OLD_SIDE_SECONDS", 0.0)

    def turn_back(send: Send) -> dict[str, Any]:
        reached.around = None
        answer = send()
        scale(lab_shop, "blue", 0)
        requesting.request_back(switch=Switch.objects.get(), person=olga, opened=lambda _: reached)
        return answer

    reached.around = turn_back
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert (switch.state, switch.reason) == (State.NEEDS_HUMAN, "old-side-gone")
    assert writes() == [BLUE, GREEN]


def test_going_back_after_success_to_a_side_that_is_gone_is_refused_f92(olga: Person, reached: Reached, lab_shop: Lab, writes: Writes) -> None:
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    scale(lab_shop, "blue", 0)
    with pytest.raises(Refused) as refused:
        requesting.request_back(switch=switch, person=olga, opened=lambda _: reached)
    assert refused.value.status == 422
    assert "no-ready" in {one["code"] for one in refused.value.body["checks"] if one["level"] == "block"}
    assert writes() == [BLUE, GREEN]


# The object itself


def make_anew(lab: Lab) -> None:
    """Somebody deletes the Service, and creates it again as it was."""
    document = lab.get(SERVICE)
    spec = {key: value for key, value in document["spec"].items() if key in ("selector", "ports", "type")}
    metadata = {"name": "shop", "namespace": "store", "labels": document["metadata"].get("labels", {})}
    lab.kubectl("delete", "service", "shop", "-n", "store")
    lab.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}))


def test_a_service_that_was_made_anew_is_not_written_to_f102(olga: Person, reached: Reached, lab_shop: Lab) -> None:
    switch = ask(olga=olga, reached=reached)
    make_anew(lab_shop)
    made = lab_shop.get(SERVICE)["metadata"]
    assert (carry_out(switch, reached).state, switch.reason) == (State.CONFLICT, "replaced")
    assert lab_shop.get(SERVICE)["metadata"]["resourceVersion"] == made["resourceVersion"]
    assert "INTENT" not in actions(switch)


def test_a_service_that_was_made_anew_under_the_effect_refuses_it_f102(olga: Person, reached: Reached, lab_shop: Lab, writes: Writes) -> None:
    def anew(send: Send) -> dict[str, Any]:
        reached.around = None
        make_anew(lab_shop)
        return send()

    reached.around = anew
    switch = carry_out(ask(olga=olga, reached=reached), reached)
    assert (switch.state, switch.reason) == (State.CONFLICT, "replaced")
    assert selector(lab_shop) == BLUE


@pytest.fixture
def ending(lab_shop: Lab) -> Iterator[Shop]:
    """A shop whose namespace is being deleted, and cannot end yet."""
    with many(lab=lab_shop, prefix="ending") as more:
        [shop] = more(1)
        lab_shop.patch(shop.path, {"metadata": {"finalizers": ["lab.clusterview/wait"]}})
        lab_shop.kubectl("delete", "namespace", shop.namespace, "--wait=false")
        wait_until(
            lambda: lab_shop.get(f"/api/v1/namespaces/{shop.namespace}")["status"]["phase"] == "Terminating", seconds=10, what="the namespace ends"
        )
        yield shop
        lab_shop.patch(shop.path, {"metadata": {"finalizers": None}})


def test_in_a_namespace_that_ends_nothing_is_switched_f101(olga: Person, reached: Reached, ending: Shop) -> None:
    with pytest.raises(Refused) as refused:
        requesting.request_switch(
            person=olga, cluster="lab", namespace=ending.namespace, service=ending.service, to="green", opened=lambda _: reached
        )
    blocked = {one["code"] for one in refused.value.body["checks"] if one["level"] == "block"}
    assert "namespace-terminating" in blocked


# Whoever judges each write


@pytest.fixture
def policy(lab_shop: Lab) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Puts an admission policy in force for the shop's Service; it is in force no more afterwards, which is later than it is gone."""
    made: list[tuple[str, str]] = []

    def apply(kind: str, spec: dict[str, Any], more: dict[str, Any]) -> None:
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["services"], "operations": ["UPDATE"]}
        spec = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]}, **spec}
        group = "admissionregistration.k8s.io/v1"
        for name, body in ((kind, spec), (f"{kind}Binding", {"policyName": "meddler", **more})):
            made.append((name, "meddler"))
            document = {"apiVersion": group, "kind": name, "metadata": {"name": "meddler"}, "spec": body}
            lab_shop.kubectl("apply", "-f", "-", input=json.dumps(document))

    yield apply
    for kind, name in made[::-1]:
        lab_shop.kubectl("delete", kind, name, "--ignore-not-found")
    wait_until(lambda: made_of(lab_shop, GREEN) == GREEN, seconds=40, what="the policy is in force no more")


def made_of(lab: Lab, wanted: dict[str, str]) -> dict[str, str] | None:
    """The selector that would be stored for this one; None where it is forbidden."""
    try:
        stored: dict[str, str] = lab.patch(f"{SERVICE}?dryRun=All", {"spec": {"selector": wanted}})["spec"]["selector"]
    except asking.Refused as refused:
        assert refused.code in (403, 422), refused
        return None
    return stored


SWITCHES = "object.metadata.name == 'shop' && object.spec.selector != oldObject.spec.selector"


def test_an_admission_that_forbids_the_effect_ends_it_with_nothing_changed_f100(
    olga: Person, reached: Reached, lab_shop: Lab, policy: Callable[..., None], writes: Writes
) -> None:
    switch = ask(olga=olga, reached=reached)
    policy(
        "ValidatingAdmissionPolicy",
        {"validations": [{"expression": f"!({SWITCHES})", "message": "frozen until Monday"}]},
        {"validationActions": ["Deny"]},
    )
    wait_until(lambda: made_of(lab_shop, GREEN) is None, seconds=40, what="the policy is in force")
    carry_out(switch, reached)
    assert (switch.state, switch.open) == (State.FAILED_NO_CHANGE, False), (switch.reason, switch.detail)
    assert switch.reason == "refused" and "frozen until Monday" in switch.detail
    assert writes() == [BLUE]
    assert actions(switch).count("INTENT") == actions(switch).count("OUTCOME")
