"""Objects are made, read, written over and deleted as an API server does it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.contract.conftest import Place
from tests.contract.subjects import Subject


def test_a_new_object_gets_a_uid_a_date_and_a_version(place: Place) -> None:
    metadata = place.service().body["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])
    assert int(metadata["resourceVersion"]) > 0 and metadata["namespace"] == place.name


def test_versions_grow_across_kinds(place: Place) -> None:
    first = place.make("configmaps", "one", data={})
    second = place.service()
    third = place.make("configmaps", "two", data={})
    assert int(first.version) < int(second.version) < int(third.version)


def test_a_generated_name_is_the_prefix_and_five_letters(place: Place) -> None:
    reply = place.cluster.ask("POST", place.path("configmaps"), {"metadata": {"generateName": "some-"}})
    assert re.fullmatch(r"some-[a-z0-9]{5}", reply.body["metadata"]["name"])


def test_a_name_that_is_taken_is_409_already_exists(place: Place) -> None:
    place.service()
    reply = place.try_to_make("services", "web", spec={"ports": [{"port": 80}]})
    assert (reply.status, reply.body["reason"], reply.body["message"]) == (409, "AlreadyExists", 'services "web" already exists')


def test_what_is_not_there_is_404_with_the_kind_and_the_name(place: Place) -> None:
    reply = place.cluster.ask("GET", place.path("apps/v1/deployments", "nobody"))
    assert (reply.status, reply.body["reason"]) == (404, "NotFound")
    assert reply.body["message"] == 'deployments.apps "nobody" not found'
    assert reply.body["details"] == {"name": "nobody", "group": "apps", "kind": "deployments"}


def test_a_resource_that_is_not_served_is_404(cluster: Subject) -> None:
    reply = cluster.ask("GET", "/apis/apps/v1/things")
    assert (reply.status, reply.body["reason"]) == (404, "NotFound")


def test_an_object_in_a_namespace_that_is_not_there_is_404(cluster: Subject) -> None:
    reply = cluster.ask("POST", "/api/v1/namespaces/nowhere/configmaps", {"metadata": {"name": "a"}})
    assert (reply.status, reply.body["message"]) == (404, 'namespaces "nowhere" not found')


def test_a_new_service_is_filled_in(place: Place) -> None:
    spec = place.service(ports=[{"port": 80}]).body["spec"]
    assert spec["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": 80}]
    assert (spec["type"], spec["sessionAffinity"], spec["internalTrafficPolicy"]) == ("ClusterIP", "None", "Cluster")
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")
    assert spec["clusterIPs"] == [spec["clusterIP"]] and spec["clusterIP"].startswith("10.96.")


def test_node_ports_are_given_and_not_given_twice(place: Place) -> None:
    port = place.service("one", type="NodePort").body["spec"]["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767
    reply = place.try_to_make("services", "two", spec={"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]})
    assert reply.status == 422 and "provided port is already allocated" in reply.body["message"]


def test_headless_and_external_services_have_no_address(place: Place) -> None:
    assert place.service("headless", clusterIP="None").body["spec"]["clusterIP"] == "None"
    external = place.make("services", "external", spec={"type": "ExternalName", "externalName": "a.example"})
    assert "clusterIP" not in external.body["spec"]


def test_a_new_deployment_is_filled_in(place: Place) -> None:
    body = place.deployment(wait=False).body
    spec, pod = body["spec"], body["spec"]["template"]["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"], body["metadata"]["generation"]) == (10, 600, 1)
    assert (pod["restartPolicy"], pod["dnsPolicy"], pod["schedulerName"]) == ("Always", "ClusterFirst", "default-scheduler")
    assert pod["containers"][0]["imagePullPolicy"] == "IfNotPresent" and pod["containers"][0]["ports"][0]["protocol"] == "TCP"


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        ({"selector": {"a": "b"}, "ports": []}, "spec.ports", "FieldValueRequired"),
        ({"ports": [{"port": 70000}]}, "spec.ports[0].port", "FieldValueInvalid"),
        ({"ports": [{"port": 1}, {"port": 2}]}, "spec.ports[0].name", "FieldValueRequired"),
        ({"type": "Nonsense", "ports": [{"port": 1}]}, "spec.type", "FieldValueNotSupported"),
        ({"selector": {"a": "no spaces!"}, "ports": [{"port": 1}]}, "spec.selector", "FieldValueInvalid"),
    ],
)
def test_a_service_that_makes_no_sense_is_422_with_the_field(place: Place, spec: dict[str, Any], field: str, reason: str) -> None:
    reply = place.try_to_make("services", "wrong", spec=spec)
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert (field, reason) in [(cause["field"], cause["reason"]) for cause in reply.body["details"]["causes"]]


def test_a_selector_must_match_its_own_template_and_cannot_be_changed(place: Place) -> None:
    pod = {"metadata": {"labels": {"app": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    reply = place.try_to_make("apps/v1/deployments", "wrong", spec={"selector": {"matchLabels": {"app": "a"}}, "template": pod})
    assert reply.status == 422 and "`selector` does not match template `labels`" in reply.body["message"]
    place.deployment(wait=False)
    change = {"spec": {"selector": {"matchLabels": {"app": "other"}}, "template": {"metadata": {"labels": {"app": "other"}}}}}
    reply = place.cluster.ask("PATCH", place.path("apps/v1/deployments", "web"), change, kind="merge")
    assert reply.status == 422 and "field is immutable" in reply.body["message"]


def test_a_name_must_be_a_name(place: Place) -> None:
    for resource, name in (("configmaps", "Big"), ("configmaps", "a/b"), ("services", "a.b")):
        reply = place.try_to_make(resource, name, spec={"ports": [{"port": 80}]} if resource == "services" else {})
        assert (reply.status, reply.body["details"]["causes"][0]["field"]) == (422, "metadata.name"), name


def test_a_put_of_an_old_version_is_409_conflict(place: Place) -> None:
    old = place.make("configmaps", "one", data={"a": "1"}).body
    place.cluster.ask("PUT", place.path("configmaps", "one"), {**old, "data": {"a": "2"}})
    reply = place.cluster.ask("PUT", place.path("configmaps", "one"), {**old, "data": {"a": "3"}})
    assert (reply.status, reply.body["reason"]) == (409, "Conflict")
    assert "the object has been modified; please apply your changes to the latest version and try again" in reply.body["message"]


def test_a_put_without_a_version_writes_over_what_is_there(place: Place) -> None:
    place.make("configmaps", "one", data={"a": "1"})
    reply = place.cluster.ask("PUT", place.path("configmaps", "one"), {"metadata": {"name": "one"}, "data": {"b": "2"}})
    assert (reply.status, reply.body["data"]) == (200, {"b": "2"})


def test_a_put_cannot_change_the_status_and_a_put_of_the_status_nothing_else(place: Place) -> None:
    made = place.service(type="LoadBalancer", loadBalancerClass="nobody.example/none").body
    path, told = place.path("services", "web"), {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}}
    assert place.cluster.ask("PUT", path, {**made, "status": told}).body["status"] == {"loadBalancer": {}}
    changed = {**place.cluster.get(path), "status": told}
    changed["spec"] = {**changed["spec"], "sessionAffinity": "ClientIP"}
    reply = place.cluster.ask("PUT", f"{path}/status", changed)
    assert (reply.body["status"], reply.body["spec"]["sessionAffinity"]) == (told, "None")


def test_a_generation_counts_changes_of_the_spec_alone(place: Place) -> None:
    place.deployment(wait=False)
    path = place.path("apps/v1/deployments", "web")
    assert place.cluster.ask("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, kind="merge").body["metadata"]["generation"] == 1
    assert place.cluster.ask("PATCH", path, {"spec": {"replicas": 2}}, kind="merge").body["metadata"]["generation"] == 2


def test_a_cluster_ip_does_not_change(place: Place) -> None:
    place.service()
    reply = place.cluster.ask("PATCH", place.path("services", "web"), {"spec": {"clusterIP": "10.96.200.200"}}, kind="merge")
    assert reply.status == 422 and "may not change once set" in reply.body["message"]


def test_what_is_deleted_at_once_is_answered_with_a_status(place: Place) -> None:
    made = place.service().body
    reply = place.cluster.ask("DELETE", place.path("services", "web"))
    assert reply.status == 200 and place.cluster.ask("GET", place.path("services", "web")).status == 404
    assert reply.body.get("status") == "Success" or reply.body["metadata"]["uid"] == made["metadata"]["uid"]


def test_a_deletion_can_insist_on_the_uid(place: Place) -> None:
    place.make("configmaps", "one")
    reply = place.cluster.ask("DELETE", place.path("configmaps", "one"), {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}})
    assert (reply.status, reply.body["reason"]) == (409, "Conflict") and "The object might have been deleted and then recreated" in reply.body[
        "message"
    ]


def test_a_finalizer_holds_an_object_until_it_is_taken_off(place: Place) -> None:
    place.make("configmaps", "held", metadata={"finalizers": ["contract.example/hold"]})
    path = place.path("configmaps", "held")
    place.cluster.ask("DELETE", path)
    assert place.cluster.get(path)["metadata"]["deletionTimestamp"]
    place.cluster.ask("PATCH", path, {"metadata": {"finalizers": None}}, kind="merge")
    assert place.cluster.ask("GET", path).status == 404


def test_many_are_deleted_by_their_labels(place: Place) -> None:
    for name, label in (("one", "a"), ("two", "a"), ("three", "b")):
        place.make("configmaps", name, metadata={"labels": {"kind": label}})
    assert place.cluster.ask("DELETE", place.path("configmaps"), labelSelector="kind=a").status == 200
    left = place.cluster.get(place.path("configmaps"), labelSelector="kind")["items"]
    assert [one["metadata"]["name"] for one in left] == ["three"]


def test_a_dry_run_tells_what_would_be_and_does_nothing(place: Place) -> None:
    reply = place.cluster.ask("POST", place.path("configmaps"), {"metadata": {"name": "dry"}, "data": {"a": "1"}}, dryRun="All")
    assert reply.status == 201 and reply.body["data"] == {"a": "1"}
    assert place.cluster.ask("GET", place.path("configmaps", "dry")).status == 404
    place.service()
    path = place.path("services", "web")
    before = place.cluster.get(path)
    reply = place.cluster.ask("PATCH", path, {"spec": {"selector": {"app": "dry"}}}, kind="merge", dryRun="All")
    assert reply.body["spec"]["selector"] == {"app": "dry"} and place.cluster.get(path) == before
    assert place.cluster.ask("DELETE", path, dryRun="All").status == 200 and place.cluster.get(path) == before


def test_a_body_of_another_kind_is_400(place: Place) -> None:
    reply = place.cluster.ask("POST", place.path("configmaps"), {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")


def test_a_body_that_is_no_json_is_400(place: Place) -> None:
    assert place.cluster.ask("POST", place.path("configmaps"), b"{").status == 400


def test_a_method_that_is_not_there_is_405(cluster: Subject) -> None:
    reply = cluster.ask("POST", "/api/v1/pods", {"metadata": {"name": "a"}})
    assert (reply.status, reply.body["reason"]) == (405, "MethodNotAllowed")


def test_a_namespace_has_its_name_as_a_label_and_a_default_account(place: Place) -> None:
    assert place.cluster.get(f"/api/v1/namespaces/{place.name}")["metadata"]["labels"] == {"kubernetes.io/metadata.name": place.name}
    assert place.cluster.get(place.path("serviceaccounts", "default"))["metadata"]["uid"]


def test_a_secret_in_plain_text_is_kept_encoded(place: Place) -> None:
    body = place.make("secrets", "one", stringData={"word": "hello"}).body
    assert body["data"] == {"word": "aGVsbG8="} and "stringData" not in body
