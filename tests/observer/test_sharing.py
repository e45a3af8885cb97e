"""What is kept so that siblings share it is bounded in bytes, whatever somebody writes again and again."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.observer import sharing, translating
from tests.observer.making import decoded

LARGE = "x" * 250_000


def annotated(text: str) -> Mapping[str, Any]:
    return {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": text}}}


def labelled(text: str) -> Mapping[str, Any]:
    return {"metadata": {"labels": {"app": text}}}


def owned(text: str) -> Mapping[str, Any]:
    return {"metadata": {"ownerReferences": [{"kind": "Job", "name": text, "uid": "1"}]}}


def with_image(text: str) -> Mapping[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": text}]}}}}


@pytest.mark.parametrize("written", [annotated, labelled, owned, with_image])
@pytest.mark.parametrize("read", [translating.sighting, translating.record_of])
def test_a_large_value_that_is_rewritten_again_and_again_takes_no_memory_f17(
    written: Callable[[str], Mapping[str, Any]], read: Callable[..., object]
) -> None:
    tracemalloc.start()
    try:
        for number in range(40):
            read(kind="Deployment", item=decoded("Deployment", **written(f"{number}{LARGE}")))
        assert tracemalloc.get_traced_memory()[0] < 8 * len(LARGE)
    finally:
        tracemalloc.stop()


@given(texts=st.lists(st.text(max_size=200), max_size=60), most=st.integers(2_000, 20_000), large=st.integers(300, 2_000))
def test_what_is_shared_is_never_more_than_so_many_bytes(texts: list[str], most: int, large: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "KEPT_BYTES", most)
        patch.setattr(sharing, "LARGE_BYTES", large)
        kept: sharing.Kept[str, str] = sharing.Kept()
        for text in texts:
            found = kept.get(text)
            assert (kept.keep(text, text) if found is None else found) == text
            sizes = [sharing.BESIDE_BYTES + sharing.TIMES * len(msgspec.msgpack.encode(one)) for one in kept.values()]
            assert sum(sizes) <= most and max(sizes, default=0) <= large


def test_equal_values_are_one() -> None:
    assert sharing.one_of(("web", 1)) is sharing.one_of(("web", 1))
    assert sharing.map_of({"app": "web"}) is sharing.map_of({"app": "web"})
