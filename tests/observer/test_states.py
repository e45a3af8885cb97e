"""Every state of a pod is told in the words of `kubectl get pods`, whatever the trouble."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from clusterview.topology.changes import Put
from clusterview.topology.objects import Node, Pod
from tests.lab import states
from tests.lab.cluster import Cluster
from tests.lab.fixtures import wait_until
from tests.observer.reading import Page
from tests.observer.test_lab import observed
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.lab

NAMESPACE = "troubles"


@pytest.fixture(scope="module")
def pods(lab: Cluster) -> Iterator[list[str]]:
    """One running pod for each state, with an init container, by name."""
    lab.kubectl("create", "namespace", NAMESPACE)
    containers = {"initContainers": [{"name": "migrate", "image": "registry.example/shop:1"}]}
    containers |= {"containers": [{"name": name, "image": "registry.example/shop:1"} for name in ("web", "log")]}
    names = [f"pod-{number}" for number in range(len(states.STATES) + 1)]
    items = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": containers} for name in names]
    lab.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    lab.kubectl("wait", "--for=condition=Ready", "pod", "--all", "-n", NAMESPACE, "--timeout=60s")
    yield names
    lab.kubectl("delete", "namespace", NAMESPACE, "--wait=true", "--timeout=60s")


def kubectl_words(lab: Cluster) -> dict[str, tuple[str, int]]:
    """STATUS and RESTARTS by pod, as kubectl prints them."""
    lines = lab.kubectl("get", "pods", "-n", NAMESPACE, "--no-headers").splitlines()
    return {words[0]: (words[2], int(words[3])) for words in (line.split() for line in lines)}


def page_words(page: Page) -> dict[str, tuple[str, int]]:
    records = page.picture().objects.values()
    return {one.name: (one.status, one.restarts) for one in records if isinstance(one, Pod) and one.namespace == NAMESPACE}


def test_each_state_is_said_as_kubectl_says_it(lab: Cluster, pods: list[str], redis_server: RedisServer) -> None:
    with observed(kubeconfig=lab.kubeconfig, redis_server=redis_server) as page:
        for pod, state in zip(pods, states.STATES, strict=False):
            states.put(lab, pod=pod, namespace=NAMESPACE, state=state)
        states.keep_terminating(lab, pod=pods[-1], namespace=NAMESPACE)
        states.unschedulable(lab, name="nowhere", namespace=NAMESPACE)
        try:
            expected = ["Running", "CrashLoopBackOff", "ImagePullBackOff", "OOMKilled", "Init:CrashLoopBackOff", "Evicted", "Terminating"]
            wait_until(lambda: [kubectl_words(lab)[pod][0] for pod in pods] == expected, seconds=20, what="kubectl says each state")
            wait_until(lambda: page_words(page) == kubectl_words(lab), seconds=10, what="the page says what kubectl says")
            assert page_words(page)["nowhere"][0] == "Pending"
        finally:
            states.let_go(lab, pod=pods[-1], namespace=NAMESPACE)


def test_a_node_that_reports_trouble_is_shown_with_its_reason(lab: Cluster, redis_server: RedisServer) -> None:
    with observed(kubeconfig=lab.kubeconfig, redis_server=redis_server) as page:
        kept, told = page.keep(), list[tuple[str, str]]()

        def last_said() -> tuple[str, str] | None:
            records = [change.record for change in page.since(kept=kept) if isinstance(change, Put)]
            told.extend((one.ready, one.reason) for one in records if isinstance(one, Node) and one.name == "node-5")
            return told[-1] if told else None

        states.node_not_ready(lab, node="node-5")
        wait_until(lambda: last_said() is not None and ("False", "KubeletNotReady") in told, seconds=10, what="the node is not ready")
        wait_until(lambda: (last_said() or ("", ""))[0] == "True", seconds=60, what="its kubelet reports again")
