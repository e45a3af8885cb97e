"""Other people's controllers work on the lab as they do elsewhere, and what they do to traffic is shown, with their versions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from tests.bench import running
from tests.journeys.dashboard import ended, wait_for
from tests.lab import building, others, states
from tests.lab.cluster import Cluster
from tests.lab.fixtures import reset_shop, stays, wait_until
from tests.lab.others import ROLLOUT, ROLLOUTS_NAMESPACE, rollout, rollout_service
from tests.lab.pods import is_ready

pytestmark = pytest.mark.lab

ABORT_SCALES_DOWN_AFTER_SECONDS = 3
SERVES_NOBODY_SECONDS = 10
IGNORED_SECONDS = 3
HASH = "rollouts-pod-template-hash"
ANALYSED = {
    "abortScaleDownDelaySeconds": ABORT_SCALES_DOWN_AFTER_SECONDS, "postPromotionAnalysis": {"templates": [{"templateName": "fine"}]},
}  # fmt: skip


class Fine(BaseHTTPRequestHandler):
    """An analysis asks it, and it always says that all is well."""

    def do_GET(self) -> None:
        body = b'{"ok": "true"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@pytest.fixture(scope="module", autouse=True)
def advanced(lab: Cluster) -> Iterator[Future[None]]:
    """Flagger leads a canary beside the other tests: it looks every ten seconds, and not more often."""
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(advance_a_canary, lab)


@pytest.fixture(scope="module")
def fine() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Fine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def rollouts(lab: Cluster, fine: str) -> Iterator[Cluster]:
    """Argo Rollouts v1.10.1 on the lab, with one blue/green Rollout of three ready pods."""
    reset_shop(lab=lab)
    others.start(lab, name="rollouts")
    lab.kubectl("create", "namespace", ROLLOUTS_NAMESPACE)
    for manifest in (rollout_service(), analysis(fine), rollout("1")):
        apply(lab, manifest)
    wait_until(lambda: len(ready_behind(lab)) == 3, seconds=120, what="three pods of version 1 are behind the Service")
    yield lab
    lab.kubectl("delete", "namespace", ROLLOUTS_NAMESPACE, "--wait=false")
    lab.stop("rollouts")


def analysis(url: str) -> dict[str, Any]:
    web = {"url": url, "jsonPath": "{$.ok}"}
    metric = {"name": "fine", "interval": "1s", "count": 1000, "successCondition": "result == 'true'", "provider": {"web": web}}
    metadata = {"name": "fine", "namespace": ROLLOUTS_NAMESPACE}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": metadata, "spec": {"metrics": [metric]}}


def apply(lab: Cluster, manifest: dict[str, Any]) -> None:
    lab.kubectl("apply", "-f", "-", input=json.dumps(manifest))


def pods(lab: Cluster, *, version: str) -> list[dict[str, Any]]:
    return list(lab.get(f"/api/v1/namespaces/{ROLLOUTS_NAMESPACE}/pods?labelSelector=version%3D{version}")["items"])


def status_of(lab: Cluster) -> dict[str, Any]:
    """What the Rollout says of itself."""
    return dict(lab.get(ROLLOUT).get("status", {}))


def selected(lab: Cluster) -> str:
    """The hash of the version that the Service selects."""
    return str(lab.get(f"/api/v1/namespaces/{ROLLOUTS_NAMESPACE}/services/web")["spec"]["selector"][HASH])


def ready_behind(lab: Cluster, *, service: str = "web", namespace: str = ROLLOUTS_NAMESPACE) -> set[str]:
    """The names of the pods that are ready endpoints of the Service."""
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    found = lab.get(f"{path}?labelSelector=kubernetes.io/service-name%3D{service}")["items"]
    return {one["targetRef"]["name"] for item in found for one in item.get("endpoints") or [] if one["conditions"]["ready"]}


def is_behind(lab: Cluster, *, version: str) -> bool:
    names = {pod["metadata"]["name"] for pod in pods(lab, version=version)}
    return len(names) == 3 and ready_behind(lab) == names


def test_a_rollout_is_promoted_and_its_service_follows(rollouts: Cluster) -> None:
    apply(rollouts, rollout("2"))
    wait_until(lambda: is_behind(rollouts, version="2"), seconds=60, what="version 2 takes the traffic")


def test_argo_rollouts_1_10_1_leaves_a_service_without_endpoints_when_it_aborts_an_unready_version(rollouts: Cluster) -> None:
    """The fact that our going back must not share: abort does not look whether the side that it leaves in place can serve."""
    assert building.FOREIGN["rollouts"].version == "v1.10.1"
    apply(rollouts, rollout("2"))
    wait_until(lambda: is_behind(rollouts, version="2"), seconds=60, what="version 2 takes the traffic")
    apply(rollouts, rollout("3", **ANALYSED))
    wait_until(lambda: is_behind(rollouts, version="3"), seconds=60, what="version 3 takes the traffic")
    wait_until(
        lambda: status_of(rollouts).get("blueGreen", {}).get("postPromotionAnalysisRunStatus", {}).get("status") == "Running",
        seconds=30,
        what="the analysis after the promotion runs",
    )
    new = pods(rollouts, version="3")[0]["metadata"]["labels"][HASH]
    for pod in pods(rollouts, version="3"):
        states.put(rollouts, pod=pod["metadata"]["name"], namespace=ROLLOUTS_NAMESPACE, state="unready")
    wait_until(lambda: not ready_behind(rollouts), seconds=20, what="nothing serves")
    rollouts.patch(f"{ROLLOUT}/status", {"status": {"abort": True}})
    wait_until(lambda: pods(rollouts, version="3") == [], seconds=60, what="the abort has scaled version 3 away")
    status = status_of(rollouts)
    assert status["abort"] is True
    assert status["abortedAt"]

    def serves_nobody() -> bool:
        old = pods(rollouts, version="2")
        is_old_ready = len(old) == 3 and all(is_ready(pod) for pod in old)
        return is_old_ready and ready_behind(rollouts) == set() and selected(rollouts) == new

    stays(serves_nobody, seconds=SERVES_NOBODY_SECONDS, what="three old pods are ready, the selector is the new one's, and nobody serves")


def test_argo_rollouts_1_10_1_ignores_an_abort_after_success_without_analysis(rollouts: Cluster) -> None:
    """The other fact: once a promotion has succeeded there is no way back by abort, and nobody is told."""
    assert building.FOREIGN["rollouts"].version == "v1.10.1"
    apply(rollouts, rollout("4"))
    wait_until(lambda: is_behind(rollouts, version="4"), seconds=60, what="version 4 takes the traffic")
    wait_until(lambda: status_of(rollouts).get("phase") == "Healthy", seconds=60, what="the Rollout says that all is well")
    new = selected(rollouts)
    rollouts.patch(f"{ROLLOUT}/status", {"status": {"abort": True}})

    def is_ignored() -> bool:
        status = status_of(rollouts)
        return selected(rollouts) == new and is_behind(rollouts, version="4") and status["phase"] == "Healthy" and not status.get("message")

    stays(is_ignored, seconds=IGNORED_SECONDS, what="version 4 has the traffic, and the Rollout is Healthy without a word")


@pytest.fixture(scope="module")
def product(lab: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Ours: `manage.py up` with the rights it prints, armed, asked as an operator."""
    with running.product(lab, folder=tmp_path_factory.mktemp("ours")) as rest:
        yield rest


