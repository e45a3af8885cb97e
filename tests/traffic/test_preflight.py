"""A preflight refuses what would hurt, asks before what may, and says the rest."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.topology import objects
from clusterview.traffic import preflight, words
from clusterview.traffic.checking import of_sizes
from clusterview.traffic.preflight import Level
from clusterview.traffic.selectors import Selection
from clusterview.traffic.situations import Bound, Driver, FieldOwner, Guard, KeptSlice, Quota, Right, Situation, Surroundings
from tests.traffic.making import BLUE, GREEN, HTTP, NAMESPACE, deployment, ingress, pod, service, service_now, situation, stateful_set

IN_ORDER = {
    "selectorless", "external-name", "headless-statefulset", "no-ready", "green-smaller", "port-missing", "third-workload", "no-op",
    "pod-template-hash", "owner", "ssa-owner", "missing-right", "dry-run", "key-in-template", "shared-config", "namespace-terminating",
    "kept-endpoints", "same-pods", "old-side-only", "quota", "rollout-unfinished",
}  # fmt: skip


def level_of(code: str, seen: Situation) -> Level:
    return next(one.level for one in preflight.check(seen) if one.code == code)


def test_with_both_sides_ready_nothing_stands_against_it_and_every_check_speaks() -> None:
    checks = preflight.check(situation())
    assert {one.code for one in checks if one.level is Level.OK} == IN_ORDER
    assert not preflight.blocks(checks) and not preflight.unaccepted(checks, accepted=set())


def with_service(**fields: Any) -> Situation:
    return situation(service=service_now(**fields))


def amid(**fields: Any) -> Situation:
    """Both sides ready, with this around them."""
    return situation(around=Surroundings(**fields))


def guard(kind: str, name: str, *, selects: dict[str, str], **fields: Any) -> Guard:
    return Guard(kind=kind, name=name, selection=Selection(selects), **fields)


def autoscaler(name: str, *, of: str) -> objects.HorizontalPodAutoscaler:
    return objects.HorizontalPodAutoscaler(uid=objects.Uid(name), namespace=NAMESPACE, name=name, target_kind="Deployment", target_name=of)


def referring(*, blue: set[tuple[str, str]], green: set[tuple[str, str]]) -> Situation:
    """The sides' pod templates refer to these: kind and name."""
    return situation(references={"uid-shop-blue": frozenset(blue), "uid-shop-green": frozenset(green)})


INSIDE = service(uid=objects.Uid("inside"), name="inside")
FULL = (Quota("small", (Bound("pods", "6", "6"),)),)
GROWING = deployment("shop-green", labels=GREEN, wanted=4)
UNDESCRIBED = deployment("shop-green", labels={"app": "shop"})
BUDGET = guard("PodDisruptionBudget", "shop-blue", selects=BLUE)
POLICY = guard("NetworkPolicy", "shop-blue", selects=BLUE, purpose="for")
ALB = msgspec.structs.replace(ingress("front", to="shop"), annotations={"alb.ingress.kubernetes.io/target-type": "ip"})
NLB_TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
NLB_TARGETS = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"
NEG = "cloud.google.com/neg"
GOVERNED = situation(service=service_now(headless=True), workloads=(*situation().workloads, stateful_set("db", labels={}, service="shop")))
STRANGER = pod("debug", labels=GREEN)
NEITHER = pod("stray", labels={"app": "shop"})
BALANCED = service_now(type="LoadBalancer")
NO_CPU = "0/3 nodes are available: 3 Insufficient cpu."
WAITING = pod("g8", labels=GREEN, of="shop-green", phase="Pending", ready=False, node="")
HOMELESS = situation(pods=(*situation().pods, WAITING), unplaced={"uid-g8": NO_CPU})
NEWER = pod("g9", labels=GREEN, of="shop-green", template_hash="def")


def with_green(workload: objects.Deployment | objects.StatefulSet, **fields: Any) -> Situation:
    """Both sides ready, green by this workload."""
    return situation(workloads=(situation().workloads[0], workload), **fields)


def of_set(*revisions: str) -> Situation:
    """Green is a StatefulSet with a ready pod of each of these revisions."""
    owner = objects.Owner("StatefulSet", "shop-green", objects.Uid("uid-shop-green"))
    pods = [pod(f"g{n}", labels={**GREEN, "controller-revision-hash": one}, owner=owner) for n, one in enumerate(revisions)]
    newest = sum(one == revisions[-1] for one in revisions)
    side = stateful_set("shop-green", labels=GREEN, ports=(HTTP,), wanted=len(pods), updated=newest)
    return with_green(side, pods=(*situation(blue=len(pods), green=0).pods, *pods))


