"""The audit tells when anybody touched it."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.models import QuerySet

from clusterview.access import auditing
from clusterview.models import AuditEntry, AuditHead
from tests import databases

pytestmark = pytest.mark.django_db(transaction=True)


def write(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            auditing.record(actor="ada", action="ARMED", cluster="lab", body={"number": number, "이름": "상점"})


def written() -> QuerySet[AuditEntry]:
    """Every entry, in the hands of whoever owns the tables."""
    return AuditEntry.objects.using(databases.owner())


def test_an_untouched_audit_has_no_problem() -> None:
    write(5)
    assert auditing.verify() == []
    assert [entry.sequence for entry in AuditEntry.objects.all()] == [1, 2, 3, 4, 5]


def test_an_edit_is_found() -> None:
    write(3)
    written().filter(sequence=2).update(actor="eve")
    assert auditing.verify() == ["Entry 2 was changed."]


def test_an_edit_with_a_fresh_hash_is_found_at_the_next_entry() -> None:
    write(3)
    entry = AuditEntry.objects.get(sequence=2)
    entry.actor = "eve"
    entry.hash = auditing.hash_of(entry=entry)
    entry.save(using=databases.owner())
    assert auditing.verify() == ["Entry 3 does not follow the one before it."]


@pytest.mark.parametrize("rubbish", databases.RUBBISH)
def test_an_entry_that_cannot_be_read_is_named_and_those_after_it_are_verified(rubbish: str) -> None:
    write(4)
    databases.destroy(sequence=2, rubbish=rubbish)
    written().filter(sequence=4).update(actor="eve")
    assert auditing.verify() == ["Entry 2 cannot be read: what it holds was destroyed.", "Entry 4 was changed."]


def test_a_missing_entry_is_found() -> None:
    write(3)
    written().filter(sequence=2).delete()
    assert "Entries 2 to 2 are missing." in auditing.verify()


def test_a_cut_tail_is_found() -> None:
    write(3)
    written().filter(sequence=3).delete()
    assert auditing.verify() == ["The end of the audit was cut off or replaced."]


def test_an_emptied_audit_is_found() -> None:
    write(2)
    written().all().delete()
    assert auditing.verify() == ["The end of the audit was cut off or replaced."]
    AuditHead.objects.using(databases.owner()).all().delete()
    assert auditing.verify() == []


def test_nothing_is_recorded_outside_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        auditing.record(actor="ada", action="ARMED")


def test_an_entry_is_gone_when_its_transaction_is() -> None:
    write(1)
    with pytest.raises(ValueError), transaction.atomic():
        auditing.record(actor="ada", action="ARMED")
        raise ValueError
    assert auditing.verify() == []
    assert AuditEntry.objects.count() == 1
