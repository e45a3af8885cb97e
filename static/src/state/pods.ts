/**
 * Pods as the stream writes them (clusterview/stream/pods.py): columns grouped by what siblings have in common, and states by number.
 */
import type { Container, Endpoint, Members, Pod, PodColumns, PodState } from "../wire/messages";

const NOTHING = new Uint8Array();

/** The columns of no pods. */
export const NO_PODS: PodColumns = {
  shapes: [], counts: [], rows: NOTHING, uids: NOTHING, names: "", on: NOTHING, nodes: [], addresses: NOTHING, created: NOTHING, states: NOTHING,
  odd: {}, restarts: {},
};

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const DASHED = new Set([4, 6, 8, 10]);

/** This will give each pod with its row. Siblings share what they have in common, so 150,000 pods stay small. */
export function* readColumns(columns: PodColumns, states: readonly PodState[]): Generator<[number, Pod]> {
  const [rows, on, addresses, created, told] = [columns.rows, columns.on, columns.addresses, columns.created, columns.states].map(numbers) as [
    Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array,
  ];
  const names = columns.names.split(" ");
  let at = 0;
  for (const [number, shape] of columns.shapes.entries()) {
    const { prefix, ...common } = shape;
    const shared: Shared = new Map();
    for (const end = at + columns.counts[number]!; at < end; at++) {
      const row = rows[at]!;
      const state = states[told[at]!]!;
      const [own, address] = columns.odd[row] ?? [names[at]!, addressOf(addresses[at]!)];
      yield [row, {
        kind: "Pod", ...common, uid: uidOf(columns.uids, 16 * at), name: prefix + own, created_at: created[at] || null,
        node: columns.nodes[on[at]!]!, address,
        ...plain(state), ...counted(shape.containers, state, columns.restarts[row], shared),
      }];
    }
  }
}

/** The endpoints of a slice, from the pods that they are; those of a row that is no pod are left out. */
export function readMembers(members: Members, podOf: (row: number) => Pod | undefined): Endpoint[] {
  return [...numbers(members.rows)].flatMap((row, number) => {
    const pod = podOf(row);
    const said = members.conditions[number]!;
    if (!pod) return [];
    return [{ pod_uid: pod.uid, address: pod.address, node: pod.node, ready: (said & 1) > 0, serving: (said & 2) > 0, terminating: (said & 4) > 0 }];
  });
}

/** Numbers of 32 bits: the first bytes of all, then the second ones and so on; each by how much it is more than the one before it. */
export function numbers(bytes: Uint8Array): Uint32Array {
  const size = bytes.length / 4;
  const found = new Uint32Array(size);
  let last = 0;
  for (let at = 0; at < size; at++) {
    last += (bytes[at]! << 24) | (bytes[size + at]! << 16) | (bytes[2 * size + at]! << 8) | bytes[3 * size + at]!;
    found[at] = last >>>= 0;
  }
  return found;
}

function addressOf(number: number): string {
  return number === 0 ? "" : `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

function uidOf(bytes: Uint8Array, from: number): string {
  let uid = "";
  for (let place = 0; place < 16; place++) uid += (DASHED.has(place) ? "-" : "") + HEX[bytes[from + place]!]!;
  return uid;
}

/** The pod in another state. */
export function withState(pod: Pod, state: PodState, restarts: readonly number[]): Pod {
  return { ...pod, ...plain(state), ...counted(pod.containers, state, restarts, null) };
}

type Shared = Map<PodState, readonly Container[]>;

function plain(state: PodState): Pick<Pod, "phase" | "status" | "ready" | "deleting"> {
  return { phase: state.phase, status: state.status, ready: state.ready, deleting: state.deleting };
}

function counted(
  containers: readonly Container[], state: PodState, restarts: readonly number[] | undefined, shared: Shared | null,
): Pick<Pod, "restarts" | "containers"> {
  const never = !restarts || restarts.length === 0;
  const known = never ? shared?.get(state) : undefined;
  if (known) return { restarts: 0, containers: known };
  const made = containers.map((one, number) => ({ ...one, ...state.containers[number]!, restarts: never ? 0 : restarts[number + 1]! }));
  if (never) shared?.set(state, made);
  return { restarts: never ? 0 : restarts[0]!, containers: made };
}
