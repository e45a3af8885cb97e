"""Checks of a change of sizes: the old side made smaller, or the new one as large as the live one."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from clusterview.topology import objects
from clusterview.traffic import needing, selectors
from clusterview.traffic.checking import of_sides, of_surroundings
from clusterview.traffic.checks import Check, Level, Ref, namespace_of, refs
from clusterview.traffic.needing import Needs
from clusterview.traffic.pairing import Switchable
from clusterview.traffic.situations import Right, Situation

GROUPS = {"HorizontalPodAutoscaler": "autoscaling", "Deployment": "apps", "StatefulSet": "apps"}
TO_GROW = {"horizontalpodautoscalers.autoscaling"}
TO_SHRINK = TO_GROW | {"services"}
RESOURCES = {"HorizontalPodAutoscaler": "horizontalpodautoscalers", "Deployment": "deployments", "StatefulSet": "statefulsets"}


def scale_down(situation: Situation, *, replicas: int, kept: Collection[str] = ()) -> Iterator[Check]:
    """What stands against making the side `from` so small; `to` is the one that has the traffic, and `kept` are the other Services that have left
    this side as well and may still go back to it.
    """
    side = situation.workloads_of(situation.from_selector)
    params = {"side": situation.from_selector.get(situation.key, ""), "replicas": str(replicas), "now": str(sum(one.wanted for one in side))}
    yield from _one_workload(side, params)
    is_live = any(selectors.matches(selector=situation.service.selector, labels=one.template_labels) for one in side)
    yield _check("side-live", is_live, params, side)
    yield from _unread(situation, TO_SHRINK)
    yield _check("not-smaller", bool(side) and replicas >= side[0].wanted, params, side)
    scalers = autoscalers_of(situation, side)
    yield _check("autoscaled", bool(scalers), params | {"names": ", ".join(one.name for one in scalers)}, scalers)
    behind = of_surroundings.only_on(situation, situation.from_selector, other=situation.to_selector)
    yield _check("others-lead-here", bool(behind), params | {"services": ", ".join(sorted(one.name for one in behind))}, behind)
    yield _check("others-keep", bool(kept), params | {"services": ", ".join(kept)}, side)
    yield from _rights(situation)


def warm_up(situation: Situation, *, target: int, needs: Needs = needing.EACH_POD) -> Iterator[Check]:
    """What stands against making the side `to` as large as `target` pods, each of which takes `needs` of a quota."""
    side = situation.workloads_of(situation.to_selector)
    ready = len(situation.ready_of(situation.to_selector))
    params = {"side": situation.to_selector.get(situation.key, ""), "target": str(target), "ready": str(ready)}
    yield from _one_workload(side, params)
    yield _check("warm", ready >= target, params, side)
    yield from _unread(situation, TO_GROW)
    scalers = autoscalers_of(situation, side)
    small = [one for one in scalers if one.maximum < target]
    yield _check("autoscaler-most", bool(small), params | {"names": ", ".join(f"{one.name} {one.maximum}" for one in small)}, small)
    yield _quota_full(situation, params, pods=pods_to_come(situation, target=target), needs=needs)
    yield _no_room(situation, params)
    yield from _rights(situation)


def pods_to_come(situation: Situation, *, target: int) -> int:
    """How many pods the side `to` lacks."""
    return target - sum(not pod.deleting for pod in situation.pods_of(situation.to_selector))


def _quota_full(situation: Situation, params: dict[str, str], *, pods: int, needs: Needs) -> Check:
    quotas = situation.around.quotas if situation.around and pods > 0 else ()
    missing = {one.name: lacks for one in quotas if (lacks := needing.missing(one, needs=needs, pods=pods))}
    told = {"quotas": "; ".join(f"{name}: {', '.join(lacks)}" for name, lacks in missing.items())}
    found = tuple(Ref("ResourceQuota", situation.service.namespace, name) for name in missing)
    return Check(code="quota-full", level=Level.BLOCK if found else Level.OK, params=params | told, objects=found)


def _no_room(situation: Situation, params: dict[str, str]) -> Check:
    """Where the scheduler finds no node for a pod, more of the same template would wait beside it."""
    waiting = of_sides.unplaced_of(situation)
    told = {"count": str(len(waiting)), "said": of_sides.said_of(waiting, situation)}
    return Check(code="no-room", level=Level.BLOCK if waiting else Level.OK, params=params | told, objects=refs(waiting))


def autoscalers_of(situation: Situation, side: list[Switchable]) -> list[objects.HorizontalPodAutoscaler]:
    """The autoscalers of these workloads."""
    names = {(str(objects.kind_of(one)), one.name) for one in side}
    return [one for one in (situation.around.autoscalers if situation.around else ()) if (one.target_kind, one.target_name) in names]


def rights_for(kinds: set[str]) -> list[Right]:
    """The rights that changing the numbers of these kinds needs."""
    return [Right("patch", RESOURCES[kind], GROUPS[kind]) for kind in sorted(kinds)]


def _one_workload(side: list[Switchable], params: dict[str, str]) -> Iterator[Check]:
    yield _check("one-workload", len(side) != 1, params | {"count": str(len(side))}, side)


def _unread(situation: Situation, needed: set[str]) -> Iterator[Check]:
    """What could not be listed is not known to be none."""
    if unread := needed.intersection(situation.around.unread if situation.around else ()):
        params = {"resources": ", ".join(sorted(unread)), "namespace": situation.service.namespace}
        yield Check(code="unread", level=Level.BLOCK, params=params, objects=(namespace_of(situation),))


def _rights(situation: Situation) -> Iterator[Check]:
    where = {"namespace": situation.service.namespace}
    for one in situation.missing_rights:
        params = where | {"verb": one.verb, "resource": f"{one.resource}.{one.group}"}
        yield Check(code="missing-right", level=Level.BLOCK, params=params, objects=(namespace_of(situation),))


def _check(
    code: str,
    against: bool,
    params: dict[str, str],
    found: list[Switchable] | list[objects.HorizontalPodAutoscaler] | list[objects.Service] | None = None,
) -> Check:
    return Check(code=code, level=Level.BLOCK if against else Level.OK, params=params, objects=refs(found or []))
