"""Discovery finds every Service with two sides and no other."""

from __future__ import annotations

import random
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.topology import objects
from clusterview.topology.pictures import Picture
from clusterview.traffic import applications, pairing, selectors, words
from clusterview.traffic.lookalikes import Strategy
from tests.traffic.making import BLUE, GREEN, NAMESPACE, deployment, http_route, ingress, service, stateful_set

T = TypeVar("T", bound=objects.Record)
PAIR = (deployment("shop-blue", labels=BLUE), deployment("shop-green", labels=GREEN))


def discover(*records: objects.AnyRecord, everything: bool = False) -> list[applications.Application]:
    return applications.discover(Picture(objects=records), everything=everything)


def only(*records: objects.AnyRecord) -> applications.Application:
    """What the Service `shop` is found to be."""
    return next(one for one in discover(*records, everything=True) if one.service == "shop")


def another(name: str, **fields: Any) -> objects.Service:
    return service(uid=objects.Uid(f"uid-service-{name}"), name=name, **fields)


def test_a_service_over_one_of_two_sides_can_be_switched() -> None:
    [found] = discover(service(), *PAIR)
    assert (found.key, found.live, found.why_not) == ("slot", "blue", None)
    assert [(side.value, side.workload, side.version, side.ready) for side in found.sides] == [
        ("blue", "shop-blue", "1.0", 3),
        ("green", "shop-green", "1.0", 3),
    ]


def test_each_service_over_the_same_pair_is_listed_and_they_form_a_group() -> None:
    found = discover(service(), another("inside"), another("green-only", selector=GREEN), *PAIR)
    assert [one.service for one in found] == ["green-only", "inside", "shop"]
    assert {one.group for one in found} == {found[0].group}
    assert found[0].group is not None and found[0].group.services == ("green-only", "inside", "shop")


def test_the_id_of_a_group_stays_when_it_is_switched_or_grows() -> None:
    before = discover(service(), another("inside"), *PAIR)[0].group
    after = discover(service(selector=GREEN), another("inside", selector=GREEN), another("outside"), *PAIR)[0].group
    assert before is not None and after is not None and before.id == after.id


def test_a_service_that_is_alone_or_cannot_be_switched_is_in_no_group() -> None:
    assert discover(service(), *PAIR)[0].group is None
    assert [one.group for one in discover(service(), another("alias", type="ExternalName"), *PAIR)] == [None, None]
    other = (deployment("cart-blue", labels={"app": "cart", "slot": "blue"}), deployment("cart-green", labels={"app": "cart", "slot": "green"}))
    both = discover(service(), another("cart", selector={"app": "cart", "slot": "blue"}), *PAIR, *other)
    assert [one.group for one in both] == [None, None]


def test_stateful_sets_are_sides_too() -> None:
    [found] = discover(service(), PAIR[0], stateful_set("shop-green", labels=GREEN))
    assert [side.workload_kind for side in found.sides] == ["Deployment", "StatefulSet"]


@pytest.mark.parametrize(
    "others",
    [
        (PAIR[0],),
        (PAIR[0], deployment("cart", labels={"app": "cart", "slot": "green"})),
        (PAIR[0], deployment("shop-green", labels=GREEN, namespace="other")),
    ],
    ids=["one side", "another application", "another namespace"],
)
def test_without_a_second_side_nothing_is_listed(others: tuple[objects.Deployment, ...]) -> None:
    assert discover(service(), *others) == []


def test_two_applications_are_not_two_sides_of_one() -> None:
    shop, cart = deployment("shop", labels={"app": "shop", "tier": "web"}), deployment("cart", labels={"app": "cart", "tier": "web"})
    assert discover(service(selector={"app": "shop"}), shop, cart) == []
    assert discover(service(selector={"app": "shop", "tier": "web"}), shop, cart) == []


