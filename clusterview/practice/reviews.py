"""Questions about oneself: may I (`kubectl auth can-i`), what may I (`--list`), who am I (`whoami`)."""

from __future__ import annotations

from clusterview.practice import permissions, problems
from clusterview.practice.accounts import MASTERS, Account
from clusterview.practice.objects import Object
from clusterview.practice.permissions import Act
from clusterview.practice.store import Store

EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}


def answer(kind: str, store: Store, account: Account, body: Object) -> Object:
    """This will answer a review: the body that was sent, with its status."""
    spec = body.get("spec") or {}
    match kind:
        case "SelfSubjectAccessReview":
            status = _access(store, account, spec)
        case "SelfSubjectRulesReview":
            status = _rules(store, account, str(spec.get("namespace") or "default"))
        case _:
            status = {"userInfo": {"username": account.name, "groups": list(account.groups)}}
    group = "authentication" if kind == "SelfSubjectReview" else "authorization"
    return {"kind": kind, "apiVersion": f"{group}.k8s.io/v1", "metadata": {"creationTimestamp": None}, "spec": spec, "status": status}


def _access(store: Store, account: Account, spec: Object) -> Object:
    said, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if said:
        act = Act(
            verb=said.get("verb", ""), group=said.get("group", ""), resource=said.get("resource", ""), subresource=said.get("subresource", ""),
            namespace=said.get("namespace", ""), name=said.get("name", ""),
        )  # fmt: skip
    elif path:
        act = Act(verb=path.get("verb", ""), path=path.get("path", ""))
    else:
        raise problems.bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
    return {"allowed": permissions.may(store, account, act)}


def _rules(store: Store, account: Account, namespace: str) -> Object:
    found = list(permissions.rules(store, account, namespace=namespace))
    resources = [rule for rule in found if rule.get("resources")]
    paths = [{"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]} for rule in found if rule.get("nonResourceURLs")]
    if MASTERS in account.groups:
        resources.insert(0, EVERYTHING)
        paths.insert(0, {"verbs": ["*"], "nonResourceURLs": ["*"]})
    own = {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": list(permissions.REVIEWS[:2])}
    self_own = {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": [permissions.REVIEWS[2]]}
    open_paths = {"verbs": ["get"], "nonResourceURLs": [*permissions.OPEN_TO_ALL, *permissions.OPEN_TO_USERS]}
    return {"resourceRules": [*resources, self_own, own], "nonResourceRules": [*paths, open_paths], "incomplete": False}
