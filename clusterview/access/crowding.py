"""How many live connections a person has open at this process: sockets of pages, and streams of changes over REST.

Each of them costs memory and a share of every frame, and a script with somebody's session or token would open as many as the process has files. They
are counted here, in memory, so that nothing asks the database; of several web processes each counts its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.conf import settings

from clusterview.access.people import Person


class Places:
    """At most `settings.SOCKETS_PER_PERSON` for each person, and for each token. Used on one event loop. `refused` is how often there was none."""

    def __init__(self) -> None:
        self._taken: Counter[tuple[int | None, int | None]] = Counter()
        self.refused = 0

    def refuses(self, person: Person) -> bool:
        """This will tell whether there is no place left, and count it where there is none."""
        is_full = self._taken[key_of(person)] >= settings.SOCKETS_PER_PERSON
        self.refused += is_full
        return is_full

    def take(self, person: Person) -> Callable[[], None] | None:
        """This will take a place, and return what gives it back, to be called once; None where there is none left."""
        if self.refuses(person):
            return None
        key = key_of(person)
        self._taken[key] += 1

        def give_back() -> None:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]

        return give_back


def key_of(person: Person) -> tuple[int | None, int | None]:
    """By what a person, or a token, is counted."""
    return person.user_id, person.token_id


connections = Places()
told = Places()  # sockets that are open for as long as it takes to tell a page that there are too many
