"""kubectl by hand: what people type, and what it prints."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.contract.conftest import Place
from tests.lab.fixtures import need

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def newest() -> None:
    """kubectl of the newest version comes with the lab's programs."""
    need("controlplane")


@pytest.fixture
def shop(place: Place) -> Place:
    """Blue and green, ready, and a Service in front of the blue one."""
    place.service(selector={"app": "web", "slot": "blue"})
    for slot in ("blue", "green"):
        place.deployment(slot, replicas=2, labels={"app": "web", "slot": slot})
    return place


def run(place: Place, *words: str, **rest: bool) -> str:
    return place.cluster.kubectl(*words, "-n", place.name, **rest)


def test_get_prints_rows_wide_and_yaml(shop: Place) -> None:
    assert re.search(r"^blue +2/2 +2 +2 +\d+s$", run(shop, "get", "deployments"), re.MULTILINE)
    wide = run(shop, "get", "pods", "-o", "wide", "-l", "slot=green")
    assert re.search(r"NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES", wide)
    assert len(re.findall(r"^green-\S+ +1/1 +Running +0 +\d+s +10\.\S+ +node-\d", wide, re.MULTILINE)) == 2
    assert yaml.safe_load(run(shop, "get", "service", "web", "-o", "yaml"))["spec"]["selector"] == {"app": "web", "slot": "blue"}
    assert run(shop, "get", "svc", "web", "-o", "jsonpath={.spec.type}") == "ClusterIP"
    assert re.search(r"^deployment\.apps/blue", run(shop, "get", "all"), re.MULTILINE)


def test_get_watches(shop: Place) -> None:
    path = shop.path("services", "web")
    text = run(shop, "get", "service", "web", "-w", "-o", "jsonpath={.metadata.name}{'\\n'}", "--request-timeout=1s")
    assert text.startswith("web\n") and shop.cluster.get(path)


def test_describe_joins_what_belongs_together(shop: Place) -> None:
    text = run(shop, "describe", "deployment", "blue")
    assert re.search(r"Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable", text)
    assert re.search(r"NewReplicaSet: +blue-\S+ \(2/2 replicas created\)", text) and "ScalingReplicaSet" in text
    assert re.search(r"Selector: +app=web,slot=blue", run(shop, "describe", "service", "web"))
    name = shop.pods(slot="blue")[0]["metadata"]["name"]
    assert re.search(r"Successfully assigned \S+ to node-\d", run(shop, "describe", "pod", name))
    assert re.search(r"Non-terminated Pods", shop.cluster.kubectl("describe", "node", "node-1"))


def test_scale_and_rollout_status(shop: Place) -> None:
    assert run(shop, "scale", "deployment", "green", "--replicas", "3") == "deployment.apps/green scaled\n"
    assert "successfully rolled out" in run(shop, "rollout", "status", "deployment", "green", "--timeout=20s")
    refused = run(shop, "scale", "deployment", "green", "--replicas", "5", "--current-replicas", "1", fails=True)
    assert "Expected replicas to be 1, was 3" in refused


def test_set_image_rolls_and_undo_goes_back(shop: Place) -> None:
    run(shop, "set", "image", "deployment/green", "web=registry.example/web:2")
    run(shop, "rollout", "status", "deployment", "green", "--timeout=30s")
    assert {pod["spec"]["containers"][0]["image"] for pod in shop.pods(slot="green") if "deletionTimestamp" not in pod["metadata"]} == {
        "registry.example/web:2"
    }
    history = run(shop, "rollout", "history", "deployment", "green")
    assert re.findall(r"^(\d)", history, re.MULTILINE) == ["1", "2"]
    assert "rolled back" in run(shop, "rollout", "undo", "deployment", "green")
    run(shop, "rollout", "status", "deployment", "green", "--timeout=30s")
    assert re.findall(r"^(\d)", run(shop, "rollout", "history", "deployment", "green"), re.MULTILINE) == ["2", "3"]


def test_label_annotate_and_patch(shop: Place) -> None:
    assert "labeled" in run(shop, "label", "service", "web", "team=shop")
    assert "already has a value" in run(shop, "label", "service", "web", "team=other", fails=True)
    assert "annotated" in run(shop, "annotate", "service", "web", "clusterview.io/blue-green=slot")
    assert "patched" in run(shop, "patch", "service", "web", "-p", '{"spec":{"selector":{"slot":"green"}}}')
    assert "no change" in run(shop, "patch", "service", "web", "-p", '{"spec":{"selector":{"slot":"green"}}}')
    test = '[{"op":"test","path":"/spec/selector/slot","value":"blue"}]'
    refused = run(shop, "patch", "service", "web", "--type", "json", "-p", test, fails=True)
    assert "the server rejected our request due to an error in our request" in refused


