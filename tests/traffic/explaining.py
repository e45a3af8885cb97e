"""Each test's switches are explained by the model: what the audit and the API server's own log say happened is one of the model's runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from clusterview.models import AuditEntry, Switch
from clusterview.traffic import planning
from tests.lab.cluster import Cluster as Lab
from tests.lab.fixtures import wait_until
from tests.traffic.model.retracing import Entry, Explanation, Record, Write, explain, text

NOT_OF_THE_PROTOCOL = ("KEEP", "REVERTED_AFTERWARDS")
NAMESPACE, SERVICE = "store", "shop"
PATH = f"/api/v1/namespaces/{NAMESPACE}/services/{SERVICE}"


@pytest.fixture(autouse=True)
def explained(lab_shop: Lab, transactional_db: None) -> Iterator[None]:
    """After each test of a module that imports this one: the model explains what the shop's Service and its switches went through."""
    before, start = len(lab_shop.writes()), version_of(lab_shop.get(PATH))
    yield
    explanation = explanation_of(lab=lab_shop, before=before, start=start)
    assert not explanation.is_given_up, "The search for a run of the model that explains this test's switches was given up."
    assert not explanation.unexplained, "\n".join([*map(str, explanation.labels), explanation.unexplained])


def explanation_of(*, lab: Lab, before: int, start: Write) -> Explanation:
    """This will explain what happened to the shop's Service since its version `start`, when the API server's log had `before` lines."""
    newest = lab.get(PATH)["metadata"]["resourceVersion"]

    def versions() -> list[Write]:
        return versions_in(lab.writes()[before:], namespace=NAMESPACE, service=SERVICE)

    wait_until(lambda: newest in {start.version, *(one.version for one in versions())}, seconds=5, what="the log has the newest version")
    return explain(recorded(writes=versions(), start=start))


def recorded(*, writes: Sequence[Write], start: Write) -> Record:
    """This will read the audit and the rows of the shop's switches."""
    states = {str(one.pk): one.state for one in Switch.objects.filter(namespace=NAMESPACE, service=SERVICE)}
    lines = AuditEntry.objects.filter(switch_id__in=states).exclude(action__in=NOT_OF_THE_PROTOCOL).order_by("sequence")
    return Record([Entry(str(one.switch_id), one.action, one.body) for one in lines], writes, start, states)


def of_services(log: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """The API server's log of each Service, by namespace and name."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for line in log:
        about = line.get("objectRef", {})
        if about.get("resource") == "services":
            found[about.get("namespace", ""), about.get("name", "")].append(line)
    return found


def version_of(service: Mapping[str, Any], **ours: Any) -> Write:
    """One version of a Service as the API server tells it."""
    metadata = service["metadata"]
    marker = (metadata.get("annotations") or {}).get(planning.OP, "")
    return Write(metadata["resourceVersion"], metadata["uid"], text(service["spec"].get("selector")), marker, **ours)


def versions_in(log: Sequence[Mapping[str, Any]], *, namespace: str, service: str) -> list[Write]:
    """The versions of a Service in the API server's log, in order. Writes by others that changed nothing are left out."""
    found: list[Write] = []
    for line in log:
        about, after = line.get("objectRef", {}), line.get("responseObject") or {}
        if (about.get("resource"), about.get("namespace"), about.get("name")) != ("services", namespace, service) or "spec" not in after:
            continue
        if line["responseStatus"]["code"] not in (200, 201) or "dryRun" in line["requestURI"] or line["verb"] == "delete":
            continue
        found.append(version_of(after, **(_ours(line, after) if "fieldManager=clusterview" in line["requestURI"] else {})))
    found.sort(key=lambda one: int(one.version))
    return [one for number, one in enumerate(found) if one.is_ours or not number or one.version != found[number - 1].version]


def _ours(line: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What our own write says beside the version that it made."""
    patch = line["requestObject"]
    tests = next(one["value"] for one in patch if one["path"] == "/metadata/resourceVersion")
    epoch = int(after["metadata"]["annotations"][planning.FENCE].rsplit(":", 2)[1])
    return {"is_ours": True, "tests": tests, "epoch": epoch, "is_effect": any(one["path"] == "/spec/selector" for one in patch)}
