"""What the API server leaves out has its documented default; what it writes arrives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.kube.kinds import KINDS
from clusterview.observer import quantities, sharing
from clusterview.observer.kinds import OBSERVED
from clusterview.observer.translating import TRANSLATIONS, sighting
from clusterview.topology import objects
from clusterview.topology.objects import Kind, kind_of
from tests.observer.making import container, decoded, pod


def record(kind: str, **fields: Any) -> Any:
    return sighting(kind=kind, item=decoded(kind, **fields)).record


@pytest.mark.parametrize("kind", sorted({spec.kind for spec in KINDS}))
def test_the_barest_object_of_each_kind_has_a_record_of_that_kind(kind: str) -> None:
    found = sighting(kind=kind, item=decoded(kind))
    assert kind_of(found.record) == kind
    assert (found.record.uid, found.record.name, found.version) == ("u", "n", "7")


def test_every_kind_of_the_picture_is_observed() -> None:
    assert set(TRANSLATIONS) == set(Kind) - {Kind.CONTROL_PLANE_PART}
    assert {spec.kind for spec in OBSERVED} == set(TRANSLATIONS)


def test_what_every_object_has() -> None:
    owners = [{"kind": "Job", "name": "a", "uid": "1"}, {"kind": "ReplicaSet", "name": "b", "uid": "2", "controller": True}]
    metadata = {
        "labels": {"app": "web"},
        "annotations": {"meta.helm.sh/release-name": "web", "kubectl.kubernetes.io/last-applied-configuration": "secret"},
        "ownerReferences": owners,
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "deletionTimestamp": "2026-01-02T03:04:06Z",
    }
    found = record("Pod", metadata=metadata)
    assert found.labels == {"app": "web"}
    assert found.annotations == {"meta.helm.sh/release-name": "web"}
    assert found.owner == objects.Owner("ReplicaSet", "b", objects.Uid("2"))
    assert (found.created_at, found.deleting) == (1767323045, True)


def test_restarts_leave_nothing_behind() -> None:
    def restarted(count: int) -> int:
        found: int = sighting(kind="Pod", item=pod(containers=[container(restarts=count)])).record.restarts
        return found

    restarted(0)
    before = len(sharing._values)
    assert [restarted(count) for count in range(1, 10)] == list(range(1, 10))
    assert len(sharing._values) == before


def test_a_node() -> None:
    found = record(
        "Node",
        metadata={"namespace": "", "labels": {"topology.kubernetes.io/zone": "a", "node-role.kubernetes.io/worker": ""}},
        spec={"unschedulable": True, "taints": [{"key": "k", "effect": "NoSchedule"}]},
        status={
            "conditions": [
                {"type": "Ready", "status": "False", "reason": "KubeletNotReady"},
                {"type": "DiskPressure", "status": "True"},
                {"type": "MemoryPressure", "status": "False"},
            ],
            "allocatable": {"cpu": "1500m", "memory": "2Gi", "pods": "110"},
            "addresses": [{"type": "Hostname", "address": "h"}, {"type": "InternalIP", "address": "10.0.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2"},
        },
    )
    assert (found.ready, found.reason, found.pressures, found.unschedulable) == ("False", "KubeletNotReady", ("DiskPressure",), True)
    assert (found.zone, found.roles, found.address, found.kubelet_version) == ("a", ("worker",), "10.0.0.1", "v1.37.2")
    assert (found.cpu_allocatable, found.memory_allocatable, found.pods_allocatable) == (1500, 2 * 1024**3, 110)


def test_a_node_that_says_nothing_is_not_known_to_be_ready() -> None:
    assert record("Node").ready == "Unknown"


def test_a_pods_containers() -> None:
    item = pod(
        containers=[container("main", terminated="OOMKilled", restarts=3)],
        inits=[container("init", terminated={}, exit_code=2)],
    )
    first, second = sighting(kind="Pod", item=item).record.containers  # type: ignore[union-attr]
    assert (first.name, first.init, first.state, first.reason) == ("init", True, "terminated", "ExitCode:2")
    assert (second.name, second.init, second.state, second.reason, second.restarts) == ("main", False, "terminated", "OOMKilled", 3)


def test_a_container_without_status_is_waiting() -> None:
    found = record("Pod", spec={"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]})
    assert (found.status, found.phase, found.containers[0].state) == ("Pending", "Pending", "waiting")
    assert found.containers[0].ports == (objects.ContainerPort(name="", port=80, protocol="TCP"),)


def test_a_pods_volumes() -> None:
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "e", "emptyDir": {}}]
    found = record("Pod", spec={"volumes": volumes})
    assert found.volumes == (objects.Volume("d", "persistentVolumeClaim", "data"), objects.Volume("e", "emptyDir", ""))


def test_the_token_volume_of_each_pod_has_one_name() -> None:
    volumes = [{"name": "kube-api-access-x7k2p", "projected": {}}, {"name": "kube-api-access-mine", "emptyDir": {}}]
    assert [one.name for one in record("Pod", spec={"volumes": volumes}).volumes] == ["kube-api-access", "kube-api-access-mine"]


def test_what_siblings_have_in_common_is_kept_once() -> None:
    spec = {"containers": [{"name": "c", "image": "i"}], "nodeName": "n"}
    one, other = (record("Pod", metadata={"uid": uid, "labels": {"app": "web"}}, spec=spec) for uid in ("a", "b"))
    assert one.labels is other.labels
    assert one.containers is other.containers


@pytest.mark.parametrize(("spec", "selector"), [({}, None), ({"selector": {}}, None), ({"selector": {"a": "b"}}, {"a": "b"})])
def test_a_service_without_selector_has_none(spec: dict[str, Any], selector: dict[str, str] | None) -> None:
    assert record("Service", spec=spec).selector == selector


def test_a_headless_service_has_no_address() -> None:
    found = record(
        "Service", spec={"clusterIP": "None", "ports": [{"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": 8081}, {"port": 82}]}
    )
    assert (found.headless, found.cluster_ip) == (True, "")
    assert [port.target for port in found.ports] == ["http", "8081", "82"]


def test_the_last_writer_of_the_selector_is_named() -> None:
    def manager(name: str, time: str, fields: dict[str, Any]) -> dict[str, Any]:
        return {"manager": name, "operation": "Update", "time": time, "fieldsV1": {"f:spec": fields}}

    managers = [
        manager("helm", "2026-01-01T00:00:00Z", {"f:selector": {}}),
        manager("kubectl-edit", "2026-01-02T00:00:00Z", {"f:selector": {"f:version": {}}}),
        manager("controller", "2026-01-03T00:00:00Z", {"f:ports": {}}),
    ]
    assert record("Service", metadata={"managedFields": managers}).selector_manager == "kubectl-edit"


@pytest.mark.parametrize(
    ("conditions", "ready", "serving"),
    [({}, True, True), ({"ready": False}, False, False), ({"ready": False, "serving": True, "terminating": True}, False, True)],
)
def test_what_an_endpoint_does_not_say_counts_as_documented(conditions: dict[str, bool], ready: bool, serving: bool) -> None:
    item = {"addresses": ["10.1.1.1"], "conditions": conditions, "targetRef": {"kind": "Pod", "uid": "p"}}
    found = record("EndpointSlice", endpoints=[item], ports=[{"name": "http", "port": 8080}, {"name": "any"}])
    endpoint = found.endpoints[0]
    assert (endpoint.ready, endpoint.serving, endpoint.pod_uid) == (ready, serving, "p")
    assert found.ports == {"http": 8080}


def test_an_endpoint_that_is_no_pod_names_none() -> None:
    found = record("EndpointSlice", endpoints=[{"addresses": ["10.1.1.1"]}])
    assert found.endpoints[0].pod_uid == ""


def test_a_deployment_without_replicas_wants_one() -> None:
    assert record("Deployment").wanted == 1
    assert record("Deployment", spec={"replicas": 0}).wanted == 0


def test_a_selector_by_expressions_is_not_exact() -> None:
    selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]}
    found = record("Deployment", spec={"selector": selector})
    assert (found.selector, found.selector_exact) == ({"a": "b"}, False)
    assert record("PodDisruptionBudget", spec={"selector": selector}).selector is None


def test_a_budget_for_all_pods_is_not_one_for_none() -> None:
    assert record("PodDisruptionBudget", spec={"selector": {}}).selector == {}
    assert record("PodDisruptionBudget").selector is None
    assert record("PodDisruptionBudget", spec={"minAvailable": "50%", "maxUnavailable": 0}).minimum_available == "50%"


def test_an_ingress_leads_to_services_only() -> None:
    rules = [{"host": "h", "http": {"paths": [{"path": "/", "backend": {"service": {"name": "s", "port": {"number": 80}}}}, {"backend": {}}]}}]
    default = {"service": {"name": "d", "port": {"name": "http"}}}
    found = record("Ingress", spec={"rules": rules, "defaultBackend": default})
    assert found.paths == (objects.IngressPath("h", "/", "s", "80"), objects.IngressPath("", "", "d", "http"))


def test_a_lease_tells_its_renewal_apart_from_its_record() -> None:
    def at(second: int) -> Any:
        spec = {"holderIdentity": "me", "renewTime": f"2026-01-01T00:00:0{second}.000000Z", "acquireTime": "2026-01-01T00:00:00.000000Z"}
        return sighting(kind="Lease", item=decoded("Lease", spec=spec))

    first, second = at(1), at(2)
    assert first.record == second.record
    assert first.renewal is not None
    assert (first.renewal != second.renewal, first.renewal.acquired_at) == (True, 1767225600)


@pytest.mark.parametrize(
    ("written", "millis"),
    [("2", 2000), ("250m", 250), ("0.5", 500), ("1e3", 1_000_000), ("100u", 0), ("1k", 1_000_000), ("", 0), ("much", 0), ("1..2", 0)],
)
def test_quantities(written: str, millis: int) -> None:
    assert quantities.millis(written) == millis


@pytest.mark.parametrize(("written", "size"), [("1Ki", 1024), ("4Gi", 4 * 1024**3), ("1M", 10**6), ("123", 123), ("1.5Gi", 3 * 1024**3 // 2)])
def test_sizes(written: str, size: int) -> None:
    assert quantities.whole(written) == size


@pytest.mark.parametrize("written", ["20P", "9E", "1e999"])
def test_a_quantity_is_never_more_than_a_browser_can_hold_f20(written: str) -> None:
    assert quantities.millis(written) == quantities.MOST == -quantities.millis(f"-{written}")
    assert quantities.whole("1e999") == quantities.MOST


@given(written=st.text())
def test_no_text_stops_a_watch(written: str) -> None:
    quantities.whole(written)
    quantities.moment(written)
