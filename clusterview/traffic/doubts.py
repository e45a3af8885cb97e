"""What became of an effect whose answer was lost.

The object is read, and no patch is ever sent again. Our marker on it is the answer. If its version is still the one that the effect tests, it is
sealed with a fresh value, after which no late request of ours can land. If it moved on, every version in between is read. What cannot be told
apart goes to a person.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from clusterview.kube import errors
from clusterview.models import Operation
from clusterview.traffic import moving_on, planning
from clusterview.traffic.states import State

MAY_LAND = "it could not be locked out"
MOVED_ON = "the object moved on"
UNMARKED = "our value without our marker in the history"
SEEN, SEEN_IN_HISTORY = "marker seen", "marker seen in the history"
SEALED, NEVER = "sealed", "never in the history"
NOT_NOW = (errors.TooManyRequests, errors.Unreachable)
OPEN = (errors.LostAnswer, errors.BrokenAnswer, errors.ServerError, errors.Conflict, errors.Invalid)
NOT_SENT = (errors.Unreachable, errors.PluginFailed, errors.BadKubeconfig)
FORGOTTEN = "the API server does not remember that far back"


class Version(Protocol):
    """One version of an object, as read."""

    @property
    def uid(self) -> str: ...
    @property
    def resource_version(self) -> str: ...
    @property
    def annotations(self) -> dict[str, str] | None: ...


V = TypeVar("V", bound=Version)


class Effect(msgspec.Struct, Generic[V], frozen=True, kw_only=True):
    """An effect that may have been sent: to which object, what marks it, and how that object is read and written.

    `has` tells whether a version has the value that the effect writes. `read` raises NotFound; `history` gives every version after the INTENT's up
    to the one that is named, and raises Gone; `fence` makes a value that was never used before.
    """

    uid: str
    marker: str
    intent_rv: str
    read: Callable[[], V]
    history: Callable[[str], list[V]]
    patch: Callable[[planning.Patch], dict[str, Any]]
    has: Callable[[V], bool]
    fence: Callable[[], str]

    def is_on(self, version: V) -> bool:
        """Whether its marker is on this version."""
        return version.uid == self.uid and (version.annotations or {}).get(planning.OP) == self.marker


class Verdict(NamedTuple):
    """`result` is `applied`, `void` (it can never land any more) or `unclear`; `reason` is why a person has to look."""

    result: str
    how: str
    version: str = ""
    reason: str = ""


class Reply(NamedTuple):
    """What came of an effect that was sent: `applied` with the version that it made and how that is known, `not_taken` (the cluster takes no writes
    now, or does not know us now), `refused`, or `unknown`, which is the operation's state then: its answer was lost, or (`is_answered`) says that the
    object moved on.
    """

    result: str
    version: str = ""
    problem: errors.KubeError | None = None
    is_answered: bool = False
    how: str = "answered"

    @property
    def said(self) -> str:
        return self.problem.sentence if self.problem else ""


def send(operation: Operation, effect: Effect[V], operations: planning.Patch) -> Reply:
    """This will send an effect, once.

    A refusal is no answer by itself: what stands between us and the API server may have sent the request twice, and the object moved on with the
    first of the two, or the second one was turned away.
    """
    try:
        answer = effect.patch(operations)
    except NOT_SENT as problem:
        return Reply("not_taken", problem=problem)
    except errors.KubeError as problem:
        is_open = isinstance(problem, OPEN) and not is_refusal(problem)
        reply = None if is_open else _turned_away(effect, problem)
        if reply is None:
            moving_on.step(operation, State.UNKNOWN, action="UNKNOWN", body={"answer": problem.sentence})
            return Reply("unknown", problem=problem, is_answered=isinstance(problem, (errors.Conflict, errors.Invalid)))
        return reply
    return Reply("applied", version=str(answer["metadata"]["resourceVersion"]))


def _turned_away(effect: Effect[V], problem: errors.KubeError) -> Reply | None:
    """A definite refusal, where our marker is not on the object all the same. None where that is in doubt; but who may not even ask is believed to
    have been refused.
    """
    is_busy = isinstance(problem, errors.TooManyRequests)
    refusal = Reply("not_taken" if is_busy or isinstance(problem, errors.NO_CREDENTIAL) else "refused", problem=problem)
    try:
        now = effect.read()
    except errors.NotFound:
        return None
    except errors.KubeError:
        return None if is_busy else refusal
    return Reply("applied", version=now.resource_version, how=SEEN) if effect.is_on(now) else refusal


def not_taken_for(problem: errors.KubeError) -> str:
    """Why the cluster takes no write now, as the operation is held for it meanwhile."""
    return "no-credential-now" if isinstance(problem, errors.NO_CREDENTIAL) else "no-writes"


def is_refusal(problem: Exception) -> bool:
    """Whether a definite answer says that this is not to be: a 422 that names what is wrong, as that of a policy does (not that of a failed test), or
    another 4xx, as that of a webhook that gives no code (k8s.io/apiserver/pkg/admission/plugin/webhook/errors makes it a 400).
    """
    if isinstance(problem, errors.ServerError):
        return HTTPStatus.BAD_REQUEST <= problem.status < HTTPStatus.INTERNAL_SERVER_ERROR and problem.status != HTTPStatus.REQUEST_TIMEOUT
    return isinstance(problem, errors.Invalid) and bool(problem.details)


def taken_over(operation: Operation, _cluster: object) -> None:
    """The step for what another executor left in `applying`: whether the effect was sent is not known."""
    moving_on.step(operation, State.UNKNOWN, action="UNKNOWN", body={"answer": "the executor ended"})


def sealing_again(operation: Operation, _cluster: object) -> None:
    """The step for what another executor left in `sealing`: what became of the effect is asked anew."""
    moving_on.step(operation, State.UNKNOWN, action="TAKEN_OVER")


def settle(operation: Operation, effect: Effect[V]) -> Verdict:
    """This will find out what became of the effect. Raises errors.KubeError where the cluster does not let it now."""
    moving_on.renew(operation)
    try:
        now = effect.read()
    except errors.NotFound:
        now = None
    if now is None or now.uid != effect.uid:
        return _replay(effect, until="")
    if effect.is_on(now):
        return Verdict("applied", SEEN, version=now.resource_version)
    if now.resource_version == effect.intent_rv:
        return _seal(operation, effect, now)
    return _replay(effect, until=now.resource_version)


def lock_out(effect: Effect[V]) -> Verdict:
    """What became of it, by what needs the least of our own code: our marker, or a seal."""
    try:
        now = effect.read()
    except errors.NotFound:
        return Verdict("unclear", MOVED_ON)
    if effect.is_on(now):
        return Verdict("applied", SEEN)
    if now.uid != effect.uid or now.resource_version != effect.intent_rv:
        return Verdict("unclear", MOVED_ON)
    return Verdict("void", SEALED) if _send_seal(effect, now) else Verdict("unclear", MAY_LAND)


def _replay(effect: Effect[V], *, until: str) -> Verdict:
    """Reads every version since the INTENT's. None of them with our marker means that the effect can never land: it tests a version that is past.

    The effect can only have made the first of them. Where that one has our value without our marker, a webhook took the marker off, or
    somebody wrote the same: a person has to tell.
    """
    try:
        versions = effect.history(until)
    except errors.Gone:
        return Verdict("unclear", FORGOTTEN, reason="lost-answer")
    ours = next((one for one in versions if effect.is_on(one)), None)
    if ours is not None:
        return Verdict("applied", SEEN_IN_HISTORY, version=ours.resource_version)
    if versions and versions[0].uid == effect.uid and effect.has(versions[0]):
        return Verdict("unclear", UNMARKED, reason="lost-answer")
    return Verdict("void", NEVER)


def _seal(operation: Operation, effect: Effect[V], now: V) -> Verdict:
    """After this write no request that tests `intent_rv` can land any more."""
    moving_on.step(operation, State.SEALING, action="SEALING")
    try:
        is_sealed = _send_seal(effect, now)
    except errors.KubeError as problem:
        moving_on.step(operation, State.UNKNOWN, action="SEAL_MISSED", body={"why": problem.sentence})
        raise
    return Verdict("void", SEALED) if is_sealed else Verdict("unclear", MAY_LAND, reason="may-land")


def _send_seal(effect: Effect[V], now: V) -> bool:
    """This will tell whether the seal moved the version: where a webhook takes it off, nothing is locked out."""
    operations = planning.mark_patch(uid=now.uid, resource_version=effect.intent_rv, annotations=now.annotations, fence=effect.fence())
    sealed = effect.patch(operations)
    return sealed.get("metadata", {}).get("resourceVersion") not in (None, effect.intent_rv)
