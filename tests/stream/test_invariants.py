"""Whatever happens to a stream and to those who read it, in whatever order: the invariants hold after every step."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from clusterview.stream.messages import WHOLE
from clusterview.topology.objects import AnyRecord, Namespace, Node, Service, Uid
from tests.stream import world
from tests.stream.making import pod_of
from tests.stream.world import World
from tests.worlds import Steps, explore

EXAMPLES = 60  # many more of them: `manage.py soak machine`
WHO = st.integers(0, world.MOST_SOCKETS - 1)
NAMESPACES = st.sampled_from(["mine", "mine", "other"])
USERS = st.sampled_from([1, 2])
VIEWS = st.sampled_from([world.MINE, world.MINE, WHOLE])
PARTS = st.sampled_from([0, 1, 1, 2, world.AT_ONCE])
TIMES = st.sampled_from([0, 1, 1, 2])
RECORDS = st.one_of(
    st.builds(lambda n: Node(uid=Uid(f"node-{n}"), name=f"outside-node-{n}"), st.integers(0, 2)),
    st.builds(lambda n, where, status: pod_of(where, n, status=status), st.integers(0, 3), NAMESPACES,
        st.sampled_from(["Running", "Pending"])),
    st.builds(lambda n, where: Service(uid=Uid(f"{where}-service-{n}"), name=f"{where}-service-{n}", namespace=Namespace(where)),
        st.integers(0, 2), NAMESPACES),
)  # fmt: skip
CHANGES = st.lists(st.tuples(RECORDS, st.booleans()), min_size=1, max_size=4)


class Machine(Steps[World]):
    """The rules are what may happen while some read; the hub has read so many times before each of them."""

    def __init__(self) -> None:
        super().__init__(world.present())

    def _socket(self, who: int) -> world.Socket | None:
        """Who is meant is counted among those that are there."""
        sockets = [one for one in self.world.sockets if one.is_open]
        return sockets[who % len(sockets)] if sockets else None

    def _follower(self, who: int) -> world.Follower | None:
        followers = [one for one in self.world.followers if one.is_open]
        return followers[who % len(followers)] if followers else None

    def _read(self, times: int) -> None:
        """Somebody reads by then."""
        if self._socket(0) is None and (users := [user for user, may_see in self.world.may_see.items() if may_see]):
            self.world.open(user=users[0], view=world.MINE)
            self.world.open(user=users[-1], view=WHOLE)
        for _ in range(times):
            self.world.read()

    @rule(times=TIMES, changes=CHANGES)
    def publish(self, times: int, changes: list[tuple[AnyRecord, bool]]) -> None:
        self._read(times)
        self.world.publish(changes)

    @rule(times=TIMES, changes=st.lists(CHANGES, min_size=4, max_size=9))
    def publish_much(self, times: int, changes: list[list[tuple[AnyRecord, bool]]]) -> None:
        self._read(times)
        for one in changes:
            self.world.publish(one)

    @rule(times=TIMES, user=USERS, view=VIEWS, parts=PARTS, changes=CHANGES)
    def open(self, times: int, user: int, view: str, parts: int, changes: list[tuple[AnyRecord, bool]]) -> None:
        """Somebody asks for a view, and something comes while it may be being made."""
        self._read(times)
        self.world.let_in(user)
        self.world.make(parts)
        self.world.open(user=user, view=view)
        self.world.publish(changes)

    @rule(times=TIMES, who=WHO, user=USERS)
    def leave_and_come_back(self, times: int, who: int, user: int) -> None:
        if socket := self._socket(who):
            self.world.leave(socket)
            self._read(times)
            self.world.come_back(user=user)

    @rule(times=TIMES, who=WHO, user=USERS)
    def ask_for_another_view_from_there(self, times: int, who: int, user: int) -> None:
        if socket := self._socket(who):
            self.world.leave(socket)
            self._read(times)
            self.world.come_back_elsewhere(user=user)

    @rule(times=TIMES, who=WHO)
    def say_hello_again(self, times: int, who: int) -> None:
        self._read(times)
        socket = self._socket(who)
        if socket and not socket.is_slow:
            self.world.say_hello(socket)

    @rule(times=TIMES, who=WHO, slow=st.booleans())
    def slow_down(self, times: int, who: int, slow: bool) -> None:
        self._read(times)
        if socket := self._socket(who):
            socket.is_slow = slow
            if not slow:
                self.world.go_on(socket)

    @rule(times=TIMES, late=TIMES, now=st.booleans(), parts=PARTS, changes=CHANGES)
    def follow(self, times: int, late: int, now: bool, parts: int, changes: list[tuple[AnyRecord, bool]]) -> None:
        """Somebody looks, and follows a while later, from there or from then on; something comes while the links may be being made."""
        self._read(times)
        if follower := self.world.look():
            self._read(late)
            self.world.make(parts)
            self.world.follow(follower, now=now)
            self.world.publish(changes)

    @rule(times=TIMES, who=WHO)
    def stop_following(self, times: int, who: int) -> None:
        self._read(times)
        if follower := self._follower(who):
            self.world.stop_following(follower)

    @rule(times=TIMES, who=WHO, slow=st.booleans())
    def slow_a_follower_down(self, times: int, who: int, slow: bool) -> None:
        self._read(times)
        if follower := self._follower(who):
            follower.is_slow = slow
            if not slow:
                self.world.go_on(follower)

    @rule(times=TIMES, parts=PARTS)
    def make(self, times: int, parts: int) -> None:
        """Views and links are made as fast from now on, or not at all."""
        self._read(times)
        self.world.make(parts)

    @rule(times=TIMES)
    def fail_to_make(self, times: int) -> None:
        self._read(times)
        self.world.fail()

    @rule(times=TIMES, what=st.sampled_from(["away", "back", "emptied", "went back", "trimmed", "gap", "forged"]))
    def befall(self, times: int, what: str) -> None:
        self._read(times)
        self.world.befall(what)

    @rule(times=TIMES, anew=st.booleans())
    def observe(self, times: int, anew: bool) -> None:
        """The observer begins anew, or packs its picture."""
        self._read(times)
        if not self.world.memory.is_away:
            (self.world.observe if anew else self.world.renew)()

    @rule(times=TIMES, state=st.sampled_from(["live", "stale"]), seconds=st.sampled_from([0.1, 2.0, 6.0]))
    def contact(self, times: int, state: str, seconds: float) -> None:
        self._read(times)
        self.world.memory.seconds += seconds
        self.world.contact(state)

    @rule(times=TIMES, namespace=NAMESPACES)
    def ring(self, times: int, namespace: str) -> None:
        self._read(times)
        self.world.ring(namespace)

    @rule(times=TIMES, user=USERS)
    def revoke(self, times: int, user: int) -> None:
        self._read(times)
        self.world.revoke(user)


def test_the_invariants_hold_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter(monkeypatch)
    explore(Machine, examples=EXAMPLES)
