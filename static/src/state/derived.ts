/**
 * What follows from the picture: pods by node, endpoints by Service, warnings by object, the live side of an application, problems.
 * The functions are pure over a Picture, but for the time and for what may not be seen; the signals at the end keep them up to date.
 */
import { computed, effect, signal } from "@preact/signals";
import type { AnyRecord, ControlPlanePart, Endpoint, Event, Gateway, HTTPRoute, Ingress, Node, Pod, Service } from "../wire/messages";
import * as clock from "./clock";
import * as conditions from "./conditions";
import { byNamespaceAndName, compare } from "./ordering";
import type { Picture } from "./picture";
import type { Application, Keeping } from "./rest";
import * as sides from "./sides";
import * as store from "./store";

/** The pods of a node grouped by what controls them and then by name, so that places stay. */
export function inPlace(pods: Pod[]): Pod[] {
  const keys = new Map(pods.map((pod) => [pod, `${pod.namespace}/${pod.owner?.name ?? ""}/${pod.name}`]));
  return pods.sort((a, b) => (keys.get(a)! < keys.get(b)! ? -1 : 1));
}

export interface Doorway {
  readonly ready: number;
  readonly total: number;
  readonly podUids: ReadonlySet<string>;
}

const NOWHERE: Doorway = { ready: 0, total: 0, podUids: new Set() };

/** Endpoints of each Service by `namespace/name`, merged over slices and address families: one pod counts once. */
export function endpointsByService(picture: Picture): Map<string, Doorway> {
  const merged = new Map<string, Map<string, Endpoint>>();
  for (const slice of picture.all("EndpointSlice")) {
    const key = `${slice.namespace}/${slice.service}`;
    let endpoints = merged.get(key);
    if (!endpoints) merged.set(key, (endpoints = new Map()));
    for (const endpoint of slice.endpoints) {
      if (endpoint.terminating) continue;
      const id = endpoint.pod_uid || endpoint.address;
      const known = endpoints.get(id);
      if (!known || (endpoint.ready && !known.ready)) endpoints.set(id, endpoint);
    }
  }
  return new Map(
    [...merged].map(([key, endpoints]) => {
      const ready = [...endpoints.values()].filter((one) => one.ready);
      return [key, { ready: ready.length, total: endpoints.size, podUids: new Set(ready.map((one) => one.pod_uid)) }];
    }),
  );
}

export function warningsByUid(picture: Picture): Map<string, Event[]> {
  const found = new Map<string, Event[]>();
  for (const event of picture.all("Event")) {
    // A kubelet writes its node's name where the uid belongs.
    const uid = (event.about_kind === "Node" && picture.byName("Node", "", event.about_name)?.uid) || event.about_uid;
    const events = found.get(uid);
    if (events) events.push(event);
    else found.set(uid, [event]);
  }
  for (const events of found.values()) events.sort((a, b) => (b.last_seen_at ?? 0) - (a.last_seen_at ?? 0));
  return found;
}

/** Names of nodes whose kubelet has not renewed its Lease in time. */
export function lateNodes(picture: Picture): Set<string> {
  const late = new Set<string>();
  for (const lease of picture.all("Lease")) if (lease.late && lease.namespace === "kube-node-lease") late.add(lease.name);
  return late;
}

export interface PodSide {
  readonly value: string;
  readonly colour: sides.Colour;
  readonly application: Application;
}

/** This will tell of which side of which switchable application a pod is. The first application wins where two share their pods. */
export function sidesOf(picture: Picture, applications: readonly Application[]): (pod: Pod) => PodSide | null {
  const byNamespace = new Map<string, { application: Application; selector: Readonly<Record<string, string>> }[]>();
  for (const application of applications) {
    const selector = picture.byName("Service", application.namespace, application.service)?.selector;
    if (!selector) continue;
    const known = byNamespace.get(application.namespace);
    if (known) known.push({ application, selector });
    else byNamespace.set(application.namespace, [{ application, selector }]);
  }
  return (pod) => {
    for (const { application, selector } of byNamespace.get(pod.namespace) ?? []) {
      const value = sides.sideOf(pod.labels, selector, application);
      if (value !== null) return { value, colour: sides.colourIn(application, value), application };
    }
    return null;
  };
}

