"""Checks that the Service itself decides."""

from __future__ import annotations

from collections.abc import Iterator

from clusterview.topology import objects
from clusterview.traffic import balancers
from clusterview.traffic.checks import Check, Level, Looks, refs, service_of, sides_of
from clusterview.traffic.situations import Situation

TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"


def _selectorless(situation: Situation) -> Iterator[Check]:
    yield _about(situation, "selectorless", Level.OK if situation.service.selector else Level.BLOCK)


def _external_name(situation: Situation) -> Iterator[Check]:
    yield _about(situation, "external-name", Level.BLOCK if situation.service.type == "ExternalName" else Level.OK)


def _deleting(situation: Situation) -> Iterator[Check]:
    if situation.service.deleting:
        yield _about(situation, "deleting", Level.BLOCK)


def _headless(situation: Situation) -> Iterator[Check]:
    """Clients of a headless Service hold pod addresses from DNS; a StatefulSet's governing Service gives its pods their names."""
    service = situation.service
    sides = situation.workloads_of(situation.from_selector) + situation.workloads_of(situation.to_selector)
    stateful = [one for one in sides if isinstance(one, objects.StatefulSet)]
    stateful += [one for one in situation.workloads if isinstance(one, objects.StatefulSet) and one.service == service.name]
    if service.headless and stateful:
        yield Check(code="headless-statefulset", level=Level.BLOCK, objects=refs({one.uid: one for one in stateful}.values()))
        return
    yield _about(situation, "headless-statefulset", Level.OK)
    if service.headless:
        yield _about(situation, "headless", Level.WARN)


def _publish_not_ready(situation: Situation) -> Iterator[Check]:
    if situation.service.publish_not_ready:
        yield _about(situation, "publish-not-ready", Level.BLOCK)


def _affinity(situation: Situation) -> Iterator[Check]:
    if situation.service.session_affinity == "ClientIP":
        yield _about(situation, "session-affinity", Level.WARN)


def _traffic_policies(situation: Situation) -> Iterator[Check]:
    """With `Local`, only nodes with a ready pod of the new side answer; load balancers learn that at their own pace. A tick is for whether any
    of those answers that do now, however many.
    """
    before = {pod.node for pod in situation.ready_of(situation.from_selector)}
    after = {pod.node for pod in situation.ready_of(situation.to_selector)}
    params = {"shared": str(len(before & after)), "nodes": str(len(before)), "any": "yes" if before & after else "no"}
    if situation.service.external_traffic_policy == "Local":
        yield _about(situation, "external-traffic-policy", Level.WARN, params)
    if situation.service.internal_traffic_policy == "Local":
        yield _about(situation, "internal-traffic-policy", Level.WARN, params)


def _ip_targets(situation: Situation) -> Iterator[Check]:
    found = balancers.ip_targets(situation)
    if found is not None:
        yield Check(code="ip-targets", level=Level.WARN, params={"sign": found.sign}, objects=refs(found.ingresses) or (service_of(situation),))


def _no_overlap(situation: Situation) -> Iterator[Check]:
    """What learns of new endpoints at its own pace is given time by an overlap. A way back has none, whatever is in front of it."""
    if balancers.follow_late(situation) and not situation.returning:
        level = Level.OK if balancers.may_overlap(situation) else Level.WARN
        found = refs(balancers.of_neither_side(situation)) or (service_of(situation),)
        yield Check(code="no-overlap", level=level, params=sides_of(situation) | {"key": situation.key}, objects=found)


def _udp(situation: Situation) -> Iterator[Check]:
    ports = [port.name or str(port.port) for port in situation.service.ports if port.protocol == "UDP"]
    if ports:
        yield _about(situation, "udp", Level.INFO, {"ports": ", ".join(ports)} | sides_of(situation))


def _distribution(situation: Situation) -> Iterator[Check]:
    """https://kubernetes.io/docs/concepts/services-networking/service/#traffic-distribution, …/topology-aware-routing/"""
    service = situation.service
    mode = service.annotation(TOPOLOGY_MODE)
    value = service.traffic_distribution or (f"{TOPOLOGY_MODE}: {mode}" if mode and mode.lower() != "disabled" else "")
    if value:
        yield _about(situation, "traffic-distribution", Level.INFO, {"value": value} | sides_of(situation))


def _dual_stack(situation: Situation) -> Iterator[Check]:
    families = situation.service.ip_families
    if len(families) > 1:
        yield _about(situation, "dual-stack", Level.INFO, {"families": ", ".join(families)})


def _long_lived(situation: Situation) -> Iterator[Check]:
    yield _about(situation, "long-lived", Level.INFO, sides_of(situation))


def _about(situation: Situation, code: str, level: Level, params: dict[str, str] | None = None) -> Check:
    """What is said of the Service itself."""
    return Check(code=code, level=level, params=params or {}, objects=(service_of(situation),))


CHECKS: Looks = (
    _selectorless,
    _external_name,
    _deleting,
    _headless,
    _publish_not_ready,
    _affinity,
    _traffic_policies,
    _ip_targets,
    _no_overlap,
    _udp,
    _distribution,
    _dual_stack,
    _long_lived,
)
