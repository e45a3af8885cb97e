"""Runs the controllers: asks each about what an event concerns, and does what it says. What kube-controller-manager is to a cluster.

Nothing here waits. `step` does what is due and tells when something is due again, so a test decides how fast time passes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from clusterview.practice import deleting, recording, writing
from clusterview.practice.controllers import (
    autoscaling,
    budgets,
    cron_jobs,
    daemon_sets,
    deployments,
    endpoint_slices,
    garbage,
    gateways,
    heartbeats,
    ingresses,
    jobs,
    load_balancers,
    namespaces,
    node_lifecycle,
    replica_sets,
    scheduling,
    stateful_sets,
    volumes,
)  # fmt: skip
from clusterview.practice.controllers.acts import Act, Controller, Drop, Key, Make, Put, Say
from clusterview.practice.controllers.kubelets import Kubelets
from clusterview.practice.deleting import Options
from clusterview.practice.objects import name_of, namespace_of, uid_of
from clusterview.practice.problems import Problem
from clusterview.practice.resources import EVENTS
from clusterview.practice.store import Event, Store
from clusterview.practice.timing import USUAL, Timing

log = logging.getLogger(__name__)

AFTER_A_REFUSAL_SECONDS = 1.0
TIDY_SECONDS = 60.0
ROUNDS = 100_000  # far more than any story needs at once; whoever reaches it goes in a circle

MODULES = (
    namespaces, deployments, replica_sets, stateful_sets, daemon_sets, jobs, cron_jobs, volumes, scheduling, heartbeats, node_lifecycle,
    endpoint_slices, budgets, autoscaling, load_balancers, ingresses, garbage,
)  # fmt: skip


def usual() -> list[Controller]:
    """Every controller that a cluster has."""
    return [*(module.CONTROLLER for module in MODULES), *gateways.CONTROLLERS, Kubelets().controller]


class Manager:
    """The controllers of one store."""

    def __init__(self, store: Store, *, timing: Timing = USUAL, controllers: Iterable[Controller] | None = None) -> None:
        self._store, self._timing = store, timing
        self._controllers = list(controllers) if controllers is not None else usual()
        self._due: dict[tuple[str, Key], tuple[float, Controller]] = {}
        self._said: recording.Said = {}
        self._tidy_at = 0.0
        store.listeners.append(self._hear)

    def begin(self) -> None:
        """This will ask every controller about everything that is there."""
        for resource, item in list(self._store.everything()):
            self._hear(Event("ADDED", resource, item, None, self._store.version, texts=self._store.texts))

    def ask(self, controller: Controller, key: Key, *, at: float) -> None:
        """This will ask one controller about one of its objects, at that time."""
        self._due[(controller.name, key)] = (at, controller)

    def _hear(self, event: Event) -> None:
        if event.resource is EVENTS or event.settled:
            return
        for controller in self._controllers:
            for key in controller.concerns(self._store, event):
                self._due[(controller.name, key)] = (0.0, controller)

    def guarded_step(self, now: float) -> float:
        """This will step, and go on after a controller that fails in a way that nobody foresaw: what it was asked about is left alone."""
        try:
            return self.step(now)
        except Exception:
            log.exception("a controller of the practice cluster failed")
            return now + AFTER_A_REFUSAL_SECONDS

    def step(self, now: float) -> float:
        """This will do everything that is due, with all that follows from it, and tell when something is due again."""
        if now >= self._tidy_at:
            self._tidy_at = now + TIDY_SECONDS
            for item in recording.outdated(self._store, now=now, life_seconds=self._timing.event_life_seconds):
                self._store.remove(EVENTS, namespace_of(item), name_of(item))
            there = {name_of(item) for item in self._store.all(EVENTS)}
            self._said = {what: name for what, name in self._said.items() if name in there}
        for _ in range(ROUNDS):
            ready = [name for name, (at, _) in self._due.items() if at <= now]
            if not ready:
                break
            for name in ready:
                found = self._due.get(name)
                if found is not None and found[0] <= now:
                    del self._due[name]
                    self._ask(found[1], name[1], now)
        return min([at for at, _ in self._due.values()] + [self._tidy_at])

    def _ask(self, controller: Controller, key: Key, now: float) -> None:
        outcome = controller.reconcile(self._store, key, now, self._timing)
        again_at = outcome.again_at
        try:
            for act in outcome.acts:
                self._do(act, now)
        except Problem as problem:
            log.debug("%s was refused for %s: %s", controller.name, key, problem.message)
            again_at = now + AFTER_A_REFUSAL_SECONDS
        if again_at is not None and (controller.name, key) not in self._due:
            self._due[(controller.name, key)] = (max(again_at, now + 0.001), controller)

    def _do(self, act: Act, now: float) -> None:
        store = self._store
        match act:
            case Make(resource, item, saying):
                made = writing.create(store, resource, item, namespace=namespace_of(item), now=now)
                log.debug("made %s %s", resource.kind, name_of(made))
                if saying is not None:
                    self._say(replace(saying, message=saying.message.format(name=name_of(made))), now)
            case Put(resource, item, settled):
                before = store.get(resource, namespace_of(item), name_of(item))
                if before is not None and uid_of(before) == uid_of(item):
                    store.put(resource, item, settled=settled)
            case Drop(resource, item, at_once):
                found = store.get(resource, namespace_of(item), name_of(item))
                if found is None or uid_of(found) != uid_of(item):
                    return
                if at_once:
                    store.remove(resource, namespace_of(item), name_of(item))
                else:
                    deleting.delete(store, resource, namespace=namespace_of(item), name=name_of(item), options=Options(), now=now)
            case Say():
                self._say(act, now)

    def _say(self, say: Say, now: float) -> None:
        if not recording.can_be_said(self._store, say):
            return
        item, is_new = recording.record(self._store, say, now=now, said=self._said)
        if is_new:
            writing.create(self._store, EVENTS, item, namespace=namespace_of(item), now=now)
        else:
            self._store.put(EVENTS, item)