ADMIN = objects.ContainerPort("admin", 8080, "TCP")
ROLLOUTS = "argo-rollouts.argoproj.io/managed-by-rollouts"


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("selectorless", with_service(selector={})),
        ("external-name", with_service(type="ExternalName")),
        ("deleting", with_service(deleting=True)),
        ("headless-statefulset", GOVERNED),
        ("no-ready", situation(green=0)),
        ("no-ready", situation(pods=tuple(pod(f"g{n}", labels=GREEN, of="shop-green", ready=False) for n in range(3)))),
        ("no-ready", situation(blue=0, pods=(pod("g", labels=GREEN, of="shop-green", deleting=True),))),
        ("target-missing", situation(green=0, workloads=situation().workloads[:1])),
        ("green-smaller", situation(blue=3, green=2)),
        ("port-missing", situation(pods=tuple(pod(f"g{n}", labels=GREEN, of="shop-green", port=ADMIN) for n in range(3)))),
        ("third-workload", situation(pods=(*situation().pods, STRANGER))),
        ("third-workload", situation(workloads=(*situation().workloads, deployment("shop-green-2", labels=GREEN)))),
        ("rollout-unfinished", situation(pods=(*situation().pods, NEWER))),
        ("rollout-unfinished", with_green(deployment("shop-green", labels=GREEN, updated=0))),
        ("rollout-unfinished", with_green(deployment("shop-green", labels=GREEN, updated=0, paused=True))),
        ("rollout-unfinished", situation(unobserved=frozenset({"uid-shop-green"}))),
        ("rollout-unfinished", of_set("one", "one", "two")),
        ("no-op", situation(to_selector=BLUE)),
        ("pod-template-hash", situation(key="pod-template-hash")),
        ("owner", with_service(annotations={ROLLOUTS: "shop"})),
        ("owner", with_service(owners=(objects.Owner("Canary", "shop", objects.Uid("c")),))),
        ("missing-right", situation(missing_rights=(Right("patch", "services"),))),
        ("dry-run", situation(dry_run="admission webhook denied the request")),
        ("publish-not-ready", with_service(publish_not_ready=True)),
        ("pod-template-hash", situation(to_selector={**GREEN, "rollouts-pod-template-hash": "abc"})),
        ("owner", amid(drivers=(Driver(kind="Rollout", name="shop", services=("shop", "shop-preview")),))),
        ("owner", amid(drivers=(Driver(kind="Canary", name="shop", workloads=(("Deployment", "shop-blue"),)),))),
        ("namespace-terminating", amid(namespace_terminating=True)),
        ("kept-endpoints", amid(kept_slices=(KeptSlice("cart", "cart-x"), KeptSlice("shop", "shop-by-hand")))),
    ],
)
def test_what_would_hurt_is_refused(code: str, seen: Situation) -> None:
    assert level_of(code, seen) is Level.BLOCK


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("headless", with_service(headless=True)),
        ("owner", with_service(annotations={"argocd.argoproj.io/tracking-id": "x"})),
        ("owner", with_service(annotations={"meta.helm.sh/release-name": "x"})),
        ("owner", with_service(labels={"kustomize.toolkit.fluxcd.io/name": "x"})),
        ("owner", with_service(labels={"helm.toolkit.fluxcd.io/name": "x"})),
        ("owner", with_service(selector_owners=(FieldOwner("argocd-controller", "Apply"),))),
        ("owner", with_service(labels={"app.kubernetes.io/instance": "x"}, selector_owners=(FieldOwner("argocd-custom", "Update"),))),
        ("owner", with_service(owners=(objects.Owner("Shop", "shop", objects.Uid("c")),))),
        ("ssa-owner", with_service(selector_owners=(FieldOwner("kubectl", "Apply"),))),
        ("session-affinity", with_service(session_affinity="ClientIP")),
        ("external-traffic-policy", with_service(external_traffic_policy="Local")),
        ("internal-traffic-policy", with_service(internal_traffic_policy="Local")),
        ("owner", with_service(labels={"app.kubernetes.io/managed-by": "Helm"})),
        ("owner", with_service(labels={"app.kubernetes.io/managed-by": "kustomize-v5.4.1"})),
        ("owner", with_service(labels={"app.kubernetes.io/managed-by": "configmanagement.gke.io"})),
        ("owner", with_service(annotations={"configmanagement.gke.io/managed": "enabled"})),
        ("owner", with_service(labels={"olm.owner": "shop-operator.v1"})),
        ("ip-targets", with_service(type="LoadBalancer", annotations={NLB_TYPE: "external", NLB_TARGETS: "ip"})),
        ("ip-targets", with_service(type="LoadBalancer", annotations={NLB_TYPE: "external"})),
        ("ip-targets", with_service(type="LoadBalancer", annotations={NLB_TYPE: "nlb-ip"})),
        ("ip-targets", with_service(annotations={NEG: '{"ingress": true}'})),
        ("ip-targets", with_service(annotations={NEG: '{"exposed_ports": {"80": {}}}'})),
        ("ip-targets", amid(ingresses=(ALB,))),
        ("no-overlap", situation(service=BALANCED, pods=(*situation().pods, NEITHER))),
        ("no-overlap", situation(service=service_now(external_traffic_policy="Local"), pods=(*situation().pods, NEITHER))),
        ("no-overlap", situation(around=Surroundings(ingresses=(ALB,)), pods=(*situation().pods, NEITHER))),
        ("no-overlap", situation(service=BALANCED, from_selector={"slot": "blue"}, to_selector={"slot": "green"})),
        ("unscheduled", HOMELESS),
        ("key-in-template", situation(workloads=(situation().workloads[0], UNDESCRIBED))),
        (
            "overlapping-selectors",
            situation(workloads=tuple(deployment(f"shop-{one['slot']}", labels=one, selector={"app": "shop"}) for one in (BLUE, GREEN))),
        ),
        ("same-pods", amid(services=(service(), INSIDE))),
        ("old-side-only", amid(guards=(BUDGET,))),
        ("old-side-only", amid(guards=(POLICY,))),
        ("old-side-only", amid(guards=(POLICY, guard("NetworkPolicy", "all", selects={"app": "shop"}, purpose="for")))),
        ("old-side-only", amid(guards=(BUDGET, guard("PodMonitor", "shop-green", selects=GREEN)))),
        (
            "old-side-only",
            amid(
                guards=(
                    guard("NetworkPolicy", "db", selects=BLUE, purpose="ingress db"),
                    guard("NetworkPolicy", "cache", selects=GREEN, purpose="ingress cache"),
                )
            ),
        ),
        (
            "old-side-only",
            amid(
                services=(msgspec.structs.replace(INSIDE, labels={"scrape": "yes"}),),
                guards=(guard("ServiceMonitor", "inside", selects={"scrape": "yes"}, services=True),),
            ),
        ),
        ("old-side-only", amid(guards=(guard("NetworkPolicy", "door", selects=BLUE, namespace="db"), guard("NetworkPolicy", "door", selects=GREEN)))),
        ("old-side-only", amid(guards=(guard("DestinationRule", "shop", selects=BLUE, service="shop"),))),
        ("old-side-only", amid(autoscalers=(autoscaler("shop-blue", of="shop-blue"),))),
        ("quota", situation(workloads=(situation().workloads[0], GROWING), around=Surroundings(quotas=FULL))),
        ("other-installation", situation(foreign_mark="00000000-0000-4000-8000-000000000000:1")),
    ],
)
def test_what_may_hurt_needs_a_tick(code: str, seen: Situation) -> None:
    checks = preflight.check(seen)
    assert level_of(code, seen) is Level.WARN
    assert code in {one.code for one in preflight.unaccepted(checks, accepted=set())}
    assert code not in {one.code for one in preflight.unaccepted(checks, accepted={code})}