@pytest.mark.parametrize("beside", [{}, {"release": "all"}, {"tier": "web"}], ids=str)
def test_a_key_of_no_usual_name_tells_no_versions_apart_where_nothing_says_which_application_it_is(beside: dict[str, str]) -> None:
    labels = [{"io.kompose.service": name} | beside for name in ("shop", "db")]
    others = [deployment(f"of-{one['io.kompose.service']}", labels=one) for one in labels]
    assert discover(service(selector=labels[0]), *others) == []
    annotations = {"clusterview.io/blue-green": "key=io.kompose.service"}
    assert [one.service for one in discover(service(selector=labels[0], annotations=annotations), *others)] == ["shop"]
    both = [deployment(f"shop-{way}", labels={"app": "shop", "lane": way}) for way in ("a", "b")]
    assert [one.key for one in discover(service(selector={"app": "shop", "lane": "a"}), *both)] == ["lane"]


def test_the_annotation_may_name_any_key() -> None:
    chosen = service(selector={"app": "shop-a"}, annotations={"clusterview.io/blue-green": "key=app"})
    [found] = discover(chosen, deployment("a", labels={"app": "shop-a"}), deployment("b", labels={"app": "shop-b"}))
    assert (found.key, found.live) == ("app", "shop-a")


def test_an_ignored_service_is_not_listed() -> None:
    ignored = service(annotations={"clusterview.io/ignore": "true"})
    assert discover(ignored, *PAIR) == discover(ignored, *PAIR, everything=True) == []


LEADER, FOLLOWER = {"app": "redis", "role": "leader"}, {"app": "redis", "role": "follower"}
ONE, TWO = ({"app.kubernetes.io/name": "redis", "app.kubernetes.io/instance": name} for name in ("cart", "sessions"))


@pytest.mark.parametrize(("mine", "other"), [(LEADER, FOLLOWER), (ONE, TWO)], ids=["leader and follower", "one chart installed twice"])
def test_parts_and_installations_are_no_versions(mine: dict[str, str], other: dict[str, str]) -> None:
    assert discover(service(selector=mine), stateful_set("a", labels=mine), stateful_set("b", labels=other)) == []


@pytest.mark.parametrize("annotations", [{}, {"clusterview.io/blue-green": "key=pod-template-hash"}])
def test_the_pod_template_hash_is_never_the_key(annotations: dict[str, str]) -> None:
    sides = [deployment(name, labels={"app": "shop", "pod-template-hash": name}) for name in ("abc", "def")]
    assert discover(service(selector={"app": "shop", "pod-template-hash": "abc"}, annotations=annotations), *sides) == []


CANARY, ROLLOUT = objects.Owner("Canary", "shop", objects.Uid("c")), objects.Owner("Rollout", "shop", objects.Uid("r"))
MANAGED = {"argo-rollouts.argoproj.io/managed-by-rollouts": "shop"}
HASHED = {"app": "shop", "slot": "blue", "rollouts-pod-template-hash": "abc"}
SET_OF_A_ROLLOUT = objects.ReplicaSet(uid=objects.Uid("rs"), namespace=NAMESPACE, name="shop-abc", labels=HASHED, owner=ROLLOUT)


@pytest.mark.parametrize(
    ("code", "records"),
    [
        ("headless-statefulset", (service(headless=True), PAIR[0], stateful_set("shop-green", labels=GREEN, service="shop"))),
        ("external-name", (service(type="ExternalName"), *PAIR)),
        ("third-workload", (service(), *PAIR, deployment("shop-green-2", labels=GREEN))),
        ("pod-template-hash", (service(selector=HASHED), *(deployment(f"shop-{one['slot']}", labels={**HASHED, **one}) for one in (BLUE, GREEN)))),
        ("owner", (service(annotations=MANAGED), *PAIR)),
        ("owner", (service(owner=CANARY), *PAIR)),
        ("owner", (service(), PAIR[0], deployment("shop-green", labels=GREEN, owner=CANARY))),
        ("owner", (service(selector_manager="rollouts-controller"), *PAIR)),
    ],
)
def test_why_a_listed_service_cannot_be_switched_is_said(code: str, records: tuple[objects.AnyRecord, ...]) -> None:
    [found] = discover(*records)
    assert (found.strategy, found.why_not) == (Strategy.SELECTOR, code)


