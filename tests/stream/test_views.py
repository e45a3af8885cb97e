"""A stream of some namespaces: all of them, and no byte about anything else, nor a gap where something else happened."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterview.stream import encoding, rows, views
from clusterview.stream.making import Work
from clusterview.stream.messages import WHOLE, Changes, Contact, MissingKind, Snapshot
from clusterview.stream.views import View
from clusterview.topology import columns
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.narrowing import narrowed
from clusterview.topology.objects import AnyRecord, HTTPRoute, Namespace, Node, Pod, RouteBackend, RouteParent, RouteRule, Service, Uid
from clusterview.topology.pictures import Picture
from tests.stream.making import Browser, bytes_of
from tests.streams import FOLDER, SHOP

NAMESPACES = ("mine", "other")
RECORDS = st.one_of(
    st.builds(lambda n: Node(uid=Uid(f"node-{n}"), name=f"outside-node-{n}"), st.integers(0, 2)),
    st.builds(
        lambda n, namespace, node, status: Pod(
            uid=Uid(f"{namespace}-pod-{n}"), name=f"{namespace}-pod-{n}", namespace=Namespace(namespace), node=f"outside-node-{node}", status=status
        ),
        st.integers(0, 3), st.sampled_from(NAMESPACES), st.integers(0, 2), st.sampled_from(["Running", "Pending"]),
    ),
    st.builds(
        lambda n, namespace: Service(uid=Uid(f"{namespace}-service-{n}"), name=f"{namespace}-service-{n}", namespace=Namespace(namespace)),
        st.integers(0, 2), st.sampled_from(NAMESPACES),
    ),
    st.builds(
        lambda namespace, gateways, services: HTTPRoute(
            uid=Uid(f"{namespace}-route"), name=f"{namespace}-route", namespace=Namespace(namespace),
            parents=tuple(RouteParent("Gateway", Namespace(one), f"{one}-gateway", f"{one}-listener") for one in gateways),
            rules=(RouteRule(("/",), tuple(RouteBackend("Service", Namespace(one), f"{one}-service-0", 80, 1) for one in services)),),
        ),
        st.sampled_from(NAMESPACES), st.sets(st.sampled_from(NAMESPACES)), st.lists(st.sampled_from(NAMESPACES), max_size=2),
    ),
)  # fmt: skip
SHARED = {"kubernetes", "ledger-0"}  # begins names of labels; a pod inside is called like the volume outside
STEPS = st.lists(st.lists(st.tuples(RECORDS, st.booleans()), max_size=4), max_size=8)


def inside(picture: Picture) -> Picture:
    return Picture(objects=[own for one in picture.objects.values() if (own := narrowed(one, namespaces={"mine"})) is not None])


def make(view: View, work: Work | None = None) -> None:
    """What is done in another thread, and what follows."""
    if work := work or view.work():
        work()()
        while view.catch_up():
            continue


def frames(view: View) -> list[bytes]:
    """What somebody is sent who waits for the picture."""
    if not view.frames():
        make(view)
    return list(view.frames() or ())


@given(steps=STEPS, takes_steps=st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_it_is_all_that_lies_inside_and_nothing_else_whatever_happens(steps: list[list[tuple[AnyRecord, bool]]], takes_steps: int) -> None:
    """Each first picture, and each newer one, is there some steps after it was begun."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "TAIL", 1)
        follow(steps, takes_steps=takes_steps)


def follow(steps: list[list[tuple[AnyRecord, bool]]], *, takes_steps: int) -> None:
    picture, view, browser, sent = Picture(), View(namespaces=frozenset({"mine"})), Browser(), list[bytes]()
    view.replace(picture=picture)
    work, left = view.work(), 0
    assert work is None, "nobody wants it yet"
    for step in steps:
        changes: list[Change] = []
        for record, is_there in step:
            if is_there:
                changes.append(Put(record))
                picture.apply(changes=changes[-1:])
            elif record.uid in picture.objects:
                changes.append(Drop(record.uid))
                picture.apply(changes=changes[-1:])
        before = view.position
        if browser.position is None:
            sent += view.frames() or []
            for frame in sent:
                browser.take(frame)
        view.advance(changes=changes)
        if work is None and (work := view.work()):
            left = takes_steps
        if work and (left := left - 1) < 0:
            make(view, work)
            work = None
        if browser.position is None:
            continue
        if view.position != before:
            assert before is not None
            new = view.after(before)
            assert new is not None
            assert len(new) == 1
            browser.take(new[0])
            sent += new
        assert browser.reader is not None
        assert browser.reader.picture == inside(picture)
        late = Browser()
        for frame in view.frames() or []:
            late.take(frame)
        assert late.reader is not None
        assert (late.reader.picture, late.position) == (browser.reader.picture, browser.position)
    if work:
        make(view, work)
    newest = Browser()
    for frame in frames(view):
        newest.take(frame)
    assert newest.reader is not None
    assert newest.reader.picture == inside(picture)
    assert b"other" not in bytes_of(sent)
    assert b"outside" not in bytes_of(sent)