BY_FLUX = {"kustomize.toolkit.fluxcd.io/name": "x"}
TOLD = [
    ("owner-quiet", with_service(labels=BY_FLUX, annotations={"kustomize.toolkit.fluxcd.io/reconcile": "disabled"})),
    ("owner-quiet", with_service(labels={**BY_FLUX, "kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"})),
    (
        "owner-quiet",
        with_service(annotations={"configmanagement.gke.io/managed": "enabled", "client.lifecycle.config.k8s.io/mutation": "ignore"}),
    ),
    ("udp", with_service(ports=(objects.ServicePort("dns", 53, "5353", 0, "UDP"),))),
    ("traffic-distribution", with_service(traffic_distribution="PreferSameZone")),
    ("traffic-distribution", with_service(annotations={"service.kubernetes.io/topology-mode": "Auto"})),
    ("dual-stack", with_service(ip_families=("IPv4", "IPv6"))),
    ("shared-config", referring(blue={("Secret", "shop"), ("ConfigMap", "blue")}, green={("Secret", "shop"), ("ConfigMap", "green")})),
    ("quota", amid(quotas=FULL)),
    ("unread", amid(unread=("networkpolicies.networking.k8s.io",))),
    ("nearby", amid(nearby=("networkpolicies.networking.k8s.io",))),
    ("long-lived", situation()),
]


