/**
 * What counts as a problem, what as waiting, what as well: one place, so that map, table, search and counts agree.
 * Pod statuses are the words of `kubectl get pods`.
 */
import type { ControlPlanePart, Gateway, HTTPRoute, Job, Node, Pod, Workload } from "../wire/messages";

export type Condition = "ok" | "waiting" | "bad" | "done";

const FAILING = /BackOff|Err|OOM|Evict|Fail|Invalid|Lost|Unknown|Deadline|ContainerCannotRun|StartError/;

export function ofPod(pod: Pod): Condition {
  if (pod.phase === "Succeeded") return "done";
  if (pod.phase === "Failed" || FAILING.test(pod.status)) return "bad";
  if (pod.deleting || !pod.ready) return "waiting";
  return "ok";
}

export function ofNode(node: Node, late: boolean): Condition {
  if (node.ready !== "True") return "bad";
  return late || node.pressures.length > 0 || node.unschedulable ? "waiting" : "ok";
}

export function ofPart(part: ControlPlanePart): Condition {
  if (part.state === "failing") return "bad";
  return part.state === "late" || part.state === "unknown" ? "waiting" : "ok";
}

export function ofWorkload(workload: Workload): Condition {
  if (workload.wanted > 0 && workload.ready === 0) return "bad";
  return workload.ready < workload.wanted ? "waiting" : "ok";
}

export function ofJob(job: Job): Condition {
  if (job.status === "Failed" || job.status === "FailureTarget") return "bad";
  if (job.status === "Complete" || job.status === "SuccessCriteriaMet") return "done";
  return job.status === "Running" ? "ok" : "waiting";
}

/** Whoever carries a Gateway out says so; where nobody says anything, traffic waits. */
export function ofGateway(gateway: Gateway): Condition {
  return ofStatuses([gateway.accepted, gateway.programmed]);
}

/** A route that is attached to nothing has no traffic. */
export function ofRoute(route: HTTPRoute): Condition {
  if (route.parents.length === 0) return "waiting";
  return ofStatuses(route.parents.flatMap((parent) => [parent.accepted, parent.resolved]));
}

function ofStatuses(statuses: readonly string[]): Condition {
  if (statuses.includes("False")) return "bad";
  return statuses.every((status) => status === "True") ? "ok" : "waiting";
}
