"""What REST takes and gives. What it takes names every field: an unknown one is refused, so nobody can set what is not theirs to set.

What is only described is not enforced here. A number that `traffic` has bounds for is refused there, by its code; and what is told of a row or an
entry that somebody edited may be none of the words that are listed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from ninja import Header, Query, Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, JsonValue, StringConstraints, WithJsonSchema

from clusterview.models import Sizing
from clusterview.models.people import Role
from clusterview.topology import links, objects
from clusterview.traffic import checks, holding, lookalikes, requesting, resizing, states, words


def whole(least: int, most: int) -> WithJsonSchema:
    """How a whole number is described."""
    return WithJsonSchema({"type": "integer", "minimum": least, "maximum": most})


def one_of(*said: str) -> WithJsonSchema:
    """How a text is described that is one of a few."""
    return WithJsonSchema({"type": "string", "enum": list(map(str, said))})


def described_as(parameter: Any, more: dict[str, JsonValue]) -> Any:
    """The parameter, described with more than it enforces: the library takes no word about that, and Pydantic reads what is in there."""
    parameter.json_schema_extra.update(more)
    return parameter


# Taken


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError where it is before the first year or after the last one there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as problem:
        raise ValueError("is not in the years from 1 to 9999 in UTC") from problem


AnyText = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]  # PostgreSQL holds no NUL
Text = Annotated[AnyText, StringConstraints(max_length=253)]
Key = Annotated[AnyText | None, Header(alias="Idempotency-Key", min_length=1, max_length=128)]
LabelKey = Annotated[AnyText, StringConstraints(max_length=253 + 1 + 63)]  # a prefix, a slash and a name
Selector = Annotated[dict[LabelKey, Text], Field(max_length=100)]
Limit = Annotated[int, Query(ge=1, le=500)]
Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
Overlap = Annotated[int, whole(0, requesting.LONGEST_OVERLAP_SECONDS)]
Kept = Annotated[int, whole(holding.SHORTEST_KEEP_SECONDS, holding.LONGEST_KEEP_SECONDS)]
Minutes = Annotated[int, whole(1, requesting.LONGEST_KEEP_MINUTES)]
Replicas = Annotated[int, whole(0, resizing.MOST_REPLICAS)]
IN_A_GROUP: dict[str, JsonValue] = {"minItems": 2, "maxItems": requesting.LARGEST_GROUP, "uniqueItems": True}

SWITCH: dict[str, JsonValue] = {"namespace": "store", "service": "shop", "to": "green", "expected": {"app": "shop", "slot": "blue"}}
GROUP: dict[str, JsonValue] = {"namespace": "store", "services": ["shop", "cart"], "to": "green", "accept": ["session-affinity"]}
Marks = Annotated[list[Text], Query(max_length=1_000)]
Services = Annotated[list[Text], described_as(Query(max_length=50), IN_A_GROUP)]


class Strict(Schema):
    """Each value is of the JSON type that is asked for: `false` is no number, since as one it would scale a side to nothing."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=253)


class SwitchRequest(Strict):
    """`to` is the side that traffic shall go to; `expected` the selector that was seen; `accept` the codes of warnings that were ticked.

    `overlap_seconds` is how long both sides take traffic before the old one is left: null lets the Service's kind decide, 0 means not at all.
    `keep_seconds` is how long the old side is kept after a success: 30 to 86400, 600 unless told. `confirm` is the preflight's: with it only what was
    shown then is switched, for the one who asked, within two minutes.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [SWITCH]})

    namespace: Text
    service: Text
    to: Text
    expected: Selector | None = None
    accept: list[Text] = Field(default=[], max_length=50)
    overlap_seconds: Overlap | None = None
    keep_seconds: Kept | None = None
    confirm: AnyText | None = Field(default=None, max_length=8_192)


class GroupRequest(Strict):
    """2 to 20 different Services of one application, in the order in which they are to be switched; `expected` is the selector of each as it was
    seen, `accept` the codes of warnings that were ticked, `keep_seconds` how long the old side of each is kept, `confirm` the group preflight's, as
    for one switch.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [GROUP]})

    namespace: Text
    services: list[Text] = Field(max_length=50, json_schema_extra=IN_A_GROUP)
    to: Text
    expected: dict[Text, Selector] = Field(default={}, max_length=50)
    accept: list[Text] = Field(default=[], max_length=50)
    keep_seconds: Kept | None = None
    confirm: AnyText | None = Field(default=None, max_length=65_536)