@pytest.mark.parametrize(("code", "seen"), TOLD)
def test_what_is_good_to_know_is_told_and_asks_for_nothing(code: str, seen: Situation) -> None:
    assert level_of(code, seen) is Level.INFO
    assert not preflight.blocks(preflight.check(seen)) and not preflight.unaccepted(preflight.check(seen), accepted=set())


@pytest.mark.parametrize(
    "annotations",
    [{NLB_TYPE: "external", NLB_TARGETS: "instance"}, {NLB_TYPE: "nlb"}, {NEG: '{"ingress": false}'}, {NEG: "{"}, {NEG: "[1]"}],
)
def test_a_load_balancer_before_nodes_has_no_pods_for_targets(annotations: dict[str, str]) -> None:
    assert "ip-targets" not in {one.code for one in preflight.check(with_service(type="LoadBalancer", annotations=annotations))}
    assert "ip-targets" not in {one.code for one in preflight.check(with_service(annotations={NLB_TARGETS: "ip"}))}
    other = msgspec.structs.replace(ALB, paths=ingress("front", to="cart").paths)
    assert "ip-targets" not in {one.code for one in preflight.check(amid(ingresses=(other,)))}


def test_a_load_balancer_is_said_to_follow_during_an_overlap_or_without_one_and_why() -> None:
    assert level_of("no-overlap", situation(service=BALANCED)) is Level.OK
    seen = situation(service=BALANCED, pods=(*situation().pods, NEITHER))
    assert [one.objects[0].name for one in preflight.check(seen) if one.code == "no-overlap"] == ["stray"]
    for quiet in (situation(pods=seen.pods), msgspec.structs.replace(seen, returning=True)):
        assert "no-overlap" not in {one.code for one in preflight.check(quiet)}


def test_what_is_switched_off_or_on_its_way_is_not_told() -> None:
    off = with_service(annotations={"service.kubernetes.io/topology-mode": "Disabled"})
    starting = situation(pods=(*situation().pods, pod("g9", labels=GREEN, of="shop-green", phase="Pending", ready=False)))
    just_made = situation(pods=HOMELESS.pods)
    assert {"traffic-distribution", "unscheduled"}.isdisjoint(one.code for seen in (off, starting, just_made) for one in preflight.check(seen))


def test_a_selector_that_is_not_known_whole_is_not_said_to_overlap() -> None:
    partly = tuple(deployment(f"shop-{one['slot']}", labels=one, selector={"app": "shop"}, selector_exact=False) for one in (BLUE, GREEN))
    assert "overlapping-selectors" not in {one.code for one in preflight.check(situation(workloads=partly))}


def test_a_helm_release_of_flux_is_not_silenced_by_what_only_its_kustomize_controller_heeds() -> None:
    labels = {"helm.toolkit.fluxcd.io/name": "x", "kustomize.toolkit.fluxcd.io/reconcile": "disabled"}
    assert level_of("owner", with_service(labels=labels)) is Level.WARN


@pytest.mark.parametrize(
    "beside",
    [
        service(uid=objects.Uid("all"), name="all", selector={"app": "shop"}),
        service(uid=objects.Uid("preview"), name="preview", selector=GREEN),
        msgspec.structs.replace(INSIDE, annotations={"clusterview.io/ignore": "true"}),
        msgspec.structs.replace(INSIDE, type="ExternalName"),
        service(uid=objects.Uid("none"), name="none", selector=None),
    ],
    ids=["both sides", "the new side", "ignored", "an alias", "selectorless"],
)
def test_a_service_that_is_not_left_behind_needs_no_tick(beside: objects.Service) -> None:
    assert level_of("same-pods", amid(services=(service(), beside))) is Level.OK


