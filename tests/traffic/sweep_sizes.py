"""An executor that changes sizes dies or freezes at each point of its course: it raises an autoscaler and puts it back, scales down, or warms up.

What holds of switches (tests.traffic.sweep) holds here as well, and beside it: what was raised is put back in the end, and a number that somebody
else wrote stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from clusterview.models import Sizing, Switch
from clusterview.traffic import holding, looking, planning, resizable, resizing, sizing
from clusterview.traffic.sizing import AUTOSCALER
from clusterview.traffic.states import State
from tests.traffic import clerking, judging, judging_sizes
from tests.traffic.clerking import OLGA
from tests.traffic.numbers import NumberWrite
from tests.traffic.shops import GREEN, LEAST, Shop, many
from tests.traffic.sweep import Fate, More, Result, Scenario, Sweep, click, succeeded, waited

RESTING = (State.HOLDING,)
MANY = 100
RESOURCES = {AUTOSCALER: "horizontalpodautoscalers", "Deployment": "deployments"}
NUMBERS = {AUTOSCALER: "minReplicas", "Deployment": "replicas"}
PATHS = {AUTOSCALER: "/apis/autoscaling/v2", "Deployment": "/apis/apps/v1"}


@dataclass(frozen=True)
class Sized(Scenario):
    """`starts_at` is the side that is live at first. When the executor begins that is to crash, what its leader raised may not be needed any more
    (`is_over`), and somebody else may have written another number to blue's autoscaler (`writes`). `numbers` are those at the end.
    """

    starts_at: str = "blue"
    is_over: bool = False
    writes: int | None = None
    numbers: tuple[tuple[str, int], ...] = (("HorizontalPodAutoscaler shop-blue", LEAST),)


# What the executors do


def hold(watched: Callable[[], None], shop: Shop) -> None:
    """Blue was left just now, and its autoscaler is raised for that."""
    unseen_by_others()
    succeeded(click(shop))
    watched()
    sizing.advance(sizing_id=of(shop).pk)


def scale_down(watched: Callable[[], None], shop: Shop) -> None:
    unseen_by_others()
    switch = succeeded(click(shop, to="blue"))
    switch.finished_at = timezone.now() - timedelta(minutes=1)  # the old side is kept for half a minute at least
    for row in Sizing.objects.filter(namespace=shop.namespace, open=True):
        sizing.advance(sizing_id=row.pk)  # nothing is to be held where no autoscaler is
    watched()
    row = resizing.scale_down(switch=switch, person=OLGA, replicas=1)
    sizing.advance(sizing_id=row.pk)


def warm_up(watched: Callable[[], None], shop: Shop) -> None:
    unseen_by_others()
    without_room()
    watched()
    row = resizing.warm_up(person=OLGA, cluster="lab", namespace=shop.namespace, service=shop.service, to="small")
    sizing.advance(sizing_id=row.pk)


def take_up(watched: Callable[[], None], shop: Shop) -> None:
    row = of(shop)
    without_room()
    watched()
    sizing.advance(sizing_id=row.pk)


def of(shop: Shop) -> Sizing:
    return Sizing.objects.get(namespace=shop.namespace, service=shop.service, open=True)


def unseen_by_others() -> None:
    """What this process begins is nobody's but its own until it has crashed: the reconcilers are told by the clerk."""
    begin, made = holding.begin, resizing._row

    def begun(switch: Switch, **named: Any) -> None:
        begin(switch, **named)
        Sizing.objects.filter(namespace=switch.namespace, open=True, epoch=0, look_again_at=None).update(look_again_at=clerking.later())

    def row(*given: Any, **named: Any) -> Sizing:
        found = made(*given, **named)
        found.look_again_at = clerking.later()
        return found

    holding.begin, resizing._row = begun, row


def without_room() -> None:
    """This process never sees the pods that it made, however quick the controllers are: what comes after that is for whoever follows it."""
    progress = resizable.progress

    def seen(sizing: Sizing, cluster: looking.Cluster) -> tuple[int, str, str]:
        target, sizing.target = sizing.target, MANY  # where pods are missing it asks for quotas as well
        progress(sizing, cluster)
        sizing.target = target
        return 0, "no-room", "shop-small"

    resizable.progress = seen


ENDED = ("release", "after")
BLUES, SMALLS = "HorizontalPodAutoscaler shop-blue", "HorizontalPodAutoscaler shop-small"
SCENARIOS = (
    Sized("hold", hold),
    Sized("answer lost", take_up, "hold", ("resize effect", "after")),
    Sized("effect lost", take_up, "hold", ("resize effect", "before")),
    Sized("effect lost, autoscaler touched", take_up, "hold", ("resize effect", "before"), touched=True),
    Sized("put back", take_up, "hold", ENDED, is_over=True),
    Sized("another number stays", take_up, "hold", ENDED, is_over=True, writes=3, end=State.REVERTED_EXTERNALLY, numbers=((BLUES, 3),)),
    Sized("scale down", scale_down, starts_at="green", numbers=(("Deployment shop-green", 1),)),
    Sized("warm up", warm_up, numbers=((SMALLS, LEAST), ("Deployment shop-small", 2))),
    Sized("warm up, second number", take_up, "warm up", ("step OUTCOME", "after"), numbers=((SMALLS, LEAST), ("Deployment shop-small", 2))),
    Sized("warm-up cancelled", take_up, "warm up", ("step WAITING", "after"), going_back=True, end=State.ROLLED_BACK, numbers=((SMALLS, LEAST),)),
)