@pytest.mark.parametrize(
    ("code", "records"),
    [
        ("external-name", (service(type="ExternalName", selector=None),)),
        ("selectorless", (service(selector=None), *PAIR)),
        ("owner", (service(selector=HASHED, annotations=MANAGED),)),
        ("owner", (service(), SET_OF_A_ROLLOUT)),
        ("pod-template-hash", (service(selector={"app": "shop", "pod-template-hash": "abc"}), PAIR[0])),
        ("pod-template-hash", (service(annotations={"clusterview.io/blue-green": "key=pod-template-hash"}), PAIR[0])),
        ("annotation-key", (service(annotations={"clusterview.io/blue-green": "key=colour"}), *PAIR)),
        (
            "several-keys",
            (
                service(selector={**BLUE, "version": "1"}),
                deployment("shop-blue", labels={**BLUE, "version": "1"}),
                deployment("shop-green", labels={**GREEN, "version": "2"}),
            ),
        ),
        ("alike", (service(selector={"app": "shop"}), deployment("web", labels={"app": "shop"}), deployment("job", labels={"app": "shop"}))),
        ("alike", (service(selector={"app": "shop"}), *(deployment(f"shop-{one}", labels={"app": "shop", "tier": one}) for one in ("web", "db")))),
        ("alike", (service(selector={"team": "a"}), *(deployment(one, labels={"team": "a", "color": one}) for one in ("red", "teal")))),
        ("one-side", (service(), PAIR[0])),
        ("one-side", (service(), PAIR[1])),
        ("no-key", (service(selector={"app": "shop"}), deployment("web", labels={"app": "shop"}))),
        ("no-workload", (service(), deployment("cart", labels={"app": "cart"}))),
    ],
)
def test_a_service_without_a_pair_is_told_only_when_asked_for_and_with_the_reason(code: str, records: tuple[objects.AnyRecord, ...]) -> None:
    found = only(*records)
    assert (found.strategy, found.why_not, found.sides, found.group) == (Strategy.NONE, code, (), None)
    assert discover(*records) == []


def test_a_service_over_many_workloads_is_no_application_in_two_versions() -> None:
    many = [deployment(f"w{number}", labels={"app": "shop", "slot": str(number)}) for number in range(9)]
    assert only(service(selector={"app": "shop"}), *many).why_not == "alike"
    assert only(service(selector={"app": "shop"}), *many[:8]).why_not == "ratio"


def test_workloads_are_named_in_order_wherever_they_stood() -> None:
    alike = [deployment(name, labels={"app": "shop"}) for name in "ab"]
    for workloads in (alike, alike[::-1]):
        assert only(service(selector={"app": "shop"}), *workloads).why_not_params == {"workloads": "a, b"}


def test_whoever_drives_a_service_is_named() -> None:
    assert only(service(), SET_OF_A_ROLLOUT).why_not_params == {"owner": "Argo Rollouts", "sign": "ownerReference Rollout/shop"}


def test_gitops_tools_drive_nothing_and_are_left_to_the_preflight() -> None:
    assert only(service(annotations={"argocd.argoproj.io/tracking-id": "x"}, labels={"app.kubernetes.io/managed-by": "Helm"}), *PAIR).why_not is None


def test_one_service_over_both_versions_is_told_as_a_ratio() -> None:
    [found] = discover(service(selector={"app": "shop"}), *PAIR)
    assert (found.strategy, found.why_not, found.key, found.live) == (Strategy.RATIO, "ratio", "slot", "")
    assert [side.value for side in found.sides] == ["blue", "green"]


RELEASES = [{"app.kubernetes.io/name": "shop", "app.kubernetes.io/instance": f"shop-{colour}"} for colour in ("blue", "green")]
RELEASED = (
    service(selector=RELEASES[0]), another("shop-green", selector=RELEASES[1]),
    deployment("shop-blue", labels=RELEASES[0]), deployment("shop-green", labels=RELEASES[1]),
)  # fmt: skip


def test_an_ingress_before_one_of_two_sibling_services_is_told_as_a_route() -> None:
    [found] = discover(*RELEASED, ingress("front", to="shop"))
    assert (found.strategy, found.why_not, found.key, found.live) == (Strategy.ROUTE, "route", "app.kubernetes.io/instance", "shop-blue")
    assert [side.workload for side in found.sides] == ["shop-blue", "shop-green"]
    assert found.why_not_params == {"sibling": "shop-green", "route": "Ingress front"}


