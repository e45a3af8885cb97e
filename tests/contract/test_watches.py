"""Watches: from a version on, filtered, marked, and refused when the version is too old."""

from __future__ import annotations

import threading
import time
from typing import Any

from clusterview.kube import kinds, replaying, watching
from clusterview.kube.kinds import PARTIAL
from clusterview.kube.watching import Reflector
from tests.contract.conftest import Place
from tests.contract.subjects import Subject
from tests.patience import Patience

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def types(seen: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["type"], one["object"]["metadata"].get("name", "")) for one in seen]


def label(place: Place, name: str, **marks: str | None) -> str:
    return place.cluster.ask("PATCH", place.path("configmaps", name), {"metadata": {"labels": marks}}, kind="merge").version


def test_from_a_version_every_change_comes_once_and_in_order(place: Place) -> None:
    begun = place.make("configmaps", "zero").version
    place.make("configmaps", "one")
    changed = label(place, "one", a="b")
    place.cluster.ask("DELETE", place.path("configmaps", "one"))
    seen = place.cluster.events(place.path("configmaps"), until=lambda seen: len(seen) == 3, resourceVersion=begun)
    assert types(seen) == [("ADDED", "one"), ("MODIFIED", "one"), ("DELETED", "one")]
    versions = [int(one["object"]["metadata"]["resourceVersion"]) for one in seen]
    assert versions == sorted(versions) and versions[1] == int(changed) and versions[2] > versions[1]


def test_a_change_reaches_a_watch_that_is_open(place: Place) -> None:
    begun = place.make("configmaps", "one").version
    later = threading.Timer(0.2, label, args=(place, "one"), kwargs={"late": "yes"})
    later.start()
    (event,) = place.cluster.events(place.path("configmaps"), until=bool, resourceVersion=begun)
    later.join()
    assert event["type"] == "MODIFIED" and event["object"]["metadata"]["labels"] == {"late": "yes"}


def test_objects_in_a_watch_say_their_kind(place: Place) -> None:
    begun = place.make("configmaps", "zero").version
    place.service()
    (event,) = place.cluster.events(place.path("services"), until=bool, resourceVersion=begun)
    assert (event["object"]["kind"], event["object"]["apiVersion"]) == ("Service", "v1")


def test_what_is_forgotten_is_410_for_a_watch_and_for_the_next_page_of_a_list(place: Place) -> None:
    begun = place.make("configmaps", "one").version
    place.make("configmaps", "two")
    token = place.cluster.get(place.path("configmaps"), limit="1")["metadata"]["continue"]
    label(place, "two", later="yes")
    place.cluster.forget()
    (event,) = place.cluster.events(place.path("configmaps"), until=bool, resourceVersion=begun)
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert event["object"]["message"].startswith(f"too old resource version: {begun} (")
    reply = place.cluster.ask("GET", place.path("configmaps"), limit="1", **{"continue": token})
    assert (reply.status, reply.body["reason"]) == (410, "Expired")


def test_without_a_version_what_is_there_comes_first(place: Place) -> None:
    for name in ("one", "two"):
        place.make("services", name, spec={"ports": [{"port": 80}]})
    seen = place.cluster.events(place.path("services"), until=lambda seen: len(seen) == 2)
    assert sorted(types(seen)) == [("ADDED", "one"), ("ADDED", "two")]


