"""What kubectl sends in protobuf is read as if it were JSON, and broken bytes are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.practice import protobuf
from clusterview.practice.problems import Problem


def text(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def envelope(kind: bytes, raw: bytes) -> bytes:
    return protobuf.MAGIC + text(1, text(1, b"policy/v1") + text(2, kind)) + text(2, raw)


def test_an_eviction_with_its_options() -> None:
    metadata = text(1, b"shop-1") + text(3, b"store") + text(11, text(1, b"app") + text(2, b"shop"))
    options = bytes([1 << 3, 30]) + text(2, text(1, b"uid-1")) + text(5, b"All")
    assert protobuf.read(envelope(b"Eviction", text(1, metadata) + text(2, options))) == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "shop-1", "namespace": "store", "labels": {"app": "shop"}},
        "deleteOptions": {"gracePeriodSeconds": 30, "preconditions": {"uid": "uid-1"}, "dryRun": ["All"]},
    }


def test_a_kind_without_a_table_is_refused_with_the_form_that_is_read() -> None:
    with pytest.raises(Problem, match="application/json") as refused:
        protobuf.read(envelope(b"Deployment", b""))
    assert refused.value.code == 415


@given(st.binary(max_size=200))
def test_broken_bytes_are_refused_and_nothing_worse(body: bytes) -> None:
    for whole in (body, protobuf.MAGIC + body, envelope(b"Eviction", body[:100])):
        try:
            assert protobuf.read(whole)["kind"] in protobuf.KINDS
        except Problem as problem:
            assert problem.code in (400, 415)
