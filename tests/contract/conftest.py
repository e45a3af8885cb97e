"""Each behaviour against both clusters: the practice one always, the lab where it can be."""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.differences import DIFFERENCES
from tests.contract.subjects import Reply, Subject, practice
from tests.kube import test_lab
from tests.lab import building
from tests.lab.cluster import Cluster

BOTH = [pytest.param("practice"), pytest.param("lab", marks=pytest.mark.lab)]
CLIENTS = {"test_kubectl": "kubectl", "test_side_by_side": "kubectl", "test_python_client": "official client"}
COUNTS: Counter[tuple[str, str, str]] = Counter()


def program() -> list[str]:
    """The lab's own kubectl, which is of the newest version; else the one on PATH."""
    built = building.PARTS["controlplane"].folder() / "k8s"
    return [str(built), "kubectl"] if built.exists() else [shutil.which("kubectl") or "kubectl"]


@pytest.fixture(scope="session", params=BOTH)
def cluster(request: pytest.FixtureRequest) -> Subject:
    """The cluster that is asked, as its administrator unless said otherwise."""
    found: Subject = request.getfixturevalue(f"{request.param}_subject")
    return found


@pytest.fixture(scope="session")
def lab_subject(lab: Cluster) -> Iterator[Subject]:
    found = {"admin": lab.kubeconfig} | {user: lab.token_kubeconfig(user) for user in ("viewer", "limited")}
    subject = Subject(name="lab", kubeconfigs=found, program=program(), forget=lambda: forgotten(lab))
    yield subject
    subject.close()


@pytest.fixture(scope="session")
def practice_subject(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    folder = tmp_path_factory.mktemp("practice")
    with practice(folder=folder) as made:

        def forget() -> None:
            made.store.forget_history()
            made.server.pages.forget()

        found = {"admin": folder / "kubeconfig"} | {user: folder / f"{user}.kubeconfig" for user in ("viewer", "limited")}
        subject = Subject(name="practice", kubeconfigs=found, program=program(), forget=forget)
        yield subject
        subject.close()


def forgotten(lab: Cluster) -> None:
    """What happens every five minutes, now. The API server's own memory of watches begins anew with the process."""
    test_lab.compact(lab)
    lab.restart("kube-apiserver")


@dataclass(frozen=True)
class Place:
    """A namespace of a test's own, and what can be made in it."""

    cluster: Subject
    name: str

    def path(self, resource: str, name: str = "", *rest: str) -> str:
        """`path("services", "web")`, `path("apps/v1/deployments", "web", "scale")`."""
        group, _, plural = resource.rpartition("/")
        root = f"/apis/{group}" if group else "/api/v1"
        return "/".join(part for part in (f"{root}/namespaces/{self.name}/{plural}", name, *rest) if part)

    def make(self, resource: str, name: str, **parts: Any) -> Reply:
        """This will create an object and give it; it must succeed."""
        reply = self.try_to_make(resource, name, **parts)
        assert reply.status == 201, reply.body
        return reply

    def try_to_make(self, resource: str, name: str, *, metadata: dict[str, Any] | None = None, **parts: Any) -> Reply:
        return self.cluster.ask("POST", self.path(resource), {"metadata": {"name": name, **(metadata or {})}, **parts})

    def service(self, name: str = "web", **spec: Any) -> Reply:
        wanted = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]} | spec
        return self.make("services", name, spec=wanted)

    def deployment(self, name: str = "web", *, replicas: int = 1, labels: dict[str, str] | None = None, wait: bool = True) -> Reply:
        """A Deployment whose pods are ready when this returns, unless told not to wait."""
        marks = labels or {"app": name}
        container = {"name": "web", "image": "registry.example/web:1", "ports": [{"name": "http", "containerPort": 8080}]}
        template = {"metadata": {"labels": marks}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}}
        spec = {"replicas": replicas, "selector": {"matchLabels": marks}, "template": template}
        reply = self.make("apps/v1/deployments", name, spec=spec)
        if wait:
            path = self.path("apps/v1/deployments", name)
            what = f"{replicas} ready pods of {name}"
            self.cluster.wait_for(lambda: self.cluster.get(path).get("status", {}).get("readyReplicas", 0) == replicas, what=what)
        return reply

    def pods(self, **labels: str) -> list[dict[str, Any]]:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        return list(self.cluster.get(self.path("pods"), labelSelector=selector)["items"])


@pytest.fixture
def place(cluster: Subject) -> Iterator[Place]:
    """A new namespace, in which nobody but the test does anything."""
    name = f"contract-{secrets.token_hex(4)}"
    assert cluster.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).status == 201
    made = Place(cluster, name)
    furnished = [made.path("configmaps", "kube-root-ca.crt"), made.path("serviceaccounts", "default")]
    cluster.wait_for(lambda: all(cluster.ask("GET", path).status == 200 for path in furnished), what="what every namespace gets")
    yield made
    cluster.ask("DELETE", f"/api/v1/namespaces/{name}")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    module, _, test = report.nodeid.partition("::")
    if report.when == "call" and "/contract/" in module and ("[" in test or "side_by_side" in module):
        where = "lab" if "[lab" in test else "practice" if "[" in test else "both, side by side"
        client = CLIENTS.get(module.rpartition("/")[2].removesuffix(".py"), "our own client")
        COUNTS[(client, where, report.outcome)] += 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many behaviours each client found as they should be, and where the two clusters are known to differ."""
    if not COUNTS:
        return
    terminalreporter.section("contract")
    for (client, where, outcome), count in sorted(COUNTS.items()):
        terminalreporter.line(f"{client} on {where}: {count} {outcome}")
    for what, why in DIFFERENCES:
        terminalreporter.line(f"known difference: {what} ({why})")
