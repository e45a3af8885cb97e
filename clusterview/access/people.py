"""Who is asking: a person with a session, or a token, and the role of either, read from the database at that moment."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from clusterview.access import attempts, auditing, names, roles, secrets, sessions, sources, transacting
from clusterview.access.sharing import SharedLook
from clusterview.models import ApiToken, Grant, LoginLink
from clusterview.models.people import Role


@dataclass(frozen=True)
class Person:
    """Somebody who may see the clusters. `session_hash` names the session without being able to open it; `expires_at` is unix time; `asked_from` says
    for the audit from where a request came.
    """

    name: str
    role: str
    user_id: int | None = None
    token_id: int | None = None
    session_hash: str = ""
    expires_at: float | None = None
    asked_from: Mapping[str, str] = field(default_factory=dict, compare=False)


def person_of_request(request: HttpRequest) -> Person | None:
    """The person behind an HTTP request: a bearer token if one is sent (and then nothing else counts), else the session."""
    header = request.headers.get("Authorization", "")
    if header:
        scheme, _, token = header.partition(" ")
        return asking(request, person_of_token(token.strip()) if scheme.lower() == "bearer" else None, by_token=True)
    return asking(request, person_of_session(request.session.session_key))


def asking(request: HttpRequest, person: Person | None, *, by_token: bool = False) -> Person | None:
    """The person whom a request was found to be of, with from where it came. A token that is none leaves a line in the log, where it would let in."""
    if person is None:
        if by_token:
            attempts.refused("bad_token", asked_from=sources.of_request(request))
        return None
    return replace(person, asked_from=sources.of_request(request, session_hash=person.session_hash, token_id=person.token_id))


def person_of_token(token: str) -> Person | None:
    """The holder of an API token that is not revoked."""
    found = ApiToken.objects.filter(token_hash=secrets.digest(token), revoked_at=None).first()
    return Person(name=found.name, role=found.role, token_id=found.pk) if found else None


def person_of_session(session_key: str | None) -> Person | None:
    """The signed-in, active person of a session; None for an expired session, a disabled person, or one without a grant."""
    return persons_of_sessions([session_key]).get(session_key) if session_key else None


def persons_of_sessions(keys: Collection[str]) -> dict[str, Person]:
    """The signed-in, active people of these sessions, by session, in two queries however many there are; who is not let in is left out."""
    live = {}
    for found in Session.objects.filter(session_key__in=filter(sessions.is_key, keys), expire_date__gt=timezone.now()):
        data = found.get_decoded()
        if data.get(SESSION_KEY) and BACKEND_SESSION_KEY in data:
            live[found] = data
    ids = {data[SESSION_KEY] for data in live.values()}
    # a grant and its user would refer to each other: thousands an hour, of which no other but Python's collector would find that nobody needs them
    users = {str(one.pk): one for one in User.objects.filter(pk__in=ids, is_active=True, grant__isnull=False).annotate(role=F("grant__role"))}
    people = {}
    for found, data in live.items():
        user = users.get(str(data[SESSION_KEY]))
        if user is not None and constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
            people[found.session_key] = Person(
                name=user.get_username(),
                role=user.role,
                user_id=user.pk,
                session_hash=session_hash(found.session_key),
                expires_at=found.expire_date.timestamp(),
            )
    return people


_sessions = SharedLook(database_sync_to_async(persons_of_sessions))


async def person_of_scope(scope: dict[str, Any]) -> Person | None:
    """The person behind a WebSocket, from its session cookie."""
    header = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    key = parse_cookie(header).get(settings.SESSION_COOKIE_NAME)
    return await _sessions.find(key) if key else None


def role_now(*, user_id: int | None, token_id: int | None, hold: bool = False) -> str:
    """The role of an active person or a token at this moment; empty for who has none any more. With `hold`, inside a transaction, it stays as it is
    until the end of it: whoever takes it away was first, or waits.
    """
    grants, tokens = Grant.objects.select_related("user"), ApiToken.objects.all()
    if hold:
        grants, tokens = grants.select_for_update(no_key=True), tokens.select_for_update(no_key=True)
    grant = grants.filter(user_id=user_id, user__is_active=True).first() if user_id else None
    token = tokens.filter(pk=token_id, revoked_at=None).first() if token_id else None
    return grant.role if grant else token.role if token else ""


def administrator(actor: Person | str) -> Person | str:
    """Who acts as an administrator in this transaction, for the audit. A person or token was let in a moment ago, so their role is read again
    and stays until the end of the transaction; the command line and the product itself, which come as the name, need none. Raises PermissionDenied.
    """
    if isinstance(actor, str):
        return actor
    if not roles.allows(role_now(user_id=actor.user_id, token_id=actor.token_id, hold=True), Role.ADMIN):
        raise PermissionDenied
    return actor


def session_hash(session_key: str) -> str:
    """A name for a session that cannot be used to open it."""
    return hashlib.sha256(session_key.encode()).hexdigest()


@transacting.whole
def add(*, name: str, role: str, actor: Person | str) -> User:
    """This will add a person without a password (they sign in by link), and write it down. Raises PermissionDenied (`administrator`), and ValueError
    when the name is taken, by a token too.
    """
    by = administrator(actor)
    name = names.as_kept(name)
    names.expect_free(name)
    try:
        with transaction.atomic():
            user = User.objects.create_user(username=name)
    except IntegrityError as problem:  # of two at once
        raise names.taken(name, by="person") from problem
    return _let_in(user, role=role, actor=by)


@transacting.whole
def complete(*, name: str, role: str, actor: str) -> User | None:
    """This will give a role to whoever has the name and none, and write it down as `add` does; None where there is nobody like that.

    A first start that ended in the middle left such an administrator behind, before `add` was one transaction.
    """
    user = User.objects.select_for_update(of=("self",), no_key=True).filter(username=name, is_active=True, grant__isnull=True).first()
    if user is None:
        return None
    _forget_ways_in(user)
    user.save()
    return _let_in(user, role=role, actor=actor)


def _let_in(user: User, *, role: str, actor: Person | str) -> User:
    Grant.objects.create(user=user, role=role)
    auditing.record(actor=actor, action="PERSON_ADDED", body={"name": user.get_username(), "role": role})
    return user


@transacting.whole
def set_active(*, user_id: int, active: bool, actor: Person | str) -> User:
    """This will let a person in or keep them out, and write it down. Whoever disables somebody then rings for their open pages.

    Either way no session and no link of before counts any more: whoever is let in again needs a new link. Raises PermissionDenied
    (`administrator`), User.DoesNotExist, and ValueError where nobody who may administer would be left.
    """
    by = administrator(actor)
    user = _held(user_id).user
    if user.is_active != active:
        user.is_active = active
        _forget_ways_in(user)
        user.save()
        auditing.record(actor=by, action="PERSON_ENABLED" if active else "PERSON_DISABLED", body={"name": user.get_username()})
        _keep_an_administrator()
    return user


def _forget_ways_in(user: User) -> None:
    """Sessions carry a hash of the password, which is another random one for each person who has none. Links that are made meanwhile wait for the
    row that the caller holds, or are seen here.
    """
    user.set_unusable_password()
    LoginLink.objects.filter(user=user, used_at=None).delete()


@transacting.whole
def set_role(*, user_id: int, role: str, actor: Person | str) -> User:
    """This will give a person another role, and write it down. Raises as `set_active`, and ValueError for an unknown role."""
    if role not in Role.values:
        raise ValueError(f"There is no role called {role}.")
    by = administrator(actor)
    grant = _held(user_id)
    if grant.role != role:
        before, grant.role = grant.role, role
        grant.save()
        auditing.record(actor=by, action="ROLE_CHANGED", body={"name": grant.user.get_username(), "from": before, "to": role})
        _keep_an_administrator()
    return grant.user


def _held(user_id: int) -> Grant:
    """A person's grant, which with their user stays as it is until the end of the transaction."""
    grant = Grant.objects.select_for_update(no_key=True).select_related("user").filter(user_id=user_id).first()
    if grant is None:
        raise User.DoesNotExist
    return grant


def _keep_an_administrator() -> None:
    """Asked after the audit was written, which is one at a time: two administrators who disable each other would both still see the other one."""
    if not Grant.objects.filter(role=Role.ADMIN, user__is_active=True).exists():
        raise ValueError("Somebody must be left who may administer.")
