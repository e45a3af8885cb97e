/** Small records and applications for tests; whatever a test does not name is empty. */
import { NO_PODS } from "../src/state/pods";
import type { Told } from "../src/state/picture";
import type {
  AnyRecord, CronJob, EndpointSlice, Gateway, HTTPRoute, Job, Node, Pod, RouteBackend, RouteParent, RowChange, Service, Whole,
} from "../src/wire/messages";
import type { Application, Side } from "../src/state/rest";

const base = { labels: {}, annotations: {}, owner: null, created_at: 0, deleting: false };

export function pod(name: string, over: Partial<Pod> = {}): Pod {
  return {
    ...base, kind: "Pod", uid: `pod-${name}`, namespace: "store", name, node: "", address: "", phase: "Running", status: "Running",
    ready: true, restarts: 0, containers: [], volumes: [], ...over,
  };
}

export function node(name: string, over: Partial<Node> = {}): Node {
  return {
    ...base, kind: "Node", uid: `node-${name}`, namespace: "", name, ready: "True", reason: "", pressures: [], unschedulable: false, taints: [],
    zone: "", roles: [], kubelet_version: "", address: "", cpu_allocatable: 0, memory_allocatable: 0, pods_allocatable: 0, ...over,
  };
}

export function service(name: string, over: Partial<Service> = {}): Service {
  return { ...base, kind: "Service", uid: `service-${name}`, namespace: "store", name, type: "ClusterIP", selector: { app: name }, ports: [], ...over } as Service;
}

export function slice(of: string, ready: readonly string[], unready: readonly string[] = []): EndpointSlice {
  const endpoint = (uid: string, is: boolean): unknown => ({ pod_uid: uid, address: uid, ready: is, serving: is, terminating: false, node: "", zone: "" });
  return {
    ...base, kind: "EndpointSlice", uid: `slice-${of}-${ready.join()}`, namespace: "store", name: `${of}-1`, service: of, ports: [],
    endpoints: [...ready.map((uid) => endpoint(uid, true)), ...unready.map((uid) => endpoint(uid, false))],
  } as unknown as EndpointSlice;
}

export function job(name: string, over: Partial<Job> = {}): Job {
  return {
    ...base, kind: "Job", uid: `job-${name}`, namespace: "store", name, status: "Running", reason: "", parallelism: 1, completions: 1, active: 0,
    succeeded: 0, failed: 0, ...over,
  };
}

export function cronJob(name: string, over: Partial<CronJob> = {}): CronJob {
  return {
    ...base, kind: "CronJob", uid: `cron-job-${name}`, namespace: "store", name, schedule: "0 3 * * *", time_zone: "", suspended: false, active: 0,
    last_scheduled_at: null, last_succeeded_at: null, ...over,
  };
}

export function gateway(name: string, over: Partial<Gateway> = {}): Gateway {
  return {
    ...base, kind: "Gateway", uid: `gateway-${name}`, namespace: "store", name, class_name: "contour", listeners: [], addresses: [],
    accepted: "True", programmed: "True", reason: "", ...over,
  };
}

export function parent(name: string, over: Partial<RouteParent> = {}): RouteParent {
  return { kind: "Gateway", namespace: "store", name, section: "", port: 0, accepted: "True", resolved: "True", reason: "", ...over };
}

export function backend(name: string, over: Partial<RouteBackend> = {}): RouteBackend {
  return { kind: "Service", namespace: "store", name, port: 80, weight: 1, ...over };
}

/** A route of one rule from the Gateway `front`. */
export function httpRoute(name: string, backends: readonly RouteBackend[], over: Partial<HTTPRoute> = {}): HTTPRoute {
  return {
    ...base, kind: "HTTPRoute", uid: `route-${name}`, namespace: "store", name, hostnames: [], parents: [parent("front")],
    rules: [{ paths: ["/"], backends }], ...over,
  };
}

/** A snapshot of these records, each written out. */
export function whole(objects: readonly [number, AnyRecord][]): Whole {
  return { objects, pods: NO_PODS, members: [], states: [] };
}

/** A message of these changes. */
export function told(...changes: RowChange[]): Told {
  return { changes, states: [], pods: [] };
}

export function rows(...records: AnyRecord[]): [number, AnyRecord][] {
  return records.map((record, number) => [number + 1, record]);
}

export function side(value: string): Side {
  return { value, workload: `shop-${value}`, workload_kind: "Deployment", version: "1", image: "", ready: 1, wanted: 1, created_at: null };
}

export function application(values: readonly string[], over: Partial<Application> = {}): Application {
  return {
    namespace: "store", service: "shop", service_uid: "service-shop", strategy: "selector", group: null,
    why_not_params: {}, why_not_sentence: "", why_not_remedy: "", key: "slot", live: values[0] ?? "", sides: values.map(side), why_not: null,
    open_switch: null, keeping: null, left: null, reverted: null, half_done: null, failed: null, sizing: null, warm_up: null, ...over,
  };
}
