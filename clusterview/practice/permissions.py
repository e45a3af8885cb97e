"""Who may do what: RBAC as the roles and bindings in the store say it, read at each request.

A role that grants nothing to anybody costs nothing; there are a few dozen of them, so no cache can be out of date.
https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clusterview.practice.accounts import AUTHENTICATED, MASTERS, Account
from clusterview.practice.objects import Object, namespace_of
from clusterview.practice.problems import Problem
from clusterview.practice.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from clusterview.practice.store import Store

OPEN_TO_ALL = ("/livez", "/readyz", "/healthz", "/version")
OPEN_TO_USERS = ("/api", "/apis", "/openapi")
REVIEWS = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")


@dataclass(frozen=True)
class Act:
    """One thing that somebody wants to do: to a resource, or where `path` is given, to an address that is none."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def may(store: Store, account: Account, act: Act) -> bool:
    """This will tell whether the account may do it."""
    if MASTERS in account.groups or _is_open(account, act):
        return True
    return any(_allows(rule, act) for rule in rules(store, account, namespace=act.namespace))


def require(store: Store, account: Account, act: Act) -> None:
    """This will raise Problem 403 unless the account may do it."""
    if not may(store, account, act):
        raise refusal(account, act)


def refusal(account: Account, act: Act) -> Problem:
    """The words in which kube-apiserver refuses."""
    if act.path:
        return Problem(403, "Forbidden", f'forbidden: User "{account.name}" cannot {act.verb} path "{act.path}"', details={})
    where = f'in the namespace "{act.namespace}"' if act.namespace else "at the cluster scope"
    qualified = f"{act.resource}.{act.group}" if act.group else act.resource
    named = f' "{act.name}"' if act.name else ""
    message = (
        f'{qualified}{named} is forbidden: User "{account.name}" cannot {act.verb} resource "{act.full_resource}" in API group "{act.group}" {where}'
    )
    details = ({"name": act.name} if act.name else {}) | ({"group": act.group} if act.group else {}) | {"kind": act.resource}
    return Problem(403, "Forbidden", message, details=details)


def _is_open(account: Account, act: Act) -> bool:
    if act.path:
        known = OPEN_TO_ALL if AUTHENTICATED not in account.groups else (*OPEN_TO_ALL, *OPEN_TO_USERS)
        return act.verb == "get" and any(act.path == one or act.path.startswith(f"{one}/") for one in known)
    return act.verb == "create" and act.resource in REVIEWS and AUTHENTICATED in account.groups


def rules(store: Store, account: Account, *, namespace: str) -> Iterator[Object]:
    """The rules that hold for the account everywhere and in the namespace."""
    for binding in store.all(CLUSTER_ROLE_BINDINGS):
        if _binds(binding, account):
            yield from _rules_of(store, binding)
    for binding in store.all(ROLE_BINDINGS, namespace) if namespace else ():
        if _binds(binding, account):
            yield from _rules_of(store, binding)


def _binds(binding: Object, account: Account) -> bool:
    for subject in binding.get("subjects") or ():
        if subject["kind"] == "User" and subject["name"] == account.name:
            return True
        if subject["kind"] == "Group" and subject["name"] in account.groups:
            return True
        if subject["kind"] == "ServiceAccount" and account.name == f"system:serviceaccount:{subject.get('namespace', '')}:{subject['name']}":
            return True
    return False


def _rules_of(store: Store, binding: Object) -> Iterator[Object]:
    reference = binding["roleRef"]
    if reference["kind"] == "ClusterRole":
        role = store.get(CLUSTER_ROLES, "", reference["name"])
    else:
        role = store.get(ROLES, namespace_of(binding), reference["name"])
    yield from (role or {}).get("rules") or ()


def _allows(rule: Object, act: Act) -> bool:
    if not _in(act.verb, rule.get("verbs")):
        return False
    if act.path:
        return any(_is_path(act.path, pattern) for pattern in rule.get("nonResourceURLs") or ())
    named = rule.get("resourceNames") or ()
    resources = rule.get("resources") or ()
    fits = act.full_resource in resources or "*" in resources or (bool(act.subresource) and f"*/{act.subresource}" in resources)
    return fits and _in(act.group, rule.get("apiGroups")) and (not named or act.name in named)


def _in(value: str, listed: list[str] | None) -> bool:
    return listed is not None and ("*" in listed or value in listed)


def _is_path(path: str, pattern: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
