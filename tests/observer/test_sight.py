"""Live means: contact at most 4 s ago, and every row that may be read is followed."""

from __future__ import annotations

import pytest

from clusterview.kube.kinds import KINDS
from clusterview.observer import words
from clusterview.observer.sight import Sight
from clusterview.topology.objects import Uid

PODS, LEASES = "Pod", ("Lease/kube-system", "Lease/kube-node-lease")


@pytest.fixture
def sight() -> Sight:
    """Everything is open, and contact was confirmed at 100."""
    sight = Sight(specs=KINDS, now=0)
    for spec in KINDS:
        sight.opened(key=spec.key)
    sight.contacted(at=100)
    return sight


def refused(at: float, *, key: str = PODS) -> words.Absent:
    return words.Absent(key=key, why="not_permitted", detail="The account may not do this.", at=at)


def test_before_the_first_contact_it_is_lost() -> None:
    sight = Sight(specs=KINDS, now=0)
    sight.silent(reason="unreachable", detail="It cannot be reached.")
    contact = sight.contact(now=1)
    assert (contact.state, contact.contact_age_seconds, contact.reason, contact.detail) == ("lost", None, "unreachable", "It cannot be reached.")


@pytest.mark.parametrize(("now", "state"), [(100, "live"), (104, "live"), (104.1, "stale"), (160, "stale"), (160.1, "lost")])
def test_the_state_follows_the_age_of_the_last_contact(sight: Sight, now: float, state: str) -> None:
    contact = sight.contact(now=now)
    assert contact.state == state
    assert contact.contact_age_seconds == pytest.approx(now - 100)


def test_one_missed_answer_is_not_stale_yet_and_says_nothing(sight: Sight) -> None:
    sight.silent(reason="unreachable", detail="It did not answer in time.")
    contact = sight.contact(now=103)
    assert (contact.state, contact.reason, contact.detail) == ("live", "", "")


def test_it_is_not_live_while_a_row_is_behind(sight: Sight) -> None:
    sight.behind(key=PODS, detail="The answer broke off.", at=101)
    contact = sight.contact(now=101)
    assert (contact.state, contact.reason, contact.detail) == ("stale", "watches_behind", "Not up to date: Pod. The answer broke off.")
    sight.opened(key=PODS)
    assert sight.contact(now=102).state == "live"


@pytest.mark.parametrize("kind", ["Pod", "Ingress"])
def test_a_watch_that_ended_may_be_open_again_within_2_s_and_else_it_is_not_live(sight: Sight, kind: str) -> None:
    sight.ended(key=kind, at=101)
    assert [sight.contact(now=now).state for now in (101, 103)] == ["live", "live"]
    sight.ended(key=kind, at=102)
    contact = sight.contact(now=103.1)
    assert (contact.state, contact.reason, contact.detail) == ("stale", "watches_behind", f"Not up to date: {kind}.")
    sight.opened(key=kind)
    assert sight.contact(now=103.1).state == "live"


def test_a_row_that_was_behind_already_is_so_when_its_watch_has_ended(sight: Sight) -> None:
    sight.behind(key=PODS, detail="The answer broke off.", at=101)
    sight.ended(key=PODS, at=101)
    assert sight.contact(now=101).detail == "Not up to date: Pod. The answer broke off."


def test_a_row_that_is_not_opened_again_soon_is_not_verified(sight: Sight) -> None:
    sight.ended(key=PODS, at=101)
    assert sight.is_open(key=PODS, now=103) and not sight.is_open(key=PODS, now=103.1)
    assert PODS in sight.doubted(at=101), "the next one may wait on a dead connection"


def test_the_namespaces_that_are_read_instead_are_told_while_a_watch_there_is_opened_again() -> None:
    wide = next(spec for spec in KINDS if spec.kind == PODS)
    sight = Sight(specs=[wide], now=0)
    sight.contacted(at=100)
    sight.absent(word=refused(100))
    sight.narrowed(key=PODS, specs=[wide.within("store")])
    sight.opened(key="Pod/store")
    sight.ended(key="Pod/store", at=101)
    assert [missing.why for missing in sight.contact(now=102).missing] == ["partly"]


