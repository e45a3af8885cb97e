/**
 * What counts as a problem, what as waiting, what as well: one place, so that map, table, search and counts agree.
 * Pod statuses are the words of `kubectl get pods`.
 */
import type { ControlPlanePart, Node, Pod, Workload } from "../wire/messages";

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
