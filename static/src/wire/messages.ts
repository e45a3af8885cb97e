// Written by `python3 manage.py messages_ts` from clusterview/stream/messages.py and clusterview/topology/. Do not edit.
// Frames are MessagePack maps. Moments named `*_at` are whole seconds since 1970.

export const WHOLE = "*";

/**
 * The kinds of the picture, by their Kubernetes names; `ControlPlanePart` is ours.
 */
export const KINDS = [
  "ControlPlanePart",
  "Namespace",
  "Node",
  "Pod",
  "Service",
  "EndpointSlice",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "Ingress",
  "Gateway",
  "HTTPRoute",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "PersistentVolumeClaim",
  "PersistentVolume",
  "StorageClass",
  "Lease",
  "Event",
] as const;
export type Kind = (typeof KINDS)[number];

/**
 * A place in a view's stream. `epoch` grows with each new observer; `sequence` by one with each `changes` message of the epoch.
 */
export interface Position {
  readonly epoch: number;
  readonly sequence: number;
}

/**
 * Asks for a cluster's picture from now on; with `resume`, for what came after that position.
 * `view` is `*` for all of it, or names of namespaces with commas between them: then nothing outside of them is told.
 */
export interface Hello {
  readonly type: "hello";
  readonly cluster: string;
  readonly view?: string;
  readonly resume?: Position | null;
}

/**
 * The controlling owner (`metadata.ownerReferences` with `controller: true`, else the first).
 */
export interface Owner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * What every object of the picture has. `namespace` is empty for cluster-scoped kinds.
 */
export interface BaseRecord {
  readonly kind: Kind;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owner: Owner | null;
  readonly created_at: number | null;
  readonly deleting: boolean;
}

/**
 * kube-apiserver, etcd, kube-scheduler, kube-controller-manager; uid is `control-plane/<name>`.
 * `state` is `ok`, `failing`, `late` (its Lease is not renewed), `unknown` (nothing tells), or `provider` (run by the provider).
 * `checks` are the failed checks of `/readyz?verbose`; `leader` the Lease's holder.
 */
export interface ControlPlanePart extends BaseRecord {
  readonly kind: "ControlPlanePart";
  readonly state: string;
  readonly version: string;
  readonly checks_ok: number;
  readonly checks_total: number;
  readonly failing_checks: readonly string[];
  readonly leader: string;
  readonly leader_since: number | null;
}

export interface NamespaceObject extends BaseRecord {
  readonly kind: "Namespace";
  readonly phase: string;
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/**
 * `ready` is the Ready condition's status (`True`, `False`, `Unknown`); `pressures` the other conditions that are true.
 * cpu in millicores, memory in bytes.
 */
export interface Node extends BaseRecord {
  readonly kind: "Node";
  readonly ready: string;
  readonly reason: string;
  readonly pressures: readonly string[];
  readonly unschedulable: boolean;
  readonly taints: readonly Taint[];
  readonly zone: string;
  readonly roles: readonly string[];
  readonly kubelet_version: string;
  readonly address: string;
  readonly cpu_allocatable: number;
  readonly memory_allocatable: number;
  readonly pods_allocatable: number;
}

export interface ContainerPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

/**
 * `state` is `running`, `waiting` or `terminated`; `reason` as kubectl prints it (CrashLoopBackOff, OOMKilled, ...).
 */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly init: boolean;
  readonly ready: boolean;
  readonly restarts: number;
  readonly state: string;
  readonly reason: string;
  readonly ports: readonly ContainerPort[];
}

/**
 * `source` is the volume's type (emptyDir, persistentVolumeClaim, configMap, secret, ...); `target` the name it refers to.
 */
export interface Volume {
  readonly name: string;
  readonly source: string;
  readonly target: string;
}

/**
 * `status` is what `kubectl get pods` prints (Running, Pending, CrashLoopBackOff, Terminating, ...).
 */
export interface Pod extends BaseRecord {
  readonly kind: "Pod";
  readonly node: string;
  readonly address: string;
  readonly phase: string;
  readonly status: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

/**
 * `target` is the targetPort as written: a number in digits or a container port's name.
 */
export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly target: string;
  readonly node_port: number;
  readonly protocol: string;
}

/**
 * `selector` is None where `spec.selector` is absent or empty. `selector_manager` is who last wrote the selector by managedFields.
 */
