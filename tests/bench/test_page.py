"""How late a change came to the last of many is read from when each of them had it: what else they read does not count."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from clusterview.stream import encoding, rows
from clusterview.stream.messages import Changes, Position, Snapshot
from tests.bench import change, feed, page
from tests.bench.feeding import Feed
from tests.bench.page import Crowd, Heard
from tests.stream.making import NODE, picture, pod

STAMP = 5_000_000


def crowd(*changes: tuple[int, int, int]) -> Crowd:
    """One whose first and last had a change so long after the stamp (ms), and so many had it."""
    return Crowd(changes=[(STAMP + 1_000 * first, STAMP + 1_000 * last, browsers) for first, last, browsers in changes])


def test_a_change_is_as_late_as_the_last_browser_that_had_it() -> None:
    assert crowd((-300, -290, 10), (4, 14, 10), (204, 214, 10)).lateness(STAMP, browsers=10) == 14


def test_a_browser_that_had_the_next_change_does_not_count_for_one_that_waits() -> None:
    assert crowd((4, 431, 10), (204, 214, 9)).lateness(STAMP, browsers=10) == 431


def test_a_change_that_not_all_had_within_a_second_was_never_told() -> None:
    assert crowd((4, 14, 9), (204, 214, 10)).lateness(STAMP, browsers=10) is None
    assert crowd((4, 1_200, 10)).latenesses([STAMP], browsers=10) == []
    assert crowd().lateness(STAMP) is None


def test_a_moment_is_told_across_the_end_of_what_a_stamp_can_hold() -> None:
    late = Crowd(changes=[(2**31 + 3_000, 2**31 + 4_000, 1)])
    assert late.lateness((2**31 - 1_000) & feed.STAMP_MASK) == 5


def test_only_changes_count_and_each_browser_once() -> None:
    here, all_had = Position(epoch=1_764_000_000_000, sequence=7), threading.Semaphore(0)
    snapshot = encoding.encode(Snapshot(view="cluster", position=here, body=bytes(50_000)))

    def speak(line: ServerConnection) -> None:
        line.recv()
        line.send([snapshot[:20_000], snapshot[20_000:]])
        for sequence in (8, 9):
            line.send(encoding.encode(Changes(position=Position(epoch=here.epoch, sequence=sequence))))
        line.ping().wait(10)
        all_had.release()
        with contextlib.suppress(ConnectionClosed):
            line.recv()

    with serve(speak, "127.0.0.1", 0, compression=None) as server, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        with page.crowd(5, folder=Path(folder), url=url, cookies=[""], hello=b"hello") as seen:
            assert all(all_had.acquire(timeout=30) for _ in range(5))
    assert [browsers for _, _, browsers in seen.changes] == [5, 5]
    assert seen.snapshots == 5


def test_a_bench_whose_browsers_have_no_picture_yet_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Crowd, "wait_for_all", lambda _, *, seconds: False)
    with pytest.raises(RuntimeError, match="not every browser had its picture"):
        change.wait_for_pictures(Crowd())


def test_an_object_that_the_browser_does_not_show_as_it_is_listed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lost = pod(2, status="Failed")
    monkeypatch.setattr(change.truths, "truth", lambda *, access: {one.uid: one for one in (NODE, pod(0), pod(1), lost)})
    monkeypatch.setattr(change, "TRUTH_SECONDS", 0.0)
    body = encoding.pack(rows.Writer(records=picture(pods=3).objects.values()).whole())
    heard = Heard()
    heard.take(encoding.encode(Snapshot(view="*", position=Position(epoch=1, sequence=1), body=body)))
    assert change.differing_at_last(heard, fed=Feed(url="http://127.0.0.1:1", pid=0), folder=tmp_path) == 1
