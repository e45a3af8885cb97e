"""Load balancers that learn of a Service's new endpoints at their own pace, so that both sides should take traffic for a while."""

from __future__ import annotations

import json
from typing import NamedTuple

from clusterview.topology import objects
from clusterview.traffic import planning
from clusterview.traffic.situations import ServiceNow, Situation

AWS_TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
AWS_TARGET_TYPE = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"
GKE_NEG = "cloud.google.com/neg"
ALB_TARGET_TYPE = "alb.ingress.kubernetes.io/target-type"


class IpTargets(NamedTuple):
    """What says that a load balancer sends to pod addresses: an annotation of the Service, or of the Ingresses in front of it."""

    sign: str
    ingresses: tuple[objects.Ingress, ...] = ()


def follow_late(situation: Situation) -> bool:
    """This will tell whether something outside the cluster learns of new endpoints at its own pace."""
    service = situation.service
    return service.type == "LoadBalancer" or service.external_traffic_policy == "Local" or ip_targets(situation) is not None


def may_overlap(situation: Situation) -> bool:
    """Whether the selector without the key matches exactly the pods of both sides."""
    return bool(wide_of(situation)) and not of_neither_side(situation)


def of_neither_side(situation: Situation) -> list[objects.Pod]:
    """The pods that the selector without the key matches although they are of neither side."""
    both = {pod.uid for side in (situation.from_selector, situation.to_selector) for pod in situation.pods_of(side)}
    return [pod for pod in situation.pods_of(wide_of(situation)) if pod.uid not in both]


def wide_of(situation: Situation) -> dict[str, str]:
    """The selector without the key."""
    return planning.widened(selector=situation.from_selector, key=situation.key)


def ip_targets(situation: Situation) -> IpTargets | None:
    """A load balancer that sends to pod addresses has them exchanged by a controller of its own; None where there is no sign of one.

    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/nlb/ (ip targets; `nlb-ip` is the older spelling; with
    `external` and no target type the controller's own default decides), …/guide/ingress/annotations/#target-type,
    https://cloud.google.com/kubernetes-engine/docs/how-to/standalone-neg
    """
    service = situation.service
    if sign := _sign_of(service):
        return IpTargets(sign)
    ingresses = situation.around.ingresses if situation.around is not None else ()
    albs = [one for one in ingresses if one.annotations.get(ALB_TARGET_TYPE) == "ip" and any(path.service == service.name for path in one.paths)]
    return IpTargets(f"{ALB_TARGET_TYPE}: ip", tuple(albs)) if albs else None


def _sign_of(service: ServiceNow) -> str:
    kind, target, neg = (service.annotation(name) for name in (AWS_TYPE, AWS_TARGET_TYPE, GKE_NEG))
    if service.type == "LoadBalancer" and target == "ip":
        return f"{AWS_TARGET_TYPE}: ip"
    if service.type == "LoadBalancer" and (kind == "nlb-ip" or (kind == "external" and not target)):
        return f"{AWS_TYPE}: {kind}"
    return GKE_NEG if _has_neg(neg) else ""


def _has_neg(written: str) -> bool:
    try:
        neg = json.loads(written or "{}")
    except ValueError:
        return False
    return isinstance(neg, dict) and bool(neg.get("ingress") or neg.get("exposed_ports"))
