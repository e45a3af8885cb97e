"""When a CronJob is due: the five fields of cron, with steps, ranges, lists, names and `@hourly` and its like. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

MACROS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
MONTHS = dict(zip(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), range(1, 13), strict=True))
DAYS = dict(zip(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), range(7), strict=True))
NAMES: tuple[dict[str, int], ...] = ({}, {}, {}, MONTHS, DAYS)


@dataclass(frozen=True)
class Schedule:
    """The minutes, hours, days, months and weekdays at which it is due; a `*` day counts only where the other kind of day does."""

    fields: tuple[frozenset[int], ...]
    any_day: bool
    any_weekday: bool

    def fits(self, at: datetime) -> bool:
        """Whether it is due in this minute."""
        minutes, hours, days, months, weekdays = self.fields
        day, weekday = at.day in days, at.isoweekday() % 7 in weekdays
        on_day = (day and weekday) if self.any_day or self.any_weekday else (day or weekday)
        return at.minute in minutes and at.hour in hours and at.month in months and on_day


def read(text: str) -> Schedule:
    """This will read a schedule. Raises ValueError with what is wrong."""
    words = MACROS.get(text.strip(), text).split()
    if len(words) != len(BOUNDS):
        raise ValueError(f"expected exactly 5 fields, found {len(words)}: [{' '.join(words)}]")
    fields = [_field(word.lower(), *bounds, names) for word, bounds, names in zip(words, BOUNDS, NAMES, strict=True)]
    fields[4] = frozenset(number % 7 for number in fields[4])
    return Schedule(tuple(fields), any_day=words[2][0] in "*?", any_weekday=words[4][0] in "*?")


def _field(word: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            begin = low if first in "*?" else names.get(first) if first in names else int(first)
            end = (high if step or first in "*?" else begin) if not last else names.get(last) if last in names else int(last)
            by = int(step) if step else 1
        except ValueError as problem:
            raise ValueError(f"failed to parse int from {part}") from problem
        if begin is None or end is None or not low <= begin <= end <= high or by < 1:
            raise ValueError(f"{part} is out of range ({low}-{high})")
        found |= set(range(begin, end + 1, by))
    return frozenset(found)


def next_after(schedule: Schedule, at: float, *, zone: tzinfo = UTC) -> float | None:
    """The first minute after this moment in which it is due, in unix seconds; None where none comes within five years."""
    moment = datetime.fromtimestamp(at, zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
    _, hours, _, months, _ = schedule.fields
    end = moment + timedelta(days=5 * 366)
    while moment < end:
        if moment.month not in months:
            moment = (moment.replace(day=1, hour=0, minute=0) + timedelta(days=32)).replace(day=1)
        elif moment.hour not in hours:
            moment = moment.replace(minute=0) + timedelta(hours=1)
        elif schedule.fits(moment):
            return moment.timestamp()
        else:
            moment += timedelta(minutes=1)
    return None
