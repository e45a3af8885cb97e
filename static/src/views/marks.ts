/** The small facts that map, table and panel show of an object in the same words. */
import type { AnyRecord, Job, Listener, RouteRule, Service } from "../wire/messages";
import { isWord, t } from "../i18n/words";
import * as conditions from "../state/conditions";
import type { Condition } from "../state/conditions";
import * as derived from "../state/derived";

/** How the object is, as one word for colour and shape. */
export function conditionOf(record: AnyRecord): Condition {
  switch (record.kind) {
    case "Pod":
      return conditions.ofPod(record);
    case "Node":
      return conditions.ofNode(record, derived.late.value.has(record.name));
    case "ControlPlanePart":
      return conditions.ofPart(record);
    case "Service":
      if (derived.leadsNowhere(record, derived.doorways.value)) return "bad";
      return isSeen(record) && !derived.differing.value.has(record.uid) ? "ok" : "waiting";
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
      return conditions.ofWorkload(record);
    case "Job":
      return conditions.ofJob(record);
    case "CronJob":
      return record.suspended ? "waiting" : "ok";
    case "Gateway":
      return conditions.ofGateway(record);
    case "HTTPRoute":
      return conditions.ofRoute(record);
    case "PersistentVolumeClaim":
      return record.phase === "Lost" ? "bad" : record.phase === "Bound" ? "ok" : "waiting";
    default:
      return "ok";
  }
}

/** The object's state in a few words; Kubernetes' own words stay as they are. */
export function statusOf(record: AnyRecord): string {
  switch (record.kind) {
    case "ControlPlanePart": {
      const word = `part_${record.state}`;
      const state = isWord(word) ? t(word) : record.state;
      return record.checks_total > 0 ? `${state} · ${t("passed", { count: record.checks_ok, total: record.checks_total })}` : state;
    }
    case "Pod":
      return record.status + (record.restarts > 0 ? ` · ↻ ${record.restarts}` : "");
    case "Node": {
      const words = [record.ready === "True" ? "Ready" : record.reason || "NotReady", ...record.pressures];
      if (record.unschedulable) words.push("SchedulingDisabled");
      return words.join(", ");
    }
    case "Service": {
      if (!record.selector) return record.type;
      if (!isSeen(record)) return `${record.type} · ${t("endpointsNotKnown")}`;
      const door = derived.doorways.value.get(derived.serviceKey(record));
      const differs = derived.differing.value.get(record.uid);
      return [
        record.type, door && door.total > 0 ? t("ready", { ready: door.ready, total: door.total }) : t("nowhere"),
        differs && t(differs.meant === differs.served ? "servesOthers" : "meantServed", { ...differs }),
      ].filter(Boolean).join(" · ");
    }
    case "Ingress":
      return [record.class_name, ...record.addresses].filter(Boolean).join(" · ") || t("noAddress");
    case "Gateway":
      return [
        record.class_name, told({ Accepted: record.accepted, Programmed: record.programmed }, record.reason), record.addresses.join(" · ") || t("noAddress"),
      ].filter(Boolean).join(" · ");
    case "HTTPRoute": {
      const said = record.parents.map((one) => told({ Accepted: one.accepted, ResolvedRefs: one.resolved }, one.reason)).filter(Boolean);
      return record.parents.length === 0 ? t("attachedToNothing") : [...new Set(said)].join(" · ") || "Accepted";
    }
    case "Job":
      return [record.status, record.reason, completionsOf(record)].filter(Boolean).join(" · ");
    case "CronJob":
      return [record.schedule, record.suspended && "Suspended", record.active > 0 && `active ${record.active}`].filter(Boolean).join(" · ");
    case "EndpointSlice":
      return t("ready", { ready: record.endpoints.filter((one) => one.ready).length, total: record.endpoints.length });
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
      return t("ready", { ready: record.ready, total: record.wanted });
    case "HorizontalPodAutoscaler":
      return `${record.minimum}–${record.maximum}, ${record.current} → ${record.desired}`;
    case "PodDisruptionBudget":
      return t("mayEvict", { count: record.disruptions_allowed });
    case "Namespace":
    case "PersistentVolumeClaim":
    case "PersistentVolume":
      return record.phase;
    case "Lease":
      return record.holder;
    case "Event":
      return `${record.reason} × ${record.count}`;
    case "StorageClass":
      return record.provisioner;
    default:
      return "";
  }
}

/** The first condition that is not true, as `Programmed: False (AddressNotAssigned)`; nothing where all are. */
export function told(conditions: Readonly<Record<string, string>>, reason: string): string {
  const [type, status] = Object.entries(conditions).find(([, one]) => one !== "True") ?? [];
  return type ? `${type}: ${status}${reason && ` (${reason})`}` : "";
}

/** How many pods have succeeded, of how many that are to, as kubectl prints it. */
function completionsOf({ succeeded, completions, parallelism }: Job): string {
  if (completions !== null) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

export function listenerWords(one: Listener): string {
  return `${one.protocol} ${one.hostname && `${one.hostname}:`}${one.port}`;
}

/** `/ → web 90, other/api 10`: weights where there are several, and the namespace of what is in another one. */
export function ruleWords(rule: RouteRule, namespace: string): string {
  const backends = rule.backends.map((one) => {
    const name = !one.name ? t("elsewhere") : one.namespace === namespace ? one.name : `${one.namespace}/${one.name}`;
    return rule.backends.length > 1 ? `${name} ${one.weight}` : name;
  });
  return `${rule.paths.join("|")} → ${backends.join(", ") || "∅"}`;
}

/** Whether it is seen who answers for a Service; one that selects nobody has nothing to see. */
function isSeen({ namespace, name, selector }: Service): boolean {
  return !selector || derived.isDoorSeen(namespace, name, derived.doorways.value);
}
