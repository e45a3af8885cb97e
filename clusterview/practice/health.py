"""`/livez`, `/readyz` and their checks, as kube-apiserver lists them with `?verbose`."""

from __future__ import annotations

CHECKS = (
    "ping", "log", "etcd", "etcd-readiness", "informer-sync", "poststarthook/start-apiextensions-controllers", "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes", "shutdown",
)  # fmt: skip
PATHS = ("/livez", "/readyz", "/healthz")


def answer(path: str, *, verbose: bool) -> str | None:
    """This will give the text for a path of health, one check's included; None where the path is none."""
    for root in PATHS:
        if path == root:
            return listing(name=root[1:]) if verbose else "ok"
        if path.startswith(f"{root}/") and path.removeprefix(f"{root}/") in CHECKS:
            return "ok"
    return None


def listing(*, name: str) -> str:
    """One line for each check, and the sum."""
    return "".join(f"[+]{check} ok\n" for check in CHECKS) + f"{name} check passed\n"
