"""Answers to what is not kept but worked out when somebody asks: the acts of the story."""

from __future__ import annotations

from clusterview.practice import answering, problems, shaping
from clusterview.practice.answering import Asked
from clusterview.practice.objects import Object
from clusterview.practice.playing import Stage
from clusterview.practice.resources import ACTS
from clusterview.practice.store import Store


def answer(store: Store, stage: Stage, asked: Asked, *, now: float) -> tuple[int, Object]:
    """This will give the status and the body. Raises Problem."""
    answering.require_right(store, asked)
    if asked.verb not in asked.target.found.verbs or (asked.verb == "create" and asked.target.name):
        raise problems.not_allowed()
    if asked.verb == "create":
        name = str((answering.of_kind(ACTS, asked).get("metadata") or {}).get("name", ""))
        return 201, stage.play(name, now=now)
    return 200, shaping.many(ACTS, stage.acts(), accept=asked.accept, query=asked.query, metadata={}, now=now)
