"""Redaction at the door: what must not be shown has no way in. And the differences that a switch rests on are kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterview.kube import kinds, structs

EVERY = (*kinds.KINDS, *kinds.ON_DEMAND)
MARK = "clusterview-marked"
METADATA: dict[str, Any] = {"uid": "u", "name": "n", "namespace": "store", "resourceVersion": "5"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["metadata", "spec", "status", "items", "name", "uid"]), inner, max_size=4)
    ),
)


def read(kind: str, document: dict[str, Any]) -> Any:
    return kinds.named(kind).decoder().decode(msgspec.json.encode({"metadata": METADATA} | document))


def service(**spec: Any) -> structs.Service:
    found = read("Service", {"spec": spec})
    assert isinstance(found, structs.Service)
    return found


def marked() -> dict[str, Any]:
    """Everything that a pod, template or Service may carry and nobody may see."""
    container = {
        "name": "web",
        "image": "i",
        "command": [MARK],
        "args": [MARK],
        "env": [{"name": "A", "value": MARK}],
        "envFrom": [{"prefix": MARK}],
        "lifecycle": {"preStop": {"exec": {"command": [MARK]}}},
        "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "X", "value": MARK}]}},
    }
    pod = {"containers": [container], "initContainers": [container], "hostAliases": [{"hostnames": [MARK]}]}
    fields = {"f:spec": {"f:selector": {}, "f:ports": {f'k:{{"port":"{MARK}"}}': {}}}}
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": MARK, "anything.else": MARK, "clusterview.io/op": "shown"}
    return {
        "metadata": {**METADATA, "annotations": annotations, "managedFields": [{"manager": "kubectl", "operation": "Update", "fieldsV1": fields}]},
        "spec": pod | {"template": {"metadata": {"annotations": {"a": MARK}}, "spec": pod}},
        "status": {"message": MARK, "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "x", "message": MARK}}}]},
        "data": {"password": MARK},
        "stringData": {"password": MARK},
    }


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.key)
def test_no_marked_value_becomes_a_python_value(spec: kinds.KindSpec) -> None:
    found = spec.decoder().decode(msgspec.json.encode(marked()))
    assert MARK not in repr(found) and MARK.encode() not in msgspec.json.encode(found)
    assert found.metadata.annotations.as_dict() == {"clusterview.io/op": "shown"}


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.key)
@pytest.mark.parametrize("lacking", ["uid", "name", "resourceVersion"])
def test_identity_is_required_and_nothing_else_is(spec: kinds.KindSpec, lacking: str) -> None:
    assert spec.decoder().decode(msgspec.json.encode({"metadata": METADATA})).metadata.uid == "u"
    for incomplete in ({key: value for key, value in METADATA.items() if key != lacking}, METADATA | {lacking: ""}):
        with pytest.raises(msgspec.ValidationError):
            spec.decoder().decode(msgspec.json.encode({"metadata": incomplete}))


@given(JSON)
def test_any_json_is_read_or_refused_and_never_crashes(document: Any) -> None:
    for spec in EVERY:
        try:
            spec.decoder().decode(msgspec.json.encode(document))
        except msgspec.ValidationError:
            continue


def test_an_absent_selector_is_not_an_empty_one() -> None:
    assert service().spec.selector is None and service(selector={}).spec.selector == {} and service(selector=None).spec.selector is None


def test_absent_annotations_are_not_empty_ones() -> None:
    assert read("Service", {}).metadata.annotations is None
    empty = read("Service", {"metadata": METADATA | {"annotations": {}}}).metadata.annotations
    assert empty is not None and empty.as_dict() == {}


def test_a_target_port_is_a_number_or_a_name() -> None:
    assert [one.target_port for one in service(ports=[{"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": "http"}]).spec.ports] == [
        8080,
        "http",
    ]


def test_who_owns_the_selector_is_told_and_nothing_else_of_managed_fields() -> None:
    managers = [
        {"manager": "helm", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:selector": {"f:app": {}}}}},
        {"manager": "other", "operation": "Update", "fieldsV1": {"f:metadata": {"f:labels": {"f:app": {}}}}},
        {"manager": "none"},
    ]
    found = read("Service", {"metadata": METADATA | {"managedFields": managers}})
    assert [(one.manager, one.owns_selector) for one in found.metadata.managed_fields] == [("helm", True), ("other", False), ("none", False)]
    assert "app" not in repr(found)


def test_null_endpoints_are_none_and_conditions_keep_their_absence() -> None:
    assert read("EndpointSlice", {"endpoints": None, "ports": None}).endpoints is None
    one = read("EndpointSlice", {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": False}}]}).endpoints[0]
    assert (one.conditions.ready, one.conditions.serving) == (False, None)


@pytest.mark.parametrize(
    ("written", "source", "target"),
    [
        ({"emptyDir": {}}, "emptyDir", ""),
        ({"persistentVolumeClaim": {"claimName": "c"}}, "persistentVolumeClaim", "c"),
        ({"configMap": {"name": "m", "items": [{"key": "k"}]}}, "configMap", "m"),
        ({"secret": {"secretName": "s"}}, "secret", "s"),
        ({"csi": {"driver": "d", "volumeAttributes": {"a": MARK}}}, "csi", "d"),
        ({"downwardAPI": {}}, "downwardAPI", ""),
        ({"hostPath": {"path": MARK}}, "hostPath", ""),
        ({"rbd": {"image": MARK}}, "other", ""),
    ],
)
def test_a_volume_says_its_kind_and_the_name_it_refers_to(written: dict[str, Any], source: str, target: str) -> None:
    volume = read("Pod", {"spec": {"volumes": [{"name": "v"} | written]}}).spec.volumes[0]
    assert (volume.source, volume.target) == (source, target) and MARK not in repr(volume)


def test_the_controlling_owner_goes_before_the_first() -> None:
    owners = [{"kind": "A", "name": "a", "uid": "1"}, {"kind": "B", "name": "b", "uid": "2", "controller": True}]
    assert read("Pod", {"metadata": METADATA | {"ownerReferences": owners}}).metadata.owner.kind == "B"
    assert read("Pod", {"metadata": METADATA | {"ownerReferences": owners[:1]}}).metadata.owner.kind == "A"
    assert read("Pod", {}).metadata.owner is None


def test_a_long_message_is_cut_and_repetitions_are_joined() -> None:
    event = read("Event", {"message": "x" * 5000, "series": {"count": 7, "lastObservedTime": "t2"}, "lastTimestamp": "t1"})
    assert len(event.message) == structs.MESSAGE_CHARACTERS and (event.times, event.seen_at) == (7, "t2")
    plain = read("Event", {"count": 3, "lastTimestamp": "t1"})
    assert (plain.times, plain.seen_at) == (3, "t1") and read("Event", {}).times == 1
