"""On a real API server: what is found to be switchable, what a preflight sees around it, and which recipe it has for whoever owns it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from clusterview.access.people import Person
from clusterview.kube import rights
from clusterview.topology.pictures import Picture
from clusterview.traffic import applications, looking, preflight, recipes, requesting, surveying
from clusterview.traffic.errors import Refused
from clusterview.traffic.preflight import Check, Level
from clusterview.traffic.situations import Situation
from tests.lab.cluster import Cluster as Lab
from tests.observer.reading import access_of
from tests.traffic.making import SOMEBODY
from tests.traffic.test_engine import BLUE, GREEN, no_doorbell, who_may_switch

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
__all__ = ["no_doorbell"]

DISCOVERED_FROM = ("Service", "Deployment", "StatefulSet", "ReplicaSet", "Ingress")
Apply = Callable[..., None]


@pytest.fixture
def reached(lab_shop: Lab) -> looking.Cluster:
    return looking.Cluster(access=access_of(lab_shop.kubeconfig))


@pytest.fixture
def apply(lab_shop: Lab) -> Iterator[Apply]:
    """Applies objects that are deleted after the test."""
    made: list[str] = []

    def run(document: dict[str, Any], *options: str) -> None:
        namespaced = ("-n", document["metadata"]["namespace"]) if "namespace" in document["metadata"] else ()
        made.append(" ".join((document["kind"], document["metadata"]["name"], *namespaced)))
        lab_shop.kubectl("apply", *options, "-f", "-", input=json.dumps(document))

    yield run
    for one in dict.fromkeys(made):
        lab_shop.kubectl("delete", *one.split(), "--ignore-not-found")


def service(name: str, *, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "store", "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": BLUE, "ports": [{"port": 80}], **spec}}


def selecting(api_version: str, kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "store"}, "spec": spec}


def found(reached: looking.Cluster) -> dict[str, applications.Application]:
    records = [one for kind in DISCOVERED_FROM for one in reached.records(kind=kind, namespace="store")]
    return {one.service: one for one in applications.discover(Picture(objects=records), everything=True)}


def surrounded(reached: looking.Cluster, *, name: str = "shop") -> Situation:
    now, residents = reached.service_among(namespace="store", name=name)
    return reached.surrounded(reached.situation(service=now, residents=residents, key="slot", source=now.selector, target=GREEN))


def named(checks: list[Check], code: str) -> Check:
    return next(one for one in checks if one.code == code)


def test_two_services_over_the_pair_are_a_group_and_every_other_service_has_its_reason(reached: looking.Cluster, apply: Apply) -> None:
    apply(service("shop-inside"))
    apply(service("shop-hidden", annotations={"clusterview.io/ignore": "true"}))
    apply(service("shop-both", selector={"app": "shop"}))
    seen = found(reached)
    assert seen["shop"].group == seen["shop-inside"].group
    assert seen["shop"].group is not None and seen["shop"].group.services == ("shop", "shop-inside")
    assert {name: one.why_not for name, one in seen.items()} == {
        "shop": None, "shop-inside": None, "shop-both": "ratio", "billing": "external-name", "outside": "selectorless",
        "front": "no-workload", "shop-nodes": "no-workload", "ledger": "no-key",
    }  # fmt: skip


@pytest.fixture
def unguarded(lab_shop: Lab) -> Iterator[None]:
    """Green's disruption budget is for somebody else."""

    def guard(slot: str) -> None:
        lab_shop.patch("/apis/policy/v1/namespaces/store/poddisruptionbudgets/shop-green", {"spec": {"selector": {"matchLabels": {"slot": slot}}}})

    guard("red")
    yield
    guard("green")


def test_with_a_budget_on_each_side_nothing_is_asked(reached: looking.Cluster) -> None:
    assert named(preflight.check(surrounded(reached)), "old-side-only").level is Level.OK


def test_a_budget_for_the_old_side_only_needs_a_tick_before_the_click(reached: looking.Cluster, unguarded: None) -> None:
    olga = who_may_switch()
    told = requesting.preview(person=SOMEBODY, cluster="lab", namespace="store", service="shop", to="green", opened=lambda _: reached)
    [check] = [one for one in told["checks"] if one["code"] == "old-side-only"]
    assert (check["level"], list(check["objects"])) == ("warn", [{"kind": "PodDisruptionBudget", "namespace": "store", "name": "shop-blue"}])
    with pytest.raises(Refused) as refused:
        ask(olga, reached)
    assert (refused.value.status, refused.value.code) == (422, "preflight")
    assert ask(olga, reached, accept=["old-side-only"]).to_value == "green"


def ask(olga: Person, reached: looking.Cluster, *, accept: list[str] | None = None) -> Any:
    return requesting.request_switch(
        person=olga, cluster="lab", namespace="store", service="shop", to="green", accept=accept or [], opened=lambda _: reached
    )


def test_a_preflight_sees_what_the_api_server_keeps(reached: looking.Cluster, apply: Apply) -> None:
    among = {"matchExpressions": [{"key": "slot", "operator": "In", "values": ["blue"]}]}
    apply(selecting("networking.k8s.io/v1", "NetworkPolicy", "door", podSelector={}, ingress=[{"from": [{"podSelector": among}]}]))
    apply(selecting("v1", "ResourceQuota", "services", hard={"services": "100"}))
    apply(service("shop-inside", trafficDistribution="PreferClose"))
    checks = preflight.check(surrounded(reached))
    assert named(checks, "old-side-only").params["names"] == "NetworkPolicy door"
    assert named(checks, "same-pods").params["services"] == "shop-inside"
    assert named(checks, "quota").level is named(checks, "namespace-terminating").level is Level.OK
    assert named(checks, "shared-config").params["names"] == "ConfigMap shop, Secret shop", "one is mounted, the other makes variables"
    assert "unread" not in {one.code for one in checks}
    inside = preflight.check(surrounded(reached, name="shop-inside"))
    assert named(inside, "traffic-distribution").params["value"] == "PreferClose"


