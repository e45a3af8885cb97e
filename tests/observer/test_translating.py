"""What the API server leaves out has its documented default; what it writes arrives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.kube.kinds import KINDS
from clusterview.observer import quantities, sharing
from clusterview.observer.kinds import OBSERVED
from clusterview.observer.shortening import LABELS, MORE
from clusterview.observer.translating import TRANSLATIONS, sighting
from clusterview.topology import objects
from clusterview.topology.objects import Kind, kind_of
from tests.observer.making import container, decoded, pod

SHOP = objects.Namespace("shop")


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


@pytest.mark.parametrize(
    ("conditions", "more", "status", "reason"),
    [
        ({}, {}, "Running", ""),
        ({"Complete": "CompletionsReached", "SuccessCriteriaMet": "CompletionsReached"}, {}, "Complete", ""),
        ({"Failed": "BackoffLimitExceeded", "FailureTarget": "BackoffLimitExceeded"}, {}, "Failed", "BackoffLimitExceeded"),
        ({"FailureTarget": "DeadlineExceeded"}, {}, "FailureTarget", "DeadlineExceeded"),
        ({"SuccessCriteriaMet": "CompletionsReached"}, {}, "SuccessCriteriaMet", ""),
        ({"Suspended": "JobSuspended"}, {}, "Suspended", ""),
        ({}, {"spec": {"suspend": True}}, "Suspended", ""),
        ({"Suspended": "JobSuspended"}, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}, "Terminating", ""),
        ({"Failed": "DeadlineExceeded"}, {"spec": {"suspend": True}}, "Failed", "DeadlineExceeded"),
    ],
)
def test_a_job_says_what_kubectl_says_of_it(conditions: dict[str, str], more: dict[str, Any], status: str, reason: str) -> None:
    said = [{"type": type, "status": "True", "reason": why} for type, why in conditions.items()]
    found = record("Job", status={"conditions": [{"type": "Failed", "status": "False", "reason": "not yet"}, *said]}, **more)
    assert (found.status, found.reason) == (status, reason)


def test_a_job_counts_its_pods_and_wants_one_unless_it_says_otherwise() -> None:
    found = record("Job", spec={"completions": 5, "parallelism": 2}, status={"active": 2, "succeeded": 1, "failed": 3})
    assert (found.completions, found.parallelism, found.active, found.succeeded, found.failed) == (5, 2, 2, 1, 3)
    bare = record("Job")
    assert (bare.completions, bare.parallelism, bare.active, bare.succeeded, bare.failed) == (None, 1, 0, 0, 0)


def test_a_cron_job_tells_its_schedule_and_what_came_of_it() -> None:
    status = {"active": [{"kind": "Job", "name": "a"}], "lastScheduleTime": "2026-01-02T03:04:05Z", "lastSuccessfulTime": "2026-01-02T03:04:06Z"}
    found = record("CronJob", spec={"schedule": "0 3 * * *", "timeZone": "Asia/Seoul", "suspend": True}, status=status)
    assert (found.schedule, found.time_zone, found.suspended, found.active) == ("0 3 * * *", "Asia/Seoul", True, 1)
    assert (found.last_scheduled_at, found.last_succeeded_at) == (1767323045, 1767323046)
    bare = record("CronJob", status={})
    assert (bare.suspended, bare.active, bare.last_scheduled_at, bare.last_succeeded_at) == (False, 0, None, None)


def conditions(**said: str) -> list[dict[str, str]]:
    """`conditions(Accepted="True Accepted")`."""
    return [dict(zip(("type", "status", "reason"), (type, *words.split()), strict=True)) for type, words in said.items()]


def test_a_gateway_tells_where_it_listens_and_whether_it_works() -> None:
    listeners = [{"name": "http", "protocol": "HTTP", "port": 80}, {"name": "tls", "protocol": "HTTPS", "port": 443, "hostname": "*.example.com"}]
    said = conditions(Accepted="True Accepted", Programmed="False AddressNotAssigned")
    status = {"addresses": [{"type": "IPAddress", "value": "203.0.113.9"}], "conditions": said}
    found = record("Gateway", spec={"gatewayClassName": "contour", "listeners": listeners}, status=status)
    assert found.listeners == (objects.Listener("http", "HTTP", 80, ""), objects.Listener("tls", "HTTPS", 443, "*.example.com"))
    assert (found.class_name, found.addresses) == ("contour", ("203.0.113.9",))
    assert (found.accepted, found.programmed, found.reason) == ("True", "False", "AddressNotAssigned")


def test_of_a_gateway_that_nobody_carries_out_nothing_is_known() -> None:
    assert (record("Gateway").accepted, record("Gateway").programmed, record("Gateway").reason) == ("Unknown", "Unknown", "")


def http_route(*, parents: list[dict[str, Any]], told: list[tuple[dict[str, Any], list[dict[str, str]]]], **spec: Any) -> Any:
    said = [{"parentRef": reference, "controllerName": "example.com/one", "conditions": words} for reference, words in told]
    return record("HTTPRoute", spec={"parentRefs": parents, **spec}, status={"parents": said})


ACCEPTED = conditions(Accepted="True Accepted", ResolvedRefs="True ResolvedRefs")


def test_a_route_knows_of_each_parent_what_is_said_there() -> None:
    full = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "shop", "name": "front"}
    tls = {**full, "sectionName": "tls"}
    refused = conditions(Accepted="False NotAllowedByListeners", ResolvedRefs="True ResolvedRefs")
    parents = [{"name": "front"}, tls, {"name": "front", "port": 80}, {"namespace": "infra", "name": "shared"}]
    found = http_route(parents=parents, told=[(tls, refused), (full, ACCEPTED)])
    assert found.parents == (
        objects.RouteParent("Gateway", SHOP, "front", accepted="True", resolved="True"),
        objects.RouteParent("Gateway", SHOP, "front", "tls", accepted="False", resolved="True", reason="NotAllowedByListeners"),
        objects.RouteParent("Gateway", SHOP, "front", port=80),
        objects.RouteParent("Gateway", objects.Namespace("infra"), "shared"),
    )


@pytest.mark.parametrize("last", [False, True])
def test_a_route_that_one_of_two_controllers_refuses_is_not_accepted(last: bool) -> None:
    refused = conditions(Accepted="True Accepted", ResolvedRefs="False BackendNotFound")
    told = [({"name": "front"}, ACCEPTED), ({"name": "front"}, refused)]
    (parent,) = http_route(parents=[{"name": "front"}], told=told[:: -1 if last else 1]).parents
    assert (parent.accepted, parent.resolved, parent.reason) == ("True", "False", "BackendNotFound")


def test_a_route_leads_by_rules_with_weights() -> None:
    rules = [
        {
            "matches": [{"path": {"type": "PathPrefix", "value": "/a"}}, {"path": {"value": "/a"}, "method": "GET"}, {"headers": [{"name": "x"}]}],
            "backendRefs": [{"name": "blue", "port": 80, "weight": 90}, {"name": "green", "namespace": "other", "weight": 0}],
        },
        {"backendRefs": [{"group": "net.example.com", "kind": "Service", "name": "else"}, {"group": "", "kind": "Service", "name": "same"}]},
    ]
    found = http_route(parents=[], told=[], hostnames=["shop.example.com"], rules=rules)
    assert found.hostnames == ("shop.example.com",)
    assert [rule.paths for rule in found.rules] == [("/a", "/"), ("/",)]
    assert found.rules[0].backends == (
        objects.RouteBackend("Service", SHOP, "blue", 80, 90), objects.RouteBackend("Service", objects.Namespace("other"), "green", 0, 0),
    )  # fmt: skip
    assert [(one.kind, one.name, one.weight) for one in found.rules[1].backends] == [("Service.net.example.com", "else", 1), ("Service", "same", 1)]


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


def test_of_thousands_of_labels_a_hundred_are_shown_and_that_there_are_more_f17() -> None:
    labels = {f"example.com/{number:04}": "x" for number in range(5_000)}
    shown = record("Node", metadata={"labels": labels}).labels
    assert shown == dict.fromkeys(list(labels)[:LABELS], "x") | {MORE: "4900 more are not shown"}


def test_a_label_map_of_thousands_is_not_kept_beside_its_object_f17() -> None:
    for number in range(3):
        record("Node", metadata={"labels": {f"example.com/{number}-{label}": "x" for label in range(5_000)}})
    assert all(len(one) <= sharing.LARGE for one in sharing._maps.values())
