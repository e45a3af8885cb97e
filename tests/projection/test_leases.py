"""A Lease's renewal is no change; being late and being back are."""

from __future__ import annotations

from clusterview.projection.observations import Listed, Renewal, Sighting, Tick, Vanished
from clusterview.projection.projecting import Projector
from clusterview.topology.changes import Change, Put
from clusterview.topology.objects import Kind, Lease, Uid
from tests.projection.making import lease, renewed


def late(changes: list[Change]) -> list[bool]:
    return [change.record.late for change in changes if isinstance(change, Put) and isinstance(change.record, Lease)]


def test_a_renewal_is_no_change() -> None:
    projector = Projector()
    projector.project(renewed(lease("n"), "12:00:00", version="1", at=0))
    assert projector.project(renewed(lease("n"), "12:00:10", version="2", at=10)) == []


def test_a_lease_is_late_after_20_s_without_a_renewal_and_is_told_once() -> None:
    projector = Projector()
    projector.project(renewed(lease("n"), "12:00:00", at=0))
    assert late(projector.project(Tick(at=20, watching=True))) == []
    assert late(projector.project(Tick(at=21, watching=True))) == [True]
    assert late(projector.project(Tick(at=22, watching=True))) == []


def test_the_next_renewal_ends_it() -> None:
    projector = Projector()
    projector.project(renewed(lease("n"), "12:00:00", version="1", at=0))
    projector.project(Tick(at=21, watching=True))
    assert late(projector.project(renewed(lease("n"), "12:00:22", version="2", at=22))) == [False]
    assert late(projector.project(Tick(at=42, watching=True))) == []
    assert late(projector.project(Tick(at=43, watching=True))) == [True]


def test_a_late_lease_that_is_written_without_renewal_stays_late() -> None:
    projector = Projector()
    projector.project(renewed(lease("n"), "12:00:00", version="1", at=0))
    projector.project(Tick(at=21, watching=True))
    assert late(projector.project(renewed(lease("n", holder="you"), "12:00:00", version="2", at=22))) == [True]


def test_a_relist_without_renewal_does_not_start_the_time_anew() -> None:
    projector = Projector()
    projector.project(renewed(lease("n"), "12:00:00", at=0))
    again = Sighting(record=lease("n"), version="1", renewal=Renewal("12:00:00"))
    projector.project(Listed(kind=Kind.LEASE, sightings=(again,), at=15))
    assert late(projector.project(Tick(at=21, watching=True))) == [True]


def test_nobody_is_late_for_a_time_in_which_nothing_could_be_seen() -> None:
    projector = Projector()
    projector.project(renewed(lease("n"), "12:00:00", at=0))
    for at in range(1, 60):
        assert projector.project(Tick(at=at, watching=False)) == []
    assert late(projector.project(Tick(at=79, watching=True))) == []
    assert late(projector.project(Tick(at=80, watching=True))) == [True]


def test_a_nodes_wrong_clock_does_not_make_it_late() -> None:
    projector = Projector()
    projector.project(renewed(lease("n"), "1999-01-01", version="1", at=0))
    projector.project(renewed(lease("n"), "1998-01-01", version="2", at=15))
    assert late(projector.project(Tick(at=30, watching=True))) == []


def test_a_lease_that_is_gone_is_not_late() -> None:
    projector = Projector()
    projector.project(renewed(lease("n"), "12:00:00", at=0))
    projector.project(Vanished(uid=Uid("n"), version="2"))
    assert projector.project(Tick(at=60, watching=True)) == []


def test_only_those_that_are_late_are_told() -> None:
    projector = Projector()
    projector.project(renewed(lease("a"), "x", version="1", at=0))
    projector.project(renewed(lease("b"), "x", version="1", at=1))
    projector.project(renewed(lease("a"), "y", version="2", at=15))
    changes = projector.project(Tick(at=22, watching=True))
    assert [change.record.uid for change in changes if isinstance(change, Put)] == ["b"]
