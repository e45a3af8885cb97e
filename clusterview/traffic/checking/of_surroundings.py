"""Checks of what stands around: who else writes the Service, what we may do, and what was made for the old side only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clusterview.topology import objects
from clusterview.traffic import applications, lookalikes, owners, selectors
from clusterview.traffic.checks import Check, Level, Looks, Ref, namespace_of, refs, service_of, sides_of
from clusterview.traffic.situations import Guard, Situation, Surroundings

Labels = Mapping[str, str]

MADE_BY = {"Rollout": owners.ROLLOUTS, "Canary": owners.FLAGGER}


def _owner(situation: Situation) -> Iterator[Check]:
    """Whoever keeps the Service in a state of their own will write the old selector back, perhaps in three minutes."""
    service = situation.service
    found = owners.found(
        labels=service.labels, annotations=service.annotations or {}, references=service.owners,
        managers=[one.manager for one in service.selector_owners], others=_drivers(situation),
    )  # fmt: skip
    for one in found:
        code, level = ("owner-quiet", Level.INFO) if one.quiet else ("owner", Level.BLOCK if one.forbids else Level.WARN)
        yield Check(code=code, level=level, params={"owner": one.name, "sign": one.sign}, objects=(service_of(situation),))
    if not found:
        yield Check(code="owner", level=Level.OK, params={"manager": service.selector_manager})


def _drivers(situation: Situation) -> Iterator[owners.Owner]:
    """Controllers that move this Service's traffic, seen at its workloads or by what they say themselves."""
    sides = [*situation.workloads_of(situation.from_selector), *situation.workloads_of(situation.to_selector)]
    yield from owners.drivers(sides)
    if situation.around is None:
        return
    matched = (situation.from_selector, situation.to_selector)
    made = [one for one in situation.around.replica_sets if any(selectors.matches(selector=each, labels=one.labels) for each in matched)]
    yield from owners.drivers(made)
    names = {(str(objects.kind_of(one)), one.name) for one in sides}
    for driver in situation.around.drivers:
        if situation.service.name in driver.services or not names.isdisjoint(driver.workloads):
            yield owners.Owner(MADE_BY[driver.kind], f"{driver.kind}/{driver.name}", forbids=True)


def _ssa_owner(situation: Situation) -> Iterator[Check]:
    """After our write the next `kubectl apply --server-side` of that manager answers 409 until it forces or we go back."""
    applied = [one.manager for one in situation.service.selector_owners if one.operation == "Apply"]
    if applied:
        yield Check(code="ssa-owner", level=Level.WARN, params={"manager": ", ".join(applied)}, objects=(service_of(situation),))
    else:
        yield Check(code="ssa-owner", level=Level.OK)


def _other_installation(situation: Situation) -> Iterator[Check]:
    """One that was thrown away leaves its mark too, so it does not refuse; the first switch of ours writes another one over it."""
    if situation.foreign_mark:
        service = service_of(situation)
        params = {"mark": situation.foreign_mark, "service": service.name, "namespace": service.namespace}
        yield Check(code="other-installation", level=Level.WARN, params=params, objects=(service,))


def _missing_right(situation: Situation) -> Iterator[Check]:
    for one in situation.missing_rights:
        resource = f"{one.resource}.{one.group}" if one.group else one.resource
        yield Check(
            code="missing-right",
            level=Level.BLOCK,
            params={"verb": one.verb, "resource": resource, "namespace": situation.service.namespace},
            objects=(namespace_of(situation),),
        )
    if not situation.missing_rights:
        yield Check(code="missing-right", level=Level.OK)


def _dry_run(situation: Situation) -> Iterator[Check]:
    if situation.dry_run is not None:
        level = Level.BLOCK if situation.dry_run else Level.OK
        yield Check(code="dry-run", level=level, params={"answer": situation.dry_run}, objects=(service_of(situation),))


def _namespace(situation: Situation) -> Iterator[Check]:
    """A namespace that is being deleted takes no new objects, EndpointSlices among them."""
    if situation.around is not None:
        level = Level.BLOCK if situation.around.namespace_terminating else Level.OK
        params = {"namespace": situation.service.namespace}
        yield Check(code="namespace-terminating", level=level, params=params, objects=(namespace_of(situation),))


def _kept_endpoints(situation: Situation) -> Iterator[Check]:
    """Traffic goes to the endpoints that somebody else keeps too, whatever the selector is, so no switch of it would be a whole one."""
    if situation.around is None:
        return
    found = [one for one in situation.around.kept_slices if one.service == situation.service.name]
    keepers = ", ".join(sorted({one.keeper for one in found if one.keeper}))
    kept = tuple(Ref("EndpointSlice", situation.service.namespace, one.name) for one in found)
    params = {"names": ", ".join(sorted(one.name for one in found)), "keepers": keepers or "somebody"}
    yield Check(code="kept-endpoints", level=Level.BLOCK if found else Level.OK, params=params, objects=kept)


def _same_pods(situation: Situation) -> Iterator[Check]:
    """A Service over both sides stays right whatever is switched; one over the old side alone stays behind."""
    if situation.around is None:
        return
    behind = [one for one in only_on(situation, situation.from_selector, other=situation.to_selector) if not lookalikes.is_ignored(one)]
    params = sides_of(situation) | {"services": ", ".join(sorted(one.name for one in behind)), "group": _group(situation, situation.around)}
    yield Check(code="same-pods", level=Level.WARN if behind else Level.OK, params=params, objects=refs(behind))


