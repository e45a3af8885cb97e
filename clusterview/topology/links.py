"""How objects of the picture are joined.

A link goes from the object that names the other to the one that is named. `selects` is what is meant (labels), `serves` what is true (an
EndpointSlice lists the pod); where the two differ, the page shows it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from clusterview.topology.objects import Uid


class LinkKind(StrEnum):
    """What a link says, from source to target.

    OWNER: child to controller. RUNS_ON: Pod to Node. SELECTS: Service to Pod. SLICE: EndpointSlice to Service.
    SERVES: EndpointSlice to Pod. ROUTES_TO: Ingress or HTTPRoute to Service. ATTACHED_TO: HTTPRoute to Gateway.
    MOUNTS: Pod to PersistentVolumeClaim. BOUND_TO: claim to volume.
    PROVISIONED_BY: claim or volume to StorageClass. SCALES: HorizontalPodAutoscaler to workload. PROTECTS: PodDisruptionBudget to Pod.
    ABOUT: Event to its object.
    """

    OWNER = "owner"
    RUNS_ON = "runs_on"
    SELECTS = "selects"
    SLICE = "slice"
    SERVES = "serves"
    ROUTES_TO = "routes_to"
    MOUNTS = "mounts"
    BOUND_TO = "bound_to"
    PROVISIONED_BY = "provisioned_by"
    SCALES = "scales"
    PROTECTS = "protects"
    ABOUT = "about"
    ATTACHED_TO = "attached_to"


class Link(msgspec.Struct, frozen=True, array_like=True):
    kind: LinkKind
    source: Uid
    target: Uid
