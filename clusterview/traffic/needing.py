"""What more pods of a workload take of the namespace's quotas, and how much of that is missing.

By the pod template, and at least that: a container that names no request or limit counts as nothing, though a LimitRange may give it one. A quota
with scopes is for some pods only, so nothing is reckoned with it; that it is used up is told all the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial

from clusterview.kube import structs
from clusterview.observer.quantities import amount
from clusterview.traffic.situations import Quota

Needs = Mapping[str, Decimal]

EACH_POD: Needs = {"pods": Decimal(1), "count/pods": Decimal(1)}
COMPUTED = ("cpu", "memory")


def of_pod(item: structs.Asking) -> Needs:
    """This will add up what one pod of the workload is counted as, by the names of a quota's resources.

    https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
    """
    spec = item.spec.template.spec
    found = dict(EACH_POD)
    for name in COMPUTED:
        overhead = amount(spec.overhead.get(name, ""))
        limited = _together(spec, partial(_limit, name=name))
        found[name] = found[f"requests.{name}"] = _together(spec, partial(_request, name=name)) + overhead
        found[f"limits.{name}"] = limited + (overhead if limited else 0)
    return found


def _limit(asked: structs.Resources, *, name: str) -> Decimal:
    return amount(asked.limits.get(name, ""))


def _request(asked: structs.Resources, *, name: str) -> Decimal:
    """Who names a limit alone requests as much."""
    return amount(asked.requests.get(name) or asked.limits.get(name, ""))


def _together(spec: structs.AskingPodSpec, read: Callable[[structs.Resources], Decimal]) -> Decimal:
    """Containers run together and beside those init containers that always restart; the other ones run before, one at a time."""
    beside, most = Decimal(0), Decimal(0)
    for one in spec.init_containers:
        most = max(most, beside + read(one.resources))
        beside += read(one.resources) if one.restart_policy == "Always" else 0
    return max(most, beside + sum((read(one.resources) for one in spec.containers), Decimal(0)))


def missing(quota: Quota, *, needs: Needs, pods: int) -> list[str]:
    """This will tell what keeps so many more pods from coming: each resource with what is used of it, what may be, and what is missing, where it is
    known what a pod takes (`pods 5/6 (4)`).
    """
    found = []
    for one in quota.bounds:
        each = Decimal(0) if quota.is_scoped else needs.get(one.resource, Decimal(0))
        if each and each * pods > one.room:
            found.append(f"{one} ({_written(each * pods - one.room, of=one.resource)})")
        elif one in quota.used_up:
            found.append(str(one))
    return found


def _written(quantity: Decimal, *, of: str) -> str:
    """A quantity that is at least this one, as Kubernetes writes those of its resource."""
    if of.endswith("cpu"):
        return f"{math.ceil(quantity * 1000)}m"
    return f"{math.ceil(quantity / 2**20)}Mi" if of.endswith("memory") else str(math.ceil(quantity))
