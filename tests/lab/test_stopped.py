"""Each component can be stopped alone, and what it does for the cluster stays undone until it is started again."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import building, others, states
from tests.lab.cluster import QUICK_RESTARTS, Cluster
from tests.lab.fixtures import free_ports, need, stays, wait_until
from tests.lab.networked import NetworkedCluster
from tests.lab.pods import is_ready

pytestmark = pytest.mark.lab

PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/scaled"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dweb"
UNDONE_SECONDS = 1.0  # what is done at all in the lab is done within half a second


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A lab of these tests alone, in which leaders and nodes are given up after seconds, with a Service of three pods."""
    need("controlplane", "definitions")
    cluster = Cluster(state=tmp_path_factory.mktemp("stopped"), port=free_ports(), nodes=3, is_impatient=True)
    try:
        cluster.up()
        for manifest in (others.rollout_service(), deployment("web", replicas=3), deployment("scaled", replicas=1)):
            manifest["metadata"]["namespace"] = "default"
            cluster.kubectl("apply", "-f", "-", input=json.dumps(manifest))
        wait_until(lambda: serving(cluster) == {"node-1", "node-2", "node-3"}, seconds=60, what="a pod on each node serves")
        yield cluster
    finally:
        cluster.down()


def deployment(name: str, *, replicas: int) -> dict[str, Any]:
    """Each pod on a node of its own, as far as there are any."""
    containers = [{"name": "web", "image": "registry.example/web:1", "ports": [{"containerPort": 8080}]}]
    selector = {"matchLabels": {"app": name}}
    apart = {"topologyKey": "kubernetes.io/hostname", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": selector}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers, "topologySpreadConstraints": [apart]}}
    spec = {"replicas": replicas, "selector": selector, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def serving(lab: Cluster) -> set[str]:
    """The nodes on which the Service's ready endpoints are."""
    found = lab.get(SLICES)["items"]
    return {one["nodeName"] for item in found for one in item.get("endpoints") or [] if one["conditions"]["ready"]}


def make_pod(lab: Cluster, name: str) -> None:
    spec = {"containers": [{"name": "web", "image": "registry.example/web:1"}]}
    lab.post(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def pod(lab: Cluster, name: str) -> dict[str, Any]:
    return lab.get(f"{PODS}/{name}")


def uids(lab: Cluster) -> set[str]:
    return {one["metadata"]["uid"] for kind in ("pods", "services", "nodes") for one in lab.get(f"/api/v1/{kind}")["items"]}


def is_api_ready(lab: Cluster) -> bool:
    try:
        return lab._ask(path="/readyz", timeout=2) == b"ok"
    except OSError:
        return False


def test_a_silent_node_becomes_unknown_and_a_node_that_is_gone_leaves_nothing_behind(own: Cluster) -> None:
    states.node_silent(own, node="node-1")
    try:
        wait_until(lambda: own.node_states() == {"node-1": "Unknown", "node-2": "True", "node-3": "True"}, seconds=60, what="it is Unknown")
        wait_until(lambda: serving(own) == {"node-2", "node-3"}, seconds=20, what="its pod's endpoint has left")
        states.node_gone(own, node="node-2")
        wait_until(lambda: own.node_states().keys() == {"node-1", "node-3"}, seconds=10, what="the other one is gone")
        wait_until(lambda: serving(own) == {"node-3"}, seconds=20, what="and its endpoint")
    finally:
        states.node_speaks(own, node="node-1")
    wait_until(lambda: own.node_states()["node-1"] == "True" and "node-1" in serving(own), seconds=30, what="it speaks again")
    states.node_back(own, node="node-2")
    wait_until(lambda: own.node_states().get("node-2") == "True", seconds=30, what="the node is back")
    assert not own.get("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-2")["items"], "and empty"


def test_without_kubelets_a_new_pod_is_not_ready(own: Cluster) -> None:
    own.stop("kwok", signal.SIGSTOP)  # one that was started anew would have to wait for the end of the old one's Leases
    try:
        make_pod(own, "without-kubelet")
        wait_until(lambda: "nodeName" in pod(own, "without-kubelet")["spec"], seconds=60, what="the pod has a node")
        stays(lambda: not is_ready(pod(own, "without-kubelet")), seconds=UNDONE_SECONDS, what="the pod is not ready")
    finally:
        own.stop("kwok", signal.SIGCONT)
    wait_until(lambda: is_ready(pod(own, "without-kubelet")), seconds=60, what="the pod is ready")


def test_without_a_scheduler_a_new_pod_has_no_node(own: Cluster) -> None:
    own.stop("kube-scheduler", signal.SIGTERM)
    try:
        make_pod(own, "without-scheduler")
        stays(lambda: "nodeName" not in pod(own, "without-scheduler")["spec"], seconds=UNDONE_SECONDS, what="the pod has no node")
    finally:
        own.start("kube-scheduler")
    wait_until(lambda: is_ready(pod(own, "without-scheduler")), seconds=60, what="the pod is ready")


def test_without_a_controller_manager_a_scaled_deployment_stays_as_it_is(own: Cluster) -> None:
    own.stop("kube-controller-manager", signal.SIGTERM)
    try:
        own.patch(DEPLOYMENT, {"spec": {"replicas": 2}})
        stays(lambda: own.get(DEPLOYMENT)["status"]["replicas"] == 1, seconds=UNDONE_SECONDS, what="one pod, and nobody starts the controllers")
    finally:
        own.start("kube-controller-manager")
    wait_until(lambda: own.get(DEPLOYMENT)["status"]["replicas"] == 2, seconds=60, what="there is a second pod")


def test_a_bot_that_applies_a_manifest_outlives_the_absence_of_the_api_server(own: Cluster) -> None:
    metadata = {"name": "applied", "namespace": "default"}
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": {"slot": "blue"}, "ports": [{"port": 80}]}}
    path = "/api/v1/namespaces/default/services/applied"
    with others.Reapplier(own, manifest=json.dumps(manifest), seconds=0.2) as bot:
        wait_until(lambda: bot.applied > 0, seconds=10, what="the bot has applied it")
        own.stop("kube-apiserver")
        wait_until(lambda: bot.failed > 0, seconds=20, what="the bot was refused")
        assert "kubectl apply" in bot.trouble
        own.start("kube-apiserver")
        own.wait_ready()
        own.patch(path, {"spec": {"selector": {"slot": "green"}}})
        wait_until(lambda: own.get(path)["spec"]["selector"]["slot"] == "blue", seconds=20, what="the bot has put it back")


# Last words


def test_a_component_that_cannot_run_is_given_up_with_its_last_words(own: Cluster, capfd: pytest.CaptureFixture[str]) -> None:
    real = own.commands["kube-scheduler"]
    own.stop("kube-scheduler")
    own.commands["kube-scheduler"] = ["sh", "-c", "echo begun >> begun; echo no such flag: --sideways; exit 3"]
    try:
        own.start("kube-scheduler")
        wait_until(lambda: "kube-scheduler" in own.given_up, seconds=20, what="the guard gives up")
        with pytest.raises(RuntimeError, match=r"(?s)kube-scheduler ended with 3:.*no such flag: --sideways"):
            own.check()
        assert (own.state / "begun").read_text().count("begun") == 1 + QUICK_RESTARTS
        assert "lab: kube-scheduler ended with 3:" in capfd.readouterr().err
    finally:
        own.stop("kube-scheduler")
        own.commands["kube-scheduler"] = real
        own.start("kube-scheduler")
    own.check()


def test_a_component_without_a_guard_that_ends_ends_the_waiting_with_its_last_words(own: Cluster) -> None:
    own.commands["extra"] = ["sh", "-c", "echo the disk is full; exit 1"]
    own.start("extra")
    with pytest.raises(RuntimeError, match=r"(?s)extra ended with 1:.*the disk is full"):
        own.wait_for("etcd", lambda: False)
    own.stop("extra")
    own.check()
    with pytest.raises(RuntimeError, match="etcd is not ready after 0 s"):
        own.wait_for("etcd", lambda: False, seconds=0)
    del own.processes["extra"], own.commands["extra"]


def test_a_step_of_the_network_that_fails_says_its_last_words(tmp_path: Path) -> None:
    cluster = NetworkedCluster(state=tmp_path)
    with pytest.raises(RuntimeError, match=r"(?s)contour bootstrap ended with 2:.*no such flag"):
        cluster._run(["sh", "-c", "echo no such flag; exit 2"], name="contour bootstrap")
    cluster.enter, cluster.commands = [], {"envoy": ["sh", "-c", "echo the port is taken; exit 1"]}
    cluster.start("envoy")
    with pytest.raises(RuntimeError, match=r"(?s)envoy ended with 1:.*the port is taken"):
        cluster.wait_answering("envoy")


def test_a_lab_that_cannot_be_built_says_so_though_it_is_taken_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(name: str) -> None:
        raise building.CannotBuild("Go is not installed")

    monkeypatch.setattr(building, "build", cannot)
    for cluster in (Cluster(state=tmp_path, port=1), NetworkedCluster(state=tmp_path, port=1)):
        with pytest.raises(building.CannotBuild):
            cluster.up()
        cluster.down()


# At the end, because whoever leads loses that with etcd


def test_without_etcd_the_api_server_is_not_ready_and_with_it_everything_is_there_again(own: Cluster) -> None:
    before = uids(own)
    own.stop("etcd")
    try:
        wait_until(lambda: not is_api_ready(own), seconds=20, what="the API server says that it is not ready")
    finally:
        own.start("etcd")
    own.wait_ready()
    assert uids(own) == before
