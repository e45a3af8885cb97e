"""Where everything is put together inside Celery's workers: the observers and their recorders in those that consume `observe`, the reconciler
in those that consume `traffic`.

They are bootsteps and not endless tasks: nothing tells a worker what to do, so it needs neither Redis nor a cluster to begin and to end.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from celery import bootsteps
from django.conf import settings

from clusterview import garbage
from clusterview.kube import kubeconfigs
from clusterview.kube.errors import BadKubeconfig
from clusterview.kube.kubeconfigs import ClusterAccess
from clusterview.observer.keeping import Keeper
from clusterview.observer.looping import Loop
from clusterview.stream.publishing import Listener

log = logging.getLogger(__name__)

STOP_SECONDS = 2.0
TURN_SECONDS = 0.0005
SIGNALS = 1_024


class Recorder(Listener, Protocol):
    """A listener that writes down what it hears; `round` does so, and tells after how many seconds to do it again."""

    def round(self) -> float: ...


class Observers:
    """A keeper for each cluster, where there is a recorder, a thread for it, and one that gives memory back. `forget` is called again and again, each
    time after as many seconds as it says.
    """

    def __init__(
        self,
        *,
        accesses: Sequence[ClusterAccess],
        redis_url: str,
        namespaces: Sequence[str] = (),
        streams: bool = False,
        recorder_for: Callable[[str], Recorder] | None = None,
        forget: Callable[[], float] | None = None,
    ) -> None:
        recorders = {access.id: recorder_for(access.id) for access in accesses} if recorder_for else {}
        self._keepers = [
            Keeper(access=access, redis_url=redis_url, namespaces=namespaces, streams=streams, listener=recorders.get(access.id))
            for access in accesses
        ]
        self._stopped = threading.Event()
        self._recorders = [(one, Loop(name=f"{name}: recorder", round=one.round, stopped=self._stopped)) for name, one in recorders.items()]
        rounds = {"memory": garbage.return_pages} | ({"forgetting": forget} if forget else {})
        self._others = [Loop(name=name, round=one, stopped=self._stopped) for name, one in rounds.items()]

    def start(self) -> None:
        """This will begin to claim and observe the clusters. It returns at once and needs neither Redis nor a cluster to be there."""
        for keeper in self._keepers:
            keeper.start()
        for _, loop in self._recorders:
            loop.start()
        for loop in self._others:
            loop.start()

    def stop(self) -> None:
        """This will stop observing, give the leases away, and write down what was heard last."""
        for keeper in self._keepers:
            keeper.signal_stop()
        for keeper in self._keepers:
            keeper.stop()
        self._stopped.set()
        for recorder, loop in self._recorders:
            loop.join(STOP_SECONDS)
            recorder.round()
        for loop in self._others:
            loop.join(STOP_SECONDS)


class ObserverStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Observes the clusters from the worker's start to its end."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **options: Any) -> None:
        self._observers: Observers | None = None
        super().__init__(worker, **options)

    def include_if(self, worker: Any) -> bool:
        return _consumes(worker, "observe")

    def start(self, _worker: Any) -> None:
        try:
            found = kubeconfigs.to_open(settings.KUBECONFIG_PATHS, settings.KUBE_CONTEXTS)
        except BadKubeconfig as error:
            log.error("%s", error.sentence)
            return
        from clusterview.recording import forgetting, writing  # their models need Django to be ready, which it is only now

        recorder_for = (lambda cluster: writing.Recorder(cluster=cluster)) if settings.REWIND_HOURS else None
        self._observers = Observers(
            accesses=found,
            redis_url=settings.REDIS_URL,
            namespaces=settings.KUBE_NAMESPACES,
            streams=settings.KUBE_STREAMS,
            recorder_for=recorder_for,
            forget=None if settings.REWIND_HOURS else forgetting.clear,
        )
        garbage.return_blocks()
        take_turns()
        self._observers.start()
        garbage.collect_rarely()

    def stop(self, _worker: Any) -> None:
        if self._observers is not None:
            self._observers.stop()
            self._observers = None

    terminate = stop


def take_turns() -> None:
    """This will let a thread that has a change to tell wait half a millisecond for one that packs a picture or reads a list, not Python's five."""
    sys.setswitchinterval(TURN_SECONDS)


class ReconcilerStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Finishes every switch, whoever began it."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **options: Any) -> None:
        self._reconciler: Any = None
        super().__init__(worker, **options)

    def include_if(self, worker: Any) -> bool:
        return _consumes(worker, "traffic")

    def start(self, _worker: Any) -> None:
        from clusterview.traffic.reconciling import Reconciler  # its models need Django to be ready, which it is only now

        self._reconciler = Reconciler()
        self._reconciler.start()

    def stop(self, _worker: Any) -> None:
        if self._reconciler is not None:
            self._reconciler.stop()
            self._reconciler = None

    terminate = stop


class QuietStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Lets the worker's own event loop, which has nothing to read, hear a signal at once. It would look ten times a second whether to end, and so it
    looks once.
    """

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._ends: tuple[socket.socket, ...] = ()
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        """Python writes a byte for each signal: https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd."""
        self._ends = (heard, told) = socket.socketpair()
        for end in self._ends:
            end.setblocking(False)
        signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        consumer.hub.add_reader(heard.fileno(), heard.recv, SIGNALS)

    def stop(self, consumer: Any) -> None:
        """This will leave Python's signals as they were."""
        if self._ends:
            signal.set_wakeup_fd(-1)
            consumer.hub.remove(self._ends[0].fileno())
        for end in self._ends:
            end.close()
        self._ends = ()


def _consumes(worker: Any, queue: str) -> bool:
    return queue in worker.app.amqp.queues.consume_from
