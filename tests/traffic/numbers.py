"""An autoscaler in memory, as far as a change of sizes can tell it from a real one: every version of it, with who wrote its number last."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clusterview.kube import errors
from clusterview.topology import objects
from clusterview.traffic import planning
from clusterview.traffic.situations import SizeNow
from tests.traffic.applying import apply
from tests.traffic.making import NAMESPACE

KIND = "HorizontalPodAutoscaler"


@dataclass(frozen=True, kw_only=True)
class NumberWrite:
    """A version that was stored: the marker is empty where it was not the one before's."""

    at: datetime
    uid: str
    version: str
    version_before: str
    number: int
    number_before: int
    marker: str
    is_ours: bool


class Numbered:
    """`writes` are its versions after the first one."""

    def __init__(self, *, name: str, number: int, maximum: int, moment: Callable[[], datetime]) -> None:
        self.name, self.original, self._moment, self._version = name, number, moment, 500
        self.writes: list[NumberWrite] = []
        document = {"metadata": {"uid": f"uid-{name}"}, "spec": {"minReplicas": number, "maxReplicas": maximum}, "by": "kubectl"}
        self._versions: list[tuple[int, dict[str, Any]]] = [(self._version, self._numbered(document))]

    @property
    def number(self) -> int:
        return int(self._versions[-1][1]["spec"]["minReplicas"])

    # What others do to it

    def write(self, number: int, *, by: str = "kubectl") -> None:
        """Somebody else sets the number."""
        changed = copy.deepcopy(self._versions[-1][1])
        changed["spec"]["minReplicas"] = number
        self._put(changed, by=by)

    def touch(self) -> None:
        """Its controller writes its status."""
        changed = copy.deepcopy(self._versions[-1][1])
        changed["status"] = self._version
        self._put(changed, by="kube-controller-manager")

    def strip(self) -> None:
        """Somebody else takes the annotations off."""
        changed = copy.deepcopy(self._versions[-1][1])
        changed["metadata"].pop("annotations", None)
        self._put(changed, by="kubectl")

    def replace(self) -> None:
        """Somebody else makes it anew, with the number that it has."""
        changed = copy.deepcopy(self._versions[-1][1])
        changed["metadata"] = {"uid": f"{changed['metadata']['uid']}-again"}
        changed["by"] = "kubectl"
        self._put(changed, by="kubectl")

    def forget(self) -> None:
        """Whoever asks for the history before now is told that it is gone."""
        self._versions = self._versions[-1:]

    # What the product asks

    def record(self) -> objects.HorizontalPodAutoscaler:
        now = self.now()
        return objects.HorizontalPodAutoscaler(
            uid=objects.Uid(now.uid), namespace=NAMESPACE, name=self.name, target_kind="Deployment", target_name=self.name,
            minimum=now.number, maximum=now.maximum,
        )  # fmt: skip

    def now(self) -> SizeNow:
        return self._as_read(self._versions[-1][1])

    def history(self, *, after: str, until: str) -> list[SizeNow]:
        if int(after) < self._versions[0][0]:
            raise errors.Gone("The history is gone.")
        return [self._as_read(document) for version, document in self._versions if version > int(after)]

    def apply(self, operations: planning.Patch) -> dict[str, Any]:
        changed = copy.deepcopy(self._versions[-1][1])
        try:
            for one in operations:
                apply(changed, one)
        except (KeyError, ValueError) as problem:
            raise errors.Invalid(f"The patch does not apply: {problem}") from problem
        self._put(changed, by="clusterview")
        return copy.deepcopy(self._versions[-1][1])

    # Inside

    def _as_read(self, document: dict[str, Any]) -> SizeNow:
        metadata, spec = document["metadata"], document["spec"]
        return SizeNow(
            kind=KIND, namespace="store", name=self.name, uid=metadata["uid"], resource_version=metadata["resourceVersion"],
            annotations=copy.copy(metadata.get("annotations")), number=spec["minReplicas"], maximum=spec["maxReplicas"], manager=document["by"],
        )  # fmt: skip

    def _put(self, changed: dict[str, Any], *, by: str) -> None:
        before = self._versions[-1][1]
        if changed == before:
            return
        if changed["spec"] != before["spec"]:
            changed["by"] = by
        self._version += 1
        self._versions.append((self._version, self._numbered(changed)))
        marker = (changed["metadata"].get("annotations") or {}).get(planning.OP, "")
        was = (before["metadata"].get("annotations") or {}).get(planning.OP, "")
        self.writes.append(
            NumberWrite(
                at=self._moment(), uid=changed["metadata"]["uid"], version=str(self._version), version_before=before["metadata"]["resourceVersion"],
                number=changed["spec"]["minReplicas"], number_before=before["spec"]["minReplicas"], marker=marker if marker != was else "",
                is_ours=by == "clusterview",
            )
        )  # fmt: skip

    def _numbered(self, document: dict[str, Any]) -> dict[str, Any]:
        document["metadata"]["resourceVersion"] = str(self._version)
        return document
