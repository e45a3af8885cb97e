"""Many small applications at once: Services that share one pair of Deployments, so that each costs the cluster next to nothing.

Those whose sizes are changed have a namespace each, with three sides: blue is live and green as large, small is smaller. Blue and small have an
autoscaler.
"""

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
SMALL = {"app": "shop", "slot": "small"}
SIZES = {"blue": 2, "green": 2, "small": 1}
LEAST, MOST = 1, 4
PER_NAMESPACE = 40
TICKED = ("same-pods", "old-side-only")  # the warnings that Services over the same pods get, and those whose old side alone has an autoscaler


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
def many(*, lab: Lab, prefix: str, sized: bool = False) -> Iterator[Callable[[int], list[Shop]]]:
    """Makes so many applications each time it is called, with blue live and green ready; all go away afterwards, by themselves."""
    most = 1 if sized else PER_NAMESPACE
    namespaces: list[str] = []
    prefix = f"{prefix}-{secrets.token_hex(2)}"

    def more(count: int) -> list[Shop]:
        made: list[Shop] = []
        while len(made) < count:
            namespace = f"{prefix}-{len(namespaces)}"
            namespaces.append(namespace)
            made += [Shop(namespace, f"shop-{number}") for number in range(min(most, count - len(made)))]
        _create(lab=lab, shops=made, sized=sized)
        return made

    try:
        yield more
    finally:
        lab.kubectl("delete", "namespace", *namespaces, "--ignore-not-found", "--wait=false")


def _create(*, lab: Lab, shops: list[Shop], sized: bool) -> None:
    namespaces = sorted({shop.namespace for shop in shops})
    items: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces]
    for name in namespaces:
        for labels in (BLUE, GREEN, SMALL) if sized else (BLUE, GREEN):
            items.append(_deployment(namespace=name, labels=labels, replicas=SIZES[labels["slot"]] if sized else 1))
        items += [_autoscaler(namespace=name, side=side) for side in ("blue", "small") if sized]
    items += [_service(shop) for shop in shops]
    lab.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    wait_until(lambda: all(_settled(lab=lab, namespace=name, shops=shops) for name in namespaces), seconds=120, what="the shops are settled")


def _settled(*, lab: Lab, namespace: str, shops: list[Shop]) -> bool:
    slices = lab.get(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices")["items"]
    filled = {one["metadata"]["labels"]["kubernetes.io/service-name"] for one in slices if one.get("endpoints")}
    deployments = lab.get(f"/apis/apps/v1/namespaces/{namespace}/deployments")["items"]
    is_ready = all(one["status"].get("readyReplicas") == one["spec"]["replicas"] for one in deployments)
    return is_ready and filled >= {shop.service for shop in shops if shop.namespace == namespace}


def _deployment(*, namespace: str, labels: dict[str, str], replicas: int) -> dict[str, Any]:
    container = {"name": "web", "image": "registry.example/shop:1.0", "ports": [{"name": "http", "containerPort": 8080}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"shop-{labels['slot']}", "namespace": namespace},
        "spec": {
            "replicas": replicas,
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


def _autoscaler(*, namespace: str, side: str) -> dict[str, Any]:
    """Without metrics its controller leaves the side as large as it is, as long as that is not less than the least."""
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"shop-{side}"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": f"shop-{side}", "namespace": namespace},
        "spec": {"scaleTargetRef": target, "minReplicas": LEAST, "maxReplicas": MOST, "metrics": [metric]},
    }
