"""Each code of the preflight on a real API server, as REST tells it: what stands against a switch is named, and how serious it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import yaml

from clusterview.access import clusters
from clusterview.kube import reading, rights
from clusterview.models import AuditEntry, Switch
from clusterview.models import Cluster as ClusterRow
from clusterview.traffic import looking, preflight, requesting
from clusterview.traffic.errors import Refused
from clusterview.traffic.states import State
from tests.lab import states
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.observer.reading import access_of
from tests.traffic.making import SOMEBODY
from tests.traffic.test_engine import BLUE, GREEN, Reached, carry_out, no_doorbell, who_may_switch
from tests.traffic.test_lab import Apply, apply, selecting, service

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["apply", "no_doorbell"]

Arrange = Callable[[Lab, Apply], None]
GREEN_DEPLOYMENT = "/apis/apps/v1/namespaces/store/deployments/shop-green"
IMAGE, NEW_IMAGE = "registry.example/shop:4.12.0", "registry.example/shop:4.13.0"
BY_HAND = "/api/v1/namespaces/store/pods?labelSelector=made%3Dby-hand"
GREEN_PODS = "/api/v1/namespaces/store/pods?labelSelector=app%3Dshop,slot%3Dgreen"


class Case(NamedTuple):
    """What is arranged, which switch is looked at, and how serious the code is then."""

    code: str
    level: str
    name: str = "shop"
    to: str = "green"
    arrange: Arrange | None = None


def of_green(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.get(GREEN_PODS)["items"]
    return found


def green_is_unready(lab: Lab, _: Apply) -> None:
    for pod in of_green(lab):
        states.put(lab, pod=pod["metadata"]["name"], namespace="store", state="unready")


def green_is_smaller(lab: Lab, _: Apply) -> None:
    states.put(lab, pod=of_green(lab)[0]["metadata"]["name"], namespace="store", state="unready")


def a_stranger_in_green(_: Lab, apply: Apply) -> None:
    metadata = {"name": "debug", "namespace": "store", "labels": GREEN}
    containers = [{"name": "shell", "image": "registry.example/shell:1"}]
    apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}})


def roll_green_out(lab: Lab, *, image: str, node: str | None = None) -> None:
    """Pods of the new template get no place where `node` is none of the cluster's."""
    template = {"spec": {"containers": [{"name": "web", "image": image}], "nodeSelector": {"kubernetes.io/hostname": node}}}
    patch = json.dumps({"spec": {"paused": None, "template": template}})
    lab.kubectl("patch", "deployment", "shop-green", "-n", "store", "--patch", patch)


def green_is_rolled_out(lab: Lab) -> None:
    lab.kubectl("rollout", "status", "deployment/shop-green", "-n", "store", "--timeout=60s")


def a_paused_rollout(lab: Lab, _: Apply) -> None:
    lab.kubectl("rollout", "pause", "deployment/shop-green", "-n", "store")
    lab.kubectl("set", "image", "deployment/shop-green", f"web={NEW_IMAGE}", "-n", "store")


def endpoints_by_hand(_: Lab, apply: Apply) -> None:
    metadata = {"name": "shop-by-hand", "namespace": "store", "labels": {"kubernetes.io/service-name": "shop"}}
    kept = {"addressType": "IPv4", "ports": [{"name": "http", "port": 8080}], "endpoints": [{"addresses": ["10.9.9.9"]}]}
    apply({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, **kept})


def by_hash(lab: Lab, apply: Apply) -> None:
    template_hash = of_green(lab)[0]["metadata"]["labels"]["pod-template-hash"]
    apply(service("shop-x", selector={"app": "shop", "pod-template-hash": template_hash}))


def applied(*options: str, **changes: Any) -> Arrange:
    return lambda _, apply: apply(service("shop-x", **changes), *options)


