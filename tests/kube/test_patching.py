"""A patch is sent once, and what is known of it afterwards is true."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.kube import connections, errors
from clusterview.kube.patching import json_patch, pointer
from tests.kube.making import failure
from tests.kube.scripted import playing, reset, say

OPERATIONS = [{"op": "test", "path": "/metadata/uid", "value": "u"}]


def test_a_patch_goes_as_json_patch_in_our_name() -> None:
    with playing(say(200, {"metadata": {"resourceVersion": "8"}, "unheard": {"of": None}})) as script:
        answered = json_patch(script.connection(), "/api/v1/namespaces/store/services/shop", OPERATIONS, dry_run=True)
    asked = script.asked[0]
    assert answered["metadata"]["resourceVersion"] == "8" and asked.method == "PATCH"
    assert asked.headers["Content-Type"] == "application/json-patch+json"
    assert asked.query == {"fieldManager": "clusterview", "dryRun": "All"} and json.loads(asked.body) == OPERATIONS


def test_a_failed_test_and_a_refused_value_are_told_apart_by_the_servers_causes() -> None:
    causes = [{"field": "spec.ports", "message": "Required value"}]
    with playing(say(422, failure(422, "Invalid")), say(422, failure(422, "Invalid", "bad", causes=causes))) as script:
        with pytest.raises(errors.Invalid) as failed_test:
            json_patch(script.connection(), "/x", OPERATIONS)
        with pytest.raises(errors.Invalid) as refused:
            json_patch(script.connection(), "/x", OPERATIONS)
    assert failed_test.value.details == () and refused.value.details == ("spec.ports: Required value",)


def test_a_lost_answer_is_not_sent_again_even_where_a_second_would_succeed() -> None:
    with playing(reset, last=say(200, {})) as script:
        with pytest.raises(errors.LostAnswer, match="may have been applied"):
            json_patch(script.connection(), "/x", OPERATIONS)
        assert len(script.asked) == 1


def test_an_answer_that_cannot_be_read_after_success_is_lost() -> None:
    with playing(say(200, b"{")) as script, pytest.raises(errors.LostAnswer):
        json_patch(script.connection(), "/x", OPERATIONS)


@pytest.mark.parametrize(("kept_seconds", "used"), [(60.0, 1), (0.0, 3)])
def test_a_write_uses_a_connection_that_answered_just_now_or_a_new_one(
    monkeypatch: pytest.MonkeyPatch, kept_seconds: float, used: int
) -> None:
    monkeypatch.setattr(connections, "KEPT_FOR_WRITES_SECONDS", kept_seconds)
    with playing(last=say(200, {}, Connection="keep-alive")) as script:
        connection = script.connection().sibling()
        connection.request("GET", "/x")
        json_patch(connection, "/x", OPERATIONS)
        json_patch(connection, "/x", OPERATIONS)
        assert len({one.client_port for one in script.asked}) == used
        connection.close()


@given(st.lists(st.text(), max_size=5))
def test_a_pointer_leads_back_to_its_keys(keys: list[str]) -> None:
    assert [part.replace("~1", "/").replace("~0", "~") for part in pointer(*keys).split("/")[1:]] == keys


def test_a_pointer_of_an_annotation() -> None:
    assert pointer("metadata", "annotations", "clusterview.io/op") == "/metadata/annotations/clusterview.io~1op"