class Keep(Strict):
    """For how many minutes from now the old side is kept."""

    minutes: Minutes


class ScaleDown(Strict):
    """How many pods the old side is to have."""

    replicas: Replicas = 0


class WarmUp(Strict):
    """`to` is the side that shall be as large as the live one, `target` the number of pods that was shown: with it no more than so many."""

    namespace: Text
    service: Text
    to: Text
    target: Replicas | None = None


# Given

Kind = Annotated[str, one_of(*objects.Kind)]
Freshness = Annotated[str, one_of("live", "stale", "lost")]
State = Annotated[str, one_of(*states.State)]
Told = Annotated[str, one_of("", *states.State)]
Reason = Annotated[str, one_of("", *words.REASONS)]


class Me(Schema):
    name: str
    role: Annotated[str, one_of(*Role.values)]
    language: Annotated[str, one_of("en", "ko")]


class Missing(Schema):
    """A kind that is not shown, and why; `not_watched` is one that the version did not know which recorded what is shown."""

    kind: Kind
    why: Annotated[str, one_of("not_permitted", "partly", "not_installed", "failing", "not_watched")]
    detail: str


class ClusterFacts(Schema):
    """`state` is live, stale or lost; `contact_age_seconds` is null when there never was contact.

    `verified_age_seconds` is how long ago all that is shown was last compared with lists, null before that; `divergences` how many objects
    that has found wrong, and repaired.

    `frozen_at` is when the database was found to be older than the cluster; `lost_marks` are the effects (`<operation>:<step>`) that it does not
    know, with the object that carries each.

    `identity_is_weak` says that the cluster that was armed is known by its address and CA alone, for namespaces/kube-system may not be read.

    `connection` is `unverified` where the kubeconfig skips the check of the server's certificate, `unencrypted` where it leads to http:// beyond this
    machine, and empty where neither: whoever is on the way may read the credential and answer in the cluster's place.
    """

    id: str
    name: str
    version: str
    state: Freshness
    reason: str
    detail: str
    contact_age_seconds: float | None
    verified_age_seconds: float | None
    divergences: int
    not_permitted: list[Kind]
    missing: list[Missing]
    armed: bool
    armed_at: datetime | None
    frozen_at: datetime | None
    lost_marks: dict[str, str]
    armed_by: str | None
    identity_is_weak: bool
    connection: str
    read_only: bool


class Cluster(ClusterFacts):
    """`epoch` and `sequence` are the place of its picture; `counts` are objects by kind."""

    epoch: int
    sequence: int
    counts: dict[str, int]


class Link(Schema):
    """`source` and `target` are uids."""

    kind: Annotated[str, one_of(*links.LinkKind)]
    source: str
    target: str


class Topology(Schema):
    """Each object has at least kind, namespace, name and uid; what else it has depends on its kind. The place in the stream and the age
    belong to what is seen now; `state` is live, stale or lost, of now or of that moment, and so is `missing`: null where nobody knows any more.
    """

    objects: list[dict[str, Any]]
    links: list[Link]
    epoch: int = 0
    sequence: int = 0
    state: Freshness
    contact_age_seconds: float | None = None
    missing: list[Missing] | None = []


class Span(Schema):
    """A time in which was recorded; `state` is live, stale or lost."""

    since: datetime
    until: datetime
    state: Freshness


class Hole(Schema):
    """A time between two recorded moments of which nothing is known; `until` is null where nothing has been recorded since."""

    since: datetime
    until: datetime | None


class Recorded(Schema):
    """`hours` is how long what was seen is kept at most; 0 where nothing is recorded. The last ten seconds are in no span, as they are not written
    down yet, and no hole.
    """

    hours: float
    spans: list[Span]
    holes: list[Hole]


class Named(Schema):
    kind: Kind
    namespace: str
    name: str
    uid: str


class Changed(Named):
    """`fields` are those that differ, each as [before, after]."""

    fields: dict[str, tuple[Any, Any]]