def test_services_that_would_be_left_behind_are_named_with_their_group() -> None:
    found = next(one for one in preflight.check(amid(services=(service(), INSIDE))) if one.code == "same-pods")
    assert (found.params["services"], [one.name for one in found.objects]) == ("inside", ["inside"])
    assert len(found.params["group"]) == 16


@pytest.mark.parametrize(
    "guards",
    [
        (BUDGET, guard("PodDisruptionBudget", "shop-green", selects=GREEN)),
        (POLICY, guard("NetworkPolicy", "shop-green", selects=GREEN, purpose="for")),
        (guard("PodDisruptionBudget", "shop", selects={"app": "shop"}),),
        (guard("PodMonitor", "every", selects={}),),
        (guard("NetworkPolicy", "cart", selects={"app": "cart"}, purpose="for"),),
        (guard("ServiceMonitor", "shop", selects={}, services=True),),
    ],
    ids=["twins", "twin policies", "over both", "over everything", "over neither", "by way of the Service"],
)
def test_what_is_there_for_both_sides_needs_no_tick(guards: tuple[Guard, ...]) -> None:
    assert level_of("old-side-only", amid(guards=guards, services=(service(),))) is Level.OK


def test_an_autoscaler_on_each_side_needs_no_tick() -> None:
    both = (autoscaler("a", of="shop-blue"), autoscaler("b", of="shop-green"))
    assert level_of("old-side-only", amid(autoscalers=both)) is Level.OK


def test_what_only_the_old_side_has_is_listed_with_its_kind() -> None:
    found = next(one for one in preflight.check(amid(guards=(BUDGET, POLICY))) if one.code == "old-side-only")
    assert found.params["names"] == "NetworkPolicy shop-blue, PodDisruptionBudget shop-blue"
    assert [(one.kind, one.namespace, one.name) for one in found.objects] == [
        ("NetworkPolicy", "store", "shop-blue"), ("PodDisruptionBudget", "store", "shop-blue"),
    ]  # fmt: skip


def test_a_rollouts_own_replica_sets_give_it_away() -> None:
    owner = objects.Owner("Rollout", "shop", objects.Uid("r"))
    made = objects.ReplicaSet(uid=objects.Uid("rs"), namespace=NAMESPACE, name="shop-abc", labels=GREEN, owner=owner)
    assert level_of("owner", amid(replica_sets=(made,))) is Level.BLOCK
    assert level_of("owner", amid(replica_sets=(msgspec.structs.replace(made, labels={"app": "cart"}),))) is Level.OK


def test_a_driver_of_another_service_forbids_nothing() -> None:
    drivers = (Driver(kind="Rollout", name="cart", services=("cart",), workloads=(("Deployment", "cart"),)),)
    assert level_of("owner", amid(drivers=drivers)) is Level.OK


def test_only_what_both_sides_refer_to_is_shared_and_is_named() -> None:
    assert level_of("shared-config", referring(blue={("Secret", "of-blue")}, green={("ConfigMap", "of-blue")})) is Level.OK
    both = {("Secret", "shop"), ("ConfigMap", "shop")}
    seen = referring(blue=both | {("ConfigMap", "blue")}, green=both | {("ConfigMap", "green")})
    [found] = [one for one in preflight.check(seen) if one.code == "shared-config"]
    assert found.params["names"] == "ConfigMap shop, Secret shop"
    assert [(one.kind, one.namespace, one.name) for one in found.objects] == [("ConfigMap", "store", "shop"), ("Secret", "store", "shop")]


def test_an_executor_that_did_not_look_around_says_nothing_of_it() -> None:
    codes = {one.code for one in preflight.check(situation(around=None))}
    assert codes & {"namespace-terminating", "same-pods", "old-side-only", "quota", "unread"} == set()
    assert not preflight.blocks(preflight.check(situation(around=None)))


def test_a_label_that_helm_sets_too_is_no_sign_of_argo() -> None:
    assert level_of("owner", with_service(labels={"app.kubernetes.io/instance": "shop"})) is Level.OK


def test_a_finished_pod_with_the_labels_is_no_stranger() -> None:
    done = pod("migrate", labels=GREEN, phase="Succeeded", ready=False)
    assert level_of("third-workload", situation(pods=(*situation().pods, done))) is Level.OK


