"""What the audit calls those who act. A name is one person's, one token's, or the product's own: else an entry does not say who it was."""

from __future__ import annotations

import re

from django.contrib.auth.models import User

from clusterview.models import ApiToken

PRODUCT, COMMAND_LINE, PRACTICE = "clusterview", "command line", "practice cluster"
UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # of what Python takes for printable


def as_kept(name: str) -> str:
    """The name as Django keeps a person's (NFKC): letters that look alike, such as ｃ and c, are one and the same."""
    return User.normalize_username(name)


def taken(name: str, *, by: str) -> ValueError:
    """What is raised for a name that somebody has."""
    return ValueError(f"There is already a {by} called {name}.")


def expect_free(name: str) -> None:
    """Raises ValueError for a name that somebody has, in capitals or not, and in whichever letters it is written, or that looks like another one for
    what is not seen of it.
    """
    name = as_kept(name)
    if not name.isprintable() or UNSEEN.search(name) or name != " ".join(name.split()):
        raise ValueError("The name has characters that nobody sees. Choose another name.")
    if name.casefold() in (PRODUCT, COMMAND_LINE, PRACTICE):
        raise ValueError(f"The audit calls Clusterview itself {name}. Choose another name.")
    if User.objects.filter(username__iexact=name).exists():
        raise taken(name, by="person")
    if ApiToken.objects.filter(name__iexact=name).exists():
        raise taken(name, by="token")
