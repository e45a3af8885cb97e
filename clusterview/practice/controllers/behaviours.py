"""How a pod's containers behave, told from the pod itself: an annotation, else a word in the tag of its image.

Nothing runs here, so "a bad image" and "a version that crashes" have to be said. `kubectl set image deployment/shop-green web=shop:missing` is
what people would do in a real cluster too; the annotation is for what has no image: a running pod that stops being ready.
"""

from __future__ import annotations

from typing import Literal

from clusterview.practice.objects import Object, annotations_of

Behaviour = Literal["well", "missing-image", "crash", "out-of-memory", "unready", "slow", "errors"]
ANNOTATION = "practice.clusterview.io/behaviour"
POWER = "practice.clusterview.io/power"
LOAD = "practice.clusterview.io/load"
BY_TAG: dict[str, Behaviour] = {"missing": "missing-image", "crash": "crash", "oom": "out-of-memory", "unready": "unready"}
KNOWN: tuple[Behaviour, ...] = ("well", "missing-image", "crash", "out-of-memory", "unready", "slow", "errors")
RUNNING: tuple[Behaviour, ...] = ("well", "unready", "slow", "errors")
PREFIX = "practice.clusterview.io/"


def of(pod: Object) -> Behaviour:
    """This will tell how the pod behaves."""
    said = annotations_of(pod).get(ANNOTATION, "")
    for known in KNOWN:
        if said == known:
            return known
    for container in pod["spec"].get("containers") or ():
        tag = str(container.get("image", "")).rpartition(":")[2]
        for word, behaviour in BY_TAG.items():
            if word in tag:
                return behaviour
    return "well"


def is_on(node: Object) -> bool:
    """Whether the node's kubelet runs. `kubectl annotate node NAME practice.clusterview.io/power=off` is pulling the plug."""
    return annotations_of(node).get(POWER) != "off"