@pytest.mark.parametrize("options", [[], ["--validate=false"]])
def test_apply_creates_configures_and_leaves(place: Place, options: list[str]) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": place.name}, "data": {"a": "1", "b": "1"}}

    def applied() -> str:
        return place.cluster.kubectl("apply", *options, "-f", "-", input=json.dumps(manifest))

    assert [applied(), applied()] == ["configmap/one created\n", "configmap/one unchanged\n"]
    manifest["data"] = {"a": "2"}
    assert applied() == "configmap/one configured\n"
    assert place.cluster.get(place.path("configmaps", "one"))["data"] == {"a": "2"}


def test_delete_waits_for_the_end(shop: Place) -> None:
    assert "deleted" in run(shop, "delete", "deployment", "green", "--timeout=20s")
    name = shop.pods(slot="blue")[0]["metadata"]["name"]
    assert "deleted" in run(shop, "delete", "pod", name, "--timeout=20s")
    assert "NotFound" in run(shop, "get", "pod", name, fails=True)


def test_wait_returns_when_the_condition_holds(shop: Place) -> None:
    assert "condition met" in run(shop, "wait", "--for=condition=Available", "deployment/blue", "--timeout=20s")
    assert "condition met" in run(shop, "wait", "--for=jsonpath={.spec.type}=ClusterIP", "service/web", "--timeout=20s")


def test_cordon_drain_against_a_budget_and_uncordon(place: Place) -> None:
    place.make("policy/v1/poddisruptionbudgets", "web", spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}})
    place.deployment(replicas=1)
    (pod,) = place.pods(app="web")
    node = pod["spec"]["nodeName"]
    chosen = ["--pod-selector", "app=web", "--ignore-daemonsets", "--delete-emptydir-data"]
    try:
        assert f"node/{node} cordoned" in place.cluster.kubectl("cordon", node)
        assert re.search(f"^{node} +Ready,SchedulingDisabled", place.cluster.kubectl("get", "nodes"), re.MULTILINE)
        refused = place.cluster.kubectl("drain", node, *chosen, "--timeout=2s", fails=True)
        assert "Cannot evict pod as it would violate the pod's disruption budget" in refused
        place.cluster.ask("PATCH", place.path("policy/v1/poddisruptionbudgets", "web"), {"spec": {"minAvailable": 0}}, kind="merge")
        place.cluster.wait_for(
            lambda: place.cluster.get(place.path("policy/v1/poddisruptionbudgets", "web"))["status"].get("disruptionsAllowed") == 1, what="leave"
        )
        assert f"node/{node} drained" in place.cluster.kubectl("drain", node, *chosen, "--timeout=30s")
        place.cluster.wait_for(lambda: [one["spec"].get("nodeName") != node for one in place.pods(app="web")] == [True], what="the pod elsewhere")
    finally:
        assert "uncordoned" in place.cluster.kubectl("uncordon", node)


def test_auth_can_i_and_whoami(place: Place) -> None:
    assert run(place, "auth", "can-i", "create", "pods").strip() == "yes"
    assert "no" in run(place, "auth", "can-i", "create", "pods", "--as", "somebody", fails=True)
    assert re.search(r"Username +admin", place.cluster.kubectl("auth", "whoami"))
    assert re.search(r"\*\.\* +\[\] +\[\] +\[\*\]", run(place, "auth", "can-i", "--list"))


def test_create_and_delete_a_namespace(place: Place) -> None:
    name = f"{place.name}-more"
    assert place.cluster.kubectl("create", "namespace", name) == f"namespace/{name} created\n"
    assert "deleted" in place.cluster.kubectl("delete", "namespace", name, "--timeout=30s")


def test_expose_makes_a_service_of_a_deployment(shop: Place) -> None:
    assert "exposed" in run(shop, "expose", "deployment", "green", "--name", "exposed", "--port", "80")
    assert shop.cluster.get(shop.path("services", "exposed"))["spec"]["selector"] == {"app": "web", "slot": "green"}


def test_version_health_and_the_kinds_that_there_are(place: Place) -> None:
    assert re.search(r"Server Version: v1\.\d+\.\d+", place.cluster.kubectl("version"))
    assert "etcd ok" in place.cluster.kubectl("get", "--raw", "/readyz?verbose")
    kinds = place.cluster.kubectl("api-resources", "-o", "name").split()
    assert {"pods", "services", "deployments.apps", "endpointslices.discovery.k8s.io", "poddisruptionbudgets.policy"} <= set(kinds)


def test_a_refusal_is_printed_as_the_server_words_it(place: Place) -> None:
    assert 'Error from server (NotFound): services "nobody" not found' in run(place, "get", "service", "nobody", fails=True)
    assert "Error from server (Forbidden): nodes is forbidden" in place.cluster.kubectl("get", "nodes", "--as", "somebody", fails=True)
