/**
 * The browser's picture: records by row, and the few indexes that follow from them without thought. How records are joined follows from
 * them too (`related`).
 *
 * Maps and Sets everywhere, so that an object called `__proto__` or `constructor` is an object like any other. A drop of something
 * that is not there means that a change was missed; it throws, and the connection starts again.
 */
import * as conditions from "./conditions";
import * as pods from "./pods";
import type { AnyRecord, Changes, Kind, Members, Pod, PodState, Whole } from "../wire/messages";

export class Gap extends Error {}

export type Of<K extends Kind> = Extract<AnyRecord, { kind: K }>;

export type Told = Pick<Changes, "changes" | "states" | "pods">;

/**
 * More than these at once is no longer "this one changed", and lighting them all up would cost frames. No more are kept: a page that nobody sees is
 * told of nothing for days.
 */
export const MOST_SHOWN = 200;

export interface Touched {
  readonly kinds: Set<Kind>;
  /** The kinds of which something was put or dropped. Where only the state of pods was told, they are called and belong as before. */
  readonly written: Set<Kind>;
  /** What was put: new, or changed; not all of it where that is more than can be shown. */
  readonly uids: Set<string>;
  /** The nodes whose pods changed. */
  readonly nodes: Set<string>;
}

export function nothing(): Touched {
  return { kinds: new Set(), written: new Set(), uids: new Set(), nodes: new Set() };
}

function remember({ uids }: Touched, record: AnyRecord): void {
  if (uids.size <= MOST_SHOWN) uids.add(record.uid);
}

export function nameKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

export class Picture {
  readonly records = new Map<number, AnyRecord>();
  private readonly rowsByUid = new Map<string, number>();
  private readonly rowsByName = new Map<string, number>();
  private readonly kinds = new Map<Kind, Map<number, AnyRecord>>();
  private readonly byNode = new Map<string, Map<number, Pod>>();
  private readonly failing = new Map<number, Pod>();
  private states: PodState[] = [];

  replace(whole: Whole): void {
    for (const index of [this.records, this.rowsByUid, this.rowsByName, this.kinds, this.byNode, this.failing]) index.clear();
    this.states = [...whole.states];
    for (const [row, record] of whole.objects) this.put(row, record);
    for (const [row, pod] of pods.readColumns(whole.pods, this.states)) this.put(row, pod);
    for (const members of whole.members) this.enlist(members);
  }

  /** This will add what it touched to `touched`, which is given back. */
  apply(message: Told, touched: Touched = nothing()): Touched {
    const note = (record: AnyRecord | undefined): void => {
      if (!record) return;
      touched.kinds.add(record.kind);
      touched.written.add(record.kind);
      if (record.kind === "Pod") touched.nodes.add(record.node);
    };
    this.states.push(...message.states);
    for (const change of message.changes) {
      note(this.records.get(change.row));
      switch (change.op) {
        case "put":
          this.put(change.row, change.object);
          note(change.object);
          remember(touched, change.object);
          break;
        case "drop":
          this.drop(change.row);
          break;
      }
    }
    for (const [row, state, restarts] of message.pods) {
      const pod = this.records.get(row);
      const told = this.states[state];
      if (pod?.kind !== "Pod" || !told) throw new Gap(`row ${row} is no pod, or ${state} no state`);
      this.put(row, pods.withState(pod, told, restarts));
      touched.kinds.add("Pod");
      remember(touched, pod);
      touched.nodes.add(pod.node);
    }
    return touched;
  }

  all<K extends Kind>(kind: K): IterableIterator<Of<K>> {
    return (this.kinds.get(kind)?.values() ?? [].values()) as IterableIterator<Of<K>>;
  }

  count(kind: Kind): number {
    return this.kinds.get(kind)?.size ?? 0;
  }

  /** The pods of a node; with an empty name those that are on none yet. */
  podsOn(node: string): IterableIterator<Pod> {
    return this.byNode.get(node)?.values() ?? [].values();
  }

  /** The names of the nodes that pods say they are on, whether the nodes themselves are seen or not. */
  inhabited(): IterableIterator<string> {
    return this.byNode.keys();
  }

  countOn(node: string): number {
    return this.byNode.get(node)?.size ?? 0;
  }

  failingPods(): IterableIterator<Pod> {
    return this.failing.values();
  }

  row(uid: string): number | undefined {
    return this.rowsByUid.get(uid);
  }

  byUid(uid: string): AnyRecord | undefined {
    const row = this.rowsByUid.get(uid);
    return row === undefined ? undefined : this.records.get(row);
  }

  byName<K extends Kind>(kind: K, namespace: string, name: string): Of<K> | undefined {
    const row = this.rowsByName.get(nameKey(kind, namespace, name));
    return row === undefined ? undefined : (this.records.get(row) as Of<K>);
  }

  /** The picture as plain sorted data: equal pictures are equal here. */
  plain(): [number, AnyRecord][] {
    return [...this.records].sort(([a], [b]) => a - b);
  }

  private enlist(members: Members): void {
    const slice = this.records.get(members.slice);
    if (slice?.kind !== "EndpointSlice") return;
    const podOf = (row: number): Of<"Pod"> | undefined => {
      const pod = this.records.get(row);
      return pod?.kind === "Pod" ? pod : undefined;
    };
    this.put(members.slice, { ...slice, endpoints: pods.readMembers(members, podOf) });
  }

  private put(row: number, record: AnyRecord): void {
    const before = this.records.get(row);
    if (before && (before.kind !== record.kind || before.uid !== record.uid)) this.drop(row);
    else if (before?.kind === "Pod" && record.kind === "Pod" && before.node !== record.node) this.displace(row, before);
    this.records.set(row, record);
    this.rowsByUid.set(record.uid, row);
    this.rowsByName.set(nameKey(record.kind, record.namespace, record.name), row);
    let kind = this.kinds.get(record.kind);
    if (!kind) this.kinds.set(record.kind, (kind = new Map()));
    kind.set(row, record);
    if (record.kind === "Pod") this.place(row, record);
  }

  private place(row: number, pod: Pod): void {
    let pods = this.byNode.get(pod.node);
    if (!pods) this.byNode.set(pod.node, (pods = new Map()));
    pods.set(row, pod);
    if (conditions.ofPod(pod) === "bad") this.failing.set(row, pod);
    else this.failing.delete(row);
  }

  private displace(row: number, pod: Pod): void {
    const pods = this.byNode.get(pod.node);
    pods?.delete(row);
    if (pods?.size === 0) this.byNode.delete(pod.node);
    this.failing.delete(row);
  }

  private drop(row: number): void {
    const record = this.records.get(row);
    if (!record) throw new Gap(`row ${row} is not there`);
    this.records.delete(row);
    this.kinds.get(record.kind)?.delete(row);
    // A successor of the same name may have come before its predecessor left.
    const key = nameKey(record.kind, record.namespace, record.name);
    if (this.rowsByName.get(key) === row) this.rowsByName.delete(key);
    if (this.rowsByUid.get(record.uid) === row) this.rowsByUid.delete(record.uid);
    if (record.kind === "Pod") this.displace(row, record);
  }
}
