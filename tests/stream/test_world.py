"""Each invariant that is looked at after every step of the state machine can fail: the product is broken in one place, and the world says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from clusterview import consumers
from clusterview.stream import encoding, feeds, hub, views
from clusterview.stream.linking import Links, Unread
from clusterview.stream.messages import Operation
from clusterview.stream.remembering import Remembered
from clusterview.stream.seals import Seals
from clusterview.stream.subscribing import Subscription
from clusterview.stream.views import View
from clusterview.topology.changes import Drop
from tests.stream import world
from tests.stream.making import pod_of
from tests.stream.world import World
from tests.worlds import Mutants, Patch

MUTANTS: Mutants[World] = Mutants()
breaks = MUTANTS.breaks


def live(here: World, view: str = world.MINE) -> None:
    """This will have somebody read a cluster with something in it."""
    publish(here, 1)
    here.open(user=1, view=view)
    here.read()


def publish(here: World, *numbers: int, is_there: bool = True) -> None:
    """A pod of each namespace comes, or goes, for each number."""
    for number in numbers:
        here.publish([(pod_of(namespace, number), is_there) for namespace in ("mine", "other")])


@breaks("I18")
def a_view_shows_everything(patch: Patch, here: World) -> None:
    patch.setattr(views, "narrowed", lambda record, **_: record)
    live(here)


@breaks("I18")
def changes_elsewhere_are_handed_on(patch: Patch, here: World) -> None:
    live(here)
    patch.setattr(View, "_narrowed", lambda _, changes: list(changes))
    publish(here, 2)
    here.read()


@breaks("I18")
def a_switch_elsewhere_is_told(patch: Patch, here: World) -> None:
    live(here)
    patch.setattr(hub.Hub, "_ring", ring_everywhere)
    here.ring("other")
    here.read()


def ring_everywhere(itself: hub.Hub, operation: Operation) -> None:
    for view in itself._feeds[operation.cluster].views.values():
        for subscription in view.subscriptions:
            subscription.put_operation(frame=encoding.encode(operation))


@breaks("I18")
def words_that_name_objects_are_told(patch: Patch, here: World) -> None:
    patch.setattr(View, "contact", lambda _, contact: contact)
    live(here)
    here.contact("stale")
    here.read()


@breaks("I18")
def whoever_is_signed_out_reads_on(patch: Patch, here: World) -> None:
    patch.setattr(consumers.LiveConsumer, "_revoked", lambda *_: None)
    live(here)
    here.revoke(1)
    here.read()


@breaks("I18")
def a_ring_that_was_lost_is_not_made_up_for(patch: Patch, here: World) -> None:
    patch.setattr(hub.Hub, "_tell", lambda self, notice: notice and [one(notice) for one in list(self._listeners)])
    live(here)
    here.befall("away")
    here.revoke(1)
    here.read()
    here.befall("back")
    here.read()


@breaks("I19")
def what_goes_is_not_told(patch: Patch, here: World) -> None:
    live(here)
    narrowed = View._narrowed
    patch.setattr(View, "_narrowed", lambda self, changes: [one for one in narrowed(self, changes) if not isinstance(one, Drop)])
    publish(here, 1, is_there=False)


@breaks("I19")
def a_picture_that_was_lost_is_not_loaded_again(patch: Patch, here: World) -> None:
    live(here, view="*")
    patch.setattr(hub.Hub, "_load", hub.Hub._load_contact)
    here.befall("emptied")
    publish(here, 2)


@breaks("I19")
def a_picture_that_began_below_its_place_is_not_found(patch: Patch, here: World) -> None:
    live(here, view="*")
    patch.setattr(hub.Hub, "_look_back", lambda _: asyncio.sleep(0))
    here.befall("went back")
    publish(here, 2)


@breaks("I20")
def a_full_queue_drops_a_frame(patch: Patch, here: World) -> None:
    patch.setattr(Subscription, "start_again", lambda *_: None)
    live(here, view="*")
    here.sockets[0].is_slow = True
    publish(here, *range(2, 40))
    here.read()
    here.go_on(here.sockets[0])
    publish(here, 40)
    here.read()


@breaks("I20")
def a_gap_is_passed_over(patch: Patch, here: World) -> None:
    live(here, view="*")
    publish(here, 2)
    here.befall("gap")
    patch.setattr(feeds.Feed, "advance", heedless)
    publish(here, 3)
    here.read()


def heedless(feed: feeds.Feed, *, frame: bytes, message: Any) -> None:
    """Hands on whatever comes."""
    feed.position = message.position
    for subscription in feed.subscriptions:
        subscription.put_changes(frame=frame)


@breaks("I20")
def whoever_comes_back_misses_a_frame(patch: Patch, here: World) -> None:
    live(here)
    publish(here, 2)
    here.read()
    here.leave(here.sockets[0])
    publish(here, 3, 4)
    here.open(user=2, view=world.MINE)
    here.read()
    after = Remembered.after
    patch.setattr(Remembered, "after", lambda self, place, **given: (after(self, place, **given) or [b""])[1:])
    here.come_back(user=2)
    publish(here, 5)
    here.read()


@breaks("I20")
def a_place_of_another_view_is_believed(patch: Patch, here: World) -> None:
    live(here, view="*")
    here.leave(here.sockets[0])
    patch.setattr(View, "after", lambda *_: [])
    here.come_back_elsewhere(user=1)


@breaks("I22")
def what_nobody_of_ours_wrote_is_believed(patch: Patch, here: World) -> None:
    patch.setattr(Seals, "check", lambda *_, **__: None)
    live(here, view="*")
    publish(here, 2)
    here.befall("forged")
    here.read()


@breaks("I18")
def what_was_wrong_elsewhere_is_counted(patch: Patch, here: World) -> None:
    contact = View.contact
    patch.setattr(View, "contact", lambda self, said: msgspec.structs.replace(contact(self, said), divergences=said.divergences))
    live(here)
    here.contact("live")
    here.read()


def make_meanwhile(here: World, *, ask: Callable[[], None]) -> None:
    """Something comes, and changes, between the beginning and the end of what somebody asks for."""
    here.make(0)
    ask()
    for status in ("Pending", "Running"):
        here.publish([(pod_of("mine", 9, status=status), True)])
        here.make(1)
        here.read()
    here.make(world.AT_ONCE)
    here.read()


def follow_from(here: World) -> Callable[[], None]:
    """Somebody looks now. What is given has it follow from there."""
    publish(here, 1)
    here.read()
    follower = here.look()
    assert follower is not None
    return lambda: here.follow(follower)


@breaks("I20")
def what_came_while_a_view_was_made_is_dropped(patch: Patch, here: World) -> None:
    publish(here, 1)
    here.read()
    patch.setattr(View, "catch_up", lambda self: bool(setattr(self, "_behind", None)))
    make_meanwhile(here, ask=lambda: here.open(user=1, view=world.MINE))


@breaks("I20")
def what_came_while_a_view_was_made_is_told_twice(patch: Patch, here: World) -> None:
    publish(here, 1)
    here.read()
    patch.setattr(View, "catch_up", twice(View.catch_up, last=2))
    make_meanwhile(here, ask=lambda: here.open(user=1, view=world.MINE))


@breaks("I20")
def what_came_while_links_were_made_is_dropped(patch: Patch, here: World) -> None:
    plain = Links.catch_up
    patch.setattr(Links, "catch_up", lambda self: self._behind.clear() or plain(self))
    make_meanwhile(here, ask=follow_from(here))


@breaks("I20")
def what_came_while_links_were_made_is_told_twice(patch: Patch, here: World) -> None:
    patch.setattr(Links, "catch_up", twice(Links.catch_up, last=1))
    make_meanwhile(here, ask=follow_from(here))


def twice(catch_up: Callable[[Any], bool], *, last: int) -> Callable[[Any], bool]:
    """Hands on all that came, and then the last steps of it again."""
    doubled = set[int]()

    def again(itself: Any) -> bool:
        if itself._behind and id(itself._behind) not in doubled:
            doubled.add(id(itself._behind))
            itself._behind.extend(list(itself._behind)[-last:])
        return catch_up(itself)

    return again


@breaks("I19")
def a_view_that_could_not_be_made_is_not_begun_again(patch: Patch, here: World) -> None:
    patch.setattr(View, "give_up", lambda _: None)
    publish(here, 1)
    here.fail()
    here.open(user=1, view=world.MINE)


@breaks("I20")
def links_that_could_not_be_made_are_waited_for(patch: Patch, here: World) -> None:
    patch.setattr(Links, "give_up", lambda self: self._waiting.clear())
    ask = follow_from(here)
    here.fail()
    ask()
    publish(here, 2)
    here.read()


@breaks("I20")
def a_follower_that_reads_too_slowly_misses_a_step(patch: Patch, here: World) -> None:
    patch.setattr(Unread, "put_or_end", lambda self, step: None if self.full() else self.put_nowait(step))
    follow_from(here)()
    here.followers[0].is_slow = True
    publish(here, *range(2, 12))
    here.read()
    here.go_on(here.followers[0])
    publish(here, 12)
    here.read()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_product_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    MUTANTS.expect_noticed(name, monkeypatch, world.present())


def test_nothing_is_noticed_where_nothing_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    with world.present() as here:
        live(here)
        live(here, view="*")
        follow_from(here)()
        publish(here, *range(2, 9))
        publish(here, 3, is_there=False)
        here.read()
        here.check()
        mine = {f"mine-pod-{number}" for number in (1, 2, *range(4, 9))}
        assert [one.browser.pods for one in here.sockets] == [mine, mine | {name.replace("mine", "other") for name in mine}]
        here.settle()
