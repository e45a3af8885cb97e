"""Checks of the two sides: their workloads and their pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from clusterview.topology import objects
from clusterview.traffic import selectors
from clusterview.traffic.checks import Check, Level, Looks, Ref, refs, service_of, sides_of
from clusterview.traffic.pairing import Switchable
from clusterview.traffic.situations import Situation, belongs

TEMPLATE = {objects.Deployment: selectors.POD_TEMPLATE_HASH, objects.StatefulSet: selectors.REVISION_HASH}  # tells which one a pod is of


def pod_template_hash(situation: Situation) -> Iterator[Check]:
    used = selectors.HASHES & {situation.key, *situation.to_selector}
    yield Check(code="pod-template-hash", level=Level.BLOCK if used else Level.OK, objects=(service_of(situation),))


def _no_op(situation: Situation) -> Iterator[Check]:
    before = {pod.uid for pod in situation.pods_of(situation.from_selector)}
    after = {pod.uid for pod in situation.pods_of(situation.to_selector)}
    same = situation.from_selector == situation.to_selector or (bool(before) and before == after and not situation.returning)
    yield Check(code="no-op", level=Level.BLOCK if same else Level.OK, params={"to": sides_of(situation)["to"]}, objects=(service_of(situation),))


def _ready(situation: Situation) -> Iterator[Check]:
    target, live = situation.workloads_of(situation.to_selector), situation.workloads_of(situation.from_selector)
    ready, live_ready = len(situation.ready_of(situation.to_selector)), len(situation.ready_of(situation.from_selector))
    sides = sides_of(situation)
    if not target and not situation.pods_of(situation.to_selector):
        params = {"key": situation.key, "to": sides["to"]}
        yield Check(code="target-missing", level=Level.BLOCK, params=params, objects=(service_of(situation),))
        return
    params = sides | {"ready": str(ready), "live": str(live_ready)}
    yield Check(code="no-ready", level=Level.OK if ready else Level.BLOCK, params=params, objects=refs(target))
    smaller = bool(ready) and ready < live_ready
    yield Check(code="green-smaller", level=Level.BLOCK if smaller else Level.OK, params=params, objects=refs([*target, *live]))


def _unscheduled(situation: Situation) -> Iterator[Check]:
    if waiting := unplaced_of(situation):
        params = sides_of(situation) | {"count": str(len(waiting)), "said": said_of(waiting, situation)}
        yield Check(code="unscheduled", level=Level.WARN, params=params, objects=refs(waiting))


def unplaced_of(situation: Situation) -> list[objects.Pod]:
    """The new side's pods that the scheduler finds no node for."""
    return [pod for pod in situation.homeless_of(situation.to_selector) if pod.uid in situation.unplaced]


def said_of(pods: list[objects.Pod], situation: Situation) -> str:
    """What the scheduler says of the most of these pods."""
    said = Counter(situation.unplaced[pod.uid] for pod in pods)
    return max(said, key=lambda one: said[one], default="")


def _third_workload(situation: Situation) -> Iterator[Check]:
    target = situation.workloads_of(situation.to_selector)
    strangers = [
        pod for pod in situation.pods_of(situation.to_selector) if not any(belongs(pod=pod, workload=workload) for workload in target[:1])
    ]
    found = refs(strangers) + (refs(target) if len(target) > 1 else ())
    params = {"selector": selectors.text(situation.to_selector)}
    yield Check(code="third-workload", level=Level.BLOCK if found else Level.OK, params=params, objects=found)


def _rollout(situation: Situation) -> Iterator[Check]:
    """Pods of an older template stay ready and keep their labels until the rollout has replaced them.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
    """
    found = refs(one for one in situation.workloads_of(situation.to_selector) if _is_being_rolled_out(one, situation))
    params = sides_of(situation) | {"names": ", ".join(f"{one.kind} {one.name}" for one in found)}
    yield Check(code="rollout-unfinished", level=Level.BLOCK if found else Level.OK, params=params, objects=found)


def _is_being_rolled_out(workload: Switchable, situation: Situation) -> bool:
    """One that only grows has fewer pods than it wants, all of them of its newest template."""
    pods = [pod for pod in situation.pods_of(situation.to_selector) if belongs(pod=pod, workload=workload) and not pod.deleting]
    templates = {pod.labels.get(TEMPLATE[type(workload)]) for pod in pods}
    return workload.uid in situation.unobserved or len(templates) > 1 or workload.updated < min(workload.wanted, len(pods))