export interface Service extends BaseRecord {
  readonly kind: "Service";
  readonly type: string;
  readonly headless: boolean;
  readonly selector: Readonly<Record<string, string>> | null;
  readonly ports: readonly ServicePort[];
  readonly cluster_ip: string;
  readonly external_name: string;
  readonly addresses: readonly string[];
  readonly session_affinity: string;
  readonly external_traffic_policy: string;
  readonly internal_traffic_policy: string;
  readonly publish_not_ready: boolean;
  readonly selector_manager: string;
}

/**
 * `ready: null` of the API counts as true, `serving: null` as ready (EndpointConditions, discovery.k8s.io/v1).
 */
export interface Endpoint {
  readonly pod_uid: string;
  readonly address: string;
  readonly node: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/**
 * `service` is the label kubernetes.io/service-name. `ports` are the numbers that endpoints listen on, by Service port name.
 */
export interface EndpointSlice extends BaseRecord {
  readonly kind: "EndpointSlice";
  readonly service: string;
  readonly address_type: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports: Readonly<Record<string, number>>;
}

/**
 * What Deployment, StatefulSet and DaemonSet have in common. `selector` is matchLabels; `wanted` is spec.replicas.
 * `selector_exact` is false where matchExpressions are used too, which `selector` cannot say.
 */
export interface Workload extends BaseRecord {
  readonly selector: Readonly<Record<string, string>>;
  readonly selector_exact: boolean;
  readonly template_labels: Readonly<Record<string, string>>;
  readonly images: readonly string[];
  readonly ports: readonly ContainerPort[];
  readonly wanted: number;
  readonly ready: number;
  readonly updated: number;
  readonly available: number;
  readonly paused: boolean;
}

export interface Deployment extends Workload {
  readonly kind: "Deployment";
}

export interface ReplicaSet extends BaseRecord {
  readonly kind: "ReplicaSet";
}

export interface StatefulSet extends Workload {
  readonly kind: "StatefulSet";
  readonly service: string;
}

export interface DaemonSet extends Workload {
  readonly kind: "DaemonSet";
}

/**
 * `status` is what `kubectl get jobs` prints (Running, Complete, Failed, Suspended, ...), `reason` why it failed. Counts are of pods.
 * `completions` is None where the pods find out among themselves when all is done.
 */
export interface Job extends BaseRecord {
  readonly kind: "Job";
  readonly status: string;
  readonly reason: string;
  readonly parallelism: number;
  readonly completions: number | null;
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
}

/**
 * `time_zone` is empty for that of the controller manager; `active` counts Jobs.
 */
export interface CronJob extends BaseRecord {
  readonly kind: "CronJob";
  readonly schedule: string;
  readonly time_zone: string;
  readonly suspended: boolean;
  readonly active: number;
  readonly last_scheduled_at: number | null;
  readonly last_succeeded_at: number | null;
}

export interface IngressPath {
  readonly host: string;
  readonly path: string;
  readonly service: string;
  readonly port: string;
}

export interface Ingress extends BaseRecord {
  readonly kind: "Ingress";
  readonly class_name: string;
  readonly paths: readonly IngressPath[];
  readonly tls_hosts: readonly string[];
  readonly addresses: readonly string[];
}

/**
 * `hostname` is empty for any.
 */
export interface Listener {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly hostname: string;
}

/**
 * `accepted` and `programmed` are the conditions' statuses: `True`, `False`, or `Unknown`, also where nobody carries the Gateway out.
 * `reason` is that of the first of them that is not true.
 */
export interface Gateway extends BaseRecord {
  readonly kind: "Gateway";
  readonly class_name: string;
  readonly listeners: readonly Listener[];
  readonly addresses: readonly string[];
  readonly accepted: string;
  readonly programmed: string;
  readonly reason: string;
}

/**
 * What a route is attached to, a Gateway mostly, and what is said there of it, in the words of `Gateway`: whether it is accepted, and whether
 * all that it names is found (`resolved`). Kinds of other groups are written `Kind.group`; `section` is a listener's name, `port` 0 for any.
 */
export interface RouteParent {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly section: string;
  readonly port: number;
  readonly accepted: string;
  readonly resolved: string;
  readonly reason: string;
}

/**
 * Where a rule leads to, a Service mostly, with its weight beside the rule's other backends; one of weight 0 gets nothing.
 */
export interface RouteBackend {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly weight: number;
}

export interface RouteRule {
  readonly paths: readonly string[];
  readonly backends: readonly RouteBackend[];
}

/**
 * `hostnames` are empty for all those of its parents.
 */
export interface HTTPRoute extends BaseRecord {
  readonly kind: "HTTPRoute";
  readonly hostnames: readonly string[];
  readonly parents: readonly RouteParent[];
  readonly rules: readonly RouteRule[];
}

export interface HorizontalPodAutoscaler extends BaseRecord {
  readonly kind: "HorizontalPodAutoscaler";
  readonly target_kind: string;
  readonly target_name: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly current: number;
  readonly desired: number;
}

/**
 * `selector` is None where matchExpressions are used or none is given; counts as the API reports them.
 */
export interface PodDisruptionBudget extends BaseRecord {
  readonly kind: "PodDisruptionBudget";
  readonly selector: Readonly<Record<string, string>> | null;
  readonly minimum_available: string;
  readonly maximum_unavailable: string;
  readonly disruptions_allowed: number;
  readonly healthy: number;
  readonly healthy_wanted: number;
}

export interface PersistentVolumeClaim extends BaseRecord {
  readonly kind: "PersistentVolumeClaim";
  readonly phase: string;
  readonly volume: string;
  readonly storage_class: string;
  readonly capacity: string;
  readonly access_modes: readonly string[];
}

export interface PersistentVolume extends BaseRecord {
  readonly kind: "PersistentVolume";
  readonly phase: string;
  readonly storage_class: string;
  readonly capacity: string;
  readonly claim_namespace: string;
  readonly claim_name: string;
  readonly reclaim_policy: string;
}

export interface StorageClass extends BaseRecord {
  readonly kind: "StorageClass";
  readonly provisioner: string;
  readonly default: boolean;
}

/**
 * `late` turns true when nothing renewed it for 20 s; the renewal itself is not part of the picture.
 */
export interface Lease extends BaseRecord {
  readonly kind: "Lease";
  readonly holder: string;
  readonly transitions: number;
  readonly late: boolean;
}

/**
 * A warning. `message` is cut at 1 KiB.
 */
export interface Event extends BaseRecord {
  readonly kind: "Event";
  readonly about_kind: string;
  readonly about_name: string;
  readonly about_uid: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly last_seen_at: number | null;
}

/**
 * What pods of one controller have in common. A pod's name is `prefix` and its own; its containers' states are left open here.
 */
export interface PodShape {
  readonly namespace: string;
  readonly prefix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owner: Owner | null;
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

/**
 * Pods by columns, `counts` of each shape one after the other. `on` are numbers of `nodes`, `states` those of the epoch's states.
 * `names` are their own after the shape's prefix, with spaces between; `uids` 16 bytes each; `addresses` IPv4, 0 for none; `created` 0 for None.
 * All other bytes are numbers of 32 bits, each told by how much it is more than the one before it (modulo 2**32): the first bytes of all, then the
 * second ones, and so on.
 * `odd` are a name and an address that do not fit, by row. `restarts` are by row: of the pod, then of each container; a row that is not there has
 * none.
 */
export interface PodColumns {
  readonly shapes: readonly PodShape[];
  readonly counts: readonly number[];
  readonly rows: Uint8Array;
  readonly uids: Uint8Array;
  readonly names: string;
  readonly on: Uint8Array;
  readonly nodes: readonly string[];
  readonly addresses: Uint8Array;
  readonly created: Uint8Array;
  readonly states: Uint8Array;
  readonly odd: Readonly<Record<number, readonly [string, string]>>;
  readonly restarts: Readonly<Record<number, readonly number[]>>;
}

/**
 * The endpoints of the EndpointSlice of that row, each a pod of `pods` with its address and node: the pods' rows as in PodColumns.
 * `conditions` of each are the sum of 1 for ready, 2 for serving and 4 for terminating.
 */
export interface Members {
  readonly slice: number;
  readonly rows: Uint8Array;
  readonly conditions: Uint8Array;
}

export interface ContainerState {
  readonly state: string;
  readonly reason: string;
  readonly ready: boolean;
}

/**
 * What changes of a pod in its life, restarts aside. States are numbered from 0 in the order in which an epoch's messages hold them.
 */
export interface PodState {
  readonly phase: string;
  readonly status: string;
  readonly ready: boolean;
  readonly deleting: boolean;
  readonly containers: readonly ContainerState[];
}

/**
 * A whole picture: the body of a snapshot. `states` are all states of the epoch so far; a pod is in `pods` or written out.
 * An EndpointSlice in `members` is written without its endpoints.
 */
export interface Whole {
  readonly objects: readonly (readonly [number, AnyRecord])[];
  readonly pods: PodColumns;
  readonly members: readonly Members[];
  readonly states: readonly PodState[];
}

/**
 * The browser's picture is good up to its position; `changes` follow from there.
 */
export interface Resumed {
  readonly type: "resumed";
  readonly position: Position;
}

/**
 * Comes before the snapshot of a large cluster, and says what can be said before that is there: how many objects of each `kinds` there are, and
 * pods of each of the `statuses`. `parts` are the control plane's.
 */
export interface FirstPaint {
  readonly type: "first_paint";
  readonly parts: readonly ControlPlanePart[];
  readonly kinds: Readonly<Record<string, number>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly ready_nodes: number;
  readonly ready_pods: number;
}

/**
 * Replaces the browser's picture. `body` is a `Whole` in MessagePack, compressed with zlib.
 */
export interface Snapshot {
  readonly type: "snapshot";
  readonly view: string;
  readonly position: Position;
  readonly body: Uint8Array;
}

export interface PutRow {
  readonly op: "put";
  readonly row: number;
  readonly object: AnyRecord;
}

export interface DropRow {
  readonly op: "drop";
  readonly row: number;
}

/**
 * What happened since the place before `position`, each object once.
 * `states` are new ones, numbered on. `pods` are (row, number of the state, restarts): pods of which nothing else is another than before.
 */
export interface Changes {
  readonly type: "changes";
  readonly position: Position;
  readonly changes: readonly RowChange[];
  readonly states: readonly PodState[];
  readonly pods: readonly (readonly [number, number, readonly number[]])[];
}

/**
 * A kind that is not shown, and why: `not_permitted`, `partly` (in some namespaces only), `not_installed`, `failing`, or, of the past,
 * `not_watched` by the version that recorded it.
 */
export interface MissingKind {
  readonly kind: string;
  readonly why: string;
  readonly detail: string;
}

/**
 * How fresh the picture is.
 * `state` is `live` (contact confirmed at most 4 s ago and every watch resumed or relisted), `stale`, or `lost` (no contact for 60 s,
 * or never yet). `contact_age_seconds` is None when there never was a contact. `reason` says why it is not live, for people:
 * a code of the catalog (`no_observer`, `unreachable`, `unauthorized`, `plugin`, `watches_behind`, `no_picture`, `redis`, ...), and `detail`
 * says it in plain words. `verified_age_seconds` is how long ago all that is shown was last compared with a list (None: not yet),
 * `divergences` how many objects were found wrong by that, and repaired, `counted` what else went wrong, by its name, since the observer began.
 */
export interface Contact {
  readonly state: string;
  readonly contact_age_seconds: number | null;
  readonly reason: string;
  readonly detail: string;
  readonly version: string;
  readonly missing: readonly MissingKind[];
  readonly verified_age_seconds: number | null;
  readonly divergences: number;
  readonly counted: Readonly<Record<string, number>>;
}

/**
 * Each 3 s, and at once when the state changes. `server_time_ms` is unix time, so that ages do not depend on the browser's clock.
 * `sent_ms` is of a clock that nobody sets and that goes on while the machine sleeps: by it a page knows how much later than others a word comes.
 */
export interface Heartbeat {
  readonly type: "heartbeat";
  readonly contact: Contact;
  readonly server_time_ms: number;
  readonly sent_ms: number;
}

/**
 * A switch has moved on. Only a doorbell with the essentials: `GET /api/v1/switches/{id}` tells the whole.
 * One without an id is of the cluster: switching is `armed` or `disarmed` there.
 */
export interface Operation {
  readonly type: "operation";
  readonly id: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  readonly state: string;
}

/**
 * The server closes, because of `signed_out`, `unknown_cluster`, `bad_message`, `too_slow` or, where a person may have no more pages open, or no
 * more different views, and this one is to come again later, `too_many`; at a restart the close itself says 1012.
 */
export interface Bye {
  readonly type: "bye";
  readonly reason: string;
}

export type AnyRecord =
  | ControlPlanePart
  | NamespaceObject
  | Node
  | Pod
  | Service
  | EndpointSlice
  | Deployment
  | ReplicaSet
  | StatefulSet
  | DaemonSet
  | Job
  | CronJob
  | Ingress
  | Gateway
  | HTTPRoute
  | HorizontalPodAutoscaler
  | PodDisruptionBudget
  | PersistentVolumeClaim
  | PersistentVolume
  | StorageClass
  | Lease
  | Event;

export type RowChange =
  | PutRow
  | DropRow;

export type ToBrowser =
  | Resumed
  | FirstPaint
  | Snapshot
  | Changes
  | Heartbeat
  | Operation
  | Bye;

export type FromBrowser = Hello;