def test_only_the_namespaces_that_may_be_read_are_said_to_be_read() -> None:
    wide = next(spec for spec in KINDS if spec.kind == PODS)
    sight = Sight(specs=[wide], now=0)
    sight.contacted(at=100)
    sight.absent(word=refused(100))
    sight.narrowed(key=PODS, specs=[wide.within("store"), wide.within("bank")])
    told = []
    for key, refused_at in (("Pod/store", ()), ("Pod/bank", ()), ("Pod/store", (101, 107)), ("Pod/bank", (108, 114))):
        if not refused_at:
            sight.opened(key=key)
        for at in refused_at:
            sight.contacted(at=at)
            sight.absent(word=refused(at, key=key))
        (missing,) = sight.contact(now=refused_at[-1] if refused_at else 100).missing
        told.append((missing.why, missing.detail.partition(".")[0].rpartition(": ")[2]))
    assert told == [("partly", "store"), ("partly", "store, bank"), ("partly", "bank"), ("not_permitted", "The account may not do this")]


def test_what_is_seen_of_a_namespace_stays_in_the_picture_while_its_watch_is_away() -> None:
    wide = next(spec for spec in KINDS if spec.kind == PODS)
    sight = Sight(specs=[wide], now=0)
    sight.contacted(at=100)
    sight.absent(word=refused(100))
    sight.narrowed(key=PODS, specs=[wide.within("store")])
    sight.opened(key="Pod/store")
    sight.behind(key="Pod/store", detail="The answer broke off.", at=101)
    assert [missing.why for missing in sight.contact(now=102).missing] == ["partly"]


def test_it_is_not_live_before_every_row_was_listed() -> None:
    sight = Sight(specs=KINDS, now=0)
    sight.contacted(at=1)
    assert not sight.is_complete(now=1)
    assert sight.contact(now=1).state == "stale"


@pytest.mark.parametrize(("kind", "state"), [("Ingress", "live"), ("Pod", "stale"), ("EndpointSlice", "stale")])
def test_a_row_that_keeps_failing_is_named_and_the_others_are_live_unless_traffic_is_judged_by_it(sight: Sight, kind: str, state: str) -> None:
    sight.behind(key=kind, detail="500", at=101)
    for at in range(101, 118):
        sight.contacted(at=at)
        sight.behind(key=kind, detail="500", at=at)
    contact = sight.contact(now=117)
    assert contact.state == state
    assert [(missing.kind, missing.why, missing.detail) for missing in contact.missing] == [(kind, "failing", "500")]
    assert sight.is_complete(now=117)


def test_no_row_is_called_failing_for_an_outage_of_the_cluster(sight: Sight) -> None:
    sight.behind(key=PODS, detail="broken", at=101)
    sight.contacted(at=200)
    contact = sight.contact(now=201)
    assert (contact.state, contact.missing) == ("stale", ())


def test_a_refusal_from_the_start_is_believed() -> None:
    sight = Sight(specs=KINDS, now=0)
    assert sight.absent(word=refused(1))
    assert [missing.why for missing in sight.contact(now=1).missing] == ["not_permitted"]


def test_a_refusal_of_what_was_permitted_is_believed_when_it_lasts(sight: Sight) -> None:
    assert not sight.absent(word=refused(101))
    assert sight.worth_trying(now=120) == [PODS]
    assert sight.contact(now=101).state == "stale"
    assert not sight.absent(word=refused(103))
    assert sight.absent(word=refused(106))
    assert sight.worth_trying(now=120) == []
    assert sight.contact(now=103).state == "live"


def test_another_failure_leaves_a_row_that_cannot_be_read_what_it_was_f15() -> None:
    sight = Sight(specs=KINDS, now=0)
    sight.contacted(at=100)
    sight.absent(word=refused(100))
    for spec in KINDS:
        if spec.key != PODS:
            sight.opened(key=spec.key)
    sight.behind(key=PODS, detail="500", at=101)
    contact = sight.contact(now=101)
    assert (contact.state, [missing.why for missing in contact.missing]) == ("live", ["not_permitted"])
    assert (sight.worth_trying(now=120), sight.is_complete(now=101)) == ([], True)
    assert [missing.why for missing in sight.contact(now=200).missing] == ["not_permitted"], "nor does an outage change it"


