"""Whatever single thing is done to the audit is found, and an export that lies elsewhere finds what was done to all of it."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clusterview.access import auditing, exporting
from clusterview.access.auditing import End
from clusterview.models import AuditEntry, AuditHead
from tests import databases

BEGUN = datetime(2026, 11, 25, 9, tzinfo=UTC)
WORDS = st.text(max_size=8)
BODIES = st.dictionaries(WORDS, st.one_of(WORDS, st.integers(), st.booleans(), st.none(), st.floats(), st.lists(WORDS, max_size=3)), max_size=3)


def chained(written: Iterable[AuditEntry]) -> list[AuditEntry]:
    """The same entries as a whole chain, numbered and hashed anew."""
    chain, end = [], End()
    for entry in written:
        entry.sequence, entry.previous_hash = end.sequence + 1, end.hash
        entry.hash = auditing.hash_of(entry=entry)
        end = End(entry.sequence, entry.hash)
        chain.append(entry)
    return chain


@st.composite
def entries(draw: st.DrawFn) -> AuditEntry:
    made = AuditEntry(at=BEGUN + draw(st.timedeltas(timedelta(0), timedelta(days=9))), actor=draw(WORDS), action=draw(WORDS), cluster=draw(WORDS))
    made.switch_id, made.body = draw(st.none() | st.uuids()), auditing.lasting(draw(BODIES))
    return made


CHAINS = st.lists(entries(), min_size=1, max_size=6).map(chained)


def found(chain: list[AuditEntry], *, end: End) -> list[str]:
    return list(auditing.problems(((entry, end) for entry in sorted(chain, key=lambda entry: entry.sequence)), end=end))


def end_of(chain: list[AuditEntry]) -> End:
    return End(chain[-1].sequence, chain[-1].hash)


@given(CHAINS)
def test_a_chain_that_nobody_touched_has_no_problem(chain: list[AuditEntry]) -> None:
    assert found(chain, end=end_of(chain)) == []
    assert found([], end=End()) == []


@given(chain=CHAINS, other=entries(), data=st.data(), with_a_fresh_hash=st.booleans())
def test_an_edit_of_any_field_is_found(chain: list[AuditEntry], other: AuditEntry, data: st.DataObject, with_a_fresh_hash: bool) -> None:
    end, edited = end_of(chain), data.draw(st.sampled_from(chain))
    field = data.draw(st.sampled_from([name for name in exporting.FIELDS if name not in ("sequence", "hash", "previous_hash")]))
    before = copy.deepcopy(getattr(edited, field))
    setattr(edited, field, getattr(other, field))
    if with_a_fresh_hash:
        edited.hash = auditing.hash_of(entry=edited)
    assert bool(found(chain, end=end)) == (getattr(edited, field) != before)


@given(chain=CHAINS, data=st.data(), other=st.binary(min_size=32, max_size=32).map(bytes.hex))
def test_an_edit_of_a_hash_is_found(chain: list[AuditEntry], data: st.DataObject, other: str) -> None:
    end, edited, field = end_of(chain), data.draw(st.sampled_from(chain)), data.draw(st.sampled_from(["hash", "previous_hash"]))
    assume(getattr(edited, field) != other)
    setattr(edited, field, other)
    assert found(chain, end=end)


@given(chain=CHAINS, data=st.data())
def test_a_missing_entry_is_found_wherever_it_was(chain: list[AuditEntry], data: st.DataObject) -> None:
    end = end_of(chain)
    chain.remove(data.draw(st.sampled_from(chain)))
    assert found(chain, end=end)


@given(chain=CHAINS.filter(lambda chain: len(chain) > 1), data=st.data(), with_fresh_hashes=st.booleans())
def test_entries_that_changed_places_are_found(chain: list[AuditEntry], data: st.DataObject, with_fresh_hashes: bool) -> None:
    end = end_of(chain)
    one, two = data.draw(st.lists(st.sampled_from(chain), min_size=2, max_size=2, unique_by=id))
    one.sequence, two.sequence = two.sequence, one.sequence
    if with_fresh_hashes:
        one.hash, two.hash = auditing.hash_of(entry=one), auditing.hash_of(entry=two)
    assert found(chain, end=end)


@given(chain=CHAINS, forged=entries(), data=st.data(), how=st.sampled_from(["appended", "in front", "renumbered", "hashed anew"]))
def test_an_entry_that_was_put_in_is_found(chain: list[AuditEntry], forged: AuditEntry, data: st.DataObject, how: str) -> None:
    end, place = end_of(chain), data.draw(st.integers(0, len(chain)))
    if how == "appended":
        forged.sequence, forged.previous_hash = end.sequence + 1, end.hash
    elif how == "in front":
        forged.sequence, forged.previous_hash = 0, auditing.START
    else:
        forged.sequence, forged.previous_hash = place + 1, chain[place - 1].hash if place else auditing.START
        for entry in chain[place:]:
            entry.sequence += 1
    forged.hash = auditing.hash_of(entry=forged)
    longer = [*chain[:place], forged, *chain[place:]]
    assert found(chained(longer) if how == "hashed anew" else longer, end=end)


@given(chain=CHAINS, data=st.data())
def test_a_cut_tail_is_found(chain: list[AuditEntry], data: st.DataObject) -> None:
    end = end_of(chain)
    assert found(chain[: data.draw(st.integers(0, len(chain) - 1))], end=end) == ["The end of the audit was cut off or replaced."]


def test_what_cannot_be_read_is_a_problem_and_not_a_crash() -> None:
    chain = chained([AuditEntry(at=BEGUN, actor="ada", action="ARMED") for _ in range(3)])
    chain[1].at = None
    chain[2].actor = "eve"
    assert found(chain, end=end_of(chain)) == ["Entry 2 cannot be read: what it holds was destroyed.", "Entry 3 was changed."]


# In the database


def write(*actors: str, body: dict[str, Any] | None = None) -> None:
    for actor in actors:
        with transaction.atomic():
            auditing.record(actor=actor, action="ARMED", cluster="lab", body=body)


def cut(*, leaving: int) -> None:
    AuditEntry.objects.using(databases.owner()).filter(sequence__gt=leaving).delete()


def rewind() -> None:
    """What somebody does who can write everywhere: the head says what the entries say."""
    last = AuditEntry.objects.order_by("sequence").last()
    AuditHead.objects.update(sequence=last.sequence if last else 0, hash=last.hash if last else auditing.START)


def forge() -> None:
    """A whole chain of somebody else's making, with its head."""
    for entry in chained([AuditEntry(at=BEGUN, actor="eve", action=one.action) for one in AuditEntry.objects.all()]):
        entry.save(using=databases.owner())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("done", "told"),
    [
        (lambda: cut(leaving=2), ["Entry 3 was exported and is missing."]),
        (lambda: cut(leaving=0), [f"Entry {number} was exported and is missing." for number in (1, 2, 3)]),
        (forge, [f"Entry {number} is not the one that was exported." for number in (1, 2, 3)]),
    ],
    ids=["tail", "everything", "another chain"],
)
def test_what_the_chain_cannot_tell_an_export_tells(done: Callable[[], None], told: list[str]) -> None:
    write("ada", "bob", "cy")
    exported = list(exporting.as_json(exporting.entries()))
    write("dan")
    assert list(exporting.differences(exported)) == []
    done()
    rewind()
    assert auditing.verify() == []
    assert list(exporting.differences(exported)) == told


