"""A recorded stream of a real cluster: old picture + changes = fresh picture. static/test/recordings.test.ts promises the same of the browser."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest

from clusterview.stream import encoding, rows
from clusterview.stream.messages import Changes, DropRow, PutRow, Snapshot
from tests.streams import FOLDER, SHOP


@pytest.fixture(scope="module")
def recorded() -> list[Snapshot | Changes]:
    messages = [encoding.decode(base64.b64decode(line)) for line in (FOLDER / f"{SHOP}.frames").read_text().splitlines()]
    assert all(isinstance(message, Snapshot | Changes) for message in messages)
    return messages  # type: ignore[return-value]


def test_every_way_to_tell_a_change_was_recorded(recorded: list[Snapshot | Changes]) -> None:
    changes = [message for message in recorded if isinstance(message, Changes)]
    told = {type(one) for message in changes for one in message.changes}
    assert told == {PutRow, DropRow}
    assert any(restarts for message in changes for _, _, restarts in message.pods)
    assert any(message.states for message in changes)


def test_changes_lead_to_each_fresh_picture_from_wherever_one_begins(recorded: list[Snapshot | Changes]) -> None:
    readers: list[rows.Reader] = []
    for message in recorded:
        if isinstance(message, Snapshot):
            fresh = rows.Reader(whole=encoding.unpack(message.body))
            assert all(reader.picture == fresh.picture for reader in readers)
            readers.append(fresh)
        else:
            for reader in readers:
                reader.read(message=message)
    assert len(readers) > 5


def test_the_end_is_what_was_written_down(recorded: list[Snapshot | Changes]) -> None:
    reader = None
    for message in recorded:
        if isinstance(message, Changes):
            assert reader is not None
            reader.read(message=message)
        elif reader is None:
            reader = rows.Reader(whole=encoding.unpack(message.body))
    assert reader is not None
    told = sorted(msgspec.to_builtins(list(reader.picture.objects.values()), str_keys=True), key=lambda one: one["uid"])
    assert json.loads(json.dumps(told)) == json.loads((FOLDER / f"{SHOP}.json").read_text())
