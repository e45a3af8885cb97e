"""Patches of all three kinds, and what becomes of those that do not fit. The switch is one of them."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.kube import errors, patching, reading
from tests.contract.conftest import Place


def patched(place: Place, kind: str, change: Any, *, resource: str = "services", **query: str) -> Any:
    return place.cluster.ask("PATCH", place.path(resource, "web"), change, kind=kind, **query)


def test_a_json_patch_replaces_a_whole_map(place: Place) -> None:
    place.service(selector={"app": "web", "slot": "blue"})
    reply = patched(place, "json", [{"op": "replace", "path": "/spec/selector", "value": {"app": "web", "slot": "green"}}])
    assert (reply.status, reply.body["spec"]["selector"]) == (200, {"app": "web", "slot": "green"})


def test_a_json_patch_whose_test_fails_is_422_invalid_without_causes(place: Place) -> None:
    place.service()
    for path, value in (("/spec/selector", {"app": "other"}), ("/metadata/resourceVersion", "1")):
        reply = patched(place, "json", [{"op": "test", "path": path, "value": value}])
        assert (reply.status, reply.body["reason"]) == (422, "Invalid")
        assert not (reply.body.get("details") or {}).get("causes")
        assert reply.body["message"] == "the server rejected our request due to an error in our request"


def test_a_json_patch_can_test_uid_and_version(place: Place) -> None:
    made = place.service()
    tests = [{"op": "test", "path": f"/metadata/{key}", "value": made.body["metadata"][key]} for key in ("uid", "resourceVersion")]
    change = {"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}
    assert patched(place, "json", [*tests, change]).status == 200
    assert patched(place, "json", [*tests, change]).status == 422


def test_a_key_cannot_be_added_to_annotations_that_are_not_there(place: Place) -> None:
    place.service()
    assert patched(place, "json", [{"op": "add", "path": "/metadata/annotations/a", "value": "b"}]).status == 422


def test_a_path_that_is_not_there_cannot_be_removed(place: Place) -> None:
    place.service()
    assert patched(place, "json", [{"op": "remove", "path": "/metadata/labels"}]).status == 422


def test_a_slash_in_a_key_is_written_as_a_tilde_and_a_one(place: Place) -> None:
    place.make("services", "web", metadata={"annotations": {"x": "y"}}, spec={"ports": [{"port": 80}]})
    reply = patched(place, "json", [{"op": "add", "path": "/metadata/annotations/clusterview.io~1op", "value": "1"}])
    assert reply.body["metadata"]["annotations"] == {"x": "y", "clusterview.io/op": "1"}


def test_a_patch_that_changes_nothing_keeps_the_version(place: Place) -> None:
    made = place.service()
    for kind, change in (
        ("json", []),
        ("merge", {}),
        ("merge", {"spec": {"selector": {"app": "web"}}}),
        ("strategic", {"metadata": {"labels": None}}),
    ):
        reply = patched(place, kind, change)
        assert (reply.status, reply.version) == (200, made.version)


def test_a_merge_patch_removes_with_null_and_replaces_lists(place: Place) -> None:
    place.service(selector={"app": "web", "slot": "blue"})
    reply = patched(place, "merge", {"spec": {"selector": {"slot": None}, "ports": [{"port": 81, "name": "other"}]}})
    assert reply.body["spec"]["selector"] == {"app": "web"}
    assert [port["port"] for port in reply.body["spec"]["ports"]] == [81]


def test_a_merge_patch_with_an_old_version_is_409(place: Place) -> None:
    made = place.service()
    patched(place, "merge", {"metadata": {"labels": {"a": "b"}}})
    reply = patched(place, "merge", {"metadata": {"resourceVersion": made.version, "labels": {"a": "c"}}})
    assert (reply.status, reply.body["reason"]) == (409, "Conflict")


def test_a_strategic_patch_merges_containers_by_name(place: Place) -> None:
    place.deployment(wait=False)
    change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "registry.example/web:2"}]}}}}
    (container,) = patched(place, "strategic", change, resource="apps/v1/deployments").body["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/web:2" and container["ports"][0]["containerPort"] == 8080


def test_a_strategic_patch_adds_to_and_deletes_from_a_list_by_its_key(place: Place) -> None:
    place.service(ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81}])
    change = {"spec": {"ports": [{"port": 82, "name": "c"}, {"port": 80, "$patch": "delete"}]}}
    reply = patched(place, "strategic", change)
    assert sorted(port["port"] for port in reply.body["spec"]["ports"]) == [81, 82]


def test_a_strategic_patch_can_replace_a_map(place: Place) -> None:
    place.service(selector={"app": "web", "slot": "blue"})
    reply = patched(place, "strategic", {"spec": {"selector": {"app": "other", "$patch": "replace"}}})
    assert reply.body["spec"]["selector"] == {"app": "other"}


def test_a_patch_of_an_unknown_media_type_is_415(place: Place) -> None:
    place.service()
    reply = patched(place, "application/json", {})
    assert (reply.status, reply.body["reason"]) == (415, "UnsupportedMediaType")


def test_a_patched_object_is_checked_as_a_new_one(place: Place) -> None:
    place.service()
    reply = patched(place, "json", [{"op": "replace", "path": "/spec/ports", "value": []}])
    assert (reply.status, reply.body["details"]["causes"][0]["field"]) == (422, "spec.ports")


def test_a_name_or_uid_cannot_be_patched(place: Place) -> None:
    place.service()
    for change, status in (({"metadata": {"name": "other"}}, (400, 422)), ({"metadata": {"uid": "0"}}, (409, 422))):
        assert patched(place, "merge", change).status in status


def test_whoever_wrote_the_selector_owns_it(place: Place) -> None:
    place.cluster.ask("POST", place.path("services"), {"metadata": {"name": "web"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 1}]}},
                      fieldManager="first")  # fmt: skip
    connection = place.cluster.connect()
    assert [one.manager for one in reading.service(connection, namespace=place.name, name="web").metadata.managed_fields if one.owns_selector] == [
        "first"
    ]
    patching.json_patch(connection, place.path("services", "web"), [{"op": "replace", "path": "/spec/selector", "value": {"a": "c"}}])
    seen = reading.service(connection, namespace=place.name, name="web")
    connection.close()
    assert [one.manager for one in seen.metadata.managed_fields if one.owns_selector] == ["clusterview"]
    assert {one.manager for one in seen.metadata.managed_fields} == {"first", "clusterview"}


def test_our_own_switch_lands_once_and_a_late_one_is_refused(place: Place) -> None:
    connection, path = place.cluster.connect(), place.path("services", "web")
    made = place.service(selector={"app": "web", "slot": "blue"})
    change = [
        {"op": "test", "path": "/metadata/uid", "value": made.body["metadata"]["uid"]},
        {"op": "test", "path": "/metadata/resourceVersion", "value": made.version},
        {"op": "test", "path": "/spec/selector", "value": {"app": "web", "slot": "blue"}},
        {"op": "replace", "path": "/spec/selector", "value": {"app": "web", "slot": "green"}},
        {"op": "add", "path": "/metadata/annotations", "value": {"clusterview.io/op": "1"}},
    ]
    assert patching.json_patch(connection, path, change, dry_run=True)["spec"]["selector"]["slot"] == "green"
    assert patching.json_patch(connection, path, change)["metadata"]["annotations"] == {"clusterview.io/op": "1"}
    with pytest.raises(errors.Invalid) as refused:
        patching.json_patch(connection, path, change)
    connection.close()
    assert refused.value.details == ()
