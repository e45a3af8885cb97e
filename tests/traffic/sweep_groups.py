"""An executor dies or freezes while it switches two Services one after the other, or takes them back: each happens once, in their order, and neither
is left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from clusterview.models import Switch
from clusterview.traffic import engine, requesting, returning
from clusterview.traffic.states import State
from tests.traffic import clerking, judging
from tests.traffic.clerking import OLGA
from tests.traffic.shops import TICKED, Shop, many
from tests.traffic.sweep import Fate, More, Scenario, Sweep, as_expected, succeeded


@dataclass(frozen=True)
class Grouped(Scenario):
    """`second_end` is how the second Service's last switch ends. `backwards`: the second one goes first."""

    second_end: State = State.SUCCEEDED
    backwards: bool = False


def second_of(shop: Shop) -> Shop:
    """The Service that is switched together with this one, after it."""
    name, _, number = shop.service.rpartition("-")
    return Shop(shop.namespace, f"{name}-{int(number) + 1}")


# What the executors do


def both(watched: Callable[[], None], shop: Shop) -> None:
    """Olga clicks once for both, and the process that heard it carries them out."""
    unseen_by_others()
    watched()
    click(shop)


def both_back(watched: Callable[[], None], shop: Shop) -> None:
    rows = [succeeded(one) for one in click(shop)]
    unseen_by_others()
    watched()
    assert rows[0].group
    returning.request_group_back(group=rows[0].group, person=OLGA)


def take_up(watched: Callable[[], None], shop: Shop) -> None:
    """The first one that is open."""
    row = Switch.objects.filter(namespace=shop.namespace, service__in=(shop.service, second_of(shop).service), open=True).order_by("position")[0]
    watched()
    engine.advance(switch_id=row.pk)


def click(shop: Shop) -> list[Switch]:
    services = [shop.service, second_of(shop).service]
    return requesting.request_group(person=OLGA, cluster="lab", namespace=shop.namespace, services=services, to="green", accept=TICKED)


def unseen_by_others() -> None:
    """What this process begins is nobody's but its own until it has crashed: the reconcilers are told by the clerk."""
    made = requesting._row

    def row(*given: Any, **named: Any) -> Switch:
        found = made(*given, **named)
        found.look_again_at = clerking.later()
        return found

    requesting._row = row


AFTER_THE_FIRST = ("step VERIFIED", "after")
SCENARIOS = (
    Grouped("group", both),
    Grouped("group back", both_back, backwards=True),
    Grouped("second of a group", take_up, "group", AFTER_THE_FIRST),
    Grouped(
        "group turned back", take_up, "group", ("convergence", "before"), going_back=True, end=State.ROLLED_BACK, second_end=State.CANCELLED
    ),
)  # fmt: skip


class GroupSweep(Sweep):
    """The same, for two Services over one pair that are switched by one click."""

    scenarios = SCENARIOS
    per_node = 100

    def _shops(self) -> AbstractContextManager[More]:
        return _pairs(many(lab=self._lab, prefix="groups"))

    def _services(self, shop: Shop) -> tuple[Shop, ...]:
        return shop, second_of(shop)

    def _as_expected(self, fate: Fate, of_shop: Mapping[Shop, list[judging.Row]], record: judging.Record) -> Iterator[str]:
        scenario = fate.case.scenario
        assert isinstance(scenario, Grouped)
        first, second = of_shop[fate.shop], of_shop[second_of(fate.shop)]
        yield from as_expected(first, record, end=scenario.end)
        yield from as_expected(second, record, end=scenario.second_end)
        if len(first) != len(second):
            yield f"{len(first)} switches of the first Service were accepted, and {len(second)} of the second"
            return
        for one, other in zip(first, second, strict=True):
            before, after = (other, one) if scenario.backwards and one is first[-1] and len(first) > 1 else (one, other)
            began, closed = record.of(after.id, "INTENT"), record.of(before.id, "CLOSED")
            if began and (not closed or began[0].sequence < closed[0].sequence):
                yield f"{after.id} began before {before.id}, which goes before it, had ended"

    def _crashed_in(self, fate: Fate, of_shop: Mapping[Shop, list[judging.Row]], record: judging.Record) -> judging.Row:
        """The one that had not ended by then and goes first."""
        scenario = fate.case.scenario
        assert isinstance(scenario, Grouped)
        last = [of_shop[one][-1] for one in self._services(fate.shop)]
        last = last[::-1] if scenario.backwards else last

        def had_ended(row: judging.Row) -> bool:
            return any(fate.crashed_at and one.at < fate.crashed_at for one in record.of(row.id, "CLOSED"))

        return next((one for one in last if not had_ended(one)), last[-1])


@contextmanager
def _pairs(made: AbstractContextManager[More]) -> Iterator[More]:
    """Two Services side by side each time, of which the first one stands for both."""
    with made as more:
        yield lambda count: more(2 * count)[::2]
