"""The least rights that the first form needs, as a manifest for `kubectl apply`.

The viewer may read the kinds of `kinds.KINDS`, list those of `kinds.ON_DEMAND`, which a preflight looks at, and nothing else: no Secrets, no
ConfigMaps, no exec, no logs. Kinds that are not installed may stand in a rule. The switcher is a Role in
one namespace and may patch Services there, and the sizes of what stands behind them (autoscalers, Deployments, StatefulSets): without these two
rules traffic is switched all the same, and no side is kept large or warmed up. Health and version are granted by name although most clusters let
every authenticated account read them
(system:public-info-viewer): some have taken that away, and then "live" would be impossible. Asking what one may do needs system:basic-user,
which is granted the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from clusterview.kube.kinds import KINDS, ON_DEMAND, KindSpec

VIEWER, SWITCHER = "clusterview-viewer", "clusterview-switcher"
HEALTH = ("/livez", "/readyz", "/version")
READ = ("get", "list", "watch")


def viewer_manifest(*, user: str = "", service_account: str = "", service_account_namespace: str = "clusterview") -> str:
    """This will write the ClusterRole that sees everything on the map, and its binding to a user or else to a ServiceAccount."""
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
        for kinds, verbs in ((KINDS, READ), (ON_DEMAND, ("list",)))
        for group, resources in sorted(_resources_by_group(kinds).items())
    ]
    rules.append({"nonResourceURLs": list(HEALTH), "verbs": ["get"]})
    rules.append({"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]})
    role = _object("ClusterRole", VIEWER, rules=rules)
    binding = _object(
        "ClusterRoleBinding",
        VIEWER,
        roleRef=_reference("ClusterRole", VIEWER),
        subjects=[_subject(user, service_account, service_account_namespace)],
    )
    return _text(role, binding)


def switcher_manifest(namespace: str, *, user: str = "", service_account: str = "", service_account_namespace: str = "clusterview") -> str:
    """This will write the Role that may move traffic and change sizes in one namespace, and its binding. The viewer's rights are needed beside it."""
    rules = [
        {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "patch"]},
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["get", "patch"]},
        {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets"], "verbs": ["get", "patch"]},
    ]
    role = _object("Role", SWITCHER, namespace=namespace, rules=rules)
    binding = _object(
        "RoleBinding",
        SWITCHER,
        namespace=namespace,
        roleRef=_reference("Role", SWITCHER),
        subjects=[_subject(user, service_account, service_account_namespace)],
    )
    return _text(role, binding)


def _resources_by_group(kinds: Iterable[KindSpec]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for spec in kinds:
        resources = groups.setdefault(spec.group, [])
        if spec.resource not in resources:
            resources.append(spec.resource)
    return groups


def _object(kind: str, name: str, *, namespace: str = "", **rest: Any) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"app.kubernetes.io/part-of": "clusterview"}} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **rest}


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}


def _subject(user: str, service_account: str, namespace: str) -> dict[str, str]:
    if user:
        return {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    return {"kind": "ServiceAccount", "name": service_account or "clusterview", "namespace": namespace}


def _text(*objects: dict[str, Any]) -> str:
    return yaml.safe_dump_all(objects, sort_keys=False)
