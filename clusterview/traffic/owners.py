"""Who else keeps a Service in a state of their own: GitOps tools, Helm, operators, progressive-delivery controllers.

The signs are annotations, labels and owner references that each tool documents, and the managers that own the selector by
`metadata.managedFields`, which is the only sign that needs no knowledge of a vendor. Rancher Fleet documents no sign of its own; what it
deploys carries Helm's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from clusterview.topology import objects


class Owner(msgspec.Struct, frozen=True):
    """`forbids`: it drives the selector itself, so a switch underneath it would be a fight. `quiet`: it was told to leave this Service
    alone. `sign` is where it was seen.
    """

    name: str
    sign: str
    forbids: bool = False
    quiet: bool = False


ARGO_CD, FLUX, HELM, KUSTOMIZE = "Argo CD", "Flux", "Helm", "Kustomize"
CONFIG_SYNC, OLM, ROLLOUTS, FLAGGER = "Config Sync", "Operator Lifecycle Manager", "Argo Rollouts", "Flagger"

INSTANCE = "app.kubernetes.io/instance"
MANAGED_BY = "app.kubernetes.io/managed-by"
TRACKING_ID = "argocd.argoproj.io/tracking-id"
ARGO_INSTANCE = "argocd.argoproj.io/instance"
HELM_RELEASE = "meta.helm.sh/release-name"
HELM_NAMESPACE = "meta.helm.sh/release-namespace"
FLUX_RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"
FLUX_SSA = "kustomize.toolkit.fluxcd.io/ssa"
FLUX_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io"
FLUX_RELEASE = "helm.toolkit.fluxcd.io"
CONFIG_SYNC_MANAGED = "configmanagement.gke.io/managed"
CONFIG_SYNC_MUTATION = "client.lifecycle.config.k8s.io/mutation"
MANAGED_BY_ROLLOUTS = "argo-rollouts.argoproj.io/managed-by-rollouts"

ANNOTATIONS = {
    TRACKING_ID: Owner(ARGO_CD, TRACKING_ID),
    HELM_RELEASE: Owner(HELM, HELM_RELEASE),
    MANAGED_BY_ROLLOUTS: Owner(ROLLOUTS, MANAGED_BY_ROLLOUTS, forbids=True),
}
LABELS = {
    ARGO_INSTANCE: Owner(ARGO_CD, ARGO_INSTANCE),
    f"{FLUX_KUSTOMIZATION}/name": Owner(FLUX, f"{FLUX_KUSTOMIZATION}/name"),
    f"{FLUX_RELEASE}/name": Owner(FLUX, f"{FLUX_RELEASE}/name"),
    "olm.owner": Owner(OLM, "olm.owner"),
}
MANAGERS = {
    "argocd-controller": Owner(ARGO_CD, "argocd-controller"),
    "argocd-application-controller": Owner(ARGO_CD, "argocd-application-controller"),
    "kustomize-controller": Owner(FLUX, "kustomize-controller"),
    "helm-controller": Owner(FLUX, "helm-controller"),
    "helm": Owner(HELM, "helm"),
    "configsync": Owner(CONFIG_SYNC, "configsync"),
    "rollouts-controller": Owner(ROLLOUTS, "rollouts-controller", forbids=True),
    "flagger": Owner(FLAGGER, "flagger", forbids=True),
}
DRIVERS = {"Canary": FLAGGER, "Rollout": ROLLOUTS}


def found(
    *, labels: Mapping[str, str], annotations: Mapping[str, str], references: Iterable[objects.Owner], managers: Iterable[str],
    others: Iterable[Owner] = (),
) -> list[Owner]:  # fmt: skip
    """This will list each owner of a Service once, with the first sign of it; owners that forbid come first.

    `references` are its ownerReferences, `managers` those that own its selector, `others` what was seen elsewhere.
    """
    managers = list(managers)
    by_name: dict[str, Owner] = {}
    writers = (MANAGERS[one] for one in managers if one in MANAGERS)
    for one in (*_annotated(annotations), *_labelled(labels, managers), *writers, *_referred(references), *others):
        by_name.setdefault(one.name, one)
    heard = _told_to_leave(annotations, labels)
    kept = (msgspec.structs.replace(one, quiet=True, sign=heard[one.name]) if one.name in heard else one for one in by_name.values())
    return sorted(kept, key=lambda one: (not one.forbids, one.name))


def of_record(record: objects.Service, *, others: Iterable[Owner] = ()) -> list[Owner]:
    """The owners of a Service of the picture, which knows its controlling owner and the last writer of its selector only."""
    references = [record.owner] if record.owner is not None else []
    managers = [record.selector_manager] if record.selector_manager else []
    return found(labels=record.labels, annotations=record.annotations, references=references, managers=managers, others=others)


def drivers(records: Iterable[objects.Deployment | objects.StatefulSet | objects.ReplicaSet]) -> Iterator[Owner]:
    """The controllers that made these workloads in order to move traffic between them: Flagger's primary, a Rollout's ReplicaSets."""
    yield from (driver for one in records if one.owner is not None and (driver := _driver(one.owner)) is not None)


def _driver(reference: objects.Owner) -> Owner | None:
    name = DRIVERS.get(reference.kind)
    return Owner(name, f"ownerReference {reference.kind}/{reference.name}", forbids=True) if name else None


def _annotated(annotations: Mapping[str, str]) -> Iterator[Owner]:
    yield from (owner for name, owner in ANNOTATIONS.items() if annotations.get(name))
    if annotations.get(CONFIG_SYNC_MANAGED) == "enabled":
        yield Owner(CONFIG_SYNC, CONFIG_SYNC_MANAGED)


def _labelled(labels: Mapping[str, str], managers: list[str]) -> Iterator[Owner]:
    yield from (owner for name, owner in LABELS.items() if name in labels)
    # Argo CD's default label is one that Helm charts set too, so it counts only together with an Argo manager.
    if INSTANCE in labels and any(manager.startswith("argocd") for manager in managers):
        yield Owner(ARGO_CD, INSTANCE)
    managed_by = labels.get(MANAGED_BY, "")
    if managed_by == "Helm":
        yield Owner(HELM, MANAGED_BY)
    elif managed_by == "configmanagement.gke.io":
        yield Owner(CONFIG_SYNC, MANAGED_BY)
    elif managed_by.startswith("kustomize"):
        yield Owner(KUSTOMIZE, MANAGED_BY)


def _referred(references: Iterable[objects.Owner]) -> Iterator[Owner]:
    for reference in references:
        yield _driver(reference) or Owner(f"{reference.kind}/{reference.name}", "ownerReference")


def _told_to_leave(annotations: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    """By owner, the sign that it leaves this object alone.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#suspending-and-resuming and #controlling-the-apply-behavior-of-resources (as
    annotation or label); https://docs.cloud.google.com/kubernetes-engine/config-sync/docs/how-to/managing-objects (ignore object mutations).
    """
    heard = {}
    both = {**labels, **annotations}
    if f"{FLUX_RELEASE}/name" not in labels:  # only its kustomize-controller listens to these
        if both.get(FLUX_RECONCILE) == "disabled":
            heard[FLUX] = f"{FLUX_RECONCILE}: disabled"
        elif both.get(FLUX_SSA) in ("Ignore", "IfNotPresent"):
            heard[FLUX] = f"{FLUX_SSA}: {both[FLUX_SSA]}"
    if annotations.get(CONFIG_SYNC_MUTATION) == "ignore":
        heard[CONFIG_SYNC] = f"{CONFIG_SYNC_MUTATION}: ignore"
    return heard