@pytest.mark.parametrize("to", [{"shop": 1}, {"shop": 100, "shop-green": 0}])
def test_an_http_route_to_one_of_two_sibling_services_is_told_as_a_route_too(to: dict[str, int]) -> None:
    [found] = discover(*RELEASED, http_route("web", to=to))
    assert (found.service, found.strategy, found.why_not, found.live) == ("shop", Strategy.ROUTE, "route", "shop-blue")
    assert [side.workload for side in found.sides] == ["shop-blue", "shop-green"]
    assert found.why_not_params == {"sibling": "shop-green", "route": "HTTPRoute web"}


def test_two_services_that_share_one_http_route_are_told_each() -> None:
    found = discover(*RELEASED, http_route("web", to={"shop": 90, "shop-green": 10}))
    assert [(one.service, one.live, one.why_not_params["sibling"]) for one in found] == [
        ("shop", "shop-blue", "shop-green"), ("shop-green", "shop-green", "shop"),
    ]  # fmt: skip


def test_two_services_with_an_http_route_each_are_two_installations() -> None:
    assert discover(*RELEASED, http_route("web", to={"shop": 1}), http_route("other", to={"shop-green": 1})) == []
    assert discover(*RELEASED, http_route("web", to={"shop": 1}), ingress("other", to="shop-green")) == []


def test_an_http_route_of_another_namespace_counts_where_it_leads() -> None:
    [found] = discover(*RELEASED, http_route("web", to={"shop": 1}, namespace="infra"))
    assert found.why_not_params == {"sibling": "shop-green", "route": "HTTPRoute infra/web"}


def test_a_service_of_that_name_in_another_namespace_is_another_one() -> None:
    elsewhere = objects.RouteBackend("Service", objects.Namespace("other"), "shop-green", 80, 1)
    here = http_route("web", to={"shop": 1}).rules
    [found] = discover(*RELEASED, msgspec.structs.replace(http_route("web", to={}), rules=(*here, objects.RouteRule(("/",), (elsewhere,)))))
    assert found.service == "shop"


def test_an_http_route_to_something_of_another_kind_or_place_leads_to_no_service_here() -> None:
    for kind, namespace in (("Service.net.example.com", NAMESPACE), ("Service", "other")):
        backend = objects.RouteBackend(kind, objects.Namespace(namespace), "shop", 80, 1)
        route = msgspec.structs.replace(http_route("web", to={}), rules=(objects.RouteRule(("/",), (backend,)),))
        assert discover(*RELEASED, route) == []


def test_two_services_with_an_ingress_each_are_two_installations() -> None:
    assert discover(*RELEASED, ingress("front", to="shop"), ingress("other", to="shop-green")) == []


def test_without_a_way_in_there_is_no_route() -> None:
    assert discover(*RELEASED) == []
    hidden = (RELEASED[0], another("shop-green", selector=RELEASES[1], annotations={"clusterview.io/ignore": "true"}), *RELEASED[2:])
    assert discover(*hidden, ingress("front", to="shop")) == []


def test_a_pair_behind_the_selector_goes_before_a_route() -> None:
    [active, preview] = discover(service(), another("preview", selector=GREEN), *PAIR, ingress("front", to="shop"))[::-1]
    assert (active.strategy, active.why_not, preview.live) == (Strategy.SELECTOR, None, "green")


@pytest.mark.parametrize(
    ("image", "version"),
    [("shop:2.1", "2.1"), ("host:5000/shop", ""), ("host:5000/shop:3@sha256:aa", "3"), ("shop@sha256:aa", "")],
)
def test_the_version_is_the_images_tag_where_no_label_tells(image: str, version: str) -> None:
    assert applications.version_of(deployment("shop", labels=BLUE, images=(image,))) == version


def test_a_version_label_goes_before_the_image() -> None:
    assert applications.version_of(deployment("shop", labels={**BLUE, "app.kubernetes.io/version": "9"})) == "9"


KEYS = st.sampled_from(["app", "slot", "version", "pod-template-hash", "zone", "tier"])
LABELS = st.dictionaries(KEYS, st.sampled_from(["a", "b"]), max_size=4)
MARKS = st.sampled_from([{}, {}, {"clusterview.io/ignore": "true"}, {"clusterview.io/blue-green": "key=zone"}, MANAGED])


