"""What is written by rows is read as it was: pods by columns and by states, everything else as it is."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterview.stream import encoding, pods, rows
from clusterview.stream.messages import Changes, Position
from clusterview.topology import columns
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.objects import Container, Endpoint, EndpointSlice, Namespace, Node, Owner, Pod, Uid, Volume
from clusterview.topology.pictures import Picture

NODE = Node(uid=Uid("n1"), name="node-1", ready="True")
SHOP = Namespace("shop")
PLACE = Position(epoch=1, sequence=1)
WORDS = st.sampled_from(["", "web", "CrashLoopBackOff"])
CONTAINERS = st.builds(
    Container, name=st.sampled_from(["web", "side"]), image=WORDS, init=st.booleans(), ready=st.booleans(), restarts=st.integers(0, 2), state=WORDS,
    reason=WORDS,
)  # fmt: skip


def uid_of(number: int) -> Uid:
    """UUIDs, but for one: what fits into columns, and what does not."""
    return Uid("p" if number == 0 else f"{number:08x}-0000-4000-8000-{number:012x}")


PODS = st.builds(
    Pod, uid=st.integers(0, 4).map(uid_of), name=st.sampled_from(["rs-a", "rs-", "b", "", "longer-than-eight", "rs-ä"]), namespace=st.just(SHOP),
    labels=st.sampled_from([{}, {"app": "web"}]), owner=st.none() | st.just(Owner("ReplicaSet", "rs", Uid("rs"))),
    created_at=st.sampled_from([None, 0, 7]),
    deleting=st.booleans(), node=st.sampled_from(["", "node-1"]), address=st.sampled_from(["", "10.0.0.1", "fd00::1"]),
    status=WORDS, ready=st.booleans(),
    restarts=st.integers(0, 3), containers=st.lists(CONTAINERS, max_size=2).map(tuple), volumes=st.just((Volume("d", "emptyDir", ""),)),
)  # fmt: skip
STEPS = st.lists(st.lists(PODS | st.integers(0, 4), max_size=4), max_size=8)


SLICES = st.lists(st.tuples(PODS, st.booleans(), st.booleans()), max_size=3).map(
    lambda found: EndpointSlice(
        uid=Uid("e"), name="web", namespace=SHOP,
        endpoints=tuple(Endpoint(one.uid, one.address, one.node, ready, not ready, ending) for one, ready, ending in found),
    )
)


def frame(writer: rows.Writer, changes: list[Change]) -> Changes:
    message = encoding.decode(encoding.encode(writer.changes(changes=changes, position=PLACE)))
    assert isinstance(message, Changes)
    return message


def follow(writer: rows.Writer) -> rows.Reader:
    """Whoever joins now."""
    return rows.Reader(whole=encoding.unpack(encoding.pack(writer.whole())))


def possible(step: list[Pod | int], *, present: set[Uid]) -> list[Change]:
    """What a projection can say: a drop only of what is there."""
    changes: list[Change] = []
    for one in step:
        if isinstance(one, Pod):
            present.add(one.uid)
            changes.append(Put(one))
        elif (uid := uid_of(one)) in present:
            present.discard(uid)
            changes.append(Drop(uid))
    return changes


@given(found=st.lists(PODS, max_size=5), slice=SLICES)
@settings(max_examples=120, deadline=None)
def test_endpoints_are_what_they_were(found: list[Pod], slice: EndpointSlice) -> None:
    kept = Picture(objects=[slice, *found])
    assert follow(rows.Writer(records=kept.objects.values())).picture == kept


def test_endpoints_that_are_pods_are_not_written_out() -> None:
    pod = Pod(uid=uid_of(1), name="web", node="node-1", address="10.0.0.1")
    slice = EndpointSlice(uid=Uid("e"), name="web", endpoints=(Endpoint(pod.uid, pod.address, pod.node, True, True, False),))
    whole = rows.Writer(records=[slice, pod]).whole()
    assert [([*pods.read(one.rows)], one.conditions) for one in whole.members] == [([2], b"\x03")]


@given(steps=STEPS)
@settings(max_examples=120, deadline=None)
def test_whoever_joins_whenever_has_the_same_picture(steps: list[list[Pod | int]]) -> None:
    kept = Picture(objects=[NODE])
    writer = rows.Writer(records=kept.objects.values())
    present: set[Uid] = set()
    readers = [follow(writer)]
    for step in steps:
        changes = possible(step, present=present)
        kept.apply(changes=changes)
        message = frame(writer, changes)
        for reader in readers:
            reader.read(message=message)
        readers.append(follow(writer))
        assert all(reader.picture == kept for reader in readers)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None)
def test_what_each_change_found_leads_back(steps: list[list[Pod | int]]) -> None:
    writer = rows.Writer(records=[NODE])
    reader = follow(writer)
    present: set[Uid] = set()
    for step in steps:
        earlier = Picture(objects=reader.picture.objects.values())
        _, before = reader.read(message=frame(writer, possible(step, present=present)))
        back = Picture(objects=reader.picture.objects.values())
        back.restore(before=before)
        assert back == earlier


def test_a_pods_next_state_takes_a_few_bytes() -> None:
    pod = Pod(uid=uid_of(1), name="web", containers=(Container("web", "image", False, True, 0, "running", ""),))
    writer = rows.Writer(records=[pod])
    message = frame(writer, [Put(msgspec.structs.replace(pod, ready=True))])
    assert (message.changes, len(message.pods), len(message.states)) == ((), 1, 1)
    again = frame(writer, [Put(pod)])
    assert (again.states, again.pods) == ((), ((1, 0, ()),))


def test_nodes_that_have_gone_are_not_written() -> None:
    first, second = (Pod(uid=uid_of(number), name="web", namespace=SHOP, created_at=7, node="node-0") for number in (1, 2))
    writer = rows.Writer(records=[first])
    for number in range(50):
        frame(writer, [Put(msgspec.structs.replace(second, node=f"node-{number}", address=f"10.0.0.{number}"))])
    whole = writer.whole()
    assert whole.pods.nodes == ("node-0", "node-49")
    assert rows.Reader(whole=whole).picture == writer.picture


def test_states_beyond_the_most_are_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_STATES", 1)
    pod = Pod(uid=uid_of(1), name="web")
    writer = rows.Writer(records=[pod])
    reader = follow(writer)
    for status in ("Odd", "Odder", "Pending"):
        reader.read(message=frame(writer, [Put(msgspec.structs.replace(pod, status=status))]))
        assert reader.picture == writer.picture == follow(writer).picture


def test_what_came_and_went_between_two_frames_is_not_told() -> None:
    writer = rows.Writer(records=())
    assert frame(writer, [Put(NODE), Drop(NODE.uid)]).changes == ()


def test_a_drop_of_what_was_never_put_is_refused() -> None:
    with pytest.raises(KeyError):
        rows.Writer(records=()).changes(changes=[Drop(Uid("ghost"))], position=PLACE)