@pytest.mark.django_db(transaction=True)
def test_an_export_that_was_edited_itself_proves_nothing_and_says_so() -> None:
    write("ada", "bob")
    first, second = exporting.as_json(exporting.entries())
    edited = json.dumps(json.loads(first) | {"actor": "eve"})
    for line in (edited, "{}", "", "[1]", "null", first.replace(first[20:30], ""), json.dumps(json.loads(first) | {"sequence": "1"})):
        assert list(exporting.differences([line, second])) == ["Line 1 of the export is not as it was written, so it proves nothing."]
    assert list(exporting.differences([])) == ["The export holds no entry, so nothing was compared."]


@pytest.mark.django_db(transaction=True)
@settings(max_examples=50, deadline=None)
@given(body=st.recursive(BODIES, lambda inner: st.dictionaries(WORDS, st.lists(inner, max_size=2), max_size=2), max_leaves=4))
def test_whatever_was_told_is_told_again(body: dict[str, Any]) -> None:
    write("ada", body=body | {"also": "half a pair \ud800, NUL \0, -0.0"})
    assert auditing.verify() == []
    assert list(exporting.differences(exporting.as_json(exporting.entries()))) == []


@pytest.mark.django_db(transaction=True)
def test_entries_that_are_written_while_it_is_verified_are_no_problem() -> None:
    write("ada", "bob")
    waiting = ["cy"]

    def first(execute: Callable[..., Any], statement: str, *arguments: Any) -> Any:
        if statement.startswith("SELECT") and 'FROM "clusterview_auditentry"' in statement and waiting:
            write(waiting.pop())
        return execute(statement, *arguments)

    with connections["default"].execute_wrapper(first):
        assert auditing.verify() == []
    assert AuditEntry.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_value_that_no_longer_is_one_is_a_problem_and_not_a_crash() -> None:
    write("ada", "bob")
    databases.write(sequence=2, column="at", literal="'infinity'")
    assert auditing.verify() == ["Entry 2 cannot be read: what it holds was destroyed."]


@pytest.mark.django_db(transaction=True)
def test_an_export_is_of_a_time_and_of_one_switch() -> None:
    switch = uuid.uuid4()
    write("ada")
    with transaction.atomic():
        auditing.record(actor="bob", action="REQUESTED", switch_id=switch)
    write("cy")
    first, second, third = (one.at for one in AuditEntry.objects.all())
    assert [one.actor for one in exporting.entries(since=second)] == ["bob", "cy"]
    assert [one.actor for one in exporting.entries(since=first, until=third)] == ["ada", "bob"]
    assert [one.actor for one in exporting.entries(switch=switch)] == ["bob"]
    assert list(exporting.differences(exporting.as_json(exporting.entries(switch=switch)))) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_nothing_in_a_table_is_a_formula(name: str) -> None:
    write(name, body={"name": name})
    _, row = exporting.as_csv(exporting.entries())
    assert f"'{name}" in row
    assert row.startswith("1,")
