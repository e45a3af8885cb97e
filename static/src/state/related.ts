/**
 * What a record is joined with, as clusterview/topology/relations.py has it: the one names the other by uid, by name or by labels. Looked up
 * when somebody asks, for a picture of 150,000 pods has a million such links and a page shows those of one record.
 */
import type { AnyRecord, Kind } from "../wire/messages";
import type { Picture } from "./picture";

type Key = { readonly uid: string } | { readonly kind: string; readonly namespace: string; readonly name: string };

/** What the record names by uid or name. Warnings are left out: the panel shows them by themselves. */
export function named(record: AnyRecord): Key[] {
  const keys: Key[] = record.owner ? [{ uid: record.owner.uid }] : [];
  const name = (kind: string, name: string, namespace = record.namespace): void => void (name && keys.push({ kind, namespace, name }));
  switch (record.kind) {
    case "Pod":
      name("Node", record.node, "");
      for (const volume of record.volumes) if (volume.source === "persistentVolumeClaim") name("PersistentVolumeClaim", volume.target);
      break;
    case "EndpointSlice":
      name("Service", record.service);
      for (const endpoint of record.endpoints) if (endpoint.pod_uid) keys.push({ uid: endpoint.pod_uid });
      break;
    case "Ingress":
      for (const path of record.paths) name("Service", path.service);
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
      name(record.target_kind, record.target_name);
      break;
  }
  return keys;
}

/** Whether a Service or budget means the pod; no selector means none, and an empty one all of the namespace. */
export function means(record: AnyRecord, pod: AnyRecord): boolean {
  if ((record.kind !== "Service" && record.kind !== "PodDisruptionBudget") || pod.kind !== "Pod") return false;
  const { selector } = record;
  if (selector === null || record.namespace !== pod.namespace) return false;
  return Object.entries(selector).every(([key, value]) => Object.hasOwn(pod.labels, key) && pod.labels[key] === value);
}

/** All records that the record names and that name it, each once. */
export function related(picture: Picture, record: AnyRecord): AnyRecord[] {
  const found = new Set<AnyRecord>();
  for (const key of named(record)) {
    const one = "uid" in key ? picture.byUid(key.uid) : picture.byName(key.kind as Kind, key.namespace, key.name);
    if (one) found.add(one);
  }
  for (const other of picture.records.values()) {
    if (other.kind === "Event") continue;
    if (means(record, other) || means(other, record) || named(other).some((key) => isKeyOf(key, record))) found.add(other);
  }
  return [...found];
}

function isKeyOf(key: Key, record: AnyRecord): boolean {
  if ("uid" in key) return key.uid === record.uid;
  return key.kind === record.kind && key.namespace === record.namespace && key.name === record.name;
}
