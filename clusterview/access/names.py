"""What the audit calls those who act. A name is one person's, one token's, or the product's own: else an entry does not say who it was."""

from __future__ import annotations

from django.contrib.auth.models import User

from clusterview.models import ApiToken

PRODUCT, COMMAND_LINE, PRACTICE = "clusterview", "command line", "practice cluster"


def expect_free(name: str) -> None:
    """Raises ValueError for a name that somebody has, in capitals or not."""
    if name.casefold() in (PRODUCT, COMMAND_LINE, PRACTICE):
        raise ValueError(f"The audit calls Clusterview itself {name}. Choose another name.")
    if User.objects.filter(username__iexact=name).exists():
        raise ValueError(f"There is already a person called {name}.")
    if ApiToken.objects.filter(name__iexact=name).exists():
        raise ValueError(f"There is already a token called {name}.")
