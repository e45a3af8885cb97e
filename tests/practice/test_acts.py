"""What can be done in a story with one button, and the way back to its beginning."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.practice import managed_fields
from clusterview.practice.managing import Manager
from clusterview.practice.objects import Object, annotations_of, is_ending, is_true, labels_of, name_of, uid_of
from clusterview.practice.playing import Stage
from clusterview.practice.problems import Problem
from clusterview.practice.resources import CONFIG_MAPS, DEPLOYMENTS, NODES, PODS, SERVICES
from clusterview.practice.store import Event
from clusterview.practice.stories import telling
from tests.practice.world import World, service


class Story(World):
    """A story that has begun, and its acts."""

    def __init__(self, story: str = "shop", *, seconds: float = 30) -> None:
        super().__init__(nodes=0)
        self.store = type(self.store)()
        telling.tell(self.store, story=story, now=self.now)
        self.manager = Manager(self.store)
        self.manager.begin()
        self.stage = Stage(self.store, story=story)
        self.pass_time(seconds)

    def play(self, act: str, *, seconds: float = 15) -> list[Object]:
        """This will play an act, let the time pass, and give what it changed."""
        told = self.stage.play(act, now=self.now)["status"]["changed"]
        self.pass_time(seconds)
        return list(told)

    def ready(self, slot: str) -> int:
        return sum(is_true(pod, "Ready") for pod in self.pods(app="shop", slot=slot))

    def seen(self) -> dict[tuple[str, str, str], Any]:
        """What the story is about, without what passes: statuses, versions, times."""
        kinds = (NODES, SERVICES, DEPLOYMENTS, CONFIG_MAPS)
        return {
            (one.kind, item["metadata"].get("namespace", ""), name_of(item)): (item.get("spec"), item.get("data"), labels_of(item))
            for one in kinds for item in self.store.all(one)
        }  # fmt: skip


@pytest.mark.parametrize("story", telling.names())
def test_every_act_says_what_it_does_in_both_languages_and_finds_its_objects(story: str) -> None:
    world = Story(story, seconds=15)
    for act in world.stage.acts():
        assert all(act[part][language] for part in ("title", "does") for language in ("en", "ko"))
        before = knobs(world.stage)
        assert world.play(name_of(act), seconds=0) or knobs(world.stage) != before or name_of(act) == "reset", name_of(act)


def knobs(stage: Stage) -> tuple[float, ...]:
    return stage.delay_seconds, stage.expired_until, stage.churn_per_second


@pytest.mark.parametrize("story", [one for one in telling.names() if one != "empty"])
def test_every_story_can_break_green_kill_a_node_slow_the_api_server_and_begin_anew(story: str) -> None:
    names = [name_of(act) for act in telling.acts(story)]
    assert {"break-green", "kill-node", "revive-node", "slow-api", "quick-api", "reset"} <= set(names) and len(names) == len(set(names))


def test_a_story_that_has_an_act_of_its_own_does_not_get_the_usual_one() -> None:
    assert [act["title"]["en"] for act in telling.acts("incident") if name_of(act) == "kill-node"] == ["Kill node-3"]
    assert [act["title"]["en"] for act in telling.acts("bank") if name_of(act) == "kill-node"] == ["Kill node-2"]


def test_green_breaks_and_is_mended() -> None:
    world = Story()
    assert world.ready("green") == 3
    assert {one["kind"] for one in world.play("break-green")} == {"Pod"} and world.ready("green") == 0 and world.ready("blue") == 3
    assert len(world.play("mend-green")) == 3 and world.ready("green") == 3
    assert world.play("mend-green") == []


def test_a_node_dies_and_comes_back() -> None:
    world = Story()
    world.play("kill-node", seconds=60)
    assert [name_of(node) for node in world.store.all(NODES) if not is_true(node, "Ready")] == ["node-2"]
    world.play("revive-node", seconds=30)
    assert all(is_true(node, "Ready") for node in world.store.all(NODES))


def test_the_api_server_becomes_slow_and_quick_again() -> None:
    world = Story(seconds=0)
    world.play("slow-api", seconds=0)
    assert world.stage.delay_seconds == 3
    world.play("quick-api", seconds=0)
    assert world.stage.delay_seconds == 0
    world.play("slow-api", seconds=0)
    world.play("reset", seconds=0)
    assert world.stage.delay_seconds == 0


def test_an_act_that_is_not_in_the_story_is_404() -> None:
    with pytest.raises(Problem) as refused:
        Story(seconds=0).stage.play("elsewhere", now=0)
    assert refused.value.code == 404


def test_reset_brings_everything_back_under_the_same_uids_and_watchers_see_ordinary_changes() -> None:
    world = Story()
    begun, uids = world.seen(), {uid_of(one) for one in world.store.all(SERVICES)}
    for act in ("break-green", "missing-image", "kill-node"):
        world.play(act, seconds=5)
    shop = "/api/v1/namespaces/store/services/shop"
    world.ask("PATCH", shop, [{"op": "replace", "path": "/spec/selector/slot", "value": "green"}], kind="json")
    world.ask("PATCH", "/apis/apps/v1/namespaces/store/deployments/shop-blue", {"spec": {"replicas": 7}}, kind="merge")
    world.ask("PATCH", "/api/v1/nodes/node-3", {"spec": {"unschedulable": True}}, kind="merge")
    world.ask("DELETE", "/api/v1/namespaces/store/services/front")
    world.ask("DELETE", "/api/v1/namespaces/store/configmaps/shop")
    world.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: mine}\n---\n" + service("besides"))
    world.pass_time(10)
    assert world.seen() != begun
    heard: list[Event] = []
    world.store.listeners.append(heard.append)
    world.play("reset", seconds=60)
    assert world.seen() == begun
    assert len(uids & {uid_of(one) for one in world.store.all(SERVICES)}) == len(uids) - 1, "all but the one that was deleted"
    assert world.ready("green") == world.ready("blue") == 3 and len(world.pods(app="shop")) == 6
    assert [event.version for event in heard] == sorted(event.version for event in heard)
    assert {"ADDED", "MODIFIED", "DELETED"} == {event.type for event in heard}
    assert world.play("reset", seconds=0) == []


def test_reset_says_who_owns_the_selector_now() -> None:
    world = Story(seconds=5)
    shop = "/api/v1/namespaces/store/services/shop"
    world.ask("PATCH", shop, [{"op": "replace", "path": "/spec/selector/slot", "value": "green"}], kind="json", fieldManager="clusterview")
    world.play("reset", seconds=0)
    owners = {
        entry["manager"] for entry in world.get(shop)["metadata"]["managedFields"]
        if ("f:spec", "f:selector") in {path[:2] for path in managed_fields.decoded(entry["fieldsV1"])}
    }  # fmt: skip
    assert owners == {telling.AUTHOR.manager}


def test_reset_keeps_the_troubles_that_the_story_is_about() -> None:
    world = Story("incident", seconds=30)
    world.play("mend-nodes", seconds=30)
    world.play("mend-search", seconds=30)
    assert all(is_true(node, "Ready") for node in world.store.all(NODES))
    world.play("reset", seconds=90)
    assert [name_of(node) for node in world.store.all(NODES) if not is_true(node, "Ready")] == ["node-2"]
    assert all(annotations_of(pod)["practice.clusterview.io/behaviour"] == "crash" for pod in world.pods(app="search") if not is_ending(pod))


def test_reset_waits_for_what_is_still_being_deleted() -> None:
    world = Story()
    world.ask("DELETE", "/api/v1/namespaces/store")
    with pytest.raises(Problem) as refused:
        world.stage.play("reset", now=world.now)
    assert refused.value.code == 409 and "again" in refused.value.message
    world.pass_time(120)
    world.play("reset", seconds=60)
    assert world.ready("green") == world.ready("blue") == 3 and len(world.store.all(PODS)) == 14
