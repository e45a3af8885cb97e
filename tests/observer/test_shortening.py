"""Whatever a tenant writes into an object, or a hostile server into its answers: no text of the picture is longer than is said, and none is mistaken
for another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.kube import structs
from clusterview.kube.kinds import KINDS, named
from clusterview.kube.listing import Identity, identify
from clusterview.observer import shortening, translating
from clusterview.observer.shortening import CHARACTERS, MORE
from clusterview.topology import objects
from tests.observer.making import decoded

LONG = "x" * 250_000
FRAME_BYTES = 256 * 1024
TRACKING = "argocd.argoproj.io/tracking-id"
ENDLESS = st.builds(lambda start, times, end: start * times + end, st.text(max_size=3), st.integers(0, 2_000), st.text(max_size=3))


def full(shape: msgspec.inspect.Type, *, text: str = LONG, items: int = 1) -> Any:
    """JSON of that shape with one of everything, or so many of each list and map that is in none, and texts as long as they may be."""
    match shape:
        case msgspec.inspect.StructType(fields=fields):
            return {one.encode_name: full(one.type, text=text, items=items) for one in fields}
        case msgspec.inspect.VarTupleType(item_type=inner):
            return [full(inner, text=text)] * items
        case msgspec.inspect.DictType(value_type=inner):
            return {f"{number}{text}" if items > 1 else text: full(inner, text=text) for number in range(items)}
        case msgspec.inspect.UnionType(types=types):
            return full(next(one for one in types if not isinstance(one, msgspec.inspect.NoneType)), text=text, items=items)
        case msgspec.inspect.IntType():
            return 1
        case msgspec.inspect.StrType(max_length=most):
            return text[:most]
        case msgspec.inspect.BoolType():
            return True
        case _:
            return {}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from texts(pair)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)


@pytest.mark.parametrize("kind", sorted({spec.kind for spec in KINDS}))
def test_no_text_of_any_kind_is_shown_longer_than_is_said_f17(kind: str) -> None:
    item = named(kind).decoder().decode(msgspec.json.encode(full(msgspec.inspect.type_info(named(kind).struct))))
    shown = translating.sighting(kind=kind, item=item)
    found = list(texts(msgspec.to_builtins(shown)))
    assert max(map(len, found)) == CHARACTERS
    assert any(MORE in one for one in found)


@pytest.mark.parametrize(("text", "items"), [("x", 10_000), ("x" * 500, 1_100)], ids=["short", "long"])
@pytest.mark.parametrize("kind", sorted({spec.kind for spec in KINDS}))
def test_of_thousands_of_anything_in_an_object_some_are_shown_and_how_many_more_there_are_f17(kind: str, text: str, items: int) -> None:
    shape = msgspec.inspect.type_info(named(kind).struct)
    item = named(kind).decoder().decode(msgspec.json.encode(full(shape, text=text, items=items)))
    whole, shown = translating.record_of(kind=kind, item=item), translating.sighting(kind=kind, item=item).record
    assert len(msgspec.msgpack.encode(shown)) <= FRAME_BYTES
    for name in shown.__struct_fields__:
        found, there = getattr(shown, name), getattr(whole, name)
        if isinstance(found, tuple) and len(found) < len(there):
            assert shown.labels[f"{MORE} {name}"] == f"{len(there) - len(found)} more are not shown"
        elif isinstance(found, dict) and MORE in found:
            kept = {key: value for key, value in found.items() if not key.startswith(MORE)}
            assert found[MORE] in (f"{len(there) - len(kept)} more are not shown", len(there) - len(kept)) and kept.items() < there.items()
        elif name != "labels":
            assert found == there
        if isinstance(found, tuple | dict):
            assert len(found) <= shortening.ITEMS + 1


def test_what_is_in_each_of_many_is_bounded_too_f17() -> None:
    ports = [{"containerPort": number} for number in range(100)]
    item = decoded("Pod", spec={"containers": [{"name": f"c{number}", "ports": ports} for number in range(200)]})
    shown: Any = translating.sighting(kind="Pod", item=item).record
    assert len(msgspec.msgpack.encode(shown)) <= FRAME_BYTES
    of_ports = sum(len(one.ports) for one in shown.containers)
    assert shown.labels[f"{MORE} ports"] == f"{100 * len(shown.containers) - of_ports} more are not shown"


def test_as_many_endpoints_as_a_slice_may_have_are_all_shown() -> None:
    uid = "9f1c2d3e-0000-4000-8000-{:012}"
    endpoints = [
        {"addresses": [f"10.0.{number >> 8}.{number & 255}"], "nodeName": f"node-{number % 50}.example.com", "conditions": {"ready": True},
         "targetRef": {"kind": "Pod", "uid": uid.format(number)}}
        for number in range(1_000)
    ]  # fmt: skip
    item = decoded("EndpointSlice", addressType="IPv4", endpoints=endpoints)
    assert translating.sighting(kind="EndpointSlice", item=item).record == translating.record_of(kind="EndpointSlice", item=item)


def test_a_selector_that_is_cut_is_no_shorter_one() -> None:
    labels = {f"l{number:05}": "x" for number in range(5_000)}
    shown: Any = translating.sighting(kind="Service", item=decoded("Service", spec={"selector": labels})).record
    assert shown.selector[MORE] == "4000 more are not shown"


@given(one=ENDLESS, other=ENDLESS)
def test_a_text_that_is_cut_begins_as_it_did_and_is_no_other_f17(one: str, other: str) -> None:
    cut = shortening.text(one)
    start = cut.rpartition(MORE)[0] if len(one) > CHARACTERS else cut
    assert len(cut) <= CHARACTERS and one.startswith(start) and len(start) >= min(len(one), CHARACTERS - 20)
    assert (cut == shortening.text(other)) == (one == other)
    assert shortening.text(cut) == cut


@given(of_labels=st.dictionaries(ENDLESS, ENDLESS, max_size=3), images=st.lists(ENDLESS, max_size=2), name=st.text(max_size=300))
def test_a_record_is_cut_where_it_is_too_long_and_else_stays_as_it_is_f17(of_labels: dict[str, str], images: list[str], name: str) -> None:
    record = objects.Deployment(uid=objects.Uid("u"), name=name, labels=of_labels, selector=of_labels, images=tuple(images))
    found = shortening.shortened(record)
    cut = {shortening.text(label): shortening.text(value) for label, value in of_labels.items()}
    assert (found.name, found.labels, found.selector, found.images) == (name, cut, cut, tuple(map(shortening.text, images)))
    assert (found is record) == (found == record)


def test_what_kubernetes_allows_of_names_and_labels_is_shown_whole() -> None:
    names = {"name": "n" * 253, "uid": "u" * 36, "namespace": "s" * 63, "labels": {f"{'p' * 253}/{'l' * 63}": "v" * 63}}
    image = f"{'registry' * 30}/{'path' * 50}:{'t' * 128}@sha256:{'0' * 64}"
    item = decoded("Pod", metadata=names, spec={"containers": [{"name": "c" * 63, "image": image}]})
    assert translating.sighting(kind="Pod", item=item).record == translating.record_of(kind="Pod", item=item)


def test_selectors_that_differ_at_their_ends_stay_two() -> None:
    one, other = ({"selector": {"app": LONG + end}} for end in ("blue", "green"))
    shown = [translating.sighting(kind="Service", item=decoded("Service", spec=spec)).record.selector for spec in (one, other)]  # type: ignore[union-attr]
    assert shown[0] != shown[1]


def test_who_decides_by_an_object_reads_it_whole() -> None:
    item = decoded("Service", metadata={"labels": {"app": LONG}, "annotations": {TRACKING: LONG}}, spec={"selector": {"app": LONG}})
    found: Any = translating.record_of(kind="Service", item=item)
    assert (found.labels, found.annotations, found.selector) == ({"app": LONG}, {TRACKING: LONG}, {"app": LONG})


@pytest.mark.parametrize("field", ["uid", "name", "namespace", "resourceVersion"])
def test_an_object_without_an_end_to_its_identity_is_none_of_an_api_servers(field: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded("Node", metadata={field: "x" * (structs.IDENTITY_CHARACTERS + 1)})
    assert identify(msgspec.json.encode({"metadata": {field: LONG}})) == Identity()


@pytest.mark.parametrize(("kind", "part", "field"), [("Node", "metadata", "creationTimestamp"), ("Lease", "spec", "renewTime")])
def test_nor_is_one_with_a_moment_that_has_no_end(kind: str, part: str, field: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded(kind, **{part: {field: LONG}})
