"""The readers of rows, each in a thread of its own, and what replaces one that may not read a whole cluster.

Somebody may be allowed to see two namespaces and nothing else. Where a kind is refused in the whole cluster, it is read in each of the
namespaces that were named, else in the one that the kubeconfig's context names; a namespace that is refused too is told as such. The
refused row is asked for again now and then, and when it may be read the narrow ones end before its list is told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from clusterview.kube import watching
from clusterview.kube.bounding import Bounds
from clusterview.kube.connections import Connection
from clusterview.kube.kinds import KindSpec
from clusterview.kube.watching import Reflector
from clusterview.observer import words
from clusterview.observer.quarantining import Quarantine
from clusterview.observer.reporting import Gathered
from clusterview.observer.sight import JUDGED_BY
from clusterview.stream import clocks

NAMESPACES_AT_MOST = 20
STOP_SECONDS = 2.0
JUDGED_SILENCE_SECONDS = 8.0  # contact may be with another server of the cluster than the one whose watches have died


class Reader:
    """One row's reflector in its thread."""

    def __init__(
        self,
        *,
        connection: Connection,
        spec: KindSpec,
        streams: bool,
        silence_seconds: float,
        is_away: Callable[[], bool],
        quarantine: Quarantine | None,
        bounds: Bounds,
        deliver: Callable[[watching.Observation], None],
    ) -> None:
        gather = partial(Gathered, kind=spec.kind, quarantine=quarantine)
        self.reflector = Reflector(
            connection, spec, deliver, streams=streams, silence_seconds=silence_seconds, is_away=is_away, gather=gather, bounds=bounds
        )
        self._thread = threading.Thread(target=self.reflector.run, name=f"{connection.access.id}: {spec.key}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float | None = None) -> None:
        if self._thread.is_alive():  # one that never began has no end
            self._thread.join(seconds)


class Readers:
    """All rows of one cluster. `streams` says whether to ask for lists as the beginning of their watches, `is_away` whether nobody is let in now.
    `deliver` gets what they say, and `tell` which rows come and go; both are called from their threads. `clock` is the observer's.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        specs: Iterable[KindSpec],
        namespaces: Sequence[str],
        streams: bool = False,
        is_away: Callable[[], bool],
        quarantine: Quarantine | None = None,
        bounds: Bounds,
        deliver: Callable[[watching.Observation], None],
        tell: Callable[[words.Word], None],
        clock: Callable[[], float] = clocks.with_sleep,
    ) -> None:
        self._clock = clock
        self._connection, self._streams, self._is_away, self._deliver, self._tell = connection, streams, is_away, deliver, tell
        self._quarantine, self._bounds = quarantine, bounds
        self._namespaces = tuple(dict.fromkeys(namespaces))[:NAMESPACES_AT_MOST]
        self._readers = {spec.key: self._reader(spec) for spec in specs}
        self._narrow: dict[str, tuple[KindSpec, ...]] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        """This will begin to read."""
        for reader in self._all():
            reader.start()

    def stop(self) -> None:
        """This will end every reader, whatever it waits for, within two seconds."""
        with self._lock:
            self._stopped = True
        for reader in self._all():
            reader.reflector.stop()
        deadline = time.monotonic() + STOP_SECONDS
        for reader in self._all():
            reader.join(max(0.0, deadline - time.monotonic()))

    def nudge(self, keys: Iterable[str] | None = None) -> None:
        """This will end the wait of these rows' readers, of all when none is named."""
        for reader in self._all() if keys is None else map(self._readers.get, keys):
            if reader is not None:
                reader.reflector.nudge()

    def relist(self, key: str) -> None:
        """This will let the row be listed anew."""
        if reader := self._readers.get(key):
            reader.reflector.relist()

    def reopen(self, key: str) -> None:
        """This will let the row's watch be opened again from where it is."""
        if reader := self._readers.get(key):
            reader.reflector.reopen()

    def _all(self) -> list[Reader]:
        return list(self._readers.values())

    def _reader(self, spec: KindSpec) -> Reader:
        return Reader(
            connection=self._connection,
            spec=spec,
            streams=self._streams,
            silence_seconds=self._silence_seconds(spec),
            is_away=self._is_away,
            quarantine=self._quarantine,
            bounds=self._bounds,
            deliver=self._hear,
        )

    def _silence_seconds(self, spec: KindSpec) -> float:
        """What traffic is judged by is watched anew sooner, and however many namespaces it is read in no more often for that."""
        if spec.kind not in JUDGED_BY:
            return watching.SILENCE_SECONDS
        return min(watching.SILENCE_SECONDS, JUDGED_SILENCE_SECONDS * (len(self._namespaces) if spec.namespace else 1))

    def _hear(self, said: watching.Observation) -> None:
        if isinstance(said, watching.Listed):
            self._widen(said.spec)
        self._deliver(said)
        if isinstance(said, watching.NotPermitted):
            self._narrow_down(said.spec)

    def _narrow_down(self, spec: KindSpec) -> None:
        """One that could not begin, as without room for a thread, begins at the next refusal."""
        if spec.namespace or not spec.namespaced:
            return
        narrow = tuple(spec.within(namespace) for namespace in self._namespaces)
        if spec.key not in self._narrow:
            self._tell(words.Narrowed(key=spec.key, specs=narrow))
        with self._lock:
            if self._stopped:
                return
            self._narrow[spec.key] = narrow
            for one in narrow:
                if one.key not in self._readers:
                    reader = self._reader(one)
                    reader.start()  # within the lock: whoever stops all of them waits for the end of each, and one that has not begun has none
                    self._readers[one.key] = reader

    def _widen(self, spec: KindSpec) -> None:
        """The narrow readers have said their last word before the whole list is told, however long the one who hears them is busy."""
        with self._lock:
            narrow = self._narrow.pop(spec.key, ())
            ended = {one.key: self._readers.pop(one.key) for one in narrow if one.key in self._readers}
        for reader in ended.values():
            reader.reflector.stop()
        for key in ended:
            self._tell(words.Ended(key=key, at=self._clock()))
        for reader in ended.values():
            reader.join()
        if narrow:
            self._tell(words.Widened(key=spec.key))