@pytest.mark.parametrize(
    "seen",
    [
        with_green(deployment("shop-green", labels=GREEN, paused=True)),
        with_green(deployment("shop-green", labels=GREEN, wanted=4)),
        situation(pods=(*situation().pods, msgspec.structs.replace(NEWER, deleting=True))),
        situation(pods=(*situation().pods, msgspec.structs.replace(NEWER, phase="Failed", ready=False))),
        situation(pods=(*situation().pods, pod("b9", labels=BLUE, of="shop-blue", template_hash="def"))),
        situation(unobserved=frozenset({"uid-shop-blue"})),
        situation(pods=(*situation().pods, STRANGER)),
    ],
    ids=["paused and complete", "it grows", "an old pod ends", "an evicted pod", "the side that is left", "the same, not seen yet", "a stranger"],
)
def test_a_rollout_that_is_finished_or_of_the_side_that_is_left_is_no_reason(seen: Situation) -> None:
    assert level_of("rollout-unfinished", seen) is Level.OK


@given(
    hashes=st.lists(st.sampled_from(["abc", "def"]), min_size=1, max_size=4), updated=st.integers(0, 4), wanted=st.integers(0, 4),
    is_observed=st.booleans(), paused=st.booleans(),
)  # fmt: skip
def test_traffic_goes_to_one_template_alone_and_back_to_whatever_is_there(
    hashes: list[str], updated: int, wanted: int, is_observed: bool, paused: bool
) -> None:
    green = tuple(pod(f"g{n}", labels=GREEN, of="shop-green", template_hash=one) for n, one in enumerate(hashes))
    side = deployment("shop-green", labels=GREEN, wanted=wanted, updated=updated, paused=paused)
    seen = with_green(side, pods=(*situation(blue=1, green=0).pods, *green), unobserved=frozenset() if is_observed else frozenset({side.uid}))
    is_whole = is_observed and len(set(hashes)) == 1 and updated >= min(wanted, len(hashes))
    assert [one.code for one in preflight.blocks(preflight.check(seen))] == ([] if is_whole else ["rollout-unfinished"])
    assert not preflight.blocks(preflight.check(_turned(seen, True)))


def test_a_rollout_that_is_not_finished_is_named() -> None:
    [found] = preflight.blocks(preflight.check(situation(pods=(*situation().pods, NEWER))))
    assert (found.params["names"], [(one.kind, one.name) for one in found.objects]) == ("Deployment shop-green", [("Deployment", "shop-green")])


def test_the_pods_of_a_stateful_set_belong_to_it() -> None:
    assert not preflight.blocks(preflight.check(of_set("one", "one", "one")))


def test_another_number_behind_the_same_port_name_is_told() -> None:
    moved = tuple(pod(f"g{n}", labels=GREEN, of="shop-green", port=objects.ContainerPort("http", 9090, "TCP")) for n in range(3))
    seen = situation(pods=(*situation(green=0).pods, *moved))
    assert level_of("port-number", seen) is Level.INFO and level_of("port-missing", seen) is Level.OK


def test_a_named_port_of_another_protocol_is_missing() -> None:
    udp = tuple(pod(f"g{n}", labels=GREEN, of="shop-green", port=objects.ContainerPort("http", 8080, "UDP")) for n in range(3))
    assert level_of("port-missing", situation(pods=(*situation(green=0).pods, *udp))) is Level.BLOCK


def test_a_side_is_not_scaled_down_under_a_service_that_nobody_wants_to_switch() -> None:
    kept = msgspec.structs.replace(INSIDE, annotations={"clusterview.io/ignore": "true"})
    seen = situation(service=service_now(selector=GREEN), around=Surroundings(services=(service(selector=GREEN), kept)))
    assert [one.params["services"] for one in of_sizes.scale_down(seen, replicas=0) if one.level is Level.BLOCK] == [INSIDE.name]


@pytest.mark.parametrize("resource", ["horizontalpodautoscalers.autoscaling", "services"])
def test_a_size_is_not_changed_where_what_holds_it_could_not_be_listed(resource: str) -> None:
    seen = situation(service=service_now(selector=GREEN), around=Surroundings(unread=(resource,)))
    assert [one.code for one in of_sizes.scale_down(seen, replicas=0) if one.level is Level.BLOCK] == ["unread"]
    grown = [one.code for one in of_sizes.warm_up(seen, target=9) if one.level is Level.BLOCK]
    assert grown == (["unread"] if resource != "services" else [])


