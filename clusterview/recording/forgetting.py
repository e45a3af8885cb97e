"""What is older than a day, or more than a gigabyte, is forgotten, the oldest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from clusterview.models import Recording

AT_ONCE = 200


def forget(*, now: float) -> None:
    """This will delete what is past `settings.REWIND_HOURS`, and then the oldest until `settings.REWIND_BYTES` are left, of all clusters together."""
    oldest = datetime.fromtimestamp(now, tz=UTC) - timedelta(hours=settings.REWIND_HOURS)
    Recording.objects.filter(until__lt=oldest).delete()
    total = Recording.objects.aggregate(total=Sum("size"))["total"] or 0
    while total > settings.REWIND_BYTES:
        found = Recording.objects.order_by("until").values_list("pk", "size")[:AT_ONCE]
        doomed = []
        for number, size in found:
            if total <= settings.REWIND_BYTES:
                break
            doomed.append(number)
            total -= size
        Recording.objects.filter(pk__in=doomed).delete()