def refused_by_a_policy(_: Lab, apply: Apply) -> None:
    """https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/"""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["services"], "operations": ["UPDATE"]}
    frozen = "object.metadata.name != 'shop-x' || object.spec.selector == oldObject.spec.selector"
    spec = {
        "failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": frozen, "message": "shop-x is frozen until Monday"}],
    }  # fmt: skip
    group = "admissionregistration.k8s.io/v1"
    apply({"apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "freeze"}, "spec": spec})
    binding = {"policyName": "freeze", "validationActions": ["Deny"]}
    apply({"apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "freeze"}, "spec": binding})
    apply(service("shop-x"))


def a_quota_without_room(lab: Lab, apply: Apply) -> None:
    """It is as large as the namespace is now, and green wants one more."""
    pods = len(lab.get("/api/v1/namespaces/store/pods")["items"])
    apply(selecting("v1", "ResourceQuota", "tight", hard={"pods": str(pods)}))
    wait_until(lambda: "used" in lab.get("/api/v1/namespaces/store/resourcequotas/tight").get("status", {}), seconds=30, what="it is counted")
    lab.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas=4")


def labelled_by_hand(lab: Lab, apply: Apply) -> None:
    """The workload of pods that are behind a Service of their own is not made to carry the label."""
    labels = {"app": "shop", "made": "by-hand"}
    container = {"name": "web", "image": IMAGE, "ports": [{"name": "http", "containerPort": 8080}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop-by-hand", "namespace": "store"}, "spec": spec})
    wait_until(lambda: bool(lab.get(BY_HAND)["items"]), seconds=30, what="its pod is there")
    lab.kubectl("label", "pods", "-n", "store", "-l", "made=by-hand", "slot=green")


CASES = (
    Case("selectorless", "block", name="outside"),
    Case("external-name", "block", name="billing"),
    Case("headless-statefulset", "block", name="ledger"),
    Case("pod-template-hash", "block", name="shop-x", arrange=by_hash),
    Case("target-missing", "block", to="purple"),
    Case("no-op", "block", to="blue"),
    Case("no-ready", "block", arrange=green_is_unready),
    Case("green-smaller", "block", arrange=green_is_smaller),
    Case("third-workload", "block", arrange=a_stranger_in_green),
    Case("rollout-unfinished", "block", arrange=a_paused_rollout),
    Case("kept-endpoints", "block", arrange=endpoints_by_hand),
    Case("port-missing", "block", name="shop-x", arrange=applied(ports=[{"port": 80, "targetPort": "admin"}])),
    Case("ssa-owner", "warn", name="shop-x", arrange=applied("--server-side", "--field-manager=deploy-bot")),
    Case("owner", "warn", name="shop-x", arrange=applied(annotations={"meta.helm.sh/release-name": "shop"})),
    Case("headless", "warn", name="shop-x", arrange=applied(clusterIP="None")),
    Case("publish-not-ready", "block", name="shop-x", arrange=applied(publishNotReadyAddresses=True)),
    Case("session-affinity", "warn", name="shop-x", arrange=applied(sessionAffinity="ClientIP")),
    Case("external-traffic-policy", "warn", name="shop-x", arrange=applied(type="NodePort", externalTrafficPolicy="Local")),
    Case("internal-traffic-policy", "warn", name="shop-x", arrange=applied(internalTrafficPolicy="Local")),
    Case("key-in-template", "warn", arrange=labelled_by_hand),
    Case("quota", "warn", arrange=a_quota_without_room),
    Case("dry-run", "block", name="shop-x", arrange=refused_by_a_policy),
)

FAULTS = {"selectorless": "F81", "external-name": "F82", "headless-statefulset": "F82", "no-ready": "F83", "owner": "F79", "dry-run": "F100"}


def looked_at(reached: looking.Cluster, *, name: str, to: str) -> dict[str, str]:
    """The codes of a preflight and how serious each is."""
    try:
        checks = requesting.preview(person=SOMEBODY, cluster="lab", namespace="store", service=name, to=to, opened=lambda _: reached)["checks"]
    except Refused as refused:
        assert (refused.status, refused.code) == (422, "preflight")
        checks = refused.body["checks"]
    return {one["code"]: str(one["level"]) for one in checks}


@pytest.fixture
def reached(lab_shop: Lab) -> looking.Cluster:
    return looking.Cluster(access=access_of(lab_shop.kubeconfig))


@pytest.fixture
def fresh_green(lab_shop: Lab) -> Iterator[None]:
    """What was written to the status of green's pods stays until they are replaced, and what it is rolled out to until that is undone."""
    before = lab_shop.get(GREEN_DEPLOYMENT)["spec"]["template"]
    yield
    if lab_shop.get(GREEN_DEPLOYMENT)["spec"]["template"] != before:
        roll_green_out(lab_shop, image=IMAGE)
        green_is_rolled_out(lab_shop)
    if any(one["status"] != "True" for pod in of_green(lab_shop) for one in pod["status"].get("conditions", []) if one["type"] == "Ready"):
        lab_shop.kubectl("delete", "pods", "-n", "store", "-l", "app=shop,slot=green")


@pytest.mark.parametrize("case", CASES, ids=[f"{one.code} {FAULTS.get(one.code, '')}".strip() for one in CASES])
def test_each_code_is_told_where_it_is_so_and_stands_against_the_click(
    case: Case, lab_shop: Lab, reached: looking.Cluster, apply: Apply, fresh_green: None
) -> None:
    olga = who_may_switch()
    assert looked_at(reached, name="shop", to="green").get(case.code, "ok") == "ok"
    if case.arrange is not None:
        case.arrange(lab_shop, apply)
    wait_until(lambda: looked_at(reached, name=case.name, to=case.to).get(case.code) == case.level, seconds=15, what=f"{case.code} is told")
    with pytest.raises(Refused) as refused:
        requesting.request_switch(person=olga, cluster="lab", namespace="store", service=case.name, to=case.to, opened=lambda _: reached)
    assert (refused.value.status, refused.value.code) == (422, "preflight")
    assert case.code in {one["code"] for one in refused.value.body["checks"] if one["level"] == case.level}


def test_a_click_amid_a_rollout_is_refused_and_goes_once_it_is_finished(
    lab_shop: Lab, reached: looking.Cluster, fresh_green: None
) -> None:
    olga = who_may_switch()

    def click() -> Switch:
        return requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached)

    assert looked_at(reached, name="shop", to="green")["rollout-unfinished"] == "ok"
    roll_green_out(lab_shop, image=NEW_IMAGE, node="nowhere")
    with pytest.raises(Refused) as refused:
        click()
    assert [one["code"] for one in refused.value.body["checks"] if one["level"] == "block"] == ["rollout-unfinished"]
    wait_until(lambda: len({one["metadata"]["labels"]["pod-template-hash"] for one in of_green(lab_shop)}) == 2, seconds=15, what="both are there")
    assert looked_at(reached, name="shop", to="green")["rollout-unfinished"] == "block"
    roll_green_out(lab_shop, image=NEW_IMAGE)
    green_is_rolled_out(lab_shop)
    assert carry_out(click(), reached).state == State.SUCCEEDED


def as_somebody(lab: Lab, apply: Apply, name: str, manifests: str) -> looking.Cluster:
    """The API server, reached by an account that has exactly the rights of these manifests."""
    for document in yaml.safe_load_all(manifests):
        for named_thing in (document["metadata"], document.get("roleRef", {})):
            named_thing |= {"name": f"{name}-{named_thing['name']}"} if "name" in named_thing else {}
        apply(document)
    access = access_of(lab.kubeconfig)
    access.user.update({"as": name, "as-groups": ["nobody"]})
    return looking.Cluster(access=access)


def test_a_missing_right_is_named(lab_shop: Lab, apply: Apply) -> None:
    who_may_switch()
    reached = as_somebody(lab_shop, apply, "looker", rights.viewer_manifest(user="looker"))
    assert looked_at(reached, name="shop", to="green")["missing-right"] == "block"


@pytest.mark.parametrize(
    ("manifested", "less", "named"),
    [("- endpointslices\n", "- others\n", ("list", "endpointslices.discovery.k8s.io")), ("  - watch\n", "", ("watch", "services"))],
    ids=["list endpointslices", "watch services"],
)
def test_a_right_to_read_what_became_of_an_effect_is_named_before_the_click_and_keeps_nobody_from_going_back(
    manifested: str, less: str, named: tuple[str, str], lab_shop: Lab, apply: Apply
) -> None:
    who_may_switch()
    name = f"follower-{named[0]}"
    manifests = f"{rights.viewer_manifest(user=name)}---\n{rights.switcher_manifest('store', user=name)}"
    assert manifested in manifests
    reached = as_somebody(lab_shop, apply, name, manifests.replace(manifested, less))
    service, residents = reached.service_among(namespace="store", name="shop")

    def missing(*, returning: bool) -> set[tuple[str, str]]:
        seen = reached.situation(service=service, residents=residents, key="slot", source=BLUE, target=GREEN, returning=returning)
        return {(one.params["verb"], one.params["resource"]) for one in preflight.blocks(preflight.check(seen)) if one.code == "missing-right"}

    assert named in missing(returning=False)
    assert missing(returning=True) == set()


def test_the_rights_that_are_printed_are_all_that_a_switch_asks_for(lab_shop: Lab, apply: Apply) -> None:
    who_may_switch()
    manifests = f"{rights.viewer_manifest(user='mover')}---\n{rights.switcher_manifest('store', user='mover')}"
    assert looked_at(as_somebody(lab_shop, apply, "mover", manifests), name="shop", to="green")["missing-right"] == "ok"


def asked_of(lab: Lab, *, user: str, since: int) -> list[tuple[str, str, bool]]:
    """What an account wrote, by the API server's own audit log: the verb, the resource, and whether it was let."""
    by_them = [one for one in lab.writes()[since:] if one.get("impersonatedUser", {}).get("username") == user]
    return [(one["verb"], one["objectRef"]["resource"], one["responseStatus"]["code"] < 300) for one in by_them]


def test_a_switch_and_its_way_back_ask_for_no_write_but_what_the_printed_rights_allow_t70(lab_shop: Lab, apply: Apply) -> None:
    olga, before = who_may_switch(), len(lab_shop.writes())
    manifests = f"{rights.viewer_manifest(user='only-mover')}---\n{rights.switcher_manifest('store', user='only-mover')}"
    reached = as_somebody(lab_shop, apply, "only-mover", manifests)
    there = requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached)
    assert carry_out(there, reached).state == State.SUCCEEDED, there.detail
    back = requesting.request_back(switch=there, person=olga, opened=lambda _: reached)
    assert carry_out(back, reached).state == State.SUCCEEDED, back.detail
    asked = asked_of(lab_shop, user="only-mover", since=before)
    assert set(asked) == {("patch", "services", True), ("create", "selfsubjectaccessreviews", True)}


def test_a_right_that_the_account_loses_between_intent_and_effect_ends_it_with_nothing_changed_f16(lab_shop: Lab, apply: Apply) -> None:
    olga, before = who_may_switch(), len(lab_shop.writes())
    manifests = f"{rights.viewer_manifest(user='loser')}---\n{rights.switcher_manifest('store', user='loser')}"
    reached = Reached(access=as_somebody(lab_shop, apply, "loser", manifests).access)

    def take_away(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        lab_shop.kubectl("delete", "rolebinding", "loser-clusterview-switcher", "-n", "store")
        wait_until(lambda: not reading.may(reached.reading, "patch", "", "services", "store"), seconds=15, what="the right is gone")
        return send()

    reached.around = take_away
    switch = requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached)
    assert (carry_out(switch, reached).state, switch.reason) == (State.FAILED_NO_CHANGE, "missing-right"), switch.detail
    told = AuditEntry.objects.filter(switch_id=switch.pk, action__in=["INTENT", "OUTCOME"]).order_by("sequence")
    assert [(one.action, one.body.get("result")) for one in told] == [("INTENT", None), ("OUTCOME", "rejected")]
    assert [one for one in asked_of(lab_shop, user="loser", since=before) if one[1] == "services"][-1] == ("patch", "services", False)
    assert lab_shop.get("/api/v1/namespaces/store/services/shop")["spec"]["selector"] == BLUE


class Elsewhere(looking.Cluster):
    """The same API server, seen as the cluster that was there before somebody built a new one at its address."""

    def identity(self) -> Any:
        return super().identity().__class__("another-uid", is_weak=False)


def test_armed_is_a_cluster_and_not_a_name_f25(lab_shop: Lab, reached: looking.Cluster) -> None:
    def sent() -> int:
        return sum("fieldManager=clusterview" in one["requestURI"] for one in lab_shop.writes())

    olga = who_may_switch()
    before = Elsewhere(access=reached.access)
    requesting.arm(cluster="lab", actor="ada", opened=lambda _: before)
    already = sent()
    for code in ("another-cluster", "not_armed"):
        with pytest.raises(Refused) as refused:
            requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached)
        assert refused.value.code == code
    assert sent() == already
    assert not ClusterRow.objects.get(pk="lab").armed
    uid = lab_shop.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    assert AuditEntry.objects.get(action="DISARMED").body == {"armed": "another-uid", "answers": uid}
    requesting.arm(cluster="lab", actor="ada", opened=lambda _: reached)
    switch = requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached)
    assert (switch.cluster_identity, switch.from_selector) == (uid, BLUE)


class Starting(looking.Cluster):
    """An API server that refuses everybody while it starts."""

    is_ready = False

    def identity(self) -> Any:
        return super().identity() if self.is_ready else reading.Identity("server and CA", is_weak=True)


def test_a_cluster_that_does_not_say_for_a_moment_which_it_is_stays_armed(lab_shop: Lab, reached: looking.Cluster) -> None:
    olga = who_may_switch()
    requesting.arm(cluster="lab", actor="ada", opened=lambda _: reached)
    starting = Starting(access=reached.access)
    with pytest.raises(Refused) as refused:
        requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: starting)
    assert (refused.value.status, refused.value.code) == (503, "unidentified")
    assert ClusterRow.objects.get(pk="lab").armed
    starting.is_ready = True
    requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: starting)


def test_a_cluster_that_is_armed_before_it_answers_is_the_first_one_that_does(reached: looking.Cluster) -> None:
    olga = who_may_switch()
    clusters.disarm(cluster="lab", actor="ada")

    def nowhere(_: str) -> looking.Cluster:
        raise LookupError

    requesting.arm(cluster="lab", actor="ada", opened=nowhere)
    requesting.request_switch(person=olga, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached)
    assert ClusterRow.objects.get(pk="lab").identity == reached.identity().value


def test_the_dry_run_speaks_in_the_webhooks_own_words(lab_shop: Lab, reached: looking.Cluster, apply: Apply) -> None:
    who_may_switch()
    refused_by_a_policy(lab_shop, apply)

    def told() -> str:
        of = {"cluster": "lab", "namespace": "store", "service": "shop-x", "to": "green"}
        return json.dumps(requesting.preview(person=SOMEBODY, **of, opened=lambda _: reached)["checks"])  # type: ignore[arg-type]

    wait_until(lambda: "shop-x is frozen until Monday" in told(), seconds=15, what="the policy speaks")