def _key_in_template(situation: Situation) -> Iterator[Check]:
    """A label that pods have and their workload's template has not is gone with the next rollout."""
    without = [one for one in situation.workloads if _makes_pods_it_does_not_describe(one, situation)]
    params = sides_of(situation) | {"key": situation.key}
    yield Check(code="key-in-template", level=Level.WARN if without else Level.OK, params=params, objects=refs(without))


def _makes_pods_it_does_not_describe(workload: Switchable, situation: Situation) -> bool:
    return any(
        not selectors.matches(selector=selector, labels=workload.template_labels)
        and any(belongs(pod=pod, workload=workload) for pod in situation.pods_of(selector))
        for selector in (situation.from_selector, situation.to_selector)
    )


def _overlapping_selectors(situation: Situation) -> Iterator[Check]:
    """An autoscaler counts the pods that its workload's selector matches, whoever made them: two Deployments over one label share them. Since
    Kubernetes 1.27 two autoscalers that count the same pods stop (AmbiguousSelector).

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector
    https://github.com/kubernetes/kubernetes/pull/112011
    """
    before, after = situation.workloads_of(situation.from_selector), situation.workloads_of(situation.to_selector)
    found = [one for one in before if _takes_in(one, after)] + [one for one in after if _takes_in(one, before)]
    if found:
        yield Check(code="overlapping-selectors", level=Level.WARN, params={"key": situation.key}, objects=refs(found))


def _takes_in(workload: Switchable, others: list[Switchable]) -> bool:
    return workload.selector_exact and any(selectors.matches(selector=workload.selector, labels=one.template_labels) for one in others)


def _port_missing(situation: Situation) -> Iterator[Check]:
    """A named targetPort is looked up in each pod by the EndpointSlice controller; where it is missing, that port is dead."""
    named = {port.target: port.protocol for port in situation.service.ports if port.target and not port.target.isdigit()}
    before, after = _numbers(situation, situation.from_selector), _numbers(situation, situation.to_selector)
    missing = sorted({name for name, protocol in named.items() for numbers in after.values() if (name, protocol) not in numbers})
    if missing:
        lacking = [pod for pod in _looked_at(situation, situation.to_selector) if _lacks(pod, missing)]
        found = refs(lacking) or refs(situation.workloads_of(situation.to_selector))
        yield Check(code="port-missing", level=Level.BLOCK, params={"ports": ", ".join(missing)}, objects=found)
        return
    yield Check(code="port-missing", level=Level.OK)
    for name, protocol in named.items():
        old = {numbers[name, protocol] for numbers in before.values() if (name, protocol) in numbers}
        new = {numbers[name, protocol] for numbers in after.values() if (name, protocol) in numbers}
        if old and new and old != new:
            values = {"port": name, "from": ", ".join(map(str, sorted(old))), "to": ", ".join(map(str, sorted(new)))}
            yield Check(code="port-number", level=Level.INFO, params=values, objects=(service_of(situation),))


def _looked_at(situation: Situation, selector: dict[str, str]) -> list[objects.Pod]:
    return situation.ready_of(selector) or situation.pods_of(selector)


def _lacks(pod: objects.Pod, names: list[str]) -> bool:
    return not set(names) <= {port.name for container in pod.containers for port in container.ports}


def _numbers(situation: Situation, selector: dict[str, str]) -> dict[str, dict[tuple[str, str], int]]:
    """The named ports of each pod, or of the templates where there is no pod yet, by name and protocol."""
    pods = _looked_at(situation, selector)
    if pods:
        found = {pod.uid: [port for container in pod.containers for port in container.ports] for pod in pods}
    else:
        found = {one.uid: list(one.ports) for one in situation.workloads_of(selector)}
    return {uid: {(port.name, port.protocol): port.port for port in ports if port.name} for uid, ports in found.items()}


def _shared_config(situation: Situation) -> Iterator[Check]:
    """By what the pod templates name. Where a database is, and whether both sides use the same one, is written in no field of theirs."""
    shared = _referred(situation, situation.from_selector) & _referred(situation, situation.to_selector)
    found = tuple(Ref(kind, situation.service.namespace, name) for kind, name in sorted(shared))
    params = sides_of(situation) | {"names": ", ".join(f"{one.kind} {one.name}" for one in found)}
    yield Check(code="shared-config", level=Level.INFO if found else Level.OK, params=params, objects=found)


def _referred(situation: Situation, selector: dict[str, str]) -> set[tuple[str, str]]:
    return {named for one in situation.workloads_of(selector) for named in situation.references.get(one.uid, ())}


CHECKS: Looks = (
    pod_template_hash,
    _no_op,
    _ready,
    _unscheduled,
    _third_workload,
    _rollout,
    _key_in_template,
    _overlapping_selectors,
    _port_missing,
    _shared_config,
)
