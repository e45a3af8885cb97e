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
TRACKING = "argocd.argoproj.io/tracking-id"
ENDLESS = st.builds(lambda start, times, end: start * times + end, st.text(max_size=3), st.integers(0, 2_000), st.text(max_size=3))


def full(shape: msgspec.inspect.Type) -> Any:
    """JSON of that shape with one of everything, and texts as long as the shape allows."""
    match shape:
        case msgspec.inspect.StructType(fields=fields):
            return {one.encode_name: full(one.type) for one in fields}
        case msgspec.inspect.VarTupleType(item_type=inner):
            return [full(inner)]
        case msgspec.inspect.DictType(value_type=inner):
            return {LONG: full(inner)}
        case msgspec.inspect.UnionType(types=types):
            return full(next(one for one in types if not isinstance(one, msgspec.inspect.NoneType)))
        case msgspec.inspect.IntType():
            return 1
        case msgspec.inspect.StrType(max_length=most):
            return LONG[:most]
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
