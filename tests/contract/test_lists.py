"""Lists, their pages and their selectors."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.kube import kinds, listing
from clusterview.kube.kinds import PARTIAL_LIST
from tests.contract.conftest import Place
from tests.contract.subjects import Subject

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def names(items: list[dict[str, Any]]) -> list[str]:
    return [one["metadata"]["name"] for one in items]


def three(place: Place) -> str:
    for name, marks in (("a", {"slot": "blue"}), ("b", {"slot": "green"}), ("c", {"other": "yes"})):
        place.make("services", name, metadata={"labels": marks}, spec={"ports": [{"port": 80}], "selector": marks})
    return place.path("services")


def test_a_list_is_in_the_order_of_names_and_has_a_version(place: Place) -> None:
    found = place.cluster.get(three(place))
    assert (found["kind"], found["apiVersion"], names(found["items"])) == ("ServiceList", "v1", ["a", "b", "c"])
    assert int(found["metadata"]["resourceVersion"]) >= max(int(one["metadata"]["resourceVersion"]) for one in found["items"])


def test_items_of_a_list_do_not_say_their_kind(place: Place) -> None:
    assert not [one for one in place.cluster.get(three(place))["items"] if "kind" in one]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("slot=blue", ["a"]), ("slot!=blue", ["b", "c"]), ("slot", ["a", "b"]), ("!slot", ["c"]), ("slot in (blue,green)", ["a", "b"]),
        ("slot notin (blue)", ["b", "c"]), ("slot==green,!other", ["b"]), ("slot=nobody", []),
    ],
)  # fmt: skip
def test_a_label_selector_chooses(place: Place, selector: str, found: list[str]) -> None:
    assert names(place.cluster.get(three(place), labelSelector=selector)["items"]) == found


def test_a_selector_that_cannot_be_read_is_400(place: Place) -> None:
    for query in ({"labelSelector": "a b c"}, {"labelSelector": "in (a)"}, {"fieldSelector": "spec.color=blue"}):
        assert place.cluster.ask("GET", place.path("services"), **query).status == 400, query


def test_a_field_selector_chooses_by_name_and_by_what_the_kind_allows(place: Place) -> None:
    path = three(place)
    assert names(place.cluster.get(path, fieldSelector="metadata.name=b")["items"]) == ["b"]
    assert names(place.cluster.get("/api/v1/services", fieldSelector=f"metadata.namespace={place.name},metadata.name!=b")["items"]) == ["a", "c"]
    place.deployment()
    (pod,) = place.pods()
    for field in (f"spec.nodeName={pod['spec']['nodeName']}", "status.phase=Running", "status.phase!=Pending"):
        assert names(place.cluster.get(place.path("pods"), fieldSelector=field)["items"]) == names([pod])


def test_pages_are_of_one_moment(place: Place) -> None:
    path = three(place)
    first = place.cluster.get(path, limit="1")
    assert names(first["items"]) == ["a"] and first["metadata"]["remainingItemCount"] == 2
    place.service("bb")
    place.cluster.ask("DELETE", place.path("services", "c"))
    second = place.cluster.get(path, limit="1", **{"continue": first["metadata"]["continue"]})
    last = place.cluster.get(path, limit="5", **{"continue": second["metadata"]["continue"]})
    assert names(second["items"] + last["items"]) == ["b", "c"]
    assert second["metadata"]["resourceVersion"] == last["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert not last["metadata"].get("continue")


def test_a_continue_token_that_is_none_is_400(place: Place) -> None:
    assert place.cluster.ask("GET", place.path("services"), limit="1", **{"continue": "nonsense"}).status == 400


def test_a_list_of_metadata_alone(place: Place) -> None:
    three(place)
    reply = place.cluster.ask("GET", place.path("services"), accept=PARTIAL_LIST)
    assert (reply.body["kind"], reply.body["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert names(reply.body["items"]) == ["a", "b", "c"] and not [one for one in reply.body["items"] if "spec" in one]


def test_a_list_as_a_table_has_the_columns_that_kubectl_prints(place: Place) -> None:
    three(place)
    body = place.cluster.ask("GET", place.path("services"), accept=TABLE).body
    columns = [(one["name"], one["priority"]) for one in body["columnDefinitions"]]
    expected = ["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age"]
    assert body["kind"] == "Table" and columns == [*((name, 0) for name in expected), ("Selector", 1)]
    assert [row["cells"][0] for row in body["rows"]] == ["a", "b", "c"] and body["rows"][0]["cells"][4] == "80/TCP"
    assert body["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/pods", "/api/v1/nodes", "/api/v1/namespaces", "/api/v1/events", "/apis/apps/v1/deployments", "/apis/apps/v1/replicasets",
        "/apis/apps/v1/statefulsets", "/apis/apps/v1/daemonsets", "/apis/discovery.k8s.io/v1/endpointslices", "/apis/policy/v1/poddisruptionbudgets",
        "/apis/autoscaling/v2/horizontalpodautoscalers", "/apis/networking.k8s.io/v1/ingresses", "/api/v1/persistentvolumeclaims",
        "/api/v1/persistentvolumes", "/apis/storage.k8s.io/v1/storageclasses", "/apis/coordination.k8s.io/v1/leases", "/api/v1/configmaps",
    ],
)  # fmt: skip
def test_every_kind_has_its_own_columns(cluster: Subject, path: str) -> None:
    columns = [one["name"] for one in cluster.ask("GET", path, accept=TABLE).body["columnDefinitions"]]
    assert columns == COLUMNS[path.rpartition("/")[2]]


COLUMNS = {
    "pods": ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"],
    "nodes": [
        "Name", "Status", "Roles", "Age", "Version", "Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime",
    ],
    "namespaces": ["Name", "Status", "Age"],
    "events": ["Last Seen", "Type", "Reason", "Object", "Subobject", "Source", "Message", "First Seen", "Count", "Name"],
    "deployments": ["Name", "Ready", "Up-to-date", "Available", "Age", "Containers", "Images", "Selector"],
    "replicasets": ["Name", "Desired", "Current", "Ready", "Age", "Containers", "Images", "Selector"],
    "statefulsets": ["Name", "Ready", "Age", "Containers", "Images"],
    "daemonsets": [
        "Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age", "Containers", "Images", "Selector",
    ],
    "endpointslices": ["Name", "AddressType", "Ports", "Endpoints", "Age"],
    "poddisruptionbudgets": ["Name", "Min Available", "Max Unavailable", "Allowed Disruptions", "Age"],
    "horizontalpodautoscalers": ["Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"],
    "ingresses": ["Name", "Class", "Hosts", "Address", "Ports", "Age"],
    "persistentvolumeclaims": ["Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass", "Age", "VolumeMode"],
    "persistentvolumes": [
        "Name", "Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim", "StorageClass", "VolumeAttributesClass", "Reason", "Age",
        "VolumeMode",
    ],
    "storageclasses": ["Name", "Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"],
    "leases": ["Name", "Holder", "Age"],
    "configmaps": ["Name", "Data", "Age"],
}  # fmt: skip


def test_our_own_lists_in_small_pages_read_every_kind(cluster: Subject) -> None:
    connection = cluster.connect()
    for spec in kinds.KINDS:
        found = listing.list_kind(connection, spec, limit=2)
        assert found.quarantined == () and int(found.resource_version) > 0, spec.key
    connection.close()
