/** Of what a busy cluster tells, each part of the page hears what it shows and no more. */
import { effect } from "@preact/signals";
import { beforeEach, expect, test } from "vitest";
import * as derived from "../src/state/derived";
import { Picture } from "../src/state/picture";
import * as store from "../src/state/store";
import type { AnyRecord, Pod, PodState } from "../src/wire/messages";
import { node, pod, rows, service, told, whole } from "./making";

const NODES = 100;
const container = { name: "web", image: "web:1", init: false, ready: true, restarts: 0, state: "running", reason: "", ports: [] };
const state = (status: string): PodState => ({
  phase: "Running", status, ready: status === "Running", deleting: false, containers: [{ state: "running", reason: "", ready: status === "Running" }],
});

/** Ten pods on each node, whose rows follow those of the nodes and of the Service. */
function world(): AnyRecord[] {
  const nodes = Array.from({ length: NODES }, (_, number) => node(`n${number}`));
  const pods = Array.from({ length: 10 * NODES }, (_, number) =>
    pod(`p${number}`, { node: `n${number % NODES}`, labels: { app: "shop" }, containers: [container] }));
  return [...nodes, service("shop"), ...pods];
}

const rowOf = (number: number): number => NODES + 2 + number;
/** How often each of these was worked out anew. */
function counted(...looks: (() => unknown)[]): number[] {
  const counts = looks.map(() => 0);
  looks.forEach((look, number) => effect(() => {
    look();
    counts[number]!++;
  }));
  return counts;
}

beforeEach(() => {
  store.picture.replace({ ...whole(rows(...world())), states: [state("Running"), state("CrashLoopBackOff")] });
  store.replaced();
});

test("a pod in another state wakes its own node and no other, and nothing that goes by names and labels", () => {
  const counts = counted(
    () => store.podsOn("n7"), () => store.podsOn("n8"), () => derived.namespaces.value, () => derived.live.value, () => derived.sideOf.value,
    () => derived.doors.value, () => derived.zones.value, () => derived.troubledUids.value,
  );
  store.touched(store.picture.apply({ changes: [], states: [], pods: [[rowOf(7), 0, [1, 1]]] }));
  expect(counts).toEqual([2, 1, 1, 1, 1, 1, 1, 1]);
  expect(store.podsOn("n7").find((one) => one.name === "p7")?.restarts).toBe(1);
});

test("many restarts wake each node once", () => {
  const counts = counted(...Array.from({ length: NODES }, (_, number) => () => store.podsOn(`n${number}`)), () => derived.problems.value);
  const news = store.picture.apply({ changes: [], states: [], pods: Array.from({ length: 8_000 }, (_, number) => [rowOf(number % 1_000), 0, [number, number]]) });
  store.touched(news);
  expect(new Set(counts)).toEqual(new Set([2]));
});

test("a pod that moves wakes both nodes, and one that fails is a problem until it runs again", () => {
  const counts = counted(() => store.podsOn("n1"), () => store.podsOn("n2"), () => store.podsOn("n3"));
  store.touched(store.picture.apply(told({ op: "put", row: rowOf(1), object: pod("p1", { node: "n2", containers: [container] }) })));
  expect(counts).toEqual([2, 2, 1]);
  expect(store.podsOn("n2")).toHaveLength(11);
  store.touched(store.picture.apply({ changes: [], states: [], pods: [[rowOf(1), 1, [1, 1]]] }));
  expect([...derived.troubledUids.value]).toContain("pod-p1");
  store.touched(store.picture.apply({ changes: [], states: [], pods: [[rowOf(1), 0, [1, 1]]] }));
  expect([...derived.troubledUids.value]).not.toContain("pod-p1");
});

test("after any changes the indexes are those of a fresh picture", () => {
  const changed = store.picture;
  let seed = 1;
  const chance = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let turn = 0; turn < 3_000; turn++) {
    const row = rowOf(chance(1_050));
    const there = changed.records.get(row);
    const on = { node: chance(9) ? `n${chance(NODES)}` : "", status: chance(4) ? "Running" : "Error", containers: [container] };
    switch (chance(4)) {
      case 0:
        changed.apply(told({ op: "put", row, object: pod(there?.name ?? `new${turn}`, on) }));
        break;
      case 1:
        changed.apply(told({ op: "put", row, object: pod(`new${turn}`, on) }));
        break;
      case 2:
        if (there) changed.apply(told({ op: "drop", row }));
        break;
      default:
        if (there) changed.apply({ changes: [], states: [], pods: [[row, chance(2), [turn, turn]]] });
    }
  }
  const fresh = new Picture();
  fresh.replace(whole(changed.plain()));
  const names = (pods: Iterable<Pod>): string[] => [...pods].map((one) => one.uid).sort();
  for (const on of ["", ...Array.from({ length: NODES }, (_, number) => `n${number}`)]) {
    expect(names(changed.podsOn(on))).toEqual(names(fresh.podsOn(on)));
    expect(changed.countOn(on)).toBe(fresh.countOn(on));
  }
  expect(names(changed.failingPods())).toEqual(names(fresh.failingPods()));
  expect(names(changed.failingPods()).length).toBeGreaterThan(50);
});
