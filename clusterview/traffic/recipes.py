"""What to write where, so that another tool and a switch do not fight over one Service's selector.

Two kinds of recipe: the tool is told to leave the selector alone, which lasts, or it is given the same selector, which has to follow each
switch. No recipe leaves the selector out of a manifest: whoever owns a field alone by server-side apply and stops naming it removes it, and a
Service without a selector keeps its present endpoints for ever.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import yaml

from clusterview.kube import patching
from clusterview.traffic import owners, words
from clusterview.traffic.situations import ServiceNow

PATH = "/spec/selector"
UNKNOWN = "<its name>"


class Recipe(msgspec.Struct, frozen=True):
    """`title` is the code of its words; `text` is YAML with the Service's own names."""

    tool: str
    title: str
    text: str


def recipes(service: ServiceNow, *, selector: Mapping[str, str] | None = None) -> list[Recipe]:
    """This will say how each tool that manages the Service can be kept from writing another selector than `selector` (by default today's)."""
    wanted = dict(service.selector if selector is None else selector)
    found = owners.found(
        labels=service.labels, annotations=service.annotations or {}, references=service.owners,
        managers=[one.manager for one in service.selector_owners],
    )  # fmt: skip
    tools = {one.name for one in found if not one.quiet and not one.forbids}
    told = [*_argo_cd(service, tools), *_flux(service, tools, wanted), *_others(service, tools, wanted)]
    return told if told or found else list(_manifest(service, wanted))


def told(found: list[Recipe]) -> list[dict[str, str]]:
    """The recipes as REST tells them, with their English words."""
    return [{"tool": one.tool, "code": one.title, "text": one.text} | words.recipe(one.title) for one in found]


def _argo_cd(service: ServiceNow, tools: set[str]) -> Iterator[Recipe]:
    """https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/#application-level-configuration and
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#respect-ignore-differences-configs (without it a sync applies Git as it is).
    The Application's name is the first part of the tracking id, `<application>:<group>/<kind>:<namespace>/<name>`, with its namespace before
    it and a `_` where it lives outside Argo CD's own.
    """
    if owners.ARGO_CD not in tools:
        return
    tracked = service.annotation(owners.TRACKING_ID).partition(":")[0]
    namespace, _, name = tracked.rpartition("_")
    name = name or service.labels.get(owners.ARGO_INSTANCE) or service.labels.get(owners.INSTANCE) or UNKNOWN
    ignored = {"group": "", "kind": "Service", "namespace": service.namespace, "name": service.name, "jsonPointers": [PATH]}
    spec = {"ignoreDifferences": [ignored], "syncPolicy": {"syncOptions": ["RespectIgnoreDifferences=true"]}}
    yield Recipe(owners.ARGO_CD, "argo-cd", _text(_object("argoproj.io/v1alpha1", "Application", name, namespace, spec)))


def _flux(service: ServiceNow, tools: set[str], selector: dict[str, str]) -> Iterator[Recipe]:
    if owners.FLUX not in tools:
        return
    managers = {one.manager for one in service.selector_owners}
    if f"{owners.FLUX_RELEASE}/name" in service.labels or "helm-controller" in managers:
        yield from _flux_release(service, selector)
    else:
        yield from _flux_kustomization(service, selector)


def _flux_kustomization(service: ServiceNow, selector: dict[str, str]) -> Iterator[Recipe]:
    """https://fluxcd.io/flux/components/kustomize/kustomizations/: #ignore-rules (Flux 2.9), #suspending-and-resuming (an annotation in the
    cluster; in the source it would keep the object from being made), #patches.
    """

    def kustomization(spec: dict[str, Any]) -> str:
        name, namespace = (service.labels.get(f"{owners.FLUX_KUSTOMIZATION}/{part}", "") for part in ("name", "namespace"))
        return _text(_object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name or UNKNOWN, namespace, spec))

    yield Recipe(owners.FLUX, "flux-ignore", kustomization({"ignore": [{"paths": [PATH], "target": _target(service)}]}))
    annotate = ("kubectl", "annotate", "service", service.name, "--namespace", service.namespace, f"{owners.FLUX_RECONCILE}=disabled")
    yield Recipe(owners.FLUX, "flux-reconcile", _fragment(service, command=annotate, annotations={owners.FLUX_RECONCILE: "disabled"}))
    yield Recipe(owners.FLUX, "flux-patches", kustomization({"patches": [_patch(service, selector)]}))


