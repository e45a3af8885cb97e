/** The small facts that map, table and panel show of an object in the same words. */
import type { AnyRecord, Service } from "../wire/messages";
import { t } from "../i18n/words";
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
      return isSeen(record) ? "ok" : "waiting";
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
      return conditions.ofWorkload(record);
    case "PersistentVolumeClaim":
      return record.phase === "Lost" ? "bad" : record.phase === "Bound" ? "ok" : "waiting";
    default:
      return "ok";
  }
}

/** The object's state in a few words; Kubernetes' own words stay as they are. */
export function statusOf(record: AnyRecord): string {
  switch (record.kind) {
    case "ControlPlanePart":
      return record.checks_total > 0 ? `${record.state} · ${t("passed", { count: record.checks_ok, total: record.checks_total })}` : record.state;
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
      return door && door.total > 0 ? `${record.type} · ${t("ready", { ready: door.ready, total: door.total })}` : `${record.type} · ${t("nowhere")}`;
    }
    case "Ingress":
      return [record.class_name, ...record.addresses].filter(Boolean).join(" · ") || t("noAddress");
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

/** Whether it is seen who answers for a Service; one that selects nobody has nothing to see. */
function isSeen({ namespace, name, selector }: Service): boolean {
  return !selector || derived.isDoorSeen(namespace, name, derived.doorways.value);
}