def test_a_warm_up_is_refused_where_a_quota_has_no_room_for_all_of_its_pods() -> None:
    def told(*, used: str, target: int = 6) -> list[tuple[str, list[str]]]:
        quotas = (Quota("roomy", (Bound("pods", "3", "99"),)), Quota("small", (Bound("pods", used, "9"),)))
        seen = of_sizes.warm_up(amid(quotas=quotas), target=target)
        return [(one.params["quotas"], [ref.name for ref in one.objects]) for one in seen if one.code == "quota-full" and one.level is Level.BLOCK]

    assert told(used="6") == []
    assert told(used="8") == [("small: pods 8/9 (2)", ["small"])]
    assert told(used="9", target=3) == [], "nothing is to come"


def test_a_warm_up_is_refused_where_the_scheduler_finds_no_node_for_a_pod_that_is_there_and_says_why() -> None:
    def told(seen: Situation) -> list[tuple[str, str, list[str]]]:
        blocks = (one for one in of_sizes.warm_up(seen, target=6) if one.level is Level.BLOCK)
        return [(one.code, one.params["said"], [ref.name for ref in one.objects]) for one in blocks]

    assert told(HOMELESS) == [("no-room", NO_CPU, ["g8"])]
    assert told(situation(pods=HOMELESS.pods)) == [], "the scheduler has not come to it yet"
    assert told(situation(pods=(*situation().pods, msgspec.structs.replace(WAITING, deleting=True)), unplaced=HOMELESS.unplaced)) == []


def test_what_the_scheduler_says_of_most_pods_is_told() -> None:
    pods = [msgspec.structs.replace(WAITING, uid=objects.Uid(f"w{n}"), name=f"w{n}") for n in range(3)]
    seen = situation(pods=(*situation().pods, *pods), unplaced={"w0": "another reason", "w1": NO_CPU, "w2": NO_CPU})
    [found] = [one for one in preflight.check(seen) if one.code == "unscheduled"]
    assert (found.params["count"], found.params["said"]) == ("3", NO_CPU)


def test_going_back_never_waits_for_the_side_it_leaves() -> None:
    """The side that is left is unready, watched by Helm, over-sized or strange: the way back is open all the same."""
    seen = situation(
        blue=9, green=1, returning=True, pods=(*situation(blue=9, green=1).pods, STRANGER),
        service=service_now(annotations={"meta.helm.sh/release-name": "x", ROLLOUTS: "x"}, session_affinity="ClientIP", publish_not_ready=True),
        around=Surroundings(namespace_terminating=True, guards=(BUDGET,), services=(INSIDE,), quotas=FULL),
    )  # fmt: skip
    checks = preflight.check(seen)
    assert not preflight.blocks(checks) and not preflight.unaccepted(checks, accepted=set())


def test_going_back_to_nothing_is_refused() -> None:
    assert level_of("no-ready", situation(green=0, returning=True)) is Level.BLOCK


def test_each_code_and_level_has_its_words() -> None:
    every = [one for case in (situation(), *ALL_CASES) for returning in (False, True) for one in preflight.check(_turned(case, returning))]
    for one in every:
        assert (one.code, str(one.level)) in words.CHECKS
        sentence, remedy = words.check(code=one.code, level=one.level, params=one.params)
        assert "?" not in sentence + remedy and "{" not in sentence
        assert remedy or one.level in (Level.OK, Level.INFO)


def test_whatever_is_not_in_order_names_the_objects_that_it_is_about() -> None:
    told = [one for case in ALL_CASES for one in preflight.check(case) if one.level is not Level.OK]
    assert {one.code for one in told if not one.objects} == set()
    of_itself = ("no-op", "session-affinity", "headless", "dual-stack", "target-missing")
    assert {ref.kind for one in told if one.code in of_itself for ref in one.objects} == {"Service"}


def _turned(seen: Situation, returning: bool) -> Situation:
    return msgspec.structs.replace(seen, returning=returning)


ALL_CASES = [
    seen
    for test in (test_what_would_hurt_is_refused, test_what_may_hurt_needs_a_tick, test_what_is_good_to_know_is_told_and_asks_for_nothing)
    for _, seen in test.pytestmark[0].args[1]  # type: ignore[attr-defined]
]
