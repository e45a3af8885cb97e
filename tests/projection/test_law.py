"""Old picture + changes = fresh picture, whatever happens and in whichever order it is heard of.

A small cluster lives through random writes, deletions and re-creations; the observer hears of some at once, of some late, of some twice and of some
only by the next list, and some it cannot read. At every single change the picture must hold together; what is heard as it is written is shown; in the
end it must be the one that a newcomer gets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterview.projection.observations import Check, Health, Listed, Observation, Renewal, Seen, Sighting, Tick, Vanished
from clusterview.projection.projecting import Projector
from clusterview.topology import objects
from clusterview.topology.changes import Change, Drop, Joining, Linked, Put, Unlinked
from clusterview.topology.joining import Joined
from clusterview.topology.links import Link
from clusterview.topology.objects import AnyRecord, Kind, Namespace, Uid, kind_of
from clusterview.topology.pictures import Picture

NAMES = st.sampled_from(["a", "a-c", "longer-than-eight"])  # an owner called a has a pod a-c
NAMESPACES = st.sampled_from([Namespace("shop"), Namespace("bank")])
PAIRS = [(label, value) for label in ("app", "version") for value in ("x", "y")]
LABELS = st.sampled_from([{}, *({label: value} for label, value in PAIRS), {"app": "x", "version": "x"}])
SOME_LABELS = st.sampled_from([{label: value} for label, value in PAIRS])
# Owners, endpoints and events name uids; these are those that the small cluster gives out first.
def uid_of(number: int) -> Uid:
    """UUIDs, but for some: those that fit into columns, and those that do not."""
    return Uid(f"uid-{number}" if number % 4 == 0 else f"{number:08x}-0000-4000-8000-{number:012x}")


UIDS = st.integers(1, 12).map(uid_of)
OWNERS = st.none() | st.builds(objects.Owner, kind=st.just("ReplicaSet"), name=NAMES, uid=UIDS)
MOUNT = st.builds(objects.Volume, name=st.just("data"), source=st.sampled_from(["persistentVolumeClaim", "emptyDir"]), target=NAMES)
PATH = st.builds(objects.IngressPath, host=st.just("h"), path=st.just("/"), service=NAMES, port=st.just("80"))
PARENT = st.builds(objects.RouteParent, kind=st.sampled_from(["Gateway", "Service"]), namespace=NAMESPACES, name=NAMES, accepted=st.just("True"))
BACKEND = st.builds(
    objects.RouteBackend, kind=st.sampled_from(["Service", "Rocket.example.com"]), namespace=NAMESPACES, name=NAMES, port=st.just(80),
    weight=st.integers(0, 1),
)  # fmt: skip
RULE = st.builds(objects.RouteRule, paths=st.just(("/",)), backends=st.lists(BACKEND, max_size=2).map(tuple))
ADDRESSES = st.sampled_from(["", "10.0.0.1", "255.255.255.255", "fd00::1"])
CONTAINER = st.builds(
    objects.Container, name=NAMES, image=NAMES, init=st.booleans(), ready=st.booleans(), restarts=st.integers(0, 1), state=NAMES, reason=NAMES
)
ENDPOINT = st.builds(
    objects.Endpoint, pod_uid=UIDS, address=ADDRESSES, node=NAMES, ready=st.booleans(), serving=st.booleans(), terminating=st.booleans()
)
OWN_FIELDS: dict[type[objects.Record], dict[str, st.SearchStrategy[Any]]] = {
    objects.NamespaceObject: {},
    objects.Node: {"unschedulable": st.booleans()},
    objects.Pod: {
        "node": NAMES, "volumes": st.lists(MOUNT, max_size=2).map(tuple), "address": ADDRESSES, "created_at": st.sampled_from([None, 0, 7, -7]),
        "containers": st.lists(CONTAINER, max_size=2).map(tuple), "restarts": st.integers(0, 1), "ready": st.booleans(),
    },
    objects.Service: {"selector": st.none() | SOME_LABELS},
    objects.EndpointSlice: {"service": NAMES, "endpoints": st.lists(ENDPOINT, max_size=3).map(tuple)},
    objects.Deployment: {"wanted": st.integers(0, 2)},
    objects.ReplicaSet: {},
    objects.StatefulSet: {"wanted": st.integers(0, 2)},
    objects.DaemonSet: {},
    objects.Job: {"status": st.sampled_from(["Running", "Failed"]), "completions": st.none() | st.integers(0, 2)},
    objects.CronJob: {"last_scheduled_at": st.none() | st.integers(0, 2)},
    objects.Ingress: {"paths": st.lists(PATH, max_size=2).map(tuple)},
    objects.Gateway: {"programmed": st.sampled_from(["True", "False"])},
    objects.HTTPRoute: {"parents": st.lists(PARENT, max_size=2).map(tuple), "rules": st.lists(RULE, max_size=2).map(tuple)},
    objects.HorizontalPodAutoscaler: {"target_kind": st.sampled_from(["Deployment", "StatefulSet", "Rocket"]), "target_name": NAMES},
    objects.PodDisruptionBudget: {"selector": st.none() | LABELS},
    objects.PersistentVolumeClaim: {"volume": NAMES, "storage_class": NAMES},
    objects.PersistentVolume: {"storage_class": NAMES},
    objects.StorageClass: {"default": st.booleans()},
    objects.Lease: {"holder": NAMES},
    objects.Event: {"about_kind": st.sampled_from(["Pod", "Node"]), "about_name": NAMES, "about_uid": UIDS},
}  # fmt: skip
CLUSTER_SCOPED = (objects.NamespaceObject, objects.Node, objects.PersistentVolume, objects.StorageClass)


class Cluster:
    """The truth: what is there, by kind, namespace and name, with versions that grow."""

    def __init__(self) -> None:
        self.objects: dict[tuple[Kind, str, str], Sighting] = {}
        self._last = 0

    def write(self, make: Callable[[Uid], AnyRecord], *, again: bool) -> Sighting:
        self._last += 1
        record = make(uid_of(self._last))
        place = (kind_of(record), record.namespace, record.name)
        old = self.objects.get(place)
        if old is not None and not again:
            record = make(old.record.uid)
        renewal = Renewal(str(self._last)) if isinstance(record, objects.Lease) else None
        self.objects[place] = Sighting(record=record, version=str(self._last), renewal=renewal)
        return self.objects[place]

    def delete(self, index: int) -> Vanished | None:
        if not self.objects:
            return None
        self._last += 1
        sighting = self.objects.pop(list(self.objects)[index % len(self.objects)])
        return Vanished(uid=sighting.record.uid, version=str(self._last))

    def touch(self, index: int) -> Sighting | None:
        if not self.objects:
            return None
        self._last += 1
        place = list(self.objects)[index % len(self.objects)]
        self.objects[place] = msgspec.structs.replace(self.objects[place], version=str(self._last))
        return self.objects[place]

    def list(self, kind: Kind) -> Listed:
        return Listed(kind=kind, sightings=tuple(s for (of, _, _), s in self.objects.items() if of is kind))


class Watched:
    """A projector, the picture that its changes add up to and the links that follow; every change is looked at by itself."""

    def __init__(self) -> None:
        self.projector = Projector()
        self.picture = Picture()
        self.joined = Joined()
        self.links: set[Link] = set()

    def hear(self, observation: Observation) -> list[Change]:
        changes = self.projector.project(observation)
        for change in changes:
            self._expect_possible(change)
            self.picture.apply(changes=[change])
            for joining in self.joined.hear(change=change):
                self._join(joining)
        assert self.joined.objects == self.picture.objects
        assert self.links == set(self.joined.links())
        return changes

    def _expect_possible(self, change: Change) -> None:
        match change:
            case Put(record=record):
                assert self.picture.objects.get(record.uid) != record, "put twice"
                same_name = [
                    o for o in self.picture.objects.values() if (kind_of(o), o.namespace, o.name) == (kind_of(record), record.namespace, record.name)
                ]
                assert [o.uid for o in same_name] in ([], [record.uid]), "two objects of one name"

    def _join(self, joining: Joining) -> None:
        match joining:
            case Linked(link=link):
                assert link not in self.links, "linked twice"
                assert {link.source, link.target} <= set(self.picture.objects), "linked to nothing"
                self.links.add(link)
            case Unlinked(link=link):
                self.links.remove(link)
            case Drop(uid=uid):
                assert not any(uid in (link.source, link.target) for link in self.links), "dropped with links"


@st.composite
def makers(draw: st.DrawFn) -> Callable[[Uid], AnyRecord]:
    """A record but for its uid."""
    record = draw(st.sampled_from(list(OWN_FIELDS)))
    namespace = Namespace("") if record in CLUSTER_SCOPED else draw(NAMESPACES)
    name, labels, owner = draw(NAMES), draw(LABELS), draw(OWNERS)
    fields = {field: draw(strategy) for field, strategy in OWN_FIELDS[record].items()}
    return lambda uid: record(uid=uid, namespace=namespace, name=name, labels=labels, owner=owner, **fields)


HEARD = st.sampled_from(["heard", "missed", "heard twice", "unreadable"])
WRITES = st.tuples(st.just("write"), makers(), st.booleans(), HEARD)
TOUCHES = st.tuples(st.just("touch"), st.integers(0, 50), st.just(False), HEARD)
DELETIONS = st.tuples(st.just("delete"), st.integers(0, 50), st.just(False), st.sampled_from(["heard", "missed"]))
# The parts of the control plane are no kind of the API: they follow from health and Leases, and nobody can list them.
LISTS = st.tuples(st.just("list"), st.sampled_from([kind for kind in Kind if kind is not Kind.CONTROL_PLANE_PART]), st.just(False), st.just("heard"))
REPLAYS = st.tuples(st.just("replay"), st.integers(0, 50), st.just(False), st.just("heard"))
HEALTHS = st.tuples(st.just("health"), st.booleans(), st.just(False), st.just("heard"))
STEPS = st.lists(WRITES | WRITES | TOUCHES | DELETIONS | LISTS | REPLAYS | HEALTHS, max_size=40)
LAST_WORD = (Health(ready=True, checks=(Check("etcd", True),)), Tick(at=0.0, watching=True))


def live_through(steps: list[tuple[str, Any, bool, str]]) -> tuple[Cluster, Watched]:
    cluster, watched = Cluster(), Watched()
    told: list[Seen] = []
    for verb, what, again, how in steps:
        observation: Observation | None
        written: Sighting | None = None
        match verb:
            case "write" | "touch":
                written = cluster.write(what, again=again) if verb == "write" else cluster.touch(what)
                observation = _told_of(written, how)
                told += [observation] if isinstance(observation, Seen) else []
            case "delete":
                observation = cluster.delete(what)
            case "list":
                observation = cluster.list(what)
            case "replay":
                observation = told[what % len(told)] if told else None
            case _:
                observation = Health(ready=what, checks=(Check("etcd", what),))
        if observation is not None and how != "missed":
            watched.hear(observation)
            if written is not None:
                shown = None if how == "unreadable" else written.record
                assert watched.picture.objects.get(written.record.uid) == shown, "another state is shown than was heard of"
        if observation is not None and how == "heard twice":
            assert watched.hear(observation) == [], "the same word twice changed something"
    return cluster, watched


def _told_of(written: Sighting | None, how: str) -> Seen | Vanished | None:
    """Of one that cannot be read the projection hears that what was known of it is gone, without a version."""
    if written is None:
        return None
    return Vanished(uid=written.record.uid) if how == "unreadable" else Seen(sighting=written)


def test_the_small_cluster_has_objects_of_every_kind() -> None:
    assert set(OWN_FIELDS) == set(AnyRecord.__args__) - {objects.ControlPlanePart}


@given(steps=STEPS)
@settings(max_examples=150, deadline=None)
def test_old_picture_and_changes_are_the_fresh_picture(steps: list[tuple[str, Any, bool, str]]) -> None:
    cluster, watched = live_through(steps)
    newcomer = Watched()
    for follower in (watched, newcomer):
        for observation in (*(cluster.list(kind) for kind in Kind if kind is not Kind.CONTROL_PLANE_PART), *LAST_WORD):
            follower.hear(observation)
    assert watched.picture == newcomer.picture
    assert watched.links == set(Joined(objects=newcomer.picture.objects.values()).links())
    assert watched.projector.picture() == watched.picture
    assert {uid for uid in watched.picture.objects if not uid.startswith("control-plane/")} == {
        sighting.record.uid for sighting in cluster.objects.values()
    }


@given(steps=STEPS)
@settings(max_examples=50, deadline=None)
def test_a_second_list_of_the_same_world_says_nothing(steps: list[tuple[str, Any, bool, str]]) -> None:
    cluster, watched = live_through(steps)
    lists = [cluster.list(kind) for kind in Kind if kind is not Kind.CONTROL_PLANE_PART]
    for listed in lists:
        watched.hear(listed)
    assert [change for listed in lists for change in watched.hear(listed)] == []
