"""Links that sign somebody in once. Opening one shows a button; only pressing it uses the link up, since chat previews open links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from clusterview.access import auditing, people, secrets, transacting
from clusterview.models import LoginLink

LASTING = timedelta(hours=24)


@transacting.whole
def create(*, user: User, actor: people.Person | str, lasting: timedelta = LASTING) -> str:
    """This will make a link, write down who made it and for whom, and return its token, for the path `/login/<token>`. Those that were made for them
    before and are not used yet are good no more: who asks for another one may have lost the last. Raises PermissionDenied (`people.administrator`).
    """
    by = people.administrator(actor)
    token = secrets.new()
    auditing.record(actor=by, action="LINK_MADE", body={"name": user.get_username()})  # first: one at a time, so of two at once one ends the other
    LoginLink.objects.filter(user=user, used_at=None).delete()
    LoginLink.objects.create(user=user, token_hash=secrets.digest(token), expires_at=timezone.now() + lasting)
    return token


def find(*, token: str) -> User | None:
    """Whose unused link this is, or None."""
    link = _usable().filter(token_hash=secrets.digest(token)).select_related("user").first()
    return link.user if link else None


def _nowhere(_: User) -> Mapping[str, str]:
    return {}


def use(*, token: str, begin: Callable[[User], Mapping[str, str]] = _nowhere) -> User | None:
    """This will use the link up, write it down, and return its person; None when it was used, has expired or never was. One of two at once wins.

    `begin` begins the person's session in the same transaction, and gives from where it is used (`sources`). Anybody may ask, so whoever has no link
    leaves the database's one writer alone: a switch that is being accepted may be waiting for it.
    """
    return _use(token, begin) if find(token=token) else None


@transacting.whole
def _use(token: str, begin: Callable[[User], Mapping[str, str]]) -> User | None:
    user = find(token=token)
    taken = _usable().filter(token_hash=secrets.digest(token)).update(used_at=timezone.now())
    if user is None or not taken:
        return None
    auditing.record(actor=auditing.By(user.get_username(), begin(user)), action="SIGNED_IN")
    return user


def _usable() -> QuerySet[LoginLink]:
    return LoginLink.objects.filter(used_at=None, expires_at__gt=timezone.now(), user__is_active=True)
