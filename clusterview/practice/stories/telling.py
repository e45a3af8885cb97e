"""Puts a story into an empty cluster: its nodes, what every cluster has, and the story's own manifests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from clusterview.practice import sizes, writing
from clusterview.practice.addresses import KUBERNETES_SERVICE
from clusterview.practice.objects import Object, annotations_of, name_of, namespace_of
from clusterview.practice.problems import Problem
from clusterview.practice.resources import BY_KIND, NAMESPACES, NODES, SERVICES
from clusterview.practice.store import Store
from clusterview.practice.writing import Writer

FOLDER = Path(__file__).parent
SHOP = "shop"
CONTEXT = "practice"
NODE_COUNT = sizes.NODES_LEAST
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
AUTHOR = Writer(manager="kubectl-client-side-apply")


def names() -> list[str]:
    """The stories that there are."""
    return sorted(path.name.removesuffix(".yaml") for path in FOLDER.glob("*.yaml") if not path.name.startswith("_"))


def tell(store: Store, *, story: str, now: float, nodes: int = NODE_COUNT) -> None:
    """This will fill a store that is empty, or has the namespaces of the system. Raises ValueError for a story that is not there."""
    if story not in names():
        raise ValueError(f"There is no story called {story}. There are: {', '.join(names())}.")
    for name in SYSTEM_NAMESPACES if store.get(NAMESPACES, "", "kube-system") is None else ():
        writing.create(store, NAMESPACES, {"metadata": {"name": name}}, namespace="", now=now)
    ports = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}]
    service = {"metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}}}
    writing.create(store, SERVICES, {**service, "spec": {"clusterIP": KUBERNETES_SERVICE, "ports": ports}}, namespace="default", now=now)
    told = manifests("_people") + manifests(story)
    said = {name_of(item): annotations_of(item) for item in told if item["kind"] == "Node"}
    for number in range(1, nodes + 1):
        writing.create(store, NODES, node(number, said=said), namespace="", now=now)
    for item in told:
        make(store, item, now=now)


def contexts(story: str) -> list[str]:
    """The names of the story's clusters."""
    told = next((item for item in _file(story) if item["kind"] == "Story"), {})
    return list(told.get("contexts") or [CONTEXT])


def manifests(name: str) -> list[Object]:
    """The objects of a story."""
    return [item for item in _documents(name) if item["kind"] not in ("Story", "Act")]


def acts(name: str) -> list[Object]:
    """What can be done in a story with one button: its own acts, then those of every story that it does not have its own of."""
    own, usual = ([item for item in _documents(file) if item["kind"] == "Act"] for file in (name, "_acts"))
    return own + [item for item in usual if name_of(item) not in map(name_of, own)]


def _documents(name: str) -> list[Object]:
    """What is in a story's file, after what is in that of the story that it is like."""
    found = _file(name)
    others = [item["like"] for item in found if item["kind"] == "Story" and "like" in item]
    return [item for other in others for item in _documents(other)] + found


@cache
def _file(name: str) -> list[Object]:
    found: list[Any] = list(yaml.safe_load_all((FOLDER / f"{name}.yaml").read_text()))
    return [item for item in found if item]


def make(store: Store, item: Object, *, now: float) -> None:
    """This will create the object as somebody with kubectl would; what is there already stays."""
    resource = BY_KIND[(item["apiVersion"], item["kind"])]
    namespace = (namespace_of(item) or "default") if resource.namespaced else ""
    try:
        writing.create(store, resource, item, namespace=namespace, now=now, writer=AUTHOR)
    except Problem as problem:
        if problem.reason != "AlreadyExists":
            raise


def zone_of(name: str) -> str:
    """In which of three zones the node of that name is."""
    return f"zone-{'abc'[int(name.rpartition('-')[2]) % 3]}"


def node(number: int, *, said: Mapping[str, dict[str, str]] | None = None) -> Object:
    """A worker node, in one of three zones. `said` are the annotations that a story gives to some."""
    name = f"node-{number}"
    room = {"cpu": "32", "memory": "256Gi", "pods": "110", "ephemeral-storage": "200Gi"}
    info = {
        "kubeletVersion": "v1.37.2", "osImage": "Practice", "kernelVersion": "6.12", "containerRuntimeVersion": "practice://1",
        "architecture": "amd64", "operatingSystem": "linux", "machineID": "", "systemUUID": "", "bootID": "", "kubeProxyVersion": "",
    }  # fmt: skip
    labels = {
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": zone_of(name),
    }  # fmt: skip
    addresses = [{"type": "InternalIP", "address": f"198.18.{number // 200}.{number % 200 + 10}"}, {"type": "Hostname", "address": name}]
    return {
        "metadata": {"name": name, "labels": labels, "annotations": dict((said or {}).get(name, {}))},
        "spec": {"podCIDR": f"10.{64 + number // 256}.{number % 256}.0/24"},
        "status": {"allocatable": room, "capacity": room, "nodeInfo": info, "addresses": addresses},
    }
