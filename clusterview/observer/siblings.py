"""Pods of one controller, as a list tells them: one after the other, and most as the one before but for their names and places.

Such a one goes into the columns as it is, beside its sibling. To translate it, and to find out then that it has its sibling's shape and state, would
be most of what a list of 150,000 pods costs.
"""

from __future__ import annotations

from clusterview.kube import structs
from clusterview.observer.quantities import moment
from clusterview.observer.translating import is_access
from clusterview.topology.columns import NOWHERE, Pods
from clusterview.topology.versions import as_number

AT_ONCE = 500


class Siblings:
    """`follow` tells it of a pod that was translated and put into a slot of `pods`; `take` gathers those that are like it, and `settle` puts them."""

    def __init__(self, *, pods: Pods) -> None:
        self._pods = pods
        self._before: structs.Pod | None = None
        self._slot = NOWHERE
        self._waiting: list[structs.Pod] = []
        self._notes: list[int] = []

    def follow(self, item: structs.Pod, *, slot: int) -> None:
        """This will note what the pods that come may be like. None may wait."""
        self._before, self._slot = item, slot

    def take(self, item: structs.Pod) -> bool:
        """This will keep the pod until they are settled; False for one that has to be translated, after that."""
        if self._before is None or len(self._waiting) == AT_ONCE or not is_like(item, self._before):
            return False
        number = as_number(version=item.metadata.resource_version)
        if number is None:
            return False
        self._waiting.append(item)
        self._notes.append(number)
        return True

    def settle(self) -> list[structs.Pod]:
        """This will put those that wait into the columns, and give them back where they have to be translated."""
        waiting, notes = self._waiting, self._notes
        if not waiting:
            return []
        self._waiting, self._notes = [], []
        metadata = [one.metadata for one in waiting]
        is_put = self._pods.put_like(
            self._slot,
            uids=[one.uid for one in metadata],
            names=[one.name for one in metadata],
            nodes=[one.spec.node_name for one in waiting],
            addresses=[one.status.pod_ip for one in waiting],
            created=[moment(one.creation_timestamp) for one in metadata],
            notes=notes,
        )
        return [] if is_put else waiting


def is_like(one: structs.Pod, other: structs.Pod) -> bool:
    """This will tell whether what is shown of two pods is the same, but for uid, name, node, address and age."""
    mine, its = one.metadata, other.metadata
    my_spec, its_spec = one.spec, other.spec
    my_status, its_status = one.status, other.status
    return (
        mine.labels == its.labels
        and mine.namespace == its.namespace
        and mine.owner_references == its.owner_references
        and mine.annotations == its.annotations
        and mine.deletion_timestamp == its.deletion_timestamp
        and my_status.phase == its_status.phase
        and my_status.reason == its_status.reason
        and my_status.container_statuses == its_status.container_statuses
        and my_status.init_container_statuses == its_status.init_container_statuses
        and my_status.conditions == its_status.conditions
        and my_spec.containers == its_spec.containers
        and my_spec.init_containers == its_spec.init_containers
        and len(my_spec.volumes) == len(its_spec.volumes)
        and all(map(_is_like_volume, my_spec.volumes, its_spec.volumes))
    )


def _is_like_volume(one: structs.Volume, other: structs.Volume) -> bool:
    return one == other or (is_access(one) and is_access(other))