def test_initial_events_end_with_a_bookmark_that_says_so(place: Place) -> None:
    place.make("services", "one", spec={"ports": [{"port": 80}]})
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    seen = place.cluster.events(place.path("services"), until=lambda seen: seen[-1]["type"] == "BOOKMARK", **query)
    assert [one["type"] for one in seen] == ["ADDED", "BOOKMARK"]
    assert seen[-1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(seen[-1]["object"]["metadata"]["resourceVersion"]) > 0 and seen[-1]["object"]["kind"] == "Service"


def test_a_watch_ends_when_its_time_is_up(place: Place) -> None:
    begun = place.make("configmaps", "zero").version
    started, patience = time.monotonic(), Patience(seconds=4)
    assert place.cluster.events(place.path("services"), until=bool, resourceVersion=begun, timeoutSeconds="1") == []
    assert time.monotonic() - started > 0.9
    assert not patience.is_over


def test_an_object_that_begins_or_ceases_to_match_comes_and_goes(place: Place) -> None:
    begun = place.make("configmaps", "one").version
    label(place, "one", slot="blue")
    label(place, "one", slot="blue", more="yes")
    label(place, "one", slot="green")
    seen = place.cluster.events(place.path("configmaps"), until=lambda seen: len(seen) == 3, resourceVersion=begun, labelSelector="slot=blue")
    assert [one["type"] for one in seen] == ["ADDED", "MODIFIED", "DELETED"]


def test_one_object_can_be_watched_by_its_name(place: Place) -> None:
    begun = place.make("configmaps", "one").version
    place.make("configmaps", "two")
    label(place, "one", a="b")
    seen = place.cluster.events(place.path("configmaps"), until=bool, resourceVersion=begun, fieldSelector="metadata.name=one")
    assert types(seen) == [("MODIFIED", "one")]


def test_a_watch_of_all_namespaces_tells_of_each(place: Place) -> None:
    begun = place.make("configmaps", "one").version
    label(place, "one", a="b")
    seen = place.cluster.events("/api/v1/configmaps", resourceVersion=begun, until=lambda seen: (place.name) in str(seen[-1]))
    assert seen[-1]["object"]["metadata"]["namespace"] == place.name


def test_a_watch_of_metadata_alone(place: Place) -> None:
    begun = place.make("configmaps", "zero").version
    place.service()
    (event,) = place.cluster.events(place.path("services"), until=bool, accept=PARTIAL, resourceVersion=begun)
    assert event["object"]["kind"] == "PartialObjectMetadata" and "spec" not in event["object"]


def test_a_watch_as_a_table_says_the_columns_once(place: Place) -> None:
    begun = place.make("configmaps", "zero").version
    for name in ("one", "two"):
        place.make("services", name, spec={"ports": [{"port": 80}]})
    seen = place.cluster.events(place.path("services"), until=lambda seen: len(seen) == 2, accept=TABLE, resourceVersion=begun)
    assert [bool(one["object"].get("columnDefinitions")) for one in seen] == [True, False]
    assert [one["object"]["rows"][0]["cells"][0] for one in seen] == ["one", "two"]


def test_a_version_from_the_future_is_504_for_a_list(cluster: Subject) -> None:
    version = str(int(cluster.get("/api/v1/services", limit="1")["metadata"]["resourceVersion"]) + 1_000_000)
    reply = cluster.ask("GET", "/api/v1/services", resourceVersion=version, resourceVersionMatch="NotOlderThan")
    assert (reply.status, reply.body["reason"]) == (504, "Timeout") and "Too large resource version" in reply.body["message"]


def test_our_own_reflector_lists_follows_and_hears_of_the_end(place: Place) -> None:
    told: list[Any] = []
    spec = kinds.named("Service").within(place.name)
    connection = place.cluster.connect()
    reflector = Reflector(connection, spec, told.append, silence_seconds=3)
    thread = threading.Thread(target=reflector.run)
    thread.start()
    place.cluster.wait_for(lambda: any(isinstance(one, watching.WatchOpened) for one in told), what="an open watch")
    place.service()
    place.cluster.ask("PATCH", place.path("services", "web"), {"spec": {"selector": {"app": "other"}}}, kind="merge")
    place.cluster.ask("DELETE", place.path("services", "web"))
    place.cluster.wait_for(lambda: any(isinstance(one, watching.Gone) for one in told), what="the end of the Service")
    reflector.stop()
    thread.join(5)
    connection.close()
    assert [type(one).__name__ for one in told] == ["Listed", "WatchOpened", "Seen", "Seen", "Gone"]
    assert told[3].item.spec.selector == {"app": "other"}


def test_our_own_replay_tells_every_version_of_one_object(place: Place) -> None:
    place.service()
    path, spec, connection = place.path("services", "web"), kinds.named("Service"), place.cluster.connect()
    begun = place.cluster.get(path)["metadata"]["resourceVersion"]
    for slot in ("green", "blue", "green"):
        last = place.cluster.ask("PATCH", path, {"spec": {"selector": {"slot": slot}}}, kind="merge").version
    found = replaying.versions(connection, spec, namespace=place.name, name="web", after=begun, until=last)
    connection.close()
    assert [(one.spec.selector or {})["slot"] for one in found] == ["green", "blue", "green"]
