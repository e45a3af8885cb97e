"""kubectl by hand, on both clusters at once: the same words and the same exit code, once names, times and addresses are taken out of them."""

from __future__ import annotations

import difflib
import re
import secrets
import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.subjects import Subject
from tests.lab.fixtures import need

pytestmark = pytest.mark.lab

MANIFEST = (Path(__file__).parent / "side_by_side.yaml").read_text()
LOOKING = """
get all,configmaps,secrets,endpointslices,ingresses,poddisruptionbudgets
get deployments,replicasets,services,daemonsets,statefulsets,jobs,cronjobs,ingresses -o wide
get pods -o wide
get pods -L app,slot
get pods -l slot=blue -o name
get pods --sort-by=.metadata.name -o custom-columns=NAME:.metadata.name,PHASE:.status.phase
get pods --field-selector=spec.nope=1
get deployments --field-selector=spec.nope=1
get service,ingress,secret,poddisruptionbudget,cronjob -o yaml
get service web -w --output-watch-events --request-timeout=1s
get pods -n nowhere
get pod nobody
get nothing
describe service
describe deployment
describe replicaset -l slot=blue
describe pods -l slot=blue
describe statefulset,daemonset,job,cronjob
describe ingress,poddisruptionbudget,secret
describe configmap settings
describe pod nobody
describe namespace {namespace}
"""
CHANGING = """
apply --validate=false -f -
scale deployment green --replicas=3
scale deployment green --replicas=5 --current-replicas=1
scale deployment nobody --replicas=3
rollout status deployment green --timeout=60s
get pods -l slot=green
label pods -l slot=green team=one
label pods -l slot=green team=two
label pods -l slot=green team=two --overwrite
label pods -l slot=green team-
label service web "bad key=x"
annotate service web note=hello
annotate service web note-
patch service web -p '{"spec":{"selector":{"slot":"green"}}}'
patch service web -p '{"spec":{"selector":{"slot":"green"}}}'
patch service web --type merge -p '{"spec":{"selector":{"slot":"blue"}}}'
patch service web --type json -p '[{"op":"test","path":"/spec/selector/slot","value":"purple"}]'
patch service web -p '{"spec":{"type":"Wrong"}}'
patch service web -p '{"metadata":{"labels":{"a":"b c"}}}'
patch service web -p '{"metadata":{"resourceVersion":"1"}}'
patch deployment blue -p '{"spec":{"selector":{"matchLabels":{"x":"y"}}}}'
patch deployment green -p '{"spec":{"replicas":-1}}'
set image deployment/green web=registry.example/web:3
rollout status deployment green --timeout=60s
rollout history deployment green
rollout pause deployment green
rollout pause deployment green
rollout resume deployment green
rollout undo deployment green
rollout undo deployment green --to-revision=99
rollout status deployment green --timeout=60s
scale statefulset ledger --replicas=1
delete pods -l slot=green --timeout=30s
delete pod nobody
delete configmap settings
delete configmap settings --ignore-not-found
"""
DRAINING = """
cordon {node}
cordon {node}
get node {node} -o custom-columns=NAME:.metadata.name,OFF:.spec.unschedulable,TAINTS:.spec.taints[*].key
drain {node} --pod-selector=app=pair,slot=blue --delete-emptydir-data --timeout=1s
uncordon {node}
uncordon {node}
cordon nobody
drain nobody
"""
ASKING = """
auth can-i create pods
auth can-i create pods --as somebody
auth can-i create nothing
auth can-i * *
get pods --as somebody
get nodes --as somebody
wait --for=condition=Available deployment/blue --timeout=10s
wait --for=condition=Nope deployment/blue --timeout=1s
get --raw /nowhere
"""
# What a kubelet says and kwok does not, what an admission plug-in of accounts adds that the lab goes without, and how far a rollout is.
LEFT_OUT = re.compile(r"\bkubelet\b|^ +Container ID:|^Service Account:|PodReadyToStartContainers|topology\.kubernetes\.io/zone|^Waiting for ")
NEUTRAL = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>"),
    (r"\b(blue|green)-[0-9a-z]{8,10}-[0-9a-z]{5}\b", r"\1-<set>-<pod>"),
    (r"\b(blue|green)-[0-9a-z]{8,10}\b", r"\1-<set>"),
    (r"\b(agent|once|web|open|each)-[0-9b-z]{5}\b", r"\1-<pod>"),
    (r"(hash[=:] *\"?)(ledger-)?[0-9a-z]{6,10}", r"\1<hash>"),
    (r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"),
    (r"\w{3}, \d\d \w{3} \d{4} [\d:]+ \+0000", "<time>"),
    (r"\b(\d+[hms])+\b( \(x\d+ over [\dhms]+\))?", "<age>"),
    (r"(\d+\.){3}\d+", "<address>"),
    (r"\b3\d{4}\b", "<port>"),
    (r"resourceVersion: \"\d+\"", "resourceVersion: <version>"),
    (r"node-\d", "<node>"),
    (r"-{3,}", "---"),
    (r" {2,}", "  "),
)


