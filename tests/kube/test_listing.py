"""A list is whole or it is an error; one broken object is set aside."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.kube import bounding, errors, kinds, listing
from clusterview.kube.listing import list_kind
from tests.kube.making import PODS, failure, page, pod
from tests.kube.scripted import Handler, playing, say, stream

EXPIRED = say(410, failure(410, "Expired"))


def test_pages_are_joined_at_the_version_of_the_first() -> None:
    with playing(say(200, page(pod("a", version=1), version=10, token="t1")), say(200, page(pod("b", version=2), version=12))) as script:
        listing = list_kind(script.connection(), PODS, limit=1)
    assert [one.metadata.name for one in listing.items] == ["a", "b"] and listing.resource_version == "10"
    assert [one.query for one in script.asked] == [{"limit": "1"}, {"limit": "1", "continue": "t1"}]


def test_objects_are_handed_over_before_the_next_page_is_asked_for() -> None:
    handed: list[tuple[str, int]] = []

    class Gathered:
        def append(self, item: Any) -> None:
            handed.append((item.metadata.name, len(script.asked)))

    with playing(say(200, page(pod("a", version=1), version=10, token="t1")), say(200, page(pod("b", version=2), version=12))) as script:
        listing.list_kind(script.connection(), PODS, gather=Gathered)
    assert handed == [("a", 1), ("b", 2)]


def test_an_expired_token_starts_the_list_again() -> None:
    first = say(200, page(pod("a", version=1), version=10, token="t1"))
    with playing(first, EXPIRED, say(200, page(pod("b", version=2), version=20))) as script:
        listing = list_kind(script.connection(), PODS)
    assert [one.metadata.name for one in listing.items] == ["b"] and listing.resource_version == "20"
    assert "continue" not in script.asked[2].query


def test_a_token_that_always_expires_is_given_up() -> None:
    with playing(last=EXPIRED) as script, pytest.raises(errors.Gone):
        list_kind(script.connection(), PODS)
    assert len(script.asked) == 3


def test_a_page_that_stalls_is_an_error_and_no_half_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clusterview.kube.listing.PAGE_SECONDS", 0.2)
    first = say(200, page(pod("a", version=1), version=10, token="t1"))
    with playing(first, stream(tail=b'{"kind":', then="silence")) as script, pytest.raises(errors.TimedOut):
        list_kind(script.connection(), PODS)


def test_one_poison_object_is_set_aside_by_its_uid_f20() -> None:
    poison, nobody = pod("p", version=1, volumes=3), pod("n", version=1)
    del nobody["metadata"]["uid"]
    with playing(say(200, page(pod("a", version=1), poison, nobody, pod("b", version=2), version=10))) as script:
        listing = list_kind(script.connection(), PODS)
    assert [one.metadata.name for one in listing.items] == ["a", "b"]
    assert [(one.uid, one.name) for one in listing.quarantined] == [("uid-p", "p"), ("", "n")]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"metadata":{}}', b'{"metadata":{"resourceVersion":""},"items":[]}', b'{"a":' * 20_000])
def test_what_is_no_list_is_an_error(body: bytes) -> None:
    with playing(say(200, body)) as script, pytest.raises(errors.BrokenAnswer):
        list_kind(script.connection(), PODS)


def test_an_empty_list_may_be_null() -> None:
    with playing(say(200, {"metadata": {"resourceVersion": "7"}, "items": None})) as script:
        assert list_kind(script.connection(), PODS).items == []


def test_one_namespace_and_metadata_only_are_asked_for() -> None:
    with playing(last=say(200, {"metadata": {"resourceVersion": "7"}})) as script:
        list_kind(script.connection(), kinds.named("ReplicaSet"), namespace="store")
        list_kind(script.connection(), kinds.named("Event"))
    assert script.asked[0].path == "/apis/apps/v1/namespaces/store/replicasets"
    assert "PartialObjectMetadataList" in script.asked[0].headers["Accept"]
    assert script.asked[1].query["fieldSelector"] == "type=Warning"


def test_every_row_has_a_path_of_its_own() -> None:
    assert len({spec.key for spec in kinds.KINDS}) == len({spec.path for spec in kinds.KINDS}) == len(kinds.KINDS) == 22
    assert kinds.named("Service").of(namespace="store", name="shop") == "/api/v1/namespaces/store/services/shop"
    assert kinds.named("Node").of(namespace="", name="n-1") == "/api/v1/nodes/n-1"


def test_a_list_without_end_is_given_up_t36(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounding, "OBJECTS_OF_A_KIND", 10)

    def endless(handler: Handler) -> None:
        number = len(handler.script.asked)
        say(200, page(pod(f"p{number}", version=number), version=1, token=str(number)))(handler)

    with playing(last=endless) as script:
        with pytest.raises(errors.NotKubernetes, match="larger than any cluster's"):
            list_kind(script.connection(), PODS)
        assert len(script.asked) == 11


@pytest.mark.parametrize("pages", [1, 2])
def test_a_list_of_too_many_that_cannot_be_read_is_given_up_t36(monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    monkeypatch.setattr(bounding, "OBJECTS_OF_A_KIND", 50)
    poison = [pod(f"p-{number}", version=1, volumes=3) for number in range(60)]
    portions = [poison] if pages == 1 else [poison[:30], poison[30:]]
    steps = [say(200, page(*some, version=10, token="" if some is portions[-1] else "t1")) for some in portions]
    with playing(*steps) as script, pytest.raises(errors.NotKubernetes, match="60 objects"):
        list_kind(script.connection(), PODS)
    with playing(say(200, page(*poison[:40], pod("a", version=1), version=10))) as script:
        assert len(list_kind(script.connection(), PODS).quarantined) == 40


def test_a_list_of_giants_is_given_up_t36(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounding, "BYTES_OF_A_CLUSTER", 1000)
    giant = say(200, page(pod("g", version=1, note="x" * 2000), version=1, token="more"))
    with playing(giant) as script, pytest.raises(errors.NotKubernetes):
        list_kind(script.connection(), PODS)
