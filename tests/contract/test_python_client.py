"""The official Python client, whose models are checked against what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.conftest import Place
from tests.contract.subjects import Subject

pytestmark = pytest.mark.lab  # also what asks the practice cluster: to import the client takes a quarter of a quick run


@pytest.fixture(scope="module")
def api(cluster: Subject) -> Iterator[Any]:
    """One client of the administrator's, for all of its APIs."""
    from kubernetes import client, config

    configuration = client.Configuration()
    config.load_kube_config(config_file=str(cluster.kubeconfigs["admin"]), client_configuration=configuration)
    with client.ApiClient(configuration) as made:
        yield made


@pytest.fixture
def core(api: Any) -> Any:
    from kubernetes import client

    return client.CoreV1Api(api)


@pytest.fixture
def apps(api: Any) -> Any:
    from kubernetes import client

    return client.AppsV1Api(api)


def test_every_kind_that_is_shown_is_read_into_its_model(api: Any, core: Any, apps: Any) -> None:
    from kubernetes import client

    assert len(core.list_node().items) == 5
    for read in (
        core.list_pod_for_all_namespaces, core.list_service_for_all_namespaces, core.list_namespace, core.list_persistent_volume,
        core.list_persistent_volume_claim_for_all_namespaces, core.list_event_for_all_namespaces, apps.list_deployment_for_all_namespaces,
        apps.list_replica_set_for_all_namespaces, apps.list_stateful_set_for_all_namespaces, apps.list_daemon_set_for_all_namespaces,
        client.DiscoveryV1Api(api).list_endpoint_slice_for_all_namespaces, client.PolicyV1Api(api).list_pod_disruption_budget_for_all_namespaces,
        client.AutoscalingV2Api(api).list_horizontal_pod_autoscaler_for_all_namespaces, client.StorageV1Api(api).list_storage_class,
        client.NetworkingV1Api(api).list_ingress_for_all_namespaces, client.CoordinationV1Api(api).list_lease_for_all_namespaces,
    ):  # fmt: skip
        assert read().metadata.resource_version


def test_an_object_is_made_read_patched_and_deleted(place: Place, core: Any) -> None:
    from kubernetes import client

    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="one"), data={"a": "1"})
    assert core.create_namespaced_config_map(place.name, body).metadata.uid
    assert core.patch_namespaced_config_map("one", place.name, {"data": {"b": "2"}}).data == {"a": "1", "b": "2"}
    assert core.read_namespaced_config_map("one", place.name).data["b"] == "2"
    core.delete_namespaced_config_map("one", place.name)
    with pytest.raises(client.ApiException) as refused:
        core.read_namespaced_config_map("one", place.name)
    assert refused.value.status == 404


def test_a_conflict_and_a_mistake_are_exceptions_with_the_servers_words(place: Place, core: Any) -> None:
    from kubernetes import client

    place.service()
    for change, status in (
        ({"metadata": {"resourceVersion": "1"}}, 409),
        ({"spec": {"ports": [{"port": 80, "nodePort": 1}], "type": "NodePort"}}, 422),
    ):
        with pytest.raises(client.ApiException) as refused:
            core.patch_namespaced_service("web", place.name, change)
        assert refused.value.status == status


def test_pages_are_read_to_their_end(place: Place, core: Any) -> None:
    for number in range(5):
        place.make("configmaps", f"page-{number}")
    seen, token = [], None
    while True:
        page = core.list_namespaced_config_map(place.name, limit=2, _continue=token)
        seen += [one.metadata.name for one in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert [name for name in seen if name.startswith("page")] == [f"page-{number}" for number in range(5)]


def test_a_watch_tells_of_what_happens(place: Place, core: Any) -> None:
    from kubernetes import watch

    begun = place.make("configmaps", "zero").version
    place.make("configmaps", "one")
    watcher = watch.Watch()
    seen = []
    for event in watcher.stream(core.list_namespaced_config_map, place.name, resource_version=begun, timeout_seconds=5):
        seen.append((event["type"], event["object"].metadata.name))
        watcher.stop()
    assert seen == [("ADDED", "one")]


def test_a_deployment_is_scaled(place: Place, apps: Any) -> None:
    place.deployment(wait=False)
    assert apps.read_namespaced_deployment_scale("web", place.name).spec.replicas == 1
    assert apps.patch_namespaced_deployment_scale("web", place.name, {"spec": {"replicas": 2}}).spec.replicas == 2


def test_a_pod_is_evicted(place: Place, core: Any) -> None:
    from kubernetes import client

    place.deployment()
    name = place.pods(app="web")[0]["metadata"]["name"]
    core.create_namespaced_pod_eviction(name, place.name, client.V1Eviction(metadata=client.V1ObjectMeta(name=name, namespace=place.name)))
    place.cluster.wait_for(lambda: name not in {pod["metadata"]["name"] for pod in place.pods(app="web")}, what="the pod is gone")


def test_ones_rights_are_asked_for(api: Any) -> None:
    from kubernetes import client

    attributes = client.V1ResourceAttributes(verb="patch", resource="services", namespace="store")
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    assert client.AuthorizationV1Api(api).create_self_subject_access_review(review).status.allowed


def test_the_version_is_read(api: Any) -> None:
    from kubernetes import client

    assert client.VersionApi(api).get_code().git_version.startswith("v1.")
