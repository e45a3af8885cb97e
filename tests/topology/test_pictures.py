"""A picture is brought forward by changes and refuses what cannot follow."""

from __future__ import annotations

import pytest

from clusterview.topology.changes import Drop, Put
from clusterview.topology.objects import AnyRecord, Kind, Node, Pod, Record, Uid, kind_of
from clusterview.topology.pictures import Picture

NODE = Node(uid=Uid("n"), name="one")
POD = Pod(uid=Uid("p"), name="web", node="one")


def test_changes_add_up_to_the_picture() -> None:
    picture = Picture()
    picture.apply(changes=[Put(NODE), Put(POD)])
    assert picture == Picture(objects=[POD, NODE])


def test_what_is_taken_away_is_gone() -> None:
    picture = Picture(objects=[NODE, POD])
    picture.apply(changes=[Drop(POD.uid)])
    assert picture == Picture(objects=[NODE])


def test_a_drop_of_nothing_is_a_gap() -> None:
    with pytest.raises(KeyError):
        Picture().apply(changes=[Drop(POD.uid)])


def test_changes_are_taken_back_by_what_each_has_found() -> None:
    later = Pod(uid=POD.uid, name="web", node="two")
    picture = Picture(objects=[NODE, POD])
    picture.apply(changes=[Put(later), Drop(POD.uid), Drop(NODE.uid), Put(later)])
    picture.restore(before=[(POD.uid, POD), (POD.uid, later), (NODE.uid, NODE), (POD.uid, None)])
    assert picture == Picture(objects=[NODE, POD])


def test_every_kind_has_exactly_one_record() -> None:
    records: tuple[type[Record], ...] = AnyRecord.__args__
    assert sorted(str(record.__struct_config__.tag) for record in records) == sorted(Kind)


def test_a_record_knows_its_kind() -> None:
    assert kind_of(POD) is Kind.POD
