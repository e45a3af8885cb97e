"""The table of what joins what.

A relation turns one record into the keys of the objects that it names; whether such an object is in the picture is `joining`'s matter.
Keys are by uid or by kind, namespace and name. Services and budgets name pods by labels instead: `SELECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from clusterview.topology import objects
from clusterview.topology.links import LinkKind
from clusterview.topology.objects import AnyRecord, Kind, Uid

R = TypeVar("R", bound=objects.Record)


class Key(NamedTuple):
    """How an object is named by another: by kind, namespace and name; or by uid alone (`kind` and `namespace` empty)."""

    kind: str
    namespace: str
    name: str


class Want(NamedTuple):
    """A link that a record asks for, whether its target is there or not."""

    link: LinkKind
    key: Key


@dataclass(frozen=True)
class Relation(Generic[R]):
    link: LinkKind
    source: type[R]
    keys: Callable[[R], Iterable[Key]]


def by_uid(uid: str) -> Key:
    """This will make the key of the object with that uid."""
    return Key("", "", uid)


def by_name(kind: str, namespace: str, name: str) -> Key:
    """This will make the key of the object with that name; `namespace` is empty for cluster-scoped kinds."""
    return Key(kind, namespace, name)


def _owner(record: objects.Record) -> Iterable[Key]:
    return [by_uid(record.owner.uid)] if record.owner else []


def _node(pod: objects.Pod) -> Iterable[Key]:
    return [by_name(Kind.NODE, "", pod.node)]


def _claims(pod: objects.Pod) -> Iterable[Key]:
    return [by_name(Kind.PERSISTENT_VOLUME_CLAIM, pod.namespace, volume.target) for volume in pod.volumes if volume.source == "persistentVolumeClaim"]


def _service(endpoints: objects.EndpointSlice) -> Iterable[Key]:
    return [by_name(Kind.SERVICE, endpoints.namespace, endpoints.service)]


def _served(endpoints: objects.EndpointSlice) -> Iterable[Key]:
    return [by_uid(endpoint.pod_uid) for endpoint in endpoints.endpoints]


def _routed(ingress: objects.Ingress) -> Iterable[Key]:
    return [by_name(Kind.SERVICE, ingress.namespace, path.service) for path in ingress.paths]


def _led_to(route: objects.HTTPRoute) -> Iterable[Key]:
    return [by_name(one.kind, one.namespace, one.name) for rule in route.rules for one in rule.backends]


def _parents(route: objects.HTTPRoute) -> Iterable[Key]:
    return [by_name(one.kind, one.namespace, one.name) for one in route.parents]


def _volume(claim: objects.PersistentVolumeClaim) -> Iterable[Key]:
    return [by_name(Kind.PERSISTENT_VOLUME, "", claim.volume)]


def _storage_class(storage: objects.PersistentVolumeClaim | objects.PersistentVolume) -> Iterable[Key]:
    return [by_name(Kind.STORAGE_CLASS, "", storage.storage_class)]


def _scaled(scaler: objects.HorizontalPodAutoscaler) -> Iterable[Key]:
    return [by_name(scaler.target_kind, scaler.namespace, scaler.target_name)]


def _subject(event: objects.Event) -> Iterable[Key]:
    # A kubelet writes its node's name where the uid belongs.
    if event.about_kind == Kind.NODE:
        return [by_name(Kind.NODE, "", event.about_name)]
    return [by_uid(event.about_uid)]


RELATIONS: tuple[Relation[Any], ...] = (
    Relation(LinkKind.OWNER, objects.Record, _owner),
    Relation(LinkKind.RUNS_ON, objects.Pod, _node),
    Relation(LinkKind.MOUNTS, objects.Pod, _claims),
    Relation(LinkKind.SLICE, objects.EndpointSlice, _service),
    Relation(LinkKind.SERVES, objects.EndpointSlice, _served),
    Relation(LinkKind.ROUTES_TO, objects.Ingress, _routed),
    Relation(LinkKind.ROUTES_TO, objects.HTTPRoute, _led_to),
    Relation(LinkKind.ATTACHED_TO, objects.HTTPRoute, _parents),
    Relation(LinkKind.BOUND_TO, objects.PersistentVolumeClaim, _volume),
    Relation(LinkKind.PROVISIONED_BY, objects.PersistentVolumeClaim, _storage_class),
    Relation(LinkKind.PROVISIONED_BY, objects.PersistentVolume, _storage_class),
    Relation(LinkKind.SCALES, objects.HorizontalPodAutoscaler, _scaled),
    Relation(LinkKind.ABOUT, objects.Event, _subject),
)

SELECTIONS: Mapping[type[objects.Record], LinkKind] = {
    objects.Service: LinkKind.SELECTS,
    objects.PodDisruptionBudget: LinkKind.PROTECTS,
}

_RELATIONS_OF: dict[type[objects.Record], tuple[Relation[Any], ...]] = {
    record: tuple(relation for relation in RELATIONS if issubclass(record, relation.source)) for record in AnyRecord.__args__
}


def wants_of(*, record: AnyRecord) -> dict[Want, None]:
    """This will tell the links that the record asks for by uid or name, each once, in the table's order."""
    return {Want(relation.link, key): None for relation in _RELATIONS_OF[type(record)] for key in relation.keys(record) if key.name}


def selector_of(*, record: AnyRecord) -> dict[str, str] | None:
    """This will tell which pods of its namespace the record selects: the labels they must have, `{}` for all, None for none."""
    return record.selector if isinstance(record, objects.Service | objects.PodDisruptionBudget) else None


def name_of(*, record: AnyRecord) -> Key:
    """This will make the key by which others name the record."""
    return by_name(objects.kind_of(record), record.namespace, record.name)


def uid_of(*, record: AnyRecord) -> Key:
    """This will make the record's key by uid."""
    return by_uid(Uid(record.uid))