export interface LiveSide {
  readonly value: string;
  readonly workload: string;
  readonly workloadKind: string;
  readonly version: string;
  readonly image: string;
  readonly ready: number;
  readonly wanted: number;
  readonly createdAt: number | string | null;
  /** Pods of this side among the Service's ready endpoints: the truth about where traffic goes. */
  readonly endpoints: number;
  readonly colour: sides.Colour;
}

export interface LiveApplication {
  readonly application: Application;
  readonly service: Service | undefined;
  /** The value the selector holds now. */
  readonly asked: string;
  readonly sides: readonly LiveSide[];
  readonly endpoints: number;
  /** Whether it is seen where traffic goes. */
  readonly isKnown: boolean;
}

/** An application as REST told it, with numbers as the picture has them this moment. */
export function liveApplication(
  picture: Picture,
  application: Application,
  doors: ReadonlyMap<string, Doorway>,
  sideOf: (pod: Pod) => PodSide | null,
): LiveApplication {
  const service = picture.byName("Service", application.namespace, application.service);
  const door = doors.get(`${application.namespace}/${application.service}`) ?? NOWHERE;
  const behind = new Map<string, number>();
  for (const uid of door.podUids) {
    // Two Services over one pair share their pods, so the value is read from the labels and not from the first application's side.
    const pod = picture.byUid(uid);
    if (pod?.kind !== "Pod") continue;
    const value = Object.hasOwn(pod.labels, application.key) ? pod.labels[application.key]! : sideOf(pod)?.value;
    if (value !== undefined) behind.set(value, (behind.get(value) ?? 0) + 1);
  }
  return {
    application,
    service,
    asked: (service?.selector && Object.hasOwn(service.selector, application.key) && service.selector[application.key]) || application.live,
    endpoints: door.ready,
    isKnown: isDoorSeen(application.namespace, application.service, doors) && (behind.size > 0 || door.ready === 0 || !arePodsHidden.value),
    sides: application.sides.map((side) => {
      const kind = side.workload_kind === "StatefulSet" ? "StatefulSet" : "Deployment";
      const workload = picture.byName(kind, application.namespace, side.workload);
      return {
        value: side.value,
        workload: side.workload,
        workloadKind: kind,
        version: side.version,
        image: workload?.images[0] ?? side.image,
        ready: workload?.ready ?? side.ready,
        wanted: workload?.wanted ?? side.wanted,
        createdAt: workload?.created_at ?? side.created_at,
        endpoints: behind.get(side.value) ?? 0,
        colour: sides.colourIn(application, side.value),
      };
    }),
  };
}

/** Whether the Service leads to a side of which no pod can answer. */
export function servesNobody(live: LiveApplication): boolean {
  return live.isKnown && live.service !== undefined && live.endpoints === 0 && live.asked !== "";
}

/**
 * The old side that can be gone back to; null where its time is over (of which nobody is told), where somebody has moved the selector since, or a newer
 * switch of which the page has not heard yet.
 */
export function keptBehind(live: LiveApplication): Keeping | null {
  const { keeping } = live.application;
  if (!keeping || Date.parse(keeping.until) <= clock.now.value || live.service?.selector?.[keeping.key] !== keeping.to) return null;
  const mark = live.service.annotations["clusterview.io/op"];
  return !mark || mark.startsWith(keeping.switch) ? keeping : null;
}

/**
 * The applications of one group that a move to `to` would take along, in the group's order, this one among them; none where it would move alone.
 * One that is on that side already (a Service for previews) stays out of it.
 */