class SizeSweep(Sweep):
    """The same, for operations that change sizes. Those that rest have what was raised put back before the end."""

    scenarios = SCENARIOS
    kind = Sizing
    per_node = 8

    def _shops(self) -> AbstractContextManager[More]:
        return many(lab=self._lab, prefix="sizes", sized=True)

    def _begin(self, scenario: Scenario, shop: Shop) -> None:
        first = next(one for one in self.scenarios if one.name == (scenario.follows or scenario.name))
        if first.starts_at != "blue":
            self._lab.patch(shop.path, {"spec": {"selector": GREEN}})

    def _touch(self, scenario: Scenario, shop: Shop) -> None:
        assert isinstance(scenario, Sized)
        path = f"/apis/autoscaling/v2/namespaces/{shop.namespace}/horizontalpodautoscalers/shop-blue"
        if scenario.is_over:
            self._clerk.ask(clerking.expire, shop)
        if scenario.touched:
            self._lab.patch(path, {"metadata": {"labels": {"touched": "yes"}}})
        if scenario.writes is not None:
            self._lab.patch(path, {"spec": {"minReplicas": scenario.writes}})

    def _finish(self, fates: list[Fate]) -> None:
        self._wait(fates, but=RESTING)
        self._clerk.ask(clerking.expire)
        self._clerk.ask(clerking.wake, kind=self.kind)
        super()._finish(fates)
        accepted = {one.namespace for one in self._clerk.ask(clerking.sizes)}
        for fate in fates:
            fate.trouble += self._other_numbers(fate) if fate.shop.namespace in accepted else ()

    def _other_numbers(self, fate: Fate) -> Iterator[str]:
        """Those that are not as they must be in the end."""
        assert isinstance(fate.case.scenario, Sized)
        for name, number in fate.case.scenario.numbers:
            kind, _, name = name.partition(" ")
            found = self._lab.get(f"{PATHS[kind]}/namespaces/{fate.shop.namespace}/{RESOURCES[kind]}/{name}")["spec"][NUMBERS[kind]]
            if found != number:
                yield f"{kind} {name} is {found} in the end"

    def _judge(self, fates: list[Fate]) -> Result:
        rows, entries = self._clerk.ask(clerking.sizes), self._clerk.ask(clerking.entries)
        writes = stored(self._lab.writes())
        found: list[str] = self._clerk.ask(clerking.chain)
        waits = [0.0]
        for fate in fates:
            mine = [one for one in rows if (one.namespace, one.service) == (fate.shop.namespace, fate.shop.service)]
            numbers = {name: those for (namespace, name), those in writes.items() if namespace == fate.shop.namespace}
            problems = [*fate.trouble, *_as_expected(fate, mine, entries)]
            problems += judging_sizes.problems(rows=mine, writes=[one for those in numbers.values() for one in those], entries=entries)
            for name, those in numbers.items():
                problems += judging_sizes.put_back(those, entries, original=LEAST) if name.startswith(AUTOSCALER) else []
            found += [f"{fate.case}: {problem}" for problem in problems]
            if mine and fate.state not in (State.HOLDING, State.WAITING):  # where nothing may be to be done for a while
                waits.append(waited(str(mine[-1].pk), fate.crashed_at, entries))
        missed = [str(fate.case) for fate in fates if fate.crashed_at is None]
        return Result(len(fates), missed, found, max(waits))


def _as_expected(fate: Fate, rows: list[Sizing], entries: Iterable[judging.Entry]) -> Iterator[str]:
    """The end that this scenario must have."""
    if rows and rows[-1].state != fate.case.scenario.end:
        last, told = rows[-1], [one for one in entries if one.switch == str(rows[-1].pk)]
        actions = [f"{one.action} ({one.body['how']})" if "how" in one.body else one.action for one in told]
        yield f"it ended as {last.state} ({last.reason}, {last.detail}): {', '.join(actions)}"


def stored(log: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[NumberWrite]]:
    """The numbers that people and we wrote to autoscalers and Deployments, in an API server's audit log, by namespace and object. What controllers
    write is not told there.
    """
    found: dict[tuple[str, str], list[NumberWrite]] = defaultdict(list)
    asked = [one for one in log if one.get("objectRef", {}).get("resource") in RESOURCES.values() and one["objectRef"].get("subresource") is None]
    told = [
        one
        for one in asked
        if one["responseStatus"]["code"] < 300 and "spec" in (one.get("responseObject") or {}) and "dryRun" not in one["requestURI"]
    ]
    for one in sorted(told, key=lambda one: int(one["responseObject"]["metadata"]["resourceVersion"])):
        document, about = one["responseObject"], one["objectRef"]
        name = f"{document['kind']} {document['metadata']['name']}"
        before = found[about["namespace"], name]
        write = _write(one, document, number=document["spec"][NUMBERS[document["kind"]]], before=before[-1] if before else None)
        if write is not None:
            before.append(write)
    return found


def _write(one: Mapping[str, Any], document: Mapping[str, Any], *, number: int, before: NumberWrite | None) -> NumberWrite | None:
    """One version that was stored; None for a mark or a seal of ours, which leave the number as it is."""
    is_ours = "fieldManager=clusterview" in one["requestURI"]
    tests = (
        {part["path"]: part["value"] for part in one.get("requestObject") or [] if isinstance(part, dict) and part.get("op") == "test"}
        if is_ours
        else {}
    )
    numbers = [value for path, value in tests.items() if path.startswith("/spec/")]
    if is_ours and not numbers:
        return None
    return NumberWrite(
        at=datetime.fromisoformat(one["requestReceivedTimestamp"]), uid=document["metadata"]["uid"],
        version=document["metadata"]["resourceVersion"], version_before=tests.get("/metadata/resourceVersion", ""),
        number=number, number_before=numbers[0] if numbers else before.number if before else number,
        marker=(document["metadata"].get("annotations") or {}).get(planning.OP, "") if is_ours else "", is_ours=is_ours,
    )  # fmt: skip
