"""The one word that `kubectl get pods` prints for a pod.

No field of the API holds it; kubectl computes it, and people know pods by it. Kept step by step as there (`printPod` in
https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go), so that both always say the same.
"""

from __future__ import annotations

from clusterview.kube import structs

FINISHED = ("Succeeded", "Failed")


def status_of(*, pod: structs.Pod) -> str:
    """This will tell the pod's word: Running, Init:0/1, CrashLoopBackOff, Terminating, ..."""
    status = pod.status
    word = status.reason or status.phase
    scheduled = status.condition("PodScheduled")
    if scheduled is not None and scheduled.reason == "SchedulingGated":
        word = "SchedulingGated"
    initializing = _initializing(pod)
    word = initializing if initializing and not _is_initialized(pod) else _running(pod, initializing or word)
    if pod.metadata.deletion_timestamp is not None:
        if status.reason == "NodeLost":
            return "Unknown"
        if status.phase not in FINISHED:
            return "Terminating"
    return word


def restarts_of(*, pod: structs.Pod) -> int:
    """This will count the restarts that kubectl prints: of init containers while they run, afterwards of the rest and of sidecars."""
    if not pod.status.init_container_statuses:
        return sum([one.restart_count for one in pod.status.container_statuses])
    if _initializing(pod) and not _is_initialized(pod):
        return sum(one.restart_count for one in pod.status.init_container_statuses)
    sidecars = _sidecars(pod)
    running = [one for one in pod.status.init_container_statuses if one.name in sidecars]
    return sum(one.restart_count for one in (*pod.status.container_statuses, *running))


def _is_initialized(pod: structs.Pod) -> bool:
    condition = pod.status.condition("Initialized")
    return condition is not None and condition.status == "True"


def _sidecars(pod: structs.Pod) -> set[str]:
    return {one.name for one in pod.spec.init_containers if one.restart_policy == "Always"}


def _initializing(pod: structs.Pod) -> str:
    """What the first init container that has not done its part says; empty where all have."""
    if not pod.status.init_container_statuses:
        return ""
    sidecars = _sidecars(pod)
    for index, one in enumerate(pod.status.init_container_statuses):
        ended, waiting = one.state.terminated, one.state.waiting
        if ended is not None and ended.exit_code == 0:
            continue
        if one.name in sidecars and one.started:
            continue
        if ended is not None:
            return f"Init:{_ended(ended)}"
        if waiting is not None and waiting.reason not in ("", "PodInitializing"):
            return f"Init:{waiting.reason}"
        return f"Init:{index}/{len(pod.spec.init_containers)}"
    return ""


def _running(pod: structs.Pod, word: str) -> str:
    """What the first container that is not well says, else the word as it was."""
    has_running = False
    for one in reversed(pod.status.container_statuses):
        if one.state.waiting is not None and one.state.waiting.reason:
            word = one.state.waiting.reason
        elif one.state.terminated is not None:
            word = _ended(one.state.terminated)
        elif one.ready and one.state.running is not None:
            has_running = True
    if word == "Completed" and has_running:
        ready = pod.status.condition("Ready")
        return "Running" if ready is not None and ready.status == "True" else "NotReady"
    return word


def _ended(ended: structs.StateDetail) -> str:
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"