@dataclass(frozen=True)
class Pair:
    """Both clusters, with the same things in the same namespace."""

    lab: Subject
    practice: Subject
    namespace: str

    def each(self, lines: str) -> tuple[dict[str, str], dict[str, str]]:
        """This will type the lines on both, and give what was printed, neutral, by line."""
        with ThreadPoolExecutor(2) as both:
            lab, practice = both.map(lambda one: self._type(one, lines), (self.lab, self.practice))
        return lab, practice

    def _type(self, cluster: Subject, lines: str) -> dict[str, str]:
        node = cluster.get(f"/api/v1/namespaces/{self.namespace}/pods", labelSelector="slot=blue")["items"][0]["spec"]["nodeName"]
        printed = {}
        for number, line in enumerate(lines.strip().splitlines(), 1):
            words = shlex.split(line.replace("{node}", node).replace("{namespace}", self.namespace))
            here = [] if "-n" in words else ["-n", self.namespace]
            code, text = cluster.run_kubectl(*words, *here, input=MANIFEST)
            printed[f"{number} {line}"] = f"{neutral(text)}\nexit code {code}"
        return printed


def neutral(text: str) -> str:
    """What is left when names, times and addresses are taken out. Lines are sorted, for names that differ sort differently."""
    for pattern, word in NEUTRAL:
        text = re.sub(pattern, word, text)
    return "\n".join(sorted(line.rstrip() for line in text.splitlines() if not LEFT_OUT.search(line)))


def changes(lab: str, practice: str) -> list[str]:
    return list(difflib.unified_diff(lab.splitlines(), practice.splitlines(), "lab", "practice", n=0, lineterm=""))


@pytest.fixture(scope="module")
def pair(lab_subject: Subject, practice_subject: Subject) -> Iterator[Pair]:
    need("controlplane")
    made = Pair(lab_subject, practice_subject, f"contract-{secrets.token_hex(4)}")
    for cluster in (made.lab, made.practice):
        cluster.kubectl("create", "namespace", made.namespace)
        cluster.kubectl("apply", "--validate=false", "-n", made.namespace, "-f", "-", input=MANIFEST)
    for cluster in (made.lab, made.practice):
        for one in ("deployment/blue", "deployment/green", "statefulset/ledger", "daemonset/agent"):
            cluster.kubectl("rollout", "status", one, "-n", made.namespace, "--timeout=60s")
        cluster.kubectl("wait", "--for=condition=Complete", "job/once", "-n", made.namespace, "--timeout=60s")
    yield made
    for cluster in (made.lab, made.practice):
        cluster.ask("DELETE", f"/api/v1/namespaces/{made.namespace}")


def test_kubectl_prints_the_same_about_the_lab_and_the_practice_cluster(pair: Pair) -> None:
    for lines in (LOOKING, ASKING, DRAINING, CHANGING):
        lab, practice = pair.each(lines)
        differing = [one for line in lab for one in (line, *changes(lab[line], practice[line])) if lab[line] != practice[line]]
        assert not differing, "\n".join(differing)