def test_what_is_seen_instead_of_the_whole_cluster_is_live_whatever_else_befalls_the_row_of_the_whole() -> None:
    wide = next(spec for spec in KINDS if spec.kind == PODS)
    sight = Sight(specs=[wide], now=0)
    sight.contacted(at=100)
    sight.absent(word=refused(100))
    sight.narrowed(key=PODS, specs=[wide.within("store")])
    sight.opened(key="Pod/store")
    for at in range(101, 120):
        sight.contacted(at=at)
        sight.behind(key=PODS, detail="500", at=at)
    contact = sight.contact(now=119)
    assert (contact.state, [missing.why for missing in contact.missing]) == ("live", ["partly"])
    assert (sight.worth_trying(now=119), sight.is_complete(now=119)) == ([], True)


def test_a_row_that_can_be_read_after_all_is_behind_when_it_was_listed_and_is_not_followed() -> None:
    sight = Sight(specs=[next(spec for spec in KINDS if spec.kind == PODS)], now=0)
    sight.contacted(at=100)
    sight.absent(word=refused(100))
    sight.listed(key=PODS, at=101)
    sight.behind(key=PODS, detail="500", at=101)
    contact = sight.contact(now=101)
    assert (contact.state, contact.detail, contact.missing) == ("stale", "Not up to date: Pod. 500", ())
    for at in range(102, 130):
        sight.contacted(at=at)
    assert sight.worth_trying(now=129) == [], "it is left to its own pace"


def test_a_refusal_that_another_failure_follows_is_asked_for_no_more_often_than_that_failure(sight: Sight) -> None:
    sight.absent(word=refused(101))
    sight.behind(key=PODS, detail="500", at=102)
    assert sight.worth_trying(now=120) == []
    assert not sight.absent(word=refused(121)), "it began anew"
    assert sight.worth_trying(now=140) == [PODS]
    assert sight.absent(word=refused(126))


def test_a_refusal_that_passes_is_forgotten(sight: Sight) -> None:
    sight.absent(word=refused(101))
    sight.opened(key=PODS)
    assert sight.contact(now=102).state == "live"
    assert not sight.absent(word=refused(200))


def test_what_fell_behind_in_an_outage_is_tried_each_second_when_the_cluster_is_back_and_then_left_to_its_own_pace(sight: Sight) -> None:
    sight.behind(key=PODS, detail="The answer broke off.", at=101)
    assert sight.worth_trying(now=110) == []
    sight.contacted(at=200)
    assert sight.worth_trying(now=200) == [PODS]
    for second in range(201, 216):
        sight.contacted(at=second)
    assert sight.worth_trying(now=215) == [PODS]
    sight.contacted(at=216)
    assert sight.worth_trying(now=216) == []


def test_a_kind_of_two_rows_is_named_once(sight: Sight) -> None:
    sight = Sight(specs=KINDS, now=0)
    for key in LEASES:
        sight.absent(word=refused(1, key=key))
    assert [missing.kind for missing in sight.contact(now=1).missing] == ["Lease"]


def test_contact_that_comes_back_is_told_once(sight: Sight) -> None:
    assert not sight.contacted(at=101)
    sight.silent(reason="unreachable", detail="")
    assert sight.contacted(at=103)
    assert not sight.contacted(at=104)
    assert sight.contacted(at=110)


def test_objects_that_cannot_be_read_are_named_until_they_can(sight: Sight) -> None:
    sight.unreadable(word=words.Unreadable(key=PODS, objects={Uid("u"): "shop/web"}, all_of_them=False))
    missing = sight.contact(now=101).missing
    assert [(one.kind, one.why, one.detail) for one in missing] == [("Pod", "failing", "1 cannot be read: shop/web")]
    sight.readable(uid=Uid("u"))
    assert sight.contact(now=101).missing == ()


def test_leases_are_followed_while_their_rows_are_open_and_there_is_contact(sight: Sight) -> None:
    assert sight.follows(kind="Lease", now=102)
    assert not sight.follows(kind="Lease", now=105)
    sight.ended(key=LEASES[1], at=101)
    assert sight.follows(kind="Lease", now=103) and not sight.follows(kind="Lease", now=103.1)
    sight.opened(key=LEASES[1])
    sight.behind(key=LEASES[0], detail="", at=102)
    assert not sight.follows(kind="Lease", now=102)
