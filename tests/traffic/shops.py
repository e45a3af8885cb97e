"""Many small applications at once: Services that share one pair of Deployments, so that each costs the cluster next to nothing."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until

BLUE, GREEN = {"app": "shop", "slot": "blue"}, {"app": "shop", "slot": "green"}
PER_NAMESPACE = 40
TICKED = ("same-pods",)  # the one warning that Services over the same pods get


@dataclass(frozen=True, order=True)
class Shop:
    namespace: str
    service: str

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/services/{self.service}"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.service}"


@contextlib.contextmanager
def many(*, lab: Lab, prefix: str) -> Iterator[Callable[[int], list[Shop]]]:
    """Makes so many applications each time it is called, with blue live and green ready; all go away afterwards, by themselves."""
    namespaces: list[str] = []
    prefix = f"{prefix}-{secrets.token_hex(2)}"

    def more(count: int) -> list[Shop]:
        made: list[Shop] = []
        while len(made) < count:
            namespace = f"{prefix}-{len(namespaces)}"
            namespaces.append(namespace)
            made += [Shop(namespace, f"shop-{number}") for number in range(min(PER_NAMESPACE, count - len(made)))]
        _create(lab=lab, shops=made)
        return made

    try:
        yield more
    finally:
        lab.kubectl("delete", "namespace", *namespaces, "--ignore-not-found", "--wait=false")


def _create(*, lab: Lab, shops: list[Shop]) -> None:
    namespaces = sorted({shop.namespace for shop in shops})
    items: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces]
    items += [_deployment(namespace=name, labels=labels) for name in namespaces for labels in (BLUE, GREEN)]
    items += [_service(shop) for shop in shops]
    lab.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    wait_until(lambda: all(_settled(lab=lab, namespace=name, shops=shops) for name in namespaces), seconds=120, what="the shops are settled")


def _settled(*, lab: Lab, namespace: str, shops: list[Shop]) -> bool:
    slices = lab.get(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices")["items"]
    filled = {one["metadata"]["labels"]["kubernetes.io/service-name"] for one in slices if one.get("endpoints")}
    deployments = lab.get(f"/apis/apps/v1/namespaces/{namespace}/deployments")["items"]
    ready = [one["status"].get("readyReplicas") for one in deployments]
    return ready == [1, 1] and filled >= {shop.service for shop in shops if shop.namespace == namespace}


def _deployment(*, namespace: str, labels: dict[str, str]) -> dict[str, Any]:
    container = {"name": "web", "image": "registry.example/shop:1.0", "ports": [{"name": "http", "containerPort": 8080}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"shop-{labels['slot']}", "namespace": namespace},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}},
        },
    }


def _service(shop: Shop) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": shop.service, "namespace": shop.namespace},
        "spec": {"selector": BLUE, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
    }
