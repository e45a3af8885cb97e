"""Who a request comes from: a bearer token from the state folder, and the person whom an administrator may act as.

Every token is random and lies only in the practice cluster's own folder, since the API server listens on a port of this machine that other
users of it can reach too.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

MASTERS, AUTHENTICATED, UNAUTHENTICATED = "system:masters", "system:authenticated", "system:unauthenticated"
ADMIN = "admin"
USERS: dict[str, tuple[str, ...]] = {ADMIN: (MASTERS,), "clusterview": (), "viewer": (), "limited": ()}


@dataclass(frozen=True)
class Account:
    """A user and the groups that it is in."""

    name: str
    groups: tuple[str, ...] = ()
    extra: Mapping[str, list[str]] = field(default_factory=dict, compare=False)


ANONYMOUS = Account("system:anonymous", (UNAUTHENTICATED,))


def of_token(*, tokens: Mapping[str, str], authorization: str) -> Account | None:
    """This will tell whose token the header carries: `ANONYMOUS` without one, None for one that nobody has. `tokens` are by user."""
    if not authorization:
        return ANONYMOUS
    kind, _, said = authorization.partition(" ")
    if kind.lower() != "bearer":
        return None
    for user, token in tokens.items():
        if hmac.compare_digest(token.encode(), said.strip().encode()):
            return Account(user, (*USERS.get(user, ()), AUTHENTICATED))
    return None


def impersonated(*, user: str, groups: list[str]) -> Account:
    """This will give the account of somebody who is acted as."""
    return Account(user, (*groups, AUTHENTICATED))
