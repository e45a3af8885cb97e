"""Who may do what, and in which words the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.kube import errors, kinds, listing, reading
from tests.contract.conftest import Place
from tests.contract.subjects import Subject


def grant(place: Place, *rules: dict[str, Any], user: str) -> None:
    """A Role in the namespace, and its binding."""
    place.make("rbac.authorization.k8s.io/v1/roles", "given", rules=list(rules))
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "given"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    place.make("rbac.authorization.k8s.io/v1/rolebindings", "given", roleRef=reference, subjects=[subject])


READ = {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]}


def allowed(place: Place, path: str, method: str = "GET", body: Any = None, *, user: str = "somebody") -> int:
    connection = place.cluster.connect(**{"as": user})
    try:
        return connection.request(method, path, body=body, content_type="application/merge-patch+json", also=range(400, 600)).status
    finally:
        connection.close()


def test_whoever_has_no_right_is_refused_by_name_verb_and_resource(place: Place) -> None:
    connection = place.cluster.connect(**{"as": "somebody"})
    with pytest.raises(errors.Forbidden) as refused:
        listing.list_kind(connection, kinds.named("Deployment"), namespace=place.name)
    connection.close()
    assert (refused.value.verb, refused.value.resource) == ("list", "deployments")
    said = f'deployments.apps is forbidden: User "somebody" cannot list resource "deployments" in API group "apps" in the namespace "{place.name}"'
    assert said in refused.value.sentence


def test_what_is_of_no_namespace_is_refused_at_the_cluster_scope(place: Place) -> None:
    connection = place.cluster.connect(**{"as": "somebody"})
    with pytest.raises(errors.Forbidden, match=r'cannot list resource "nodes" in API group "" at the cluster scope'):
        listing.list_kind(connection, kinds.named("Node"))
    connection.close()


def test_a_role_holds_in_its_namespace_alone(place: Place) -> None:
    grant(place, READ, user="somebody")
    place.cluster.wait_for(lambda: allowed(place, place.path("services")) == 200, what="the right is known")
    assert allowed(place, "/api/v1/services") == allowed(place, "/api/v1/namespaces/default/services") == 403
    assert allowed(place, place.path("pods")) == 403


def test_a_right_to_read_is_none_to_patch(place: Place) -> None:
    place.service()
    grant(place, READ, user="somebody")
    place.cluster.wait_for(lambda: allowed(place, place.path("services", "web")) == 200, what="the right is known")
    assert allowed(place, place.path("services", "web"), "PATCH", b"{}") == 403


def test_a_right_can_be_for_one_name_and_for_a_subresource(place: Place) -> None:
    place.deployment(wait=False)
    place.service()
    place.service("other")
    one = {"apiGroups": [""], "resources": ["services"], "resourceNames": ["web"], "verbs": ["get"]}
    grant(place, one, {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get"]}, user="somebody")
    place.cluster.wait_for(lambda: allowed(place, place.path("services", "web")) == 200, what="the right is known")
    assert allowed(place, place.path("services", "other")) == 403
    assert allowed(place, place.path("apps/v1/deployments", "web", "scale")) == 200
    assert allowed(place, place.path("apps/v1/deployments", "web")) == 403


def test_an_unknown_token_is_401(cluster: Subject) -> None:
    connection = cluster.connect(token="nobody")
    with pytest.raises(errors.Unauthorized):
        reading.get(connection, "/api/v1/namespaces")
    connection.close()


def test_health_and_version_are_open_to_all_and_discovery_is_not(cluster: Subject) -> None:
    connection = cluster.connect(token="")
    assert reading.contact(connection) < 2 and reading.version(connection).startswith("v1.")
    with pytest.raises((errors.Forbidden, errors.Unauthorized)):
        reading.get(connection, "/apis")
    connection.close()


def test_one_may_ask_what_one_may(place: Place) -> None:
    grant(place, READ, user="somebody")
    place.cluster.wait_for(lambda: allowed(place, place.path("services")) == 200, what="the right is known")
    connection = place.cluster.connect(**{"as": "somebody"})
    assert reading.may(connection, "list", "", "services", place.name)
    assert not reading.may(connection, "list", "", "services")
    assert not reading.may(connection, "patch", "", "services", place.name)
    connection.close()
    administrator = place.cluster.connect()
    assert reading.may(administrator, "create", "", "pods", place.name, subresource="eviction")
    administrator.close()


def test_one_may_ask_for_all_ones_rules(place: Place) -> None:
    grant(place, READ, user="somebody")
    place.cluster.wait_for(lambda: allowed(place, place.path("services")) == 200, what="the right is known")
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": place.name}}
    connection = place.cluster.connect(**{"as": "somebody"})
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    rules = reading.parsed(connection.request("POST", path, body=str(body).replace("'", '"').encode()).body, what=path)["status"]["resourceRules"]
    connection.close()
    assert any(rule.get("resources") == ["services"] and set(rule["verbs"]) == {"get", "list", "watch"} for rule in rules)


def test_only_who_may_impersonate_acts_as_another(cluster: Subject) -> None:
    connection = cluster.connect("limited", **{"as": "admin"})
    with pytest.raises(errors.Forbidden, match=r"cannot impersonate"):
        reading.get(connection, "/api/v1/namespaces")
    connection.close()


def test_a_binding_keeps_its_role(place: Place) -> None:
    grant(place, READ, user="somebody")
    change = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "other"}}
    reply = place.cluster.ask("PATCH", place.path("rbac.authorization.k8s.io/v1/rolebindings", "given"), change, kind="merge")
    assert reply.status == 422 and "roleRef: Invalid value" in reply.body["message"]