class Compared(Schema):
    """One of two moments: how fresh its picture was, and which kinds it did not show (null where nobody knows any more)."""

    at: datetime
    state: Freshness
    missing: list[Missing] | None


class Differences(Schema):
    """`holes` are times between the two moments in which nothing was recorded; `not_compared` are kinds that were not seen alike at both."""

    before: Compared
    after: Compared
    holes: list[Hole]
    not_compared: list[Kind]
    appeared: list[Named]
    gone: list[Named]
    changed: list[Changed]


class Armed(Schema):
    armed: bool


class Side(Schema):
    value: str
    workload: str
    workload_kind: str
    version: str
    image: str
    ready: int
    wanted: int
    created_at: int | None


class Entry(Schema):
    """One entry of the audit; `sequence` counts over the whole installation, `at` is null where what stands there is no time any more."""

    sequence: int
    at: datetime | None
    actor: str
    action: str
    body: dict[str, Any]


class AuditEntry(Entry):
    """`operation` is the switch or change of sizes that it belongs to, null where it belongs to none, and `subject` says in short what that is about.

    `problems` are sentences on what is wrong with the entry, or with how it stands between the ones beside it. `asked_from` is, as far as is known,
    the `session` (the first digits of its hash) or the `token` (its number), the `address` at the other end of the connection, what the proxy there
    calls the client (`forwarded_for`), and the id of the `request`; empty for who is no administrator.
    """

    cluster: str
    operation: str | None
    subject: str
    problems: list[str]
    asked_from: dict[str, str]


class Number(Schema):
    """One number of an object: an autoscaler's least, or how many pods a workload wants. `stands` while it is `to` by this operation's doing."""

    kind: str
    name: str
    was: int
    to: int
    stands: bool


class Size(Schema):
    """One change of sizes of one side. `purpose` is keep, warm_up or scale_down; `held_for` and `reason` are codes, said in English by `sentence`;
    `target` is how many pods it is about.

    Who asked, for what, and how it ended is what the audit says; `differs` is as of a switch. Nobody asks for a side to be kept: of that, the entry
    with its plan says what it is about.
    """

    id: str
    cluster: str
    namespace: str
    service: str
    side: str
    purpose: Annotated[str, one_of(*Sizing.Purpose.values)]
    state: Told
    open: bool
    actor: str
    requested_at: datetime
    finished_at: datetime | None
    held_for: Reason
    reason: Reason
    sentence: str
    detail: str
    target: int
    numbers: list[Number]
    entries: list[Entry]
    differs: list[str]


class Keeping(Schema):
    """Until when the old side is kept, after which switch; `group` is that of a switch which was asked for together with others.

    `hold` is how its autoscaler is kept from making it smaller, null where it has none that could.
    """

    switch: str
    until: datetime
    key: str
    from_: str = Field(alias="from")
    to: str
    group: str | None
    hold: Size | None


class Left(Schema):
    """The side that the last switch has left; it can be scaled down by `POST /switches/{switch}/scale-down`."""

    switch: str
    side: str


class Group(Schema):
    """The Services that can be switched between the same workloads by the same key; each may be on another side."""

    id: str
    services: list[str]


class Application(Schema):
    """`strategy` is selector, route, ratio or none; only the first can be switched, and where `why_not` is null.

    `why_not` is the code of what stands against any switch, said in English by `why_not_sentence` and `why_not_remedy` with the values
    `why_not_params`. `group` is null for a Service that has its pair to itself; `open_switch` is the id of a switch that is running,
    `reverted` that of the last one where somebody else changed the selector after its success, `sizing` a warm-up or scaling down that is open.
    `half_done` is the id of the last switch where it was left to a person half-way and can be taken back.
    `failed` is the newest switch where it ended less than an hour ago and otherwise than anybody asked for, `warm_up` the last warm-up that has ended
    since traffic moved, however it ended.
    """

    namespace: str
    service: str
    service_uid: str
    strategy: Annotated[str, one_of(*lookalikes.Strategy)]
    key: str
    live: str
    sides: list[Side]
    group: Group | None
    why_not: Annotated[str, one_of(*words.WHY_NOT)] | None
    why_not_params: dict[str, str]
    why_not_sentence: str
    why_not_remedy: str
    open_switch: str | None
    keeping: Keeping | None
    left: Left | None
    reverted: str | None
    half_done: str | None
    failed: Switch | None
    sizing: Size | None
    warm_up: Size | None


