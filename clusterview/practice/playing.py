"""The acts of a story: what can be done in it with one button, and the way back to its beginning.

An act is a document of the story's file (`kind: Act`): its name, its words in both languages, and the patches that it makes, as somebody with
kubectl would. Nobody keeps which acts were played: what an act did is seen in the objects, and undone by other acts, by kubectl, or by `reset`.
"""

from __future__ import annotations

from clusterview.practice import listing, patches, problems, resetting, writing
from clusterview.practice.objects import Object, name_of, namespace_of
from clusterview.practice.resources import ACTS, BY_KIND
from clusterview.practice.store import Store
from clusterview.practice.stories import telling
from clusterview.practice.writing import Writer

PLAYER = Writer(manager="practice")


class Stage:
    """Where a story is played. `delay_seconds` is how long every answer of the API server waits; until `expired_until` its certificate is too old.

    `churn_per_second` is how many pods restart in a second, where the story has pods for that.
    """

    def __init__(self, store: Store, *, story: str) -> None:
        self.delay_seconds = self.expired_until = self.churn_per_second = 0.0
        self._store, self._story = store, story
        self._acts = {name_of(one): one for one in telling.acts(story)}

    def acts(self) -> list[Object]:
        """The acts in the order of the story, as the API tells them: name, `title` and `does` by language."""
        return [{key: one[key] for key in ("apiVersion", "kind", "metadata", "title", "does")} for one in self._acts.values()]

    def play(self, name: str, *, now: float) -> Object:
        """This will do what the act says and name every object that it changed. Raises Problem 404, 409."""
        act = self._acts.get(name)
        if act is None:
            raise problems.not_found(ACTS, name)
        if act.get("reset"):
            changed = resetting.reset(self._store, story=self._story, now=now)
        else:
            changed = [item for write in act.get("writes") or () for item in self._written(write, now=now)]
        self.delay_seconds = float(act.get("delaySeconds", 0.0 if act.get("reset") else self.delay_seconds))
        self.churn_per_second = float(act.get("churnPerSecond", 0.0 if act.get("reset") else self.churn_per_second))
        if act.get("reset") or "expiredSeconds" in act:
            self.expired_until = now + float(act.get("expiredSeconds", 0.0))
        told = [{"kind": item["kind"], "namespace": namespace_of(item), "name": name_of(item)} for item in changed]
        return {key: act[key] for key in ("apiVersion", "kind", "metadata", "title", "does")} | {"status": {"changed": told}}

    def _written(self, write: Object, *, now: float) -> list[Object]:
        resource, namespace = BY_KIND[(write["apiVersion"], write["kind"])], str(write.get("namespace", ""))
        query = {"labelSelector": write["labels"]} if "labels" in write else {"fieldSelector": f"metadata.name={write['name']}"}
        made = []
        for before in listing.chosen(self._store, resource, namespace=namespace, query=query):
            after = writing.modify(
                self._store, resource, lambda item: patches.apply(media_type=patches.STRATEGIC, patch=write["patch"], item=item),
                namespace=namespace, name=name_of(before), now=now, writer=PLAYER,
            )  # fmt: skip
            if after is not before:
                made.append(after)
        return made