def test_ours_goes_back_from_an_unready_version_to_the_one_that_serves(
    product: httpx.Client, lab_shop: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same trouble, and ours beside it: the way back depends on the old side only."""
    cluster = product.get("/clusters").json()[0]["id"]

    def live() -> list[str]:
        return [one["live"] for one in product.get(f"/clusters/{cluster}/applications").json() if one["service"] == "shop"]

    wait_for(lambda: live() == ["blue"], seconds=10, what="blue is live")
    asked = {"namespace": "store", "service": "shop", "to": "green", "accept": ["same-pods"]}
    there = ended(rest=product, switch=begun(product.post(f"/clusters/{cluster}/switches", json=asked)))
    assert there["state"] == "succeeded"
    green = [one["metadata"]["name"] for one in lab_shop.get("/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen")["items"]]
    try:
        for pod in green:
            states.put(lab_shop, pod=pod, namespace="store", state="unready")
        wait_until(lambda: ready_behind(lab_shop, service="shop", namespace="store") == set(), seconds=20, what="nothing serves")
        asked_at = time.monotonic()
        back = begun(product.post(f"/switches/{there['id']}/back"))
        wait_until(lambda: {name[:9] for name in ready_behind(lab_shop, service="shop", namespace="store")} == {"shop-blue"}, seconds=20, what="blue")
        seconds = time.monotonic() - asked_at
        assert ended(rest=product, switch=back)["state"] == "succeeded"
        assert len(ready_behind(lab_shop, service="shop", namespace="store")) == 3
    finally:
        lab_shop.kubectl("delete", "pod", "-n", "store", *green)
    with capsys.disabled():
        print(f"\nback from an unready version: the EndpointSlices hold three ready blue pods after {seconds:.2f} s")


def begun(answer: httpx.Response) -> str:
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_a_bot_that_applies_a_manifest_takes_back_what_somebody_else_changed(lab: Cluster) -> None:
    spec = {"selector": {"app": "shop", "slot": "blue"}, "ports": [{"port": 80}]}
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "applied", "namespace": "default"}, "spec": spec}
    path = "/api/v1/namespaces/default/services/applied"
    with others.Reapplier(lab, manifest=json.dumps(manifest), seconds=0.5) as bot:
        wait_until(lambda: bot.applied > 0, seconds=10, what="the bot has applied it")
        lab.patch(path, {"spec": {"selector": {"slot": "green"}}})
        wait_until(lambda: lab.get(path)["spec"]["selector"]["slot"] == "blue", seconds=10, what="the bot has put it back")
    lab.kubectl("delete", "service", "applied")


def test_flagger_1_36_1_advances_a_canary(advanced: Future[None]) -> None:
    advanced.result()


def advance_a_canary(lab: Cluster) -> None:
    """Raises what went wrong."""
    others.start(lab, name="flagger", options=("-mesh-provider=kubernetes",))
    lab.kubectl("create", "namespace", "flagger")
    path = "/apis/flagger.app/v1beta1/namespaces/flagger/canaries/web"

    def status() -> dict[str, Any]:
        return dict(lab.get(path).get("status", {}))

    try:
        apply(lab, flagger_deployment("1"))
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        spec = {"targetRef": target, "service": {"port": 80, "targetPort": 8080}, "analysis": {"interval": "10s", "threshold": 5, "iterations": 9}}
        apply(lab, {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "web", "namespace": "flagger"}, "spec": spec})
        wait_until(lambda: status().get("phase") == "Initialized", seconds=60, what="Flagger has made its primary")
        assert lab.get("/apis/apps/v1/namespaces/flagger/deployments/web-primary")["status"]["readyReplicas"] == 1
        apply(lab, flagger_deployment("2"))
        wait_until(lambda: status().get("phase") == "Progressing" and status().get("iterations", 0) >= 1, seconds=90, what="the canary advances")
    finally:
        lab.kubectl("delete", "namespace", "flagger", "--wait=false")
        lab.stop("flagger")


def flagger_deployment(version: str) -> dict[str, Any]:
    containers = [{"name": "web", "image": f"registry.example/web:{version}", "ports": [{"containerPort": 8080}]}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "flagger"}, "spec": spec}