class Begun(Schema):
    """The row and its audit are committed; traffic has not moved yet. `GET /switches/{id}` tells how it goes on."""

    id: str
    state: State


class TakenBack(Begun):
    """What becomes of one of a group that is taken back: `id` is the switch that goes back, or the one that is left as it is.

    `left` is the code of why nothing is written to the Service, said in English by `sentence`, and `by` who led it where it leads, where that is
    known; all empty where it goes back.
    """

    service: str
    left: Annotated[str, one_of("", *words.LEFT)] = ""
    by: str = ""
    sentence: str = ""


class Ref(Schema):
    kind: str
    namespace: str
    name: str


class Act(Schema):
    """One button of a practice cluster; its words are by language, `en` and `ko`."""

    name: str
    title: dict[str, str]
    does: dict[str, str]


class Played(Schema):
    name: str
    title: dict[str, str]
    changed: list[Ref]


class Check(Schema):
    """`level` is ok, info, warn (has to be accepted) or block; `sentence` and `remedy` are English, `params` are their values."""

    code: Annotated[str, one_of(*sorted({code for code, _ in words.CHECKS}))]
    level: Annotated[str, one_of(*checks.Level)]
    params: dict[str, str]
    objects: list[Ref]
    sentence: str
    remedy: str


class Recipe(Schema):
    """What to write so that `tool` does not write another selector. `text` is YAML with the Service's names, `code` that of its words."""

    tool: str
    code: Annotated[str, one_of(*words.RECIPES)]
    title: str
    note: str
    text: str


class Preview(Schema):
    """`patch` is the JSON patch (RFC 6902) that would be sent; `kubectl` the line that does the same by hand.

    `overlap_seconds` is how long both sides would take traffic before the old one is left.
    """

    service: str
    checks: list[Check]
    recipes: list[Recipe]
    ready: bool
    patch: list[dict[str, Any]]
    kubectl: str
    from_: str = Field(alias="from")
    to: str
    expected_selector: dict[str, str]
    new_selector: dict[str, str]
    overlap_seconds: int


class Preflight(Preview):
    """`confirm` is for the request that follows."""

    confirm: str


class GroupPreflight(Schema):
    """Several Services in the order in which they would be switched; `ready` says that nothing stands against any of them."""

    members: list[Preview]
    ready: bool
    confirm: str


class SizePreview(Schema):
    """What a change of sizes checks and writes; `ready` says that nothing stands against it, `target` how many pods the side is to have."""

    checks: list[Check]
    ready: bool
    target: int
    numbers: list[Number]


class Switch(Schema):
    """`state` is empty where there is no row any more and the audit tells no end; `reason` is the code of why it ended, `held_for` of what an open
    one waits for, and `sentence` the same in English. A succeeded one has a reason where somebody else has changed the selector while the old side
    was kept.

    `moved_seconds` is how long after the request the EndpointSlices held only pods of the side where it led, null before that; it succeeds
    later, when the nodes have had time to follow.

    Switches that were asked for together share a `group` and are done by `position`.

    Who asked, when, for what, and how it ended is what the audit says. `differs` names the fields in which the database's row says otherwise: with
    `row` there is none any more, with `audit` there is a row that no entry asks for which can be read.
    """

    id: str
    cluster: str
    namespace: str
    service: str
    key: str
    from_: str = Field(alias="from")
    to: str
    state: Told
    open: bool
    actor: str
    requested_at: datetime
    applied_at: datetime | None
    moved_seconds: float | None
    finished_at: datetime | None
    keeping_old_until: datetime | None
    overlap_seconds: int
    group: str | None
    position: int
    held_for: Reason
    reverses: str | None
    reason: Reason
    sentence: str
    detail: str
    differs: list[str]


class Step(Schema):
    """`state` is done, now or ahead."""

    name: Annotated[str, one_of(*states.State)]
    state: Annotated[str, one_of("done", "now", "ahead")]


class Story(Switch):
    """One switch with the usual way and how far it is, every entry of the audit, and the changes of `sizes` that belong to it."""

    entries: list[Entry]
    steps: list[Step]
    can_go_back: bool
    recipes: list[Recipe]
    sizes: list[Size]
