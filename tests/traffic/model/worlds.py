"""The shapes of the model. A `World` is one state of everything: object, rows, executors, wire, audit, and what may still go wrong.

Operations are numbered in the order in which they were asked for, beginning with 0. Executors have no names: one claim, an operation with an
epoch, is what tells them apart. Versions are the resourceVersions of the one Service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from clusterview.traffic.states import State

BLUE, GREEN, BOTH, THEIRS = "blue", "green", "both", "theirs"
Marker = tuple[int, int]
NO_MARKER: Marker = (-1, 0)
MARK, SEAL, EFFECT = "mark", "seal", "effect"
LAST_SEAL = "last seal"
LOOKS, REPLAYS, LOCKS_OUT = "looks", "replays", "locks out"
OLD, SMALLER, EMPTY = "old", "smaller", "empty"


class Service(NamedTuple):
    """The object at the API server. `fence` is only told apart where a value may be used twice (`Guards.fence_is_fresh`).

    `since` is what a watch from the unsettled INTENT's version would bring: (version, marker, selector) of every later version, in order. It is empty
    while no INTENT is unsettled, for then nobody asks; a version from before the INTENT was committed cannot carry its marker.
    """

    uid: int
    version: int
    selector: str
    marker: Marker
    fence: str
    since: tuple[tuple[int, Marker, str], ...]


class Row(NamedTuple):
    """One operation as the database holds it, or as an executor remembers it.

    `plan` are the selectors from the old side's to the new one's, `at` says which of them the last applied effect wrote, `intent` is the
    version that the last INTENT names. `reverses` says that it is the way back of another one.
    """

    uid: int
    plan: tuple[str, ...]
    state: State
    epoch: int = 0
    at: int = 0
    step: int = 0
    intent: int = 0
    returning: bool = False
    going_back: bool = False
    tries: int = 0
    reverses: bool = False


class Commit(NamedTuple):
    """The next transaction of an executor: where the row goes and the line of the audit.

    `version` is what the executor read or was answered, `seen` the selector that it read, `allowed` the permission where it was read too early.
    """

    to: State
    action: str
    result: str = ""
    how: str = ""
    version: int = 0
    seen: str = ""
    allowed: bool = False
    leaves: bool = False


class Executor(NamedTuple):
    """One claim at work. `row` is the row as the executor knows it; it may be an old one.

    `doing` is its next transaction, or LOOKS (it takes the step of its state), REPLAYS (it watches the object from its INTENT's version on),
    LOCKS_OUT (it sets a switch aside that is in doubt), or MARK, SEAL, LAST_SEAL, EFFECT (it waits for the answer to that request). `look` is what
    is wrong with what it saw before its mark: OLD, or the new side was SMALLER than the old one or EMPTY; or that its effect was answered with a
    refusal.
    """

    op: int
    row: Row
    doing: Commit | str
    look: str = ""


class Request(NamedTuple):
    """A patch on the wire. `version` is what it tests; `awaited` says whether its sender still waits for the answer."""

    op: int
    epoch: int
    kind: str
    version: int
    step: int
    source: str
    target: str
    awaited: bool


class Effect(NamedTuple):
    """One INTENT of the audit with its OUTCOME (empty: none yet), and how often its effect really landed, which nobody in the model may look at.

    `given_up` says that the OUTCOME tells people that it may still land.
    """

    op: int
    step: int
    version: int
    source: str
    target: str
    outcome: str = ""
    landed: int = 0
    given_up: bool = False


class Around(NamedTuple):
    """Permissions, what the promises need to remember, and how much may still happen.

    `newest` is the claim (operation, epoch) whose write landed last; `touched` says that somebody else wrote since our last effect; `policy` that
    a webhook takes our annotations out of every write; `lacking` that the new side is SMALLER than the old one or EMPTY.
    """

    may: bool
    armed: bool
    newest: tuple[int, int]
    touched: bool
    foreign: int
    faults: int
    wishes: int
    asked: int
    policy: bool = False
    lacking: str = ""


class World(NamedTuple):
    service: Service
    rows: tuple[Row, ...]
    executors: tuple[Executor, ...]
    wire: tuple[Request, ...]
    effects: tuple[Effect, ...]
    around: Around


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much happens in one exploration. `tries` is how often one effect is prepared, and `tries_back` that of a way back.

    `asked` operations, each from the first selector of `plan` to its last, or back; `foreign` writes by others; `faults` (crashes, lost answers,
    claims that run out while their executor works, refusals, forgotten history, defects); `wishes` of people (going back, taking a permission
    away). `policy` is a webhook that takes our annotations out of every write, `webhooks` says that one may come up (a fault), `empties` that the
    new side may lose its pods (a write by others).
    """

    foreign: int = 1
    faults: int = 2
    wishes: int = 1
    asked: int = 2
    tries: int = 2
    tries_back: int = 3
    plan: tuple[str, ...] = (BLUE, GREEN)
    executors: int = 2
    policy: bool = False
    webhooks: bool = False
    empties: bool = False
    writes: tuple[str, ...] = ("sets", "puts back", "strips", "replaces whole", "recreates")


@dataclass(frozen=True, slots=True)
class Guards:
    """What the engine and its patches do so that the promises hold. Taking one away makes a mutant."""

    effect_tests_version: bool = True
    effect_tests_selector: bool = True
    effect_writes_marker: bool = True
    mark_tests_version: bool = True
    mark_must_move: bool = True
    seal_tests_version: bool = True
    seal_must_move: bool = True
    fence_is_fresh: bool = True
    seals_before_void: bool = True
    doubt_sends_nothing: bool = True
    transactions_compare_epoch: bool = True
    claim_raises_epoch: bool = True
    takeover_reads_first: bool = True
    lost_is_unknown: bool = True
    rejection_is_read: bool = True
    client_sends_once: bool = True
    prepare_checks_selector: bool = True
    prepare_checks_uid: bool = True
    marker_names_step: bool = True
    replays: bool = True
    replay_sees_first: bool = True
    replay_sees_last: bool = True
    expired_is_unclear: bool = True
    intent_before_effect: bool = True
    permission_in_transaction: bool = True
    outcome_of_refusal: bool = True
    outcome_of_seal: bool = True
    reads_back: bool = True
    one_open: bool = True
    leases_end: bool = True
    half_done_goes_back: bool = True
    locks_out_first: bool = True
    unmarked_is_unclear: bool = True
    look_must_be_young: bool = True
    preflight_counts_pods: bool = True
    preflight_compares_sizes: bool = True
    success_asks_once_more: bool = True
    way_back_stays: bool = True


def source_of(row: Row) -> str:
    """The selector that is expected before the present effect: the one that the last effect wrote."""
    return row.plan[row.at]


def target_of(row: Row) -> str:
    """The selector that the present effect writes."""
    return row.plan[0 if row.returning else row.at + 1]


def claim_of(executor: Executor) -> tuple[int, int]:
    return executor.op, executor.row.epoch


def holds(world: World, executor: Executor) -> bool:
    """Whether the executor's claim is still the newest of its operation."""
    return world.rows[executor.op].epoch == executor.row.epoch


def with_executor(world: World, old: Executor, new: Executor | None) -> tuple[Executor, ...]:
    """The executors with one exchanged, or gone, in the order of their claims."""
    others = [one for one in world.executors if one is not old]
    return tuple(sorted([*others, new], key=claim_of)) if new else tuple(others)


def first_world(bounds: Bounds) -> World:
    """The old side is live, and nobody has asked for anything."""
    return World(
        service=Service(uid=0, version=1, selector=bounds.plan[0], marker=NO_MARKER, fence="", since=()),
        rows=(), executors=(), wire=(), effects=(),
        around=Around(
            may=True, armed=True, newest=(0, 0), touched=False,
            foreign=bounds.foreign, faults=bounds.faults, wishes=bounds.wishes, asked=bounds.asked, policy=bounds.policy,
        ),
    )  # fmt: skip
