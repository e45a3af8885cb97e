"""Pods as the stream writes them: what pods of one controller have in common once, the state of each as a number, and of each its own few words.

A cluster is mostly pods, and pods are mostly alike. Written out, one takes 700 bytes; so it takes thirty, and a change of its state eight.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from clusterview.stream.messages import ContainerState, PodColumns, PodShape, PodState
from clusterview.topology.objects import Container, Pod, Uid

MOST_STATES = 50_000  # reasons are free text; beyond this many a pod is written out

UNUSED_SHAPES = 1_000

_shape_key = msgspec.msgpack.Encoder().encode


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
        containers=tuple(Container(one.name, one.image, one.init, False, 0, "", "", one.ports) for one in pod.containers),
        volumes=pod.volumes,
    )


def varying_of(pod: Pod) -> Varying:
    """This will tell the rest but for what each pod has for itself."""
    containers = pod.containers
    state = PodState(
        phase=pod.phase,
        status=pod.status,
        ready=pod.ready,
        deleting=pod.deleting,
        containers=tuple([ContainerState(one.state, one.reason, one.ready) for one in containers]),
    )
    restarts = (pod.restarts, *[one.restarts for one in containers])
    return Varying(state, restarts if any(restarts) else ())


def is_same_but_for_state(old: Pod, new: Pod) -> bool:
    """This will tell whether nothing but state and restarts differs."""
    return (
        old.name == new.name
        and old.node == new.node
        and old.address == new.address
        and old.created_at == new.created_at
        and old.labels == new.labels
        and old.namespace == new.namespace
        and old.owner == new.owner
        and old.annotations == new.annotations
        and old.volumes == new.volumes
        and len(old.containers) == len(new.containers)
        and all(_is_same_container(one, other) for one, other in zip(old.containers, new.containers, strict=True))
    )


def _is_same_container(old: Container, new: Container) -> bool:
    return old is new or (old.name == new.name and old.image == new.image and old.init == new.init and old.ports == new.ports)


def with_state(pod: Pod, *, state: PodState, restarts: Sequence[int]) -> Pod:
    """This will give the pod in another state."""
    counts = restarts or (0,) * (len(pod.containers) + 1)
    return msgspec.structs.replace(
        pod,
        phase=state.phase,
        status=state.status,
        ready=state.ready,
        deleting=state.deleting,
        restarts=counts[0],
        containers=tuple(
            Container(one.name, one.image, one.init, said.ready, count, said.state, said.reason, one.ports)
            for one, said, count in zip(pod.containers, state.containers, counts[1:], strict=True)
        ),
    )


def steps_of(rows: Sequence[int]) -> tuple[int, ...]:
    """This will write rows by how much each is more than the one before it."""
    return tuple([row - before for row, before in zip(rows, (0, *rows), strict=False)])


def rows_of(steps: Iterable[int]) -> Iterator[int]:
    """This will read what `steps_of` wrote."""
    return itertools.accumulate(steps)


class States:
    """Numbers the states of one epoch. `fresh` are those that were never said before."""

    def __init__(self) -> None:
        self._numbers: dict[PodState, int] = {}
        self.fresh: list[PodState] = []

    def number(self, state: PodState) -> int | None:
        """This will tell the state's number; None where there are too many states to give it one."""
        number = self._numbers.get(state)
        if number is None and len(self._numbers) < MOST_STATES:
            number = self._numbers[state] = len(self._numbers)
            self.fresh.append(state)
        return number

    def copy(self) -> dict[PodState, int]:
        """The number of each state so far, in their order."""
        return dict(self._numbers)

    def take_fresh(self) -> tuple[PodState, ...]:
        """The states that were not said yet; from now on they are."""
        fresh, self.fresh = tuple(self.fresh), []
        return fresh


class Shapes:
    """Keeps one of each shape, however many pods have it."""

    def __init__(self) -> None:
        self._known: dict[bytes, PodShape] = {}
        self._of: dict[Uid, PodShape] = {}

    def put(self, pod: Pod) -> None:
        """This will note the pod's shape."""
        shape = shape_of(pod)
        self._of[pod.uid] = self._known.setdefault(_shape_key(shape), shape)

    def drop(self, uid: Uid) -> None:
        self._of.pop(uid, None)

    def copy(self) -> dict[Uid, PodShape]:
        """The shape of each pod. Shapes that no pod has any more are forgotten."""
        if len(self._known) > len(self._of) + UNUSED_SHAPES:
            self._known = {_shape_key(shape): shape for shape in self._of.values()}
        return dict(self._of)


class Row(NamedTuple):
    """A pod that is to be written: its row, its shape, and its state as a number."""

    row: int
    pod: Pod
    shape: PodShape
    state: int
    restarts: tuple[int, ...]


def columns_of(*, pods: Iterable[Row]) -> PodColumns:
    """This will write the pods, those of one shape one after the other."""
    members: dict[int, list[Row]] = {}
    for one in pods:
        members.setdefault(id(one.shape), []).append(one)
    ordered = [one for of_shape in members.values() for one in of_shape]
    nodes: dict[str, int] = {}
    return PodColumns(
        shapes=tuple([of_shape[0].shape for of_shape in members.values()]),
        counts=tuple([len(of_shape) for of_shape in members.values()]),
        rows=steps_of([one.row for one in ordered]),
        uids=tuple([one.pod.uid for one in ordered]),
        names=tuple([one.pod.name.removeprefix(one.shape.prefix) for one in ordered]),
        on=tuple([nodes.setdefault(one.pod.node, len(nodes)) for one in ordered]),
        nodes=tuple(nodes),
        addresses=tuple([one.pod.address for one in ordered]),
        created=tuple([one.pod.created_at for one in ordered]),
        states=tuple([one.state for one in ordered]),
        restarts={one.row: one.restarts for one in ordered if one.restarts},
    )


def read_columns(*, columns: PodColumns, states: Sequence[PodState]) -> Iterable[tuple[int, Pod]]:
    """This will give each pod with its row."""
    shapes = (shape for shape, count in zip(columns.shapes, columns.counts, strict=True) for _ in range(count))
    each = zip(
        shapes, rows_of(columns.rows), columns.uids, columns.names, columns.on, columns.addresses, columns.created, columns.states, strict=True
    )  # fmt: skip
    for shape, row, uid, name, on, address, created, state in each:
        pod = Pod(
            uid=uid, namespace=shape.namespace, name=shape.prefix + name, labels=shape.labels, annotations=shape.annotations, owner=shape.owner,
            created_at=created, node=columns.nodes[on], address=address, containers=shape.containers, volumes=shape.volumes,
        )  # fmt: skip
        yield row, with_state(pod, state=states[state], restarts=columns.restarts.get(row, ()))