def test_a_door_of_another_namespace_that_lets_in_the_old_side_alone_is_told(reached: looking.Cluster, apply: Apply) -> None:
    door = selecting("networking.k8s.io/v1", "NetworkPolicy", "door", podSelector={"matchLabels": {"app": "db"}})
    door["metadata"]["namespace"] = "default"
    store = {"matchLabels": {"kubernetes.io/metadata.name": "store"}}
    door["spec"]["ingress"] = [{"from": [{"namespaceSelector": store, "podSelector": {"matchLabels": {"slot": "blue"}}}]}]
    apply(door)
    check = named(preflight.check(surrounded(reached)), "old-side-only")
    assert (check.level, check.params["names"]) == (Level.WARN, "NetworkPolicy default/door")
    door["spec"]["ingress"][0]["from"].append({"namespaceSelector": store, "podSelector": {"matchLabels": {"slot": "green"}}})
    apply(door)
    assert named(preflight.check(surrounded(reached)), "old-side-only").level is Level.OK


@pytest.mark.parametrize(("refused", "unread"), [("", None), ("networkpolicies", "networkpolicies.networking.k8s.io")], ids=["all", "one is missing"])
def test_with_the_printed_rights_everything_is_read_and_without_one_the_rest(
    lab_shop: Lab, apply: Apply, refused: str, unread: str | None
) -> None:
    for document in yaml.safe_load_all(rights.viewer_manifest(user="looker") + "---\n" + rights.switcher_manifest("store", user="looker")):
        for named_thing in (document["metadata"], document.get("roleRef", {})):
            named_thing |= {"name": f"looker-{named_thing['name']}"} if "name" in named_thing else {}
        for rule in document.get("rules", []):
            rule |= {"resources": [one if one != refused else "nothing" for one in rule["resources"]]} if "resources" in rule else {}
        apply(document)
    access = access_of(lab_shop.kubeconfig)
    access.user.update({"as": "looker", "as-groups": ["nobody"]})
    checks = preflight.check(surrounded(looking.Cluster(access=access)))
    assert not preflight.blocks(checks)
    told = [one.params["resources"] for one in checks if one.code == "unread"]
    assert told == ([unread] if unread else [])
    assert "nearby" not in {one.code for one in checks}


def test_who_may_list_policies_in_the_namespace_alone_is_told_that_only_those_were_looked_at(lab_shop: Lab, apply: Apply) -> None:
    for document in yaml.safe_load_all(rights.viewer_manifest(user="near")):
        for named_thing in (document["metadata"], document.get("roleRef", {})):
            named_thing |= {"name": f"near-{named_thing['name']}"} if "name" in named_thing else {}
        if document["kind"] == "ClusterRoleBinding":
            document["kind"], document["metadata"]["namespace"] = "RoleBinding", "store"
        apply(document)
    access = access_of(lab_shop.kubeconfig)
    access.user.update({"as": "near", "as-groups": ["nobody"]})
    around = surveying.survey(looking.Cluster(access=access).reading, namespace="store")
    assert (around.nearby, "networkpolicies.networking.k8s.io" in around.unread) == (("networkpolicies.networking.k8s.io",), False)


def test_a_service_that_argo_cd_applies_has_its_recipe_f79(reached: looking.Cluster, apply: Apply) -> None:
    apply(service("shop-argo"), "--server-side", "--field-manager=argocd-controller")
    now = reached.service(namespace="store", name="shop-argo")
    assert [(one.manager, one.operation) for one in now.selector_owners] == [("argocd-controller", "Apply")]
    checks = preflight.check(surrounded(reached, name="shop-argo"))
    assert [(one.level, one.params["owner"]) for one in checks if one.code == "owner"] == [(Level.WARN, "Argo CD")]
    [recipe] = recipes.recipes(now, selector=GREEN)
    ignored = yaml.safe_load(recipe.text)["spec"]["ignoreDifferences"][0]
    assert (ignored["kind"], ignored["namespace"], ignored["name"], ignored["jsonPointers"]) == ("Service", "store", "shop-argo", ["/spec/selector"])


def test_an_owner_that_leaves_the_selector_out_takes_it_away_and_so_no_recipe_says_that(lab_shop: Lab, apply: Apply) -> None:
    owned = ("--server-side", "--field-manager=deploy-bot")
    apply(service("shop-owned"), *owned)
    without = service("shop-owned")
    del without["spec"]["selector"]
    apply(without, *owned)
    assert "selector" not in lab_shop.get("/api/v1/namespaces/store/services/shop-owned")["spec"]


def test_the_recipe_of_server_side_apply_ends_the_conflict(lab_shop: Lab, reached: looking.Cluster, apply: Apply) -> None:
    owned = ("--server-side", "--field-manager=deploy-bot")
    apply(service("shop-owned"), *owned)
    [recipe] = recipes.recipes(reached.service(namespace="store", name="shop-owned"), selector=GREEN)
    patch = json.dumps([{"op": "replace", "path": "/spec/selector", "value": GREEN}])
    lab_shop.kubectl("patch", "service", "shop-owned", "-n", "store", "--field-manager=clusterview", "--type=json", "-p", patch)
    with pytest.raises(RuntimeError, match='conflict with "clusterview"'):
        apply(service("shop-owned"), *owned)
    apply(service("shop-owned", selector=yaml.safe_load(recipe.text)["spec"]["selector"]), *owned)
    assert lab_shop.get("/api/v1/namespaces/store/services/shop-owned")["spec"]["selector"] == GREEN