export function together(live: LiveApplication, to: string, all: readonly LiveApplication[]): readonly LiveApplication[] {
  const { group, namespace } = live.application;
  if (!group) return [];
  const members = group.services
    .map((name) => all.find((one) => one.application.namespace === namespace && one.application.service === name))
    .filter((one) => one !== undefined)
    .filter((one) => one.asked !== to && one.service?.selector && one.sides.some((side) => side.value === to));
  return members.length > 1 && members.includes(live) ? members : [];
}

/** What the applications are found from, as clusterview/traffic/applications.py has it. */
export const APPLICATION_KINDS = ["Service", "Deployment", "StatefulSet", "ReplicaSet", "Ingress", "HTTPRoute"] as const;

/** Whatever may change the answer of `GET applications`: when this text changes, it is asked again. */
export function applicationsFingerprint(picture: Picture): string {
  const parts: string[] = [];
  for (const one of picture.all("Service")) {
    parts.push(JSON.stringify([one.uid, one.type, one.headless, one.selector, one.selector_manager, one.labels, one.annotations, one.owner]));
  }
  for (const kind of ["Deployment", "StatefulSet"] as const) {
    for (const one of picture.all(kind)) {
      parts.push(JSON.stringify([one.uid, one.images[0], one.template_labels, one.labels, one.owner, one.kind === "StatefulSet" && one.service]));
    }
  }
  for (const one of picture.all("ReplicaSet")) if (one.owner?.kind === "Rollout") parts.push(JSON.stringify([one.uid, one.labels, one.owner]));
  for (const one of picture.all("Ingress")) parts.push(JSON.stringify([one.uid, one.paths.map((path) => path.service)]));
  for (const route of picture.all("HTTPRoute")) {
    const backends = route.rules.flatMap((rule) => rule.backends).filter((one) => one.weight > 0);
    parts.push(JSON.stringify([route.uid, backends.map((one) => [one.namespace, one.name])]));
  }
  return parts.sort().join("\n");
}

export interface Problem {
  readonly record: AnyRecord;
  readonly bad: boolean;
}

const WORKLOAD_KINDS = ["Deployment", "StatefulSet", "DaemonSet"] as const;

/** What is wrong, the worst first, in an order that stays. */
export function problemsOf(
  picture: Picture, late: ReadonlySet<string>, doors: ReadonlyMap<string, Doorway>, differing: ReadonlyMap<string, Mismatch> = NONE_DIFFER,
): Problem[] {
  const found: Problem[] = [];
  for (const part of picture.all("ControlPlanePart")) {
    if (part.state === "failing" || part.state === "late") found.push({ record: part, bad: part.state === "failing" });
  }
  for (const node of picture.all("Node")) {
    if (node.ready !== "True" || late.has(node.name) || node.pressures.length > 0) found.push({ record: node, bad: node.ready !== "True" });
  }
  for (const service of picture.all("Service")) {
    const isBad = leadsNowhere(service, doors);
    if (isBad || differing.has(service.uid)) found.push({ record: service, bad: isBad });
  }
  for (const claim of picture.all("PersistentVolumeClaim")) {
    if (claim.phase === "Lost") found.push({ record: claim, bad: true });
  }
  for (const kind of WORKLOAD_KINDS) {
    for (const workload of picture.all(kind)) if (conditions.ofWorkload(workload) === "bad") found.push({ record: workload, bad: true });
  }
  for (const job of picture.all("Job")) if (conditions.ofJob(job) === "bad") found.push({ record: job, bad: true });
  const note = (record: Gateway | HTTPRoute, condition: conditions.Condition): void => {
    if (condition !== "ok") found.push({ record, bad: condition === "bad" });
  };
  for (const gateway of picture.all("Gateway")) note(gateway, conditions.ofGateway(gateway));
  for (const route of picture.all("HTTPRoute")) note(route, conditions.ofRoute(route));
  for (const pod of picture.failingPods()) found.push({ record: pod, bad: true });
  const weight = (problem: Problem): number => (problem.bad ? 0 : 1);
  return found.sort((a, b) => weight(a) - weight(b) || compare(a.record.namespace, b.record.namespace) || compare(a.record.name, b.record.name));
}

