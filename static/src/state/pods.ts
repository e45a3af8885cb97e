/**
 * Pods as the stream writes them (clusterview/stream/pods.py): columns grouped by what siblings have in common, and states by number.
 */
import type { Container, Endpoint, Members, Pod, PodColumns, PodState } from "../wire/messages";

/** The columns of no pods. */
export const NO_PODS: PodColumns = {
  shapes: [], counts: [], rows: [], uids: [], names: [], on: [], nodes: [], addresses: [], created: [], states: [], restarts: {},
};

/** This will give each pod with its row. Siblings share what they have in common, so 150,000 pods stay small. */
export function* readColumns(columns: PodColumns, states: readonly PodState[]): Generator<[number, Pod]> {
  let at = 0;
  let row = 0;
  for (const [number, shape] of columns.shapes.entries()) {
    const { prefix, ...common } = shape;
    const shared: Shared = new Map();
    for (const end = at + columns.counts[number]!; at < end; at++) {
      row += columns.rows[at]!;
      const state = states[columns.states[at]!]!;
      yield [row, {
        kind: "Pod", ...common, uid: columns.uids[at]!, name: prefix + columns.names[at]!, created_at: columns.created[at]!,
        node: columns.nodes[columns.on[at]!]!, address: columns.addresses[at]!,
        ...plain(state), ...counted(shape.containers, state, columns.restarts[row], shared),
      }];
    }
  }
}

/** The endpoints of a slice, from the pods that they are; those of a row that is no pod are left out. */
export function readMembers(members: Members, podOf: (row: number) => Pod | undefined): Endpoint[] {
  let row = 0;
  return members.rows.flatMap((step, number) => {
    const pod = podOf((row += step));
    const said = members.conditions[number]!;
    if (!pod) return [];
    return [{ pod_uid: pod.uid, address: pod.address, node: pod.node, ready: (said & 1) > 0, serving: (said & 2) > 0, terminating: (said & 4) > 0 }];
  });
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
