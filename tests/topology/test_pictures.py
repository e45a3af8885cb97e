"""A picture is brought forward by changes and refuses what cannot follow."""

from __future__ import annotations

import pytest

from clusterview.topology.changes import Drop, Linked, Put, Unlinked
from clusterview.topology.links import Link, LinkKind
from clusterview.topology.objects import AnyRecord, Kind, Node, Pod, Record, Uid, kind_of
from clusterview.topology.pictures import Picture

NODE = Node(uid=Uid("n"), name="one")
POD = Pod(uid=Uid("p"), name="web", node="one")
RUNS = Link(LinkKind.RUNS_ON, POD.uid, NODE.uid)


def test_changes_add_up_to_the_picture() -> None:
    picture = Picture()
    picture.apply(changes=[Put(NODE), Put(POD), Linked(RUNS)])
    assert picture == Picture(objects=[POD, NODE], links=[RUNS])


def test_what_is_taken_away_is_gone() -> None:
    picture = Picture(objects=[NODE, POD], links=[RUNS])
    picture.apply(changes=[Unlinked(RUNS), Drop(POD.uid)])
    assert picture == Picture(objects=[NODE])


def test_a_drop_of_nothing_is_a_gap() -> None:
    with pytest.raises(KeyError):
        Picture().apply(changes=[Drop(POD.uid)])


def test_a_cut_of_nothing_is_a_gap() -> None:
    with pytest.raises(KeyError):
        Picture(objects=[NODE, POD]).apply(changes=[Unlinked(RUNS)])


def test_every_kind_has_exactly_one_record() -> None:
    records: tuple[type[Record], ...] = AnyRecord.__args__
    assert sorted(str(record.__struct_config__.tag) for record in records) == sorted(Kind)


def test_a_record_knows_its_kind() -> None:
    assert kind_of(POD) is Kind.POD
