"""What is older than a day, or more than a gigabyte, is forgotten, the oldest first and a little at a time: others write meanwhile."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.db.models import Sum

from clusterview.models import Recording

log = logging.getLogger(__name__)

AT_ONCE = 200
CLEAR_SECONDS = 60.0


def forget(*, now: float) -> None:
    """This will delete what is past `settings.REWIND_HOURS` (everything where that is 0), and then the oldest until `settings.REWIND_BYTES` are left,
    of all clusters together.
    """
    oldest = datetime.fromtimestamp(now, tz=UTC) - timedelta(hours=settings.REWIND_HOURS)
    recorded = Recording.objects.order_by("until").values_list("pk", flat=True)
    too_old = recorded.filter(until__lt=oldest) if settings.REWIND_HOURS else recorded
    while doomed := list(too_old[:AT_ONCE]):
        Recording.objects.filter(pk__in=doomed).delete()
    sizes = Recording.objects.order_by("until").values_list("pk", "size")
    total = Recording.objects.aggregate(total=Sum("size"))["total"] or 0
    while total > settings.REWIND_BYTES and (found := list(sizes[:AT_ONCE])):  # none where another recorder forgot them meanwhile
        doomed = []
        for number, size in found:
            if total <= settings.REWIND_BYTES:
                break
            doomed.append(number)
            total -= size
        Recording.objects.filter(pk__in=doomed).delete()


def clear() -> float:
    """This will forget what was recorded before nothing was recorded any more, and tell after how many seconds to do so again: a worker that started
    before may still write.
    """
    try:
        forget(now=time.time())
    except DatabaseError as problem:
        log.warning("what was recorded is not forgotten yet: %s", problem)
    finally:
        close_old_connections()
    return CLEAR_SECONDS
