"""What a pod template refers to is known by its name, wherever it stands in it, and nothing of what is in it is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from clusterview.kube import kinds, structs
from clusterview.traffic import looking, referring

HIDDEN = "hunter2"


def read(kind: str = "Deployment", **spec: Any) -> structs.ReferringDeployment | structs.ReferringStatefulSet:
    """A workload with this pod template."""
    metadata = {"uid": "u", "name": "shop-green", "namespace": "store", "resourceVersion": "5"}
    document = {"metadata": metadata, "spec": {"replicas": 1, "template": {"spec": {"containers": [], **spec}}}}
    found: structs.ReferringDeployment = kinds.referring(kind).decoder().decode(msgspec.json.encode(document))
    return found


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "web", "image": "shop:1"} | fields]}


def volume(**source: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "v"} | source]}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (container(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}]), ("ConfigMap", "settings")),
        (container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}]), ("Secret", "login")),
        (container(envFrom=[{"configMapRef": {"name": "settings"}}]), ("ConfigMap", "settings")),
        (container(envFrom=[{"prefix": "X_", "secretRef": {"name": "login"}}]), ("Secret", "login")),
        ({"initContainers": [{"name": "migrate", "envFrom": [{"secretRef": {"name": "login"}}]}]}, ("Secret", "login")),
        (volume(configMap={"name": "settings"}), ("ConfigMap", "settings")),
        (volume(secret={"secretName": "login"}), ("Secret", "login")),
        (volume(persistentVolumeClaim={"claimName": "data"}), ("PersistentVolumeClaim", "data")),
        (volume(projected={"sources": [{"serviceAccountToken": {"path": "t"}}, {"configMap": {"name": "settings"}}]}), ("ConfigMap", "settings")),
        (volume(projected={"sources": None}) | container(envFrom=[{"secretRef": {"name": "login"}}]), ("Secret", "login")),
        (volume(projected={"sources": [{"downwardAPI": {}}, {"secret": {"name": "login"}}]}), ("Secret", "login")),
    ],
)
def test_whatever_a_template_names_is_known(kind: str, spec: dict[str, Any], named: referring.Named) -> None:
    assert referring.of_template(read(kind, **spec)) == {named}
    assert looking.workload_now(read(kind, **spec)).references == {named}


def test_a_template_that_names_nothing_refers_to_nothing_and_values_are_not_read() -> None:
    env = [{"name": "PASSWORD", "value": HIDDEN}, {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    found = read(**container(env=env), **volume(emptyDir={}))
    assert referring.of_template(found) == frozenset()
    assert HIDDEN not in repr(found) and "PASSWORD" not in repr(found)
