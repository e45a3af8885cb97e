"""A pod in parts: what pods of one controller have in common, and the state of each, which changes again and again.

A cluster is mostly pods, and pods are mostly alike: a thousand have a handful of shapes and of states between them. So both are kept, numbered and
told once, and of a pod itself remain its own few words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from clusterview.topology.objects import Container, Namespace, Owner, Pod, Volume


class ContainerState(msgspec.Struct, frozen=True):
    state: str
    reason: str
    ready: bool


class PodState(msgspec.Struct, frozen=True):
    """What changes of a pod in its life, restarts aside. States are numbered from 0 in the order in which an epoch's messages hold them."""

    phase: str
    status: str
    ready: bool
    deleting: bool
    containers: tuple[ContainerState, ...]


class PodShape(msgspec.Struct, frozen=True):
    """What pods of one controller have in common. A pod's name is `prefix` and its own; its containers' states are left open here."""

    namespace: Namespace
    prefix: str
    labels: dict[str, str]
    annotations: dict[str, str]
    owner: Owner | None
    containers: tuple[Container, ...]
    volumes: tuple[Volume, ...]


class Varying(NamedTuple):
    """What may change of a pod again and again: its state, and the restarts of the pod and of each container; none where all are 0."""

    state: PodState
    restarts: tuple[int, ...]


def shape_of(pod: Pod) -> PodShape:
    """This will tell what the pod has in common with its siblings. Containers and volumes of a shape are as they are before they run."""
    prefix = f"{pod.owner.name}-" if pod.owner is not None else ""
    return PodShape(
        namespace=pod.namespace,
        prefix=prefix if pod.name.startswith(prefix) else "",
        labels=pod.labels,
        annotations=pod.annotations,
        owner=pod.owner,
        containers=tuple([Container(one.name, one.image, one.init, False, 0, "", "", one.ports) for one in pod.containers]),
        volumes=pod.volumes,
    )


def is_of(pod: Pod, shape: PodShape) -> bool:
    """This will tell whether the pod has that shape."""
    containers = shape.containers
    if (
        pod.namespace != shape.namespace
        or not pod.name.startswith(shape.prefix)
        or len(pod.containers) != len(containers)
        or (pod.labels is not shape.labels and pod.labels != shape.labels)
        or (pod.owner is not shape.owner and pod.owner != shape.owner)
        or (pod.volumes is not shape.volumes and pod.volumes != shape.volumes)
        or (pod.annotations is not shape.annotations and pod.annotations != shape.annotations)
    ):
        return False
    for one, other in zip(pod.containers, containers, strict=True):
        if one.name != other.name or one.image != other.image or one.init != other.init or one.ports != other.ports:
            return False
    return True


def varying_of(pod: Pod) -> Varying:
    """This will tell the rest but for what each pod has for itself."""
    containers = pod.containers
    state = PodState(
        pod.phase, pod.status, pod.ready, pod.deleting, tuple([ContainerState(one.state, one.reason, one.ready) for one in containers])
    )
    restarts = (pod.restarts, *[one.restarts for one in containers])
    return Varying(state, restarts if any(restarts) else ())


def containers_of(containers: Sequence[Container], state: PodState, restarts: Sequence[int]) -> tuple[Container, ...]:
    """This will give the containers in a state. `restarts` are those of the pod and of each container, none where all are 0."""
    counts = restarts or (0,) * (len(containers) + 1)
    return tuple(
        [
            Container(one.name, one.image, one.init, said.ready, count, said.state, said.reason, one.ports)
            for one, said, count in zip(containers, state.containers, counts[1:], strict=True)
        ]
    )


def with_state(pod: Pod, *, state: PodState, restarts: Sequence[int]) -> Pod:
    """This will give the pod in another state."""
    return msgspec.structs.replace(
        pod,
        phase=state.phase,
        status=state.status,
        ready=state.ready,
        deleting=state.deleting,
        restarts=restarts[0] if restarts else 0,
        containers=containers_of(pod.containers, state, restarts),
    )
