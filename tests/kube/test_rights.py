"""The manifest gives what is needed and nothing else."""

from __future__ import annotations

from typing import Any

import yaml

from clusterview.kube import kinds, rights


def rules(text: str) -> list[dict[str, Any]]:
    return next(one for one in yaml.safe_load_all(text) if one["kind"].endswith("Role"))["rules"]  # type: ignore[no-any-return]


def granted(verb: str) -> set[tuple[str, str]]:
    found = rules(rights.viewer_manifest())
    return {(group, name) for rule in found if verb in rule["verbs"] for group in rule.get("apiGroups", []) for name in rule["resources"]}


def test_the_viewer_may_read_every_kind_of_the_table_and_write_nothing() -> None:
    watched, on_demand = ({(spec.group, spec.resource) for spec in table} for table in (kinds.KINDS, kinds.ON_DEMAND))
    assert granted("watch") == granted("get") == watched
    assert granted("list") == watched | on_demand
    assert granted("create") == {("authorization.k8s.io", "selfsubjectaccessreviews")}
    assert {verb for rule in rules(rights.viewer_manifest()) for verb in rule["verbs"]} == {"get", "list", "watch", "create"}


def test_nothing_is_granted_by_star_or_on_secrets() -> None:
    text = rights.viewer_manifest() + rights.switcher_manifest("store")
    assert all(word not in text for word in ("*", "secrets", "configmaps", "exec", "/log", "rbac.authorization.k8s.io\n  resources"))


def test_the_switcher_may_patch_services_and_sizes_in_its_namespace_only() -> None:
    role, binding = yaml.safe_load_all(rights.switcher_manifest("store", user="jane"))
    assert role["kind"] == "Role" and role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "store"
    assert {(rule["apiGroups"][0], one) for rule in role["rules"] for one in rule["resources"]} == {
        ("", "services"), ("autoscaling", "horizontalpodautoscalers"), ("apps", "deployments"), ("apps", "statefulsets"),
    }  # fmt: skip
    assert all(rule["verbs"] == ["get", "patch"] for rule in role["rules"])
    assert binding["subjects"] == [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}]


def test_without_a_user_a_service_account_is_bound() -> None:
    binding = list(yaml.safe_load_all(rights.viewer_manifest(service_account_namespace="tools")))[1]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "clusterview", "namespace": "tools"}]
