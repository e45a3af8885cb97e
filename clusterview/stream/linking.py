"""The links of one cluster's picture, kept up once for all who follow its changes, and for a while after the last of them: who has to start again
because links were long in making finds them made.

At 150,000 pods they take hundreds of megabytes and seconds to make, so it is done in another thread (`work`), from the oldest place that the feed
remembers; what comes meanwhile waits (`catch_up`), and so does whoever follows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from clusterview.stream.making import Unused, Work
from clusterview.stream.messages import Position
from clusterview.stream.remembering import MOST_BYTES, STEPS, Remembered
from clusterview.topology.changes import Change, Drop, Joining
from clusterview.topology.joining import Joined
from clusterview.topology.objects import AnyRecord
from clusterview.topology.pictures import Picture

CHANGE_BYTES = 128  # about what a change holds that is told, beside its object
CHANGES = MOST_BYTES // CHANGE_BYTES
Step = tuple[Position, list[Change]]
Told = tuple[Position, list[tuple[Joining, AnyRecord | None]]]  # each with the object that a drop is about


class Unread(asyncio.Queue[Told | None]):
    """What a follower has not read yet: steps with no more changes than are remembered, so that all who are behind keep the same ones. None at its
    end, where it has to start again.
    """

    def __init__(self) -> None:
        super().__init__(maxsize=STEPS)

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._changes = 0

    def _put(self, item: Told | None) -> None:
        super()._put(item)
        self._changes += len(item[1]) if item else 0

    def _get(self) -> Told | None:
        item: Told | None = super()._get()
        self._changes -= len(item[1]) if item else 0
        return item

    def full(self) -> bool:
        """True where one more step is one too many."""
        return super().full() or self._changes > CHANGES

    def put_or_end(self, step: Told | None) -> None:
        """This will queue a step; a follower that is too far behind is told to start again."""
        if self.full():
            while not self.empty():
                self.get_nowait()
            step = None
        self.put_nowait(step)


class Links:
    """The links of one feed, and who follows its changes. `remembered` gives the picture at the feed's oldest place, that place, and what came since;
    `ask` is called when there is `work`. All but what `work` gives runs on the hub's event loop.
    """

    def __init__(self, *, remembered: Callable[[], tuple[Picture, Position, list[Step]] | None], ask: Callable[[Links], None]) -> None:
        self._remembered, self._ask = remembered, ask
        self._followers: set[Unread] = set()
        self._waiting: dict[Unread, Position | None] = {}
        self._is_asked = False
        self._unused = Unused()
        self._joined: Joined | None = None
        self._position: Position | None = None
        self._recent = Remembered[Told]()
        self._behind: deque[Step] | None = None  # what came while they are made

    def follow(self, unread: Unread, *, after: Position | None) -> None:
        """This will put there what came after a place, and all that comes. Where there is no place yet, it ends with the first picture."""
        if self._joined is not None and self._behind is None:
            self._begin(unread, after)
            return
        self._waiting[unread] = after
        if after is not None and not self._is_asked:
            self._is_asked = True
            self._ask(self)

    def leave(self, unread: Unread) -> None:
        """This will let a follower go."""
        self._followers.discard(unread)
        self._waiting.pop(unread, None)

    def forget(self, *, now: float) -> None:
        """This will forget the links that nobody has followed for a while."""
        if self._unused.is_over(now=now, used=bool(self._followers or self._waiting)):
            self.give_up()

    def replace(self) -> None:
        """This will end all who follow, since the picture is another one."""
        for unread in [*self._followers, *self._waiting]:
            unread.put_or_end(None)
        self._followers.clear()
        self._waiting.clear()
        self.give_up()

    def advance(self, step: Step) -> None:
        """This will hand on the next step of the picture, with what it joins and cuts."""
        if self._behind is not None:
            self._behind.append(step)
        elif self._joined is not None:
            self._hand_on(told(step=step, joined=self._joined))

    def work(self) -> Work | None:
        """What has to be made in another thread, if anything."""
        found = self._remembered() if self._is_asked else None
        if found is None:
            return None
        picture, place, steps = found
        behind: deque[Step] = deque()
        self._behind = behind

        def make() -> Callable[[], None]:
            joined = Joined(objects=picture.objects.values())
            since = [told(step=step, joined=joined) for step in steps]
            return lambda: take(joined, since)

        def take(joined: Joined, since: list[Told]) -> None:
            if self._behind is behind:
                self._joined, self._position = joined, place
                for step in since:
                    self._hand_on(step)

        return make

    def catch_up(self) -> bool:
        """This will hand on one step of those that came meanwhile. False where there is none left: then those begin who wait."""
        if self._joined is None or self._behind is None:
            return False
        if self._behind:
            self._hand_on(told(step=self._behind.popleft(), joined=self._joined))
            return True
        self._behind, self._is_asked = None, False
        waiting, self._waiting = self._waiting, {}
        for unread, after in waiting.items():
            self._begin(unread, after)
        return False

    def give_up(self) -> None:
        """This will forget the links, and what is being made of them. Whoever waits starts again."""
        self._joined = self._position = self._behind = None
        self._is_asked = False
        self._recent.clear()
        waiting, self._waiting = self._waiting, {}
        for unread in waiting:
            unread.put_or_end(None)

    def _begin(self, unread: Unread, after: Position | None) -> None:
        missed = self._recent.after(after, newest=self._position) if after is not None else None
        if missed is None:
            unread.put_or_end(None)
            return
        for step in missed:
            unread.put_nowait(step)
        self._followers.add(unread)

    def _hand_on(self, step: Told) -> None:
        self._position = step[0]
        self._recent.append(step, size=CHANGE_BYTES * len(step[1]))
        for unread in self._followers:
            unread.put_or_end(step)


def told(*, step: Step, joined: Joined) -> Told:
    """The step with what it joins and cuts. Brings `joined` forward."""
    position, changes = step
    found: list[tuple[Joining, AnyRecord | None]] = []
    for change in changes:
        gone = joined.objects.get(change.uid) if isinstance(change, Drop) else None
        found += [(one, gone) for one in joined.hear(change=change)]
    return position, found
