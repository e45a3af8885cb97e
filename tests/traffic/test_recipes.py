"""A recipe is YAML that can be pasted, names this one Service, and never takes its selector away."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clusterview.topology import objects
from clusterview.traffic import recipes, words
from clusterview.traffic.recipes import Recipe
from clusterview.traffic.situations import FieldOwner, ServiceNow
from tests.traffic.making import BLUE, GREEN, service_now

TRACKED = {"argocd.argoproj.io/tracking-id": "shop-app:/Service:store/shop"}
KUSTOMIZATION = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
RELEASE = {"helm.toolkit.fluxcd.io/name": "shop", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
BY_HELM = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "store"}
CASES: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("argo-cd",), {"annotations": TRACKED}),
    (("argo-cd",), {"selector_owners": (FieldOwner("argocd-controller", "Apply"),)}),
    (("flux-ignore", "flux-reconcile", "flux-patches"), {"labels": KUSTOMIZATION}),
    (("flux-ignore", "flux-reconcile", "flux-patches"), {"selector_owners": (FieldOwner("kustomize-controller", "Apply"),)}),
    (("flux-helm", "flux-post-render"), {"labels": {**RELEASE, "app.kubernetes.io/managed-by": "Helm"}, "annotations": BY_HELM}),
    (("helm",), {"annotations": BY_HELM}),
    (("argo-cd", "helm"), {"annotations": {**TRACKED, **BY_HELM}}),
    (("kustomize",), {"labels": {"app.kubernetes.io/managed-by": "kustomize-v5.4.1"}}),
    (("config-sync",), {"annotations": {"configmanagement.gke.io/managed": "enabled"}}),
    (("server-side-apply",), {"selector_owners": (FieldOwner("deploy-bot", "Apply"),)}),
    (("manifest",), {"selector_owners": (FieldOwner("kubectl-client-side-apply", "Update"),)}),
]


def made(**fields: Any) -> list[Recipe]:
    return recipes.recipes(service_now(**fields), selector=GREEN)


def parsed(one: Recipe) -> dict[str, Any]:
    found = yaml.safe_load(one.text)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("titles", "fields"), CASES)
def test_each_tool_has_its_recipes_with_the_services_own_names(titles: tuple[str, ...], fields: dict[str, Any]) -> None:
    found = made(**fields)
    assert tuple(one.title for one in found) == titles
    for one in found:
        assert parsed(one)
        for word in ("kind: Service", "name: shop", "namespace: store", "/spec/selector"):
            assert word in one.text, (one.title, word)
        assert set(words.RECIPES[one.title]) == set(words.recipe(one.title).values())


def test_every_recipe_that_has_words_is_given_to_somebody() -> None:
    assert {title for titles, _ in CASES for title in titles} == set(words.RECIPES)


def test_argo_cd_ignores_the_selector_in_its_syncs_too() -> None:
    found = parsed(made(annotations=TRACKED)[0])
    assert (found["kind"], found["metadata"]) == ("Application", {"name": "shop-app"})
    assert found["spec"] == {
        "ignoreDifferences": [{"group": "", "kind": "Service", "namespace": "store", "name": "shop", "jsonPointers": ["/spec/selector"]}],
        "syncPolicy": {"syncOptions": ["RespectIgnoreDifferences=true"]},
    }


@pytest.mark.parametrize(
    ("fields", "metadata"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "team-a_shop-app:/Service:store/shop"}}, {"name": "shop-app", "namespace": "team-a"}),
        ({"labels": {"argocd.argoproj.io/instance": "shop-app"}}, {"name": "shop-app"}),
        ({"selector_owners": (FieldOwner("argocd-controller", "Apply"),)}, {"name": "<its name>"}),
    ],
)
def test_the_application_is_named_as_far_as_the_service_tells(fields: dict[str, Any], metadata: dict[str, str]) -> None:
    assert parsed(made(**fields)[0])["metadata"] == metadata


def test_flux_is_told_in_the_kustomization_that_applies_the_service() -> None:
    ignore, reconcile, patches = (parsed(one) for one in made(labels=KUSTOMIZATION))
    assert ignore["metadata"] == patches["metadata"] == {"name": "apps", "namespace": "flux-system"}
    target = {"kind": "Service", "namespace": "store", "name": "shop"}
    assert ignore["spec"] == {"ignore": [{"paths": ["/spec/selector"], "target": target}]}
    assert reconcile["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}
    [patch] = patches["spec"]["patches"]
    assert patch["target"] == {"version": "v1", **target}
    assert yaml.safe_load(patch["patch"]) == [{"op": "replace", "path": "/spec/selector", "value": GREEN}]


def test_a_helm_release_of_flux_gets_both_the_drift_rule_and_the_selector_for_its_upgrades() -> None:
    drift, rendered = (parsed(one) for one in made(labels=RELEASE))
    assert drift["spec"]["driftDetection"]["ignore"][0]["paths"] == ["/spec/selector"]
    [patch] = rendered["spec"]["postRenderers"][0]["kustomize"]["patches"]
    assert yaml.safe_load(patch["patch"])[0]["value"] == GREEN


@pytest.mark.parametrize("fields", [fields for _, fields in CASES])
def test_no_recipe_leaves_the_selector_out_of_a_manifest(fields: dict[str, Any]) -> None:
    for one in made(**fields):
        document = parsed(one)
        assert "op: remove" not in one.text
        if document["kind"] == "Service":
            assert document["metadata"].get("annotations") or document["spec"] == {"selector": GREEN}


def test_without_a_new_selector_the_present_one_is_told() -> None:
    [one] = recipes.recipes(service_now(annotations=BY_HELM))
    assert parsed(one)["spec"]["selector"] == BLUE


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"selector_owners": (FieldOwner("clusterview", "Update"),)},
        {"labels": KUSTOMIZATION, "annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}},
        {"owners": (objects.Owner("Canary", "shop", objects.Uid("c")),)},
        {"owners": (objects.Owner("ShopOperator", "shop", objects.Uid("o")),)},
    ],
    ids=["nobody", "ourselves", "told to leave it", "somebody who drives it", "an operator without a known recipe"],
)
def test_where_nothing_can_be_written_there_is_no_recipe(fields: dict[str, Any]) -> None:
    assert made(**fields) == []


@given(name=st.sampled_from(["1", "null", "yes", "on", "0x1", "shop", "a-b"]), value=st.text(st.sampled_from("abc019._-yn"), min_size=1))
def test_names_and_values_that_yaml_could_take_for_something_else_stay_texts(name: str, value: str) -> None:
    service: ServiceNow = service_now(name=name, namespace=name, labels=KUSTOMIZATION, selector_owners=(FieldOwner("deploy-bot", "Apply"),))
    for one in recipes.recipes(service, selector={"slot": value}):
        found = parsed(one)
        if found["kind"] == "Service" and "spec" in found:
            assert (found["metadata"], found["spec"]) == ({"name": name, "namespace": name}, {"selector": {"slot": value}})
        if "ignore" in found.get("spec", {}):
            assert found["spec"]["ignore"][0]["target"]["name"] == name


@given(text=st.text())
def test_what_stands_in_an_annotation_never_becomes_a_line_of_the_recipe(text: str) -> None:
    service = service_now(annotations={"meta.helm.sh/release-name": text, "argocd.argoproj.io/tracking-id": text})
    for one in recipes.recipes(service, selector=GREEN):
        found = parsed(one)
        assert set(found) == {"apiVersion", "kind", "metadata", "spec"}
        assert found["kind"] != "Service" or found["spec"] == {"selector": GREEN}
