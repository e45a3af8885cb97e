"""The patches do exactly what they say, on exactly the object they were made for, or nothing."""

from __future__ import annotations

import copy
import json
import shlex
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.traffic import planning
from tests.traffic.making import BLUE, GREEN

OPERATION = uuid.UUID(int=7)
MARKER = planning.marker(operation=OPERATION, step=1)


class Refused(Exception):
    pass


def apply(patch: planning.Patch, to: dict[str, Any]) -> dict[str, Any]:
    """RFC 6902 as far as our patches use it: test, replace, add, on maps."""
    made = copy.deepcopy(to)
    for change in patch:
        *path, last = [part.replace("~1", "/").replace("~0", "~") for part in change["path"].split("/")[1:]]
        place = made
        for part in path:
            if part not in place:
                raise Refused(change)
            place = place[part]
        if change["op"] == "test" and place.get(last) != change["value"]:
            raise Refused(change)
        if change["op"] == "replace" and last not in place:
            raise Refused(change)
        if change["op"] in ("replace", "add"):
            place[last] = change["value"]
    return made


def service(**metadata: Any) -> dict[str, Any]:
    return {"metadata": {"uid": "u", "resourceVersion": "7"} | metadata, "spec": {"selector": dict(BLUE), "type": "ClusterIP"}}


def effect(annotations: dict[str, str] | None = None, **fields: Any) -> planning.Patch:
    given: dict[str, Any] = {
        "uid": "u", "resource_version": "7", "annotations": annotations, "expected": BLUE, "target": GREEN, "pod_labels": [GREEN],
        "marker": MARKER, "fence": "f",
    }  # fmt: skip
    return planning.effect_patch(**(given | fields))


@pytest.mark.parametrize("annotations", [None, {"a/b~c": "kept"}])
def test_the_effect_changes_the_selector_and_leaves_its_marker(annotations: dict[str, str] | None) -> None:
    before = service(**({"annotations": annotations} if annotations else {}))
    after = apply(effect(annotations), before)
    assert after["spec"] == {"selector": GREEN, "type": "ClusterIP"}
    assert after["metadata"]["annotations"] == (annotations or {}) | {"clusterview.io/op": f"{OPERATION}:1", "clusterview.io/fence": "f"}


def moved(place: str) -> dict[str, Any]:
    made = service()
    if place == "selector":
        made["spec"]["selector"] = BLUE | {"added": "by-someone"}
    else:
        made["metadata"][place] = "other"
    return made


@pytest.mark.parametrize("place", ["uid", "resourceVersion", "selector"])
def test_the_effect_lands_on_no_other_object_version_or_selector(place: str) -> None:
    with pytest.raises(Refused):
        apply(effect(), moved(place))


@pytest.mark.parametrize("place", ["uid", "resourceVersion"])
def test_a_mark_lands_on_no_other_object_or_version(place: str) -> None:
    with pytest.raises(Refused):
        apply(planning.mark_patch(uid="u", resource_version="7", annotations=None, fence="f"), moved(place))


def test_a_mark_changes_the_fence_and_nothing_else() -> None:
    after = apply(planning.mark_patch(uid="u", resource_version="7", annotations=None, fence="f"), service())
    assert after == service(annotations={"clusterview.io/fence": "f"})


def test_no_two_marks_are_alike() -> None:
    assert len({planning.fresh_fence(holder="w", epoch=1) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "fields",
    [{"target": {}}, {"expected": {}}, {"pod_labels": []}, {"pod_labels": [BLUE]}],
    ids=["empty", "from empty", "nobody", "others"],
)
def test_a_selector_that_is_empty_or_matches_nobody_is_refused_before_it_is_sent(fields: dict[str, Any]) -> None:
    with pytest.raises(planning.UnsafeSelector):
        effect(**fields)


TEXT = st.text(min_size=1, max_size=8)


@given(annotations=st.none() | st.dictionaries(TEXT, TEXT), selector=st.dictionaries(TEXT, TEXT, min_size=1))
def test_other_annotations_survive_whatever_they_are_called(annotations: dict[str, str] | None, selector: dict[str, str]) -> None:
    before = service(**({} if annotations is None else {"annotations": annotations}))
    after = apply(effect(annotations, target=selector, pod_labels=[selector]), before)
    assert after["spec"]["selector"] == selector
    ours = {"clusterview.io/op", "clusterview.io/fence"}
    assert {k: v for k, v in after["metadata"]["annotations"].items() if k not in ours} == {
        k: v for k, v in (annotations or {}).items() if k not in ours
    }


def test_the_kubectl_equivalent_is_one_command_that_tests_the_selector_too() -> None:
    line = planning.kubectl_equivalent(context="my lab", namespace="store", service="shop", expected=BLUE, target=GREEN)
    command = shlex.split(line)
    assert command[:7] == ["kubectl", "--context", "my lab", "--namespace", "store", "patch", "service"]
    assert apply(json.loads(command[-1]), service())["spec"]["selector"] == GREEN
    with pytest.raises(Refused):
        apply(json.loads(command[-1]), moved("selector"))
