"""Whoever joins gets a snapshot as its publisher packed it and the frames after it, and ends where everybody is."""

from __future__ import annotations

import pytest

from clusterview.stream import encoding, feeds, remembering, rows
from clusterview.stream.feeds import Feed
from clusterview.stream.messages import WHOLE, Changes, Position, Snapshot
from clusterview.topology.pictures import Picture
from tests.stream.making import Browser, came, picture, read, went


class Written:
    """What a publisher has written: its frames, and a snapshot at any time."""

    def __init__(self) -> None:
        self.writer, self.position = rows.Writer(records=picture(pods=2).objects.values()), Position(epoch=1, sequence=1)

    def snapshot(self) -> bytes:
        body = encoding.pack(self.writer.whole())
        return encoding.encode(Snapshot(view=WHOLE, position=self.position, body=body))

    def frame(self, number: int) -> bytes:
        changes = came(number) if number > 0 else went(-number)
        self.position = Position(epoch=1, sequence=self.position.sequence + 1)
        return encoding.encode(self.writer.changes(changes=changes, position=self.position))


def joins(feed: Feed) -> Picture:
    """What a browser has that joins now."""
    browser = Browser()
    for frame in feed.frames() or ():
        browser.take(frame)
    assert browser.reader is not None
    assert browser.position == feed.position
    return browser.reader.picture


@pytest.mark.parametrize("renewed_after", [None, 2, 4])
def test_a_snapshot_and_what_came_after_it_are_the_picture(renewed_after: int | None) -> None:
    written, feed = Written(), Feed(cluster="lab")
    first = written.snapshot()
    feed.replace(snapshot=encoding.decode_snapshot(first), frame=first)
    for count, number in enumerate([5, 6, -5, 7], start=1):
        frame = written.frame(number)
        message = read(frame)
        assert isinstance(message, Changes)
        feed.advance(frame=frame, message=message)
        if count == renewed_after:
            feed.renew(position=written.position, frame=written.snapshot())
    assert joins(feed) == written.writer.picture
    assert len(feed.frames() or ()) == 5 - (renewed_after or 0)


def test_a_snapshot_of_another_epoch_is_not_kept() -> None:
    written, feed = Written(), Feed(cluster="lab")
    first = written.snapshot()
    feed.replace(snapshot=encoding.decode_snapshot(first), frame=first)
    feed.renew(position=Position(epoch=2, sequence=9), frame=b"another")
    assert feed.frames() == [first]


@pytest.mark.parametrize(("bound", "reach"), [("STEPS", 3), ("MOST_BYTES", feeds.CHANGE_BYTES)])
def test_what_came_last_is_remembered_within_bounds(bound: str, reach: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, bound, reach)
    written, feed = Written(), Feed(cluster="lab")
    first = written.snapshot()
    feed.replace(snapshot=encoding.decode_snapshot(first), frame=first)
    pictures, places = [Picture(objects=written.writer.picture.objects.values())], [written.position]
    for number in [5, 6, -5, 7, 8, -6]:
        frame = written.frame(number)
        message = read(frame)
        assert isinstance(message, Changes)
        feed.advance(frame=frame, message=message)
        pictures.append(Picture(objects=written.writer.picture.objects.values()))
        places.append(written.position)
    told = [feed.since(place) for place in places]
    first_known = 3 if bound == "STEPS" else 6  # one change with its frame is more than that many bytes
    assert [one is not None for one in told] == [False] * first_known + [True] * (7 - first_known)
    assert [one[0] for one in told if one] == pictures[first_known:]