def _flux_release(service: ServiceNow, selector: dict[str, str]) -> Iterator[Recipe]:
    """https://fluxcd.io/flux/components/helm/helmreleases/: #ignore-rules (an upgrade still writes the chart's selector), #post-renderers."""

    def release(spec: dict[str, Any]) -> str:
        name, namespace = (service.labels.get(f"{owners.FLUX_RELEASE}/{part}", "") for part in ("name", "namespace"))
        return _text(_object("helm.toolkit.fluxcd.io/v2", "HelmRelease", name or UNKNOWN, namespace, spec))

    yield Recipe(owners.FLUX, "flux-helm", release({"driftDetection": {"ignore": [{"paths": [PATH], "target": _target(service)}]}}))
    yield Recipe(owners.FLUX, "flux-post-render", release({"postRenderers": [{"kustomize": {"patches": [_patch(service, selector)]}}]}))


def _others(service: ServiceNow, tools: set[str], selector: dict[str, str]) -> Iterator[Recipe]:
    """Helm's upgrade puts back what differs from the chart: https://helm.sh/docs/faq/changes_since_helm2/ (three-way merge). Kustomize:
    https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/. Config Sync:
    https://docs.cloud.google.com/kubernetes-engine/config-sync/docs/how-to/managing-objects (ignore object mutations, in the source).
    """
    if owners.HELM in tools and owners.FLUX not in tools:
        name, namespace = service.annotation(owners.HELM_RELEASE) or UNKNOWN, service.annotation(owners.HELM_NAMESPACE) or service.namespace
        upgrade = ("helm", "upgrade", name, "--namespace", namespace)
        yield Recipe(owners.HELM, "helm", _fragment(service, command=upgrade, selector=selector))
    if owners.KUSTOMIZE in tools:
        yield Recipe(owners.KUSTOMIZE, "kustomize", _kustomize(service, selector))
    if owners.CONFIG_SYNC in tools:
        yield Recipe(owners.CONFIG_SYNC, "config-sync", _fragment(service, annotations={owners.CONFIG_SYNC_MUTATION: "ignore"}))
    for one in service.selector_owners:
        if one.operation == "Apply" and one.manager not in owners.MANAGERS:
            apply = ("kubectl", "apply", "--server-side", f"--field-manager={one.manager}")
            yield Recipe(one.manager, "server-side-apply", _fragment(service, command=apply, selector=selector))


def _manifest(service: ServiceNow, selector: dict[str, str]) -> Iterator[Recipe]:
    """A tool that nobody knows here, `kubectl apply` among them, writes what its manifest says."""
    if service.selector_manager not in ("", patching.FIELD_MANAGER):
        yield Recipe(service.selector_manager, "manifest", _fragment(service, selector=selector))


def _kustomize(service: ServiceNow, selector: dict[str, str]) -> str:
    return _text({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "patches": [_patch(service, selector)]})


def _target(service: ServiceNow) -> dict[str, str]:
    return {"kind": "Service", "namespace": service.namespace, "name": service.name}


def _patch(service: ServiceNow, selector: dict[str, str]) -> dict[str, Any]:
    """A patch as Kustomize and Flux take it: JSON patches as a text of their own."""
    operations = [{"op": "replace", "path": PATH, "value": selector}]
    return {"target": {"version": "v1", **_target(service)}, "patch": _Literal(_text(operations))}


def _object(api_version: str, kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _fragment(
    service: ServiceNow, *, command: Sequence[str] = (), annotations: dict[str, str] | None = None, selector: dict[str, str] | None = None
) -> str:
    """The part of the Service's own manifest that matters, below the command that it goes with."""
    metadata: dict[str, Any] = {"name": service.name, "namespace": service.namespace}
    metadata |= {"annotations": annotations} if annotations else {}
    spec = {"spec": {"selector": selector}} if selector else {}
    lines = "".join(f"# {_line(one)}\n" for one in (PATH, shlex.join(command)) if one)
    return lines + _text({"apiVersion": "v1", "kind": "Service", "metadata": metadata} | spec)


def _line(text: str) -> str:
    """Names in annotations are anybody's text: none of it may leave its comment."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


class _Literal(str):
    """A text that is written as a block of lines."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(_Literal, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|"))


def _text(document: Any) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120)