/** How many ready pods a Service's selector means, and how many its endpoints serve; of the same number each where they are not the same pods. */
export interface Mismatch {
  readonly meant: number;
  readonly served: number;
}

const NONE_DIFFER: ReadonlyMap<string, Mismatch> = new Map();

/**
 * The Services, by uid, whose ready endpoints are not the ready pods that they select; not those that serve nobody, nor those whose endpoints follow
 * from more than selector and readiness. Siblings share their labels, so each set of labels is looked up once.
 */
export function mismatches(picture: Picture, doors: ReadonlyMap<string, Doorway>): Map<string, Mismatch> {
  const looked = new Map<string, { service: Service; served: ReadonlySet<string>; meant: number; both: number }[]>();
  for (const service of picture.all("Service")) {
    const served = doors.get(serviceKey(service))?.podUids;
    if (!served?.size || served.has("") || !service.selector || service.type === "ExternalName" || service.publish_not_ready) continue;
    const [pair] = Object.entries(service.selector);
    const key = `${service.namespace} ${pair?.join("=")}`;
    looked.set(key, [...(looked.get(key) ?? []), { service, served, meant: 0, both: 0 }]);
  }
  const byLabels = new Map<string, Map<Pod["labels"], ReturnType<typeof behind>>>();
  const behind = (pod: Pod) => Object.entries(pod.labels)
    .flatMap((pair) => looked.get(`${pod.namespace} ${pair.join("=")}`) ?? [])
    .filter(({ service }) => sides.matches(service.selector!, pod.labels));
  for (const pod of picture.all("Pod")) {
    if (!pod.ready || pod.deleting) continue;
    let known = byLabels.get(pod.namespace);
    if (!known) byLabels.set(pod.namespace, (known = new Map()));
    let means = known.get(pod.labels);
    if (!means) known.set(pod.labels, (means = behind(pod)));
    for (const one of means) {
      one.meant++;
      if (one.served.has(pod.uid)) one.both++;
    }
  }
  const found = new Map<string, Mismatch>();
  for (const { service, served, meant, both } of [...looked.values()].flat()) {
    if (meant !== both || served.size !== both) found.set(service.uid, { meant, served: served.size });
  }
  return found;
}

/** The mismatches that have stood for a while: each rollout has some for a moment. */
export const differing = signal(NONE_DIFFER);
const STANDS_MS = 4_000;

/** This will look for them every five seconds while what is seen is live. */
export function watchMismatches(): () => void {
  let since = new Map<string, number>();
  return effect(() => {
    void clock.fives.value;
    const isSeen = store.isLive.value && !areEndpointsHidden.value && !arePodsHidden.value;
    const found = isSeen ? mismatches(store.picture, doorways.peek()) : NONE_DIFFER;
    const now = clock.now.peek();
    since = new Map([...found.keys()].map((uid) => [uid, since.get(uid) ?? now]));
    const standing = new Map([...found].filter(([uid]) => now - since.get(uid)! >= STANDS_MS));
    if (standing.size > 0 || differing.peek().size > 0) differing.value = standing;
  });
}

/** A Service that selects pods and has no ready endpoint: whoever calls it gets nothing. */
export function leadsNowhere(service: Service, doors: ReadonlyMap<string, Doorway>): boolean {
  if (service.type === "ExternalName" || !service.selector) return false;
  return isDoorSeen(service.namespace, service.name, doors) && (doors.get(serviceKey(service))?.ready ?? 0) === 0;
}

/** Whether the endpoints of a Service are seen, none among them: where EndpointSlices may not be read, no Service is said to have none. */
export function isDoorSeen(namespace: string, name: string, doors: ReadonlyMap<string, Doorway>): boolean {
  return doors.has(`${namespace}/${name}`) || !areEndpointsHidden.value;
}

