/**
 * What a record is joined with, as clusterview/topology/relations.py has it: the one names the other by uid, by name or by labels. Looked up
 * when somebody asks, for a picture of 150,000 pods has a million such links and a page shows those of one record.
 */
import type { AnyRecord, Kind } from "../wire/messages";
import type { Picture } from "./picture";

interface Visitor {
  readonly uid: (uid: string) => void;
  readonly name: (kind: string, name: string, namespace: string) => void;
}

/** Tells the visitor what the record names by uid or name. Warnings are left out: the panel shows them by themselves. */
function visit(record: AnyRecord, { uid, name }: Visitor): void {
  if (record.owner) uid(record.owner.uid);
  switch (record.kind) {
    case "Pod":
      name("Node", record.node, "");
      for (const volume of record.volumes) if (volume.source === "persistentVolumeClaim") name("PersistentVolumeClaim", volume.target, record.namespace);
      break;
    case "EndpointSlice":
      name("Service", record.service, record.namespace);
      for (const endpoint of record.endpoints) uid(endpoint.pod_uid);
      break;
    case "Ingress":
      for (const path of record.paths) name("Service", path.service, record.namespace);
      break;
    case "HTTPRoute":
      for (const parent of record.parents) name(parent.kind, parent.name, parent.namespace);
      for (const rule of record.rules) for (const backend of rule.backends) name(backend.kind, backend.name, backend.namespace);
      break;
    case "PersistentVolumeClaim":
      name("PersistentVolume", record.volume, "");
      name("StorageClass", record.storage_class, "");
      break;
    case "PersistentVolume":
      name("StorageClass", record.storage_class, "");
      break;
    case "HorizontalPodAutoscaler":
      name(record.target_kind, record.target_name, record.namespace);
      break;
  }
}

/** Whether a Service or budget means the pod; no selector means none, and an empty one all of the namespace. */
export function means(record: AnyRecord, pod: AnyRecord): boolean {
  if ((record.kind !== "Service" && record.kind !== "PodDisruptionBudget") || pod.kind !== "Pod") return false;
  const { selector } = record;
  if (selector === null || record.namespace !== pod.namespace) return false;
  for (const key in selector) if (!Object.hasOwn(pod.labels, key) || pod.labels[key] !== selector[key]) return false;
  return true;
}

/** All records that the record names and that name it, each once. While a panel is open it is asked with every change, so nothing is made for each pod. */
export function related(picture: Picture, record: AnyRecord): AnyRecord[] {
  const found = new Set<AnyRecord>();
  const add = (one: AnyRecord | undefined): void => void (one && found.add(one));
  visit(record, { uid: (uid) => add(picture.byUid(uid)), name: (kind, name, namespace) => add(picture.byName(kind as Kind, namespace, name)) });
  let isNamed = false;
  const asking: Visitor = {
    uid: (uid) => void (isNamed ||= uid === record.uid),
    name: (kind, name, namespace) => void (isNamed ||= kind === record.kind && name === record.name && namespace === record.namespace),
  };
  for (const other of picture.records.values()) {
    if (other.kind === "Event") continue;
    isNamed = false;
    visit(other, asking);
    if (isNamed || means(record, other) || means(other, record)) found.add(other);
  }
  return [...found];
}
