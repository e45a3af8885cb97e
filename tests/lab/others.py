"""Other people's controllers beside ours, real ones, on the lab: Argo Rollouts, Flagger, metrics-server, and a bot that applies a manifest
again and again.

Each is built on demand and is then a component of the lab like the others: it can be stopped, frozen and started again by name.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from functools import partial
from pathlib import Path
from typing import Any

from tests.lab import building
from tests.lab.bare import BareWatch
from tests.lab.cluster import Cluster
from tests.lab.fixtures import wait_until
from tests.ports import free_port

STARTS_SECONDS = 1.0
ROLLOUTS_NAMESPACE = "rollouts"
ROLLOUT = f"/apis/argoproj.io/v1alpha1/namespaces/{ROLLOUTS_NAMESPACE}/rollouts/web"


def start(lab: Cluster, *, name: str, options: tuple[str, ...] = ()) -> None:
    """This will build a foreign controller where needed, define its kinds and start it; `name` is one of building.FOREIGN."""
    made = building.build(name)
    for definitions in sorted((made / "crds").glob("*.yaml")):
        lab.kubectl("apply", "--server-side", "-f", str(definitions))
        wait_until(partial(_are_established, lab, definitions), seconds=30, what=f"the kinds of {name} are known")
    lab.commands[name] = [*command(name, kubeconfig=lab.kubeconfig, made=made), *options]
    lab.start(name)
    with contextlib.suppress(subprocess.TimeoutExpired):
        lab.processes[name].wait(STARTS_SECONDS)
        lab.check()


def _are_established(lab: Cluster, definitions: Path) -> bool:
    """kubectl fails at once, instead of waiting, where a definition has no conditions yet."""
    try:
        lab.kubectl("wait", "--for=condition=Established", "--timeout=5s", "-f", str(definitions))
    except RuntimeError:
        return False
    return True


def start_metrics_server(lab: Cluster) -> None:
    """This will start metrics-server in a lab with a network, and have the API server ask it; kwok's kubelets tell it what pods use."""
    port = lab.port + 6
    certificates = str(lab.state / "metrics-server")
    start(lab, name="metrics-server", options=("--secure-port", str(port), "--cert-dir", certificates))
    metadata = {"name": "metrics-server", "namespace": "kube-system"}
    spec = {"ports": [{"name": "https", "port": 443, "targetPort": port}]}
    slices = metadata | {"labels": {"kubernetes.io/service-name": "metrics-server"}}
    group = {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": True}
    items = [
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec},
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": slices, "addressType": "IPv4",
            "endpoints": [{"addresses": [lab.address]}], "ports": [{"name": "https", "port": port}],
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": group | {"service": metadata},
        },
    ]  # fmt: skip
    lab.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def command(name: str, *, kubeconfig: Path, made: Path) -> list[str]:
    program = str(made / Path(building.FOREIGN[name].package).name)
    match name:
        case "rollouts":
            ports = ["--metricsPort", str(free_port()), "--healthzPort", str(free_port())]
            return [program, "--kubeconfig", str(kubeconfig), "--leader-elect=false", "--loglevel", "info", *ports]
        case "flagger":
            return [program, f"-kubeconfig={kubeconfig}", f"-port={free_port()}", "-log-level=info"]
        case "metrics-server":
            kubeconfigs = [f"--{use}kubeconfig={kubeconfig}" for use in ("", "authentication-", "authorization-")]
            kubelets = ["--kubelet-insecure-tls", "--kubelet-use-node-status-port", "--kubelet-preferred-address-types=InternalIP"]
            return [program, *kubeconfigs, *kubelets, "--metric-resolution=10s", "--kubelet-request-timeout=5s"]
        case _:
            raise ValueError(f"the lab does not know how to start {name}")


def rollout_service() -> dict[str, Any]:
    """The Service that the Rollout switches."""
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": ROLLOUTS_NAMESPACE}, "spec": spec}


def rollout(version: str, **strategy: Any) -> dict[str, Any]:
    """A blue/green Rollout of three pods in this version; `strategy` is added to what it says of blue and green."""
    containers = [{"name": "web", "image": f"registry.example/web:{version}", "ports": [{"containerPort": 8080}]}]
    template = {"metadata": {"labels": {"app": "web", "version": version}}, "spec": {"containers": containers}}
    blue_green = {"blueGreen": {"activeService": "web"} | strategy}
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template, "strategy": blue_green}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": ROLLOUTS_NAMESPACE}, "spec": spec}


class Reapplier:
    """What a GitOps controller does to whoever changes its objects: applies one manifest every few seconds, as its own field manager.

    An API server that does not answer does not end it, as it would not end a GitOps controller. `trouble` is what the last failure said.
    """

    def __init__(self, lab: Cluster, *, manifest: str, seconds: float = 5.0, manager: str = "gitops") -> None:
        self._lab, self._manifest, self._seconds, self._manager = lab, manifest, seconds, manager
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._apply_again_and_again, daemon=True)
        self.applied = self.failed = 0
        self.trouble = ""

    def __enter__(self) -> Reapplier:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    def _apply_again_and_again(self) -> None:
        while not self._ended.is_set():
            options = ["--server-side", "--force-conflicts", "--field-manager", self._manager]
            try:
                self._lab.kubectl("apply", *options, "-f", "-", input=self._manifest)
                self.applied += 1
            except (RuntimeError, subprocess.TimeoutExpired) as problem:
                self.failed += 1
                self.trouble = str(problem)
            self._ended.wait(self._seconds)


class Healer:
    """What a GitOps controller does that heals itself: it applies its manifest of a Service, and again as soon as somebody has written another
    selector, as its own field manager. `healed` is how often that was. Afterwards the Service is gone.
    """

    def __init__(self, lab: Cluster, *, manifest: dict[str, Any], manager: str) -> None:
        self._lab, self._manifest, self._manager = lab, manifest, manager
        metadata = manifest["metadata"]
        self._services = f"/api/v1/namespaces/{metadata['namespace']}/services"
        self.path = f"{self._services}/{metadata['name']}"
        self.healed = 0

    def __enter__(self) -> Healer:
        self._apply()
        only = f"?watch=1&fieldSelector=metadata.name%3D{self._manifest['metadata']['name']}"
        self._watch = BareWatch(self._lab, path=self._services + only, take=self._see)
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.close()
        self._lab.delete(self.path)

    def _see(self, seen: dict[str, Any], _now: float) -> None:
        if seen["spec"]["selector"] != self._manifest["spec"]["selector"]:
            self._apply()
            self.healed += 1

    def _apply(self) -> None:
        self._lab.apply(self.path, self._manifest, manager=self._manager)