const areEndpointsHidden = computed(() => store.isMissing("EndpointSlice"));
const arePodsHidden = computed(() => store.isMissing("Pod"));

export const doorways = computed(() => endpointsByService(store.follow("EndpointSlice")));
export const warnings = computed(() => warningsByUid(store.follow("Event", "Node")));
export const late = computed(() => lateNodes(store.follow("Lease")));
export const sideOf = computed(() => sidesOf(store.follow("Service"), store.applications.value ?? []));
export const problems = computed(() =>
  problemsOf(
    store.follow("ControlPlanePart", "Node", "Service", "PersistentVolumeClaim", ...WORKLOAD_KINDS, "Job", "Gateway", "HTTPRoute", "Pod"),
    late.value, doorways.value, differing.value,
  ),
);
export const troubles = computed(() => problems.value.length);
let troubled: ReadonlySet<string> = new Set();
/** The same set for as long as the same objects have problems. */
export const troubledUids = computed(() => {
  const now = new Set(problems.value.map((one) => one.record.uid));
  return (troubled = now.size === troubled.size && [...now].every((uid) => troubled.has(uid)) ? troubled : now);
});
export const live = computed(() => {
  const picture = store.followWritten("Service", "Deployment", "StatefulSet", "Pod");
  return (store.applications.value ?? []).map((one) => liveApplication(picture, one, doorways.value, sideOf.value));
});
export const switchable = computed(() => new Set((store.applications.value ?? []).map((one) => `${one.namespace}/${one.service}`)));
export const liveByService = computed(() => new Map(live.value.map((one) => [`${one.application.namespace}/${one.application.service}`, one])));
/** Who decides, in the order in which a change passes them; others after them by name. */
const PARTS = ["kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler"];
export const parts = computed(() => inOrder(store.list("ControlPlanePart")));
export const zones = computed(() => byZone(store.list("Node")));
/** The names of nodes that are not in the picture and have pods, in one text, which stays the same while they do. */
const unseen = computed(() => unseenNodes(store.followWritten("Pod", "Node")).join(" "));
export const unseenNodeNames = computed(() => unseen.value.split(" ").filter(Boolean));
export type Door = Gateway | HTTPRoute | Ingress | Service;
export const doors = computed<Door[]>(() => [
  ...store.list("Gateway").sort(byNamespaceAndName), ...store.list("HTTPRoute").sort(byNamespaceAndName),
  ...store.list("Ingress").sort(byNamespaceAndName), ...store.list("Service").sort(byNamespaceAndName),
]);
export const namespaces = computed(() => {
  const names = new Set(store.list("Namespace").map((one) => one.name));
  for (const pod of store.followWritten("Pod").all("Pod")) names.add(pod.namespace);
  return [...names].sort(compare);
});

export function serviceKey(record: { readonly namespace: string; readonly name: string }): string {
  return `${record.namespace}/${record.name}`;
}

export function inOrder(parts: ControlPlanePart[]): ControlPlanePart[] {
  const place = (part: ControlPlanePart): number => (PARTS.indexOf(part.name) + 1 || PARTS.length + 1);
  return parts.sort((a, b) => place(a) - place(b) || compare(a.name, b.name));
}

/** The nodes that pods are on and that are not seen themselves, by name. */
export function unseenNodes(picture: Picture): string[] {
  return [...picture.inhabited()].filter((name) => name && !picture.byName("Node", "", name)).sort(compare);
}

/** The nodes of each zone, both by name; nodes without a zone come first. */
export function byZone(nodes: readonly Node[]): [zone: string, nodes: Node[]][] {
  const zones = new Map<string, Node[]>();
  for (const node of [...nodes].sort((a, b) => compare(a.zone, b.zone) || compare(a.name, b.name))) {
    zones.set(node.zone, [...(zones.get(node.zone) ?? []), node]);
  }
  return [...zones];
}
