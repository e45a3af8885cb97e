"""A pod's word is the one that `kubectl get pods` prints."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.observer import pod_status
from tests.observer.making import container, pod

RUNNING = container(ready=True, running={})
DONE = container("i", terminated="Completed", exit_code=0)
UP = {"Initialized": "True", "Ready": "True"}

CASES: list[tuple[str, Any]] = [
    ("Running", pod(containers=[RUNNING], conditions=UP)),
    ("Pending", pod(phase="Pending")),
    ("ContainerCreating", pod(phase="Pending", containers=[container(waiting="ContainerCreating")])),
    ("CrashLoopBackOff", pod(containers=[container(waiting="CrashLoopBackOff", restarts=4)])),
    ("ImagePullBackOff", pod(phase="Pending", containers=[container(waiting="ImagePullBackOff")])),
    ("OOMKilled", pod(containers=[container(terminated="OOMKilled", exit_code=137)])),
    ("Error", pod(phase="Failed", containers=[container(terminated="Error", exit_code=1)])),
    ("Completed", pod(phase="Succeeded", containers=[container(terminated="Completed", exit_code=0)])),
    ("Running", pod(containers=[container("a", terminated="Completed", exit_code=0), container("b", ready=True, running={})], conditions=UP)),
    (
        "NotReady",
        pod(containers=[container("a", terminated="Completed"), container("b", ready=True, running={})], conditions={"Ready": "False"}),
    ),
    ("ExitCode:3", pod(containers=[container(terminated={}, exit_code=3)])),
    ("Signal:9", pod(containers=[container(terminated={}, signal=9, exit_code=137)])),
    ("Init:0/1", pod(phase="Pending", inits=[container("i", running={})], containers=[container(waiting="PodInitializing")])),
    ("Init:1/2", pod(phase="Pending", inits=[DONE, container("j", waiting="PodInitializing")])),
    ("Init:CrashLoopBackOff", pod(phase="Pending", inits=[container("i", waiting="CrashLoopBackOff")])),
    ("Init:Error", pod(phase="Pending", inits=[container("i", terminated="Error", exit_code=1)])),
    ("Init:ExitCode:2", pod(phase="Pending", inits=[container("i", terminated={}, exit_code=2)])),
    ("Init:Signal:15", pod(phase="Pending", inits=[container("i", terminated={}, signal=15, exit_code=1)])),
    ("PodInitializing", pod(phase="Pending", inits=[DONE], containers=[container(waiting="PodInitializing")])),
    ("Running", pod(inits=[container("s", sidecar=True, started=True, ready=True, running={})], containers=[RUNNING], conditions=UP)),
    ("Init:0/1", pod(phase="Pending", inits=[container("s", sidecar=True, started=False, running={})])),
    ("SchedulingGated", pod(phase="Pending", conditions={"PodScheduled": "False"}, PodScheduled_reason="SchedulingGated")),
    ("Evicted", pod(phase="Failed", reason="Evicted")),
    ("Terminating", pod(containers=[RUNNING], conditions=UP, deleting=True)),
    ("Completed", pod(phase="Succeeded", containers=[container(terminated="Completed")], deleting=True)),
    ("Unknown", pod(reason="NodeLost", containers=[RUNNING], deleting=True)),
    ("NodeLost", pod(reason="NodeLost")),
]


@pytest.mark.parametrize(("word", "item"), CASES, ids=[f"{index}-{case[0]}" for index, case in enumerate(CASES)])
def test_the_word_is_that_of_kubectl(word: str, item: Any) -> None:
    assert pod_status.status_of(pod=item) == word


def test_restarts_of_a_running_pod_are_those_of_its_containers_and_sidecars() -> None:
    inits = [container("i", restarts=5, terminated="Completed"), container("s", sidecar=True, started=True, running={}, restarts=2)]
    assert pod_status.restarts_of(pod=pod(inits=inits, containers=[container(restarts=1, running={})], conditions=UP)) == 3


def test_restarts_of_an_initializing_pod_are_those_of_its_init_containers() -> None:
    assert pod_status.restarts_of(pod=pod(phase="Pending", inits=[container("i", restarts=5, waiting="CrashLoopBackOff")])) == 5
