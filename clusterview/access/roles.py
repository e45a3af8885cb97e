"""What a role may do: each one includes the ones before it."""

from __future__ import annotations

from clusterview.models.people import Role

ORDER = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


def allows(role: str, needed: str) -> bool:
    """This will tell whether someone with `role` may do what `needed` may. An unknown role may do nothing."""
    names = [str(known) for known in ORDER]
    return role in names and names.index(role) >= names.index(needed)
