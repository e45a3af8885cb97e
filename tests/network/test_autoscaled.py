"""A real HorizontalPodAutoscaler, fed by a real metrics-server, that would shrink the old side: it keeps its size for as long as it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.bench import running
from tests.journeys.dashboard import wait_for
from tests.lab.fixtures import wait_until
from tests.lab.networked import NetworkedCluster
from tests.network.conftest import carried_out

pytestmark = [pytest.mark.lab, pytest.mark.root]

SCALER = "/apis/autoscaling/v2/namespaces/store/horizontalpodautoscalers/shop-blue"
BUSY, IDLE = "100m", "1m"
LIVE = 3


@pytest.fixture(scope="module")
def product(network: NetworkedCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running.installation(network, folder=tmp_path_factory.mktemp("autoscaled"), nodes_follow=True) as (_, rest):
        yield rest


def use(lab: NetworkedCluster, cpu: str) -> None:
    """From now on each of blue's pods uses so much."""
    lab.kubectl("annotate", "pods", "-n", "store", "-l", "slot=blue", "--overwrite", f"kwok.x-k8s.io/usage-cpu={cpu}")


def used(lab: NetworkedCluster) -> list[str]:
    """What metrics-server tells of blue's pods; nothing while it cannot say."""
    try:
        told = lab.kubectl("top", "pods", "-n", "store", "-l", "slot=blue", "--no-headers").splitlines()
    except RuntimeError:
        return []
    return [line.split()[1] for line in told]


def condition(lab: NetworkedCluster, kind: str) -> str:
    """Why the autoscaler says so of itself; empty before it has."""
    found = lab.get(SCALER).get("status", {}).get("conditions") or []
    return next((f"{one['status']} {one['reason']}" for one in found if one["type"] == kind), "")


def replicas(lab: NetworkedCluster) -> int:
    wanted: int = lab.get("/apis/apps/v1/namespaces/store/deployments/shop-blue")["spec"]["replicas"]
    return wanted


def least(lab: NetworkedCluster) -> int:
    found: int = lab.get(SCALER)["spec"]["minReplicas"]
    return found


@pytest.fixture
def autoscaled(shop: NetworkedCluster, metrics: NetworkedCluster) -> Iterator[NetworkedCluster]:
    """Blue has work for three pods, and an autoscaler that takes away at once what is not needed."""
    use(shop, BUSY)
    wait_until(lambda: used(shop) == [BUSY] * LIVE, seconds=120, what="metrics-server tells what they use")
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": BUSY}}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-blue"}, "minReplicas": 1, "maxReplicas": LIVE,
        "metrics": [metric], "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
    }  # fmt: skip
    document = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "shop-blue", "namespace": "store"}}
    shop.kubectl("apply", "-f", "-", input=json.dumps(document | {"spec": spec}))
    wait_until(lambda: condition(shop, "ScalingActive") == "True ValidMetricFound", seconds=120, what="the autoscaler knows what the pods use")
    assert replicas(shop) == LIVE
    yield shop
    shop.kubectl("delete", "horizontalpodautoscaler", "shop-blue", "-n", "store")


def test_the_old_side_keeps_its_size_until_its_autoscaler_has_learned_of_the_traffic_that_came_back(
    product: httpx.Client, autoscaled: NetworkedCluster
) -> None:
    cluster = product.get("/clusters").json()[0]["id"]
    wait_for(lambda: product.get(f"/clusters/{cluster}/applications").json()[0]["live"] == "blue", seconds=10, what="blue is live")
    asked = {"namespace": "store", "service": "shop", "to": "green", "accept": ["same-pods", "old-side-only"]}
    there = carried_out(product, product.post(f"/clusters/{cluster}/switches", json=asked))
    assert there["state"] == "succeeded"
    wait_until(lambda: least(autoscaled) == LIVE, seconds=10, what="the old side is kept")
    use(autoscaled, IDLE)
    wait_until(lambda: condition(autoscaled, "ScalingLimited") == "True TooFewReplicas", seconds=120, what="the autoscaler wants fewer pods")
    assert replicas(autoscaled) == LIVE
    assert carried_out(product, product.post(f"/switches/{there['id']}/back"))["state"] == "succeeded"
    use(autoscaled, BUSY)
    wait_until(lambda: condition(autoscaled, "ScalingLimited").startswith("False "), seconds=120, what="the autoscaler has learned of the load")
    assert (replicas(autoscaled), least(autoscaled)) == (LIVE, LIVE)