def only_on(situation: Situation, side: dict[str, str], *, other: dict[str, str]) -> list[objects.Service]:
    """The other Services that lead to one side and not to the other one, those too that nobody wants to switch."""
    before, after = _labels(situation, side), _labels(situation, other)
    return [
        one for one in (situation.around.services if situation.around else ())
        if one.name != situation.service.name and one.type != "ExternalName"
        and _any(one.selector, before) and not _any(one.selector, after)
    ]  # fmt: skip


def _group(situation: Situation, around: Surroundings) -> str:
    among = lookalikes.Neighbours(services=around.services, workloads=situation.workloads)
    mine = (one.group for one in applications.of_namespace(among) if one.service == situation.service.name)
    return next((one.id for one in mine if one is not None), "")


def _old_side_only(situation: Situation) -> Iterator[Check]:
    """What selects the old side and has no twin for the new one leaves the new side unprotected, unmonitored or shut out."""
    if situation.around is None:
        return
    before, after = _labels(situation, situation.from_selector), _labels(situation, situation.to_selector)
    found = [*_guards(situation, situation.around, before, after), *_autoscalers(situation, situation.around)] if before and after else []
    params = sides_of(situation) | {"names": ", ".join(_named(one, situation) for one in found)}
    yield Check(code="old-side-only", level=Level.WARN if found else Level.OK, params=params, objects=tuple(found))


def _named(one: Ref, situation: Situation) -> str:
    return f"{one.kind} {one.name}" if one.namespace == situation.service.namespace else f"{one.kind} {one.namespace}/{one.name}"


def _guards(situation: Situation, around: Surroundings, before: list[Labels], after: list[Labels]) -> list[Ref]:
    of_old, of_new = set(), set()
    for one in around.guards:
        old, new = _is_for(one, situation, before), _is_for(one, situation, after)
        if old and not new:
            of_old.add((one.kind, one.purpose, one.namespace, one.name))
        elif new and not old:
            of_new.add((one.kind, one.purpose, one.namespace))
    alone = {(kind, namespace, name) for kind, purpose, namespace, name in of_old if (kind, purpose, namespace) not in of_new}
    return [Ref(kind, namespace or situation.service.namespace, name) for kind, namespace, name in sorted(alone)]


def _is_for(guard: Guard, situation: Situation, pods: list[Labels]) -> bool:
    """One that selects Services is for the pods behind them; the Service that is switched leads to both sides in turn."""
    if guard.service and guard.service != situation.service.name:
        return False
    if not guard.services or situation.around is None:
        return any(guard.selection.selects(labels) for labels in pods)
    chosen = [one for one in situation.around.services if guard.selection.selects(one.labels)]
    return any(one.name == situation.service.name or _any(one.selector, pods) for one in chosen)


def _autoscalers(situation: Situation, around: Surroundings) -> list[Ref]:
    def of(selector: dict[str, str]) -> list[objects.HorizontalPodAutoscaler]:
        names = {(str(objects.kind_of(one)), one.name) for one in situation.workloads_of(selector)}
        return [one for one in around.autoscalers if (one.target_kind, one.target_name) in names]

    return [] if of(situation.to_selector) else list(refs(of(situation.from_selector)))


def _labels(situation: Situation, selector: dict[str, str]) -> list[Labels]:
    """The labels of a side's pods, those that are there and those that its templates would make."""
    return [
        *(one.template_labels for one in situation.workloads_of(selector)),
        *(pod.labels for pod in situation.pods_of(selector)),
    ]


def _any(selector: dict[str, str] | None, pods: list[Labels]) -> bool:
    return any(selectors.matches(selector=selector or {}, labels=labels) for labels in pods)


def _quota(situation: Situation) -> Iterator[Check]:
    """A quota that is used up keeps the new side as it is: it cannot grow, and a pod that it loses may not come again."""
    if situation.around is None:
        return
    full = [one for one in situation.around.quotas if one.used_up]
    growing = sum(one.wanted for one in situation.workloads_of(situation.to_selector)) > len(situation.pods_of(situation.to_selector))
    params = sides_of(situation) | {"quotas": "; ".join(f"{one.name}: {', '.join(map(str, one.used_up))}" for one in full)}
    found = tuple(Ref("ResourceQuota", situation.service.namespace, one.name) for one in full)
    yield Check(code="quota", level=(Level.WARN if growing else Level.INFO) if full else Level.OK, params=params, objects=found)


def _unread(situation: Situation) -> Iterator[Check]:
    if situation.around is not None and situation.around.unread:
        params = {"resources": ", ".join(situation.around.unread), "namespace": situation.service.namespace}
        yield Check(code="unread", level=Level.INFO, params=params, objects=(namespace_of(situation),))


def _nearby(situation: Situation) -> Iterator[Check]:
    if situation.around is not None and situation.around.nearby:
        params = {"resources": ", ".join(situation.around.nearby), "namespace": situation.service.namespace}
        yield Check(code="nearby", level=Level.INFO, params=params, objects=(namespace_of(situation),))


CHECKS: Looks = (
    _owner,
    _ssa_owner,
    _other_installation,
    _missing_right,
    _dry_run,
    _namespace,
    _kept_endpoints,
    _same_pods,
    _old_side_only,
    _quota,
    _unread,
    _nearby,
)
