"""Answers to what is not kept but worked out when somebody asks: the acts of the story, and what pods and nodes use."""

from __future__ import annotations

from clusterview.practice import answering, problems, selecting, shaping, usage
from clusterview.practice.answering import Asked
from clusterview.practice.objects import Object, name_of, namespace_of
from clusterview.practice.playing import Stage
from clusterview.practice.resources import ACTS, NODE_METRICS
from clusterview.practice.store import Store


def answer(store: Store, stage: Stage, asked: Asked, *, now: float) -> tuple[int, Object]:
    """This will give the status and the body. Raises Problem."""
    answering.require_right(store, asked)
    target, resource = asked.target, asked.target.found
    if asked.verb not in resource.verbs or (asked.verb == "create" and target.name):
        raise problems.not_allowed()
    if asked.verb == "create":
        name = str((answering.of_kind(ACTS, asked).get("metadata") or {}).get("name", ""))
        return 201, stage.play(name, now=now)
    items = _all(store, stage, asked, now=now)
    if target.name:
        item = next((one for one in items if name_of(one) == target.name), None)
        if item is None:
            raise problems.not_found(resource, target.name)
        return 200, shaping.one(resource, item, accept=asked.accept, query=asked.query, now=now)
    tests = [*selecting.by_labels(asked.query.get("labelSelector", "")), *selecting.by_fields(resource, asked.query.get("fieldSelector", ""))]
    chosen = [one for one in items if selecting.passes(one, tests)]
    return 200, shaping.many(resource, chosen, accept=asked.accept, query=asked.query, metadata={}, now=now)


def _all(store: Store, stage: Stage, asked: Asked, *, now: float) -> list[Object]:
    if asked.target.found is ACTS:
        return stage.acts()
    if asked.target.found is NODE_METRICS:
        return usage.nodes(store, now=now)
    return [one for one in usage.pods(store, now=now) if asked.target.namespace in ("", namespace_of(one))]
