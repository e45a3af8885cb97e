"""The audit, readable by people: who did what, when, and whether the entry is as it was written."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from clusterview.access import roles, showing
from clusterview.api import identity, refusing, shapes
from clusterview.models.people import Role
from clusterview.traffic import retelling

router = Router(tags=["audit"])


@router.get("", response={200: list[shapes.AuditEntry]} | refusing.also())
def every_entry(
    request: HttpRequest,
    cluster: shapes.Text = "",
    person: shapes.Text = "",
    action: Annotated[list[shapes.Text], Query(max_length=50)] = [],  # noqa: B006 (a default of the description, never changed)
    operation: uuid.UUID | None = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: shapes.Limit = 100,
) -> list[dict[str, Any]]:
    """The newest entries first: of one cluster, by one person or token, of these actions (repeat `action`), of one switch or change of sizes.

    The next page is asked for with `before`, the sequence of the last entry; the end is a page with fewer than `limit` entries. Administrators read
    everything; everybody else what belongs to a cluster that is open, and nothing of sign-ins, links, people and tokens: what may not be
    read is left out, as if it were not there. 400 `bad_request` for a `limit` beyond 500, and for a `before` or `operation` that is none.

    `problems` of an entry is empty where it is as it was written and follows the one before it; `manage.py audit verify` verifies the whole chain.
    Where somebody destroyed what an entry holds, its `body` is the text that stands there, as `unreadable`, and `at` is null where that is no time.
    One whose number was destroyed is missing to its neighbours. From where something was asked for (`asked_from`) is told to administrators.
    """
    someone = identity.person(request)
    found = showing.entries(person=someone)
    # Always with an end: to SQLite what is no number is more than any, and a page would begin with it.
    asked = {"cluster": cluster, "actor": person, "action__in": action, "switch_id": operation, "sequence__lt": before or 2**63 - 1}
    found = found.filter(**{name: value for name, value in asked.items() if value})
    shown = list(found.order_by("-sequence")[:limit])
    is_told_from_where = roles.allows(someone.role, Role.ADMIN)
    problems, subjects = showing.problems(shown), retelling.subjects({one.operation for one in shown if one.operation})
    return [
        {
            "sequence": one.number, "at": one.moment, "actor": one.actor, "action": one.action, "body": one.told, "cluster": one.cluster,
            "operation": str(one.operation) if one.operation else None, "subject": subjects.get(one.operation, ""),
            "problems": problems[one.number], "asked_from": one.asked_from if is_told_from_where else {},
        }
        for one in shown
    ]  # fmt: skip
