"""What is told of a large cluster before its picture is what the picture then shows."""

from __future__ import annotations

import pytest

from clusterview.stream import encoding, feeds, painting, rows
from clusterview.stream.messages import Position, Snapshot
from clusterview.topology.objects import ControlPlanePart, Node, Uid
from clusterview.topology.pictures import Picture
from tests.stream.making import Browser, pod

PART = ControlPlanePart(uid=Uid("control-plane/etcd"), name="etcd", state="ok")


def large() -> Picture:
    nodes = [Node(uid=Uid(f"n{number}"), name=f"node-{number}", ready="True" if number else "False") for number in range(10)]
    pods = [pod(number, status="Running" if number else "Pending") for number in range(painting.LARGE)]
    return Picture(objects=[PART, *nodes, *pods])


def frames_of(picture: Picture) -> list[bytes]:
    """What a newcomer is sent of it."""
    feed, place = feeds.Feed(cluster="lab"), Position(epoch=1, sequence=1)
    snapshot = Snapshot(view="*", position=place, body=encoding.pack(rows.Writer(records=picture.objects.values()).whole()))
    feed.replace(snapshot=snapshot, frame=encoding.encode(snapshot))
    frames = feed.frames()
    assert frames is not None
    return list(frames)


def test_a_large_picture_is_preceded_by_its_counts() -> None:
    browser = Browser()
    first, *_ = frames = frames_of(large())
    for frame in frames:
        browser.take(frame)
    (paint,) = browser.paints
    assert paint.parts == (PART,)
    assert paint.kinds == {"ControlPlanePart": 1, "Node": 10, "Pod": painting.LARGE}
    assert paint.statuses == {"Running": painting.LARGE - 1, "Pending": 1}
    assert (paint.ready_nodes, paint.ready_pods) == (9, 0)
    assert len(first) < 30_000
    assert len(browser.pods) == painting.LARGE


@pytest.mark.parametrize("pods", [0, 3])
def test_a_small_picture_is_not_kept_waiting(pods: int) -> None:
    assert len(frames_of(Picture(objects=[pod(number) for number in range(pods)]))) == 1