@st.composite
def worlds(draw: st.DrawFn) -> list[objects.AnyRecord]:
    """A few Services, workloads and Ingresses with labels that often agree."""
    workloads = [deployment(f"w{number}", labels=labels) for number, labels in enumerate(draw(st.lists(LABELS, max_size=5)))]
    selecting = draw(st.lists(st.tuples(LABELS, MARKS), min_size=1, max_size=4))
    services = [another(f"s{number}", selector=labels or None, annotations=marks) for number, (labels, marks) in enumerate(selecting)]
    routes = [ingress(f"i{number}", to=f"s{to}") for number, to in enumerate(draw(st.lists(st.integers(0, 4), max_size=3)))]
    weights = draw(st.dictionaries(st.sampled_from(["s0", "s1", "s2"]), st.integers(0, 1)))
    return [*workloads, *services, *routes, http_route("web", to=weights)]


def of_kind(records: list[objects.AnyRecord], kind: type[T]) -> dict[str, T]:
    return {one.name: one for one in records if isinstance(one, kind)}


@given(records=worlds())
def test_two_sides_that_are_offered_never_share_a_pod(records: list[objects.AnyRecord]) -> None:
    """A pod has its workload's labels; exchanging the key's value gives a selector that matches pods of the other side and none of this one."""
    workloads, services = of_kind(records, objects.Deployment), of_kind(records, objects.Service)
    for found in (one for one in discover(*records) if one.why_not is None):
        selector = services[found.service].selector or {}
        assert found.strategy is Strategy.SELECTOR and found.live == selector[found.key]
        assert found.key not in selectors.HASHES and len({side.value for side in found.sides}) == len(found.sides) >= 2
        matched = [
            {name for name, one in workloads.items() if selectors.matches(selector={**selector, found.key: side.value}, labels=one.template_labels)}
            for side in found.sides
        ]
        assert matched == [{side.workload} for side in found.sides]


@given(records=worlds())
def test_no_pair_is_missed(records: list[objects.AnyRecord]) -> None:
    """Workloads are looked up by their rarest labels; looking at every one of them finds the same."""
    workloads = of_kind(records, objects.Deployment).values()
    told = {one.service: one.key for one in discover(*records, everything=True) if one.strategy is Strategy.SELECTOR}
    for one in of_kind(records, objects.Service).values():
        key = pairing.key_of(selector=one.selector or {}, annotations=one.annotations, workloads=workloads)
        assert told.get(one.name) == (None if "clusterview.io/ignore" in one.annotations else key)


@given(records=worlds())
def test_every_service_is_told_once_unless_it_is_hidden(records: list[objects.AnyRecord]) -> None:
    shown = sorted(one.name for one in of_kind(records, objects.Service).values() if "clusterview.io/ignore" not in one.annotations)
    every = discover(*records, everything=True)
    assert [one.service for one in every] == shown
    assert all(one.why_not or one.strategy is Strategy.SELECTOR for one in every)
    assert [one for one in every if one.strategy is not Strategy.NONE] == discover(*records)
    for one in every:
        sentence, remedy = words.why_not(code=one.why_not or "", params=one.why_not_params) if one.why_not else ("", "")
        assert (one.why_not is None) == (sentence == "") and "?" not in sentence + remedy


@given(records=worlds(), seed=st.randoms(use_true_random=False))
def test_the_order_of_objects_changes_nothing(records: list[objects.AnyRecord], seed: random.Random) -> None:
    shuffled = list(records)
    seed.shuffle(shuffled)
    assert discover(*shuffled, everything=True) == discover(*records, everything=True)


@given(records=worlds())
def test_a_group_is_the_services_that_can_be_switched_between_the_same_workloads(records: list[objects.AnyRecord]) -> None:
    found = discover(*records)
    for one in found:
        alike = [other.service for other in found if other.why_not is None and (other.key, other.sides) == (one.key, one.sides)]
        assert (one.group.services if one.group else (one.service,)) == (tuple(alike) if one.why_not is None else (one.service,))