def test_of_a_recorded_cluster_no_name_and_no_uid_of_anything_else_is_told() -> None:
    lines = [encoding.decode(base64.b64decode(line)) for line in (FOLDER / f"{SHOP}.frames").read_text().splitlines()]
    assert isinstance(lines[0], Snapshot)
    reader, view = rows.Reader(whole=encoding.unpack(lines[0].body)), View(namespaces=frozenset({"store"}))
    view.replace(picture=reader.picture)
    others, sent = dict[Uid, AnyRecord](), frames(view)
    for message in lines:
        others |= {one.uid: one for one in reader.picture.objects.values() if narrowed(one, namespaces={"store"}) is None}
        if isinstance(message, Changes):
            before = view.position
            view.advance(changes=reader.read(message=message)[0])
            assert before is not None
            sent += view.after(before) or []
    said = bytes_of(sent)
    assert len(sent) > 10
    assert len(others) > 20
    assert [name for name in {one.name for one in others.values()} - SHARED if name.encode() in said] == []
    assert [uid for uid in others if uid.encode() in said] == []
    assert [uid for uid in others if (halves := columns.halves(uid)) and b"".join(half.to_bytes(8, "big") for half in halves) in said] == []


def test_what_happens_elsewhere_moves_nothing() -> None:
    view = View(namespaces=frozenset({"mine"}))
    view.replace(picture=Picture())
    frames(view)
    before = view.position
    assert before is not None
    view.advance(changes=[Put(Node(uid=Uid("n"), name="n")), Put(Service(uid=Uid("s"), name="s", namespace=Namespace("other"))), Drop(Uid("x"))])
    assert view.position == before


def test_what_was_made_of_a_picture_that_is_gone_is_nobodys() -> None:
    view = View(namespaces=frozenset({"mine"}))
    view.replace(picture=Picture(objects=[Service(uid=Uid("s"), name="s", namespace=Namespace("mine"))]))
    view.frames()
    work = view.work()
    view.replace(picture=Picture())
    view.frames()
    make(view, work)
    assert (view.position, view.frames()) == (None, [])
    late = Browser()
    for frame in frames(view):
        late.take(frame)
    assert late.reader is not None
    assert late.reader.picture == Picture()


def test_a_kind_that_is_missing_is_told_without_the_words_that_name_objects() -> None:
    contact = Contact(state="live", contact_age_seconds=0.1, missing=(MissingKind("Pod", "failing", "the pod other/secret-name cannot be read"),))
    assert View(namespaces=frozenset({"mine"})).contact(contact).missing == (MissingKind("Pod", "failing", ""),)


def test_why_it_is_not_live_is_told_by_its_code_and_nothing_is_counted_that_others_see() -> None:
    contact = Contact(state="stale", contact_age_seconds=9.0, reason="watches_behind", detail="GET /api/v1/namespaces/other/pods")
    contact = msgspec.structs.replace(contact, divergences=3, counted={"lists": 4})
    told = View(namespaces=frozenset({"mine"})).contact(contact)
    assert (told.state, told.reason, told.detail, told.divergences, told.counted) == ("stale", "watches_behind", "", 0, {})


def test_a_place_of_another_view_is_a_place_of_none_here_f71() -> None:
    """Both begin in the same moment, and so many others."""
    several = [View(namespaces=frozenset({name})) for name in ("mine", "other") * 50]
    for view in several:
        view.replace(picture=Picture())
        frames(view)
    places = {view.position for view in several}
    assert len(places) == len(several)
    assert all((view.after(place) is None) == (view.position != place) for view in several for place in places if place)


@pytest.mark.parametrize(("view", "namespaces"), [(WHOLE, None), ("store", {"store"}), ("b,a", {"a", "b"})])
def test_a_view_is_named_by_its_namespaces(view: str, namespaces: set[str] | None) -> None:
    assert views.namespaces_of(view) == namespaces


@pytest.mark.parametrize("view", ["", ",", "a,", "A", "a b", "-a", "a" * 64, "*,a", ",".join(f"n{number}" for number in range(101)), "a\nb", "a\n"])
def test_what_names_no_view_is_refused(view: str) -> None:
    with pytest.raises(ValueError, match=r"^[\s\S]*$"):
        views.namespaces_of(view)
