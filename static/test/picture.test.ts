import { describe, expect, test } from "vitest";
import { Gap, MOST_SHOWN, nothing, Picture } from "../src/state/picture";
import type { PodState } from "../src/wire/messages";
import { node, pod, rows, slice, told, whole } from "./making";

function picture(): Picture {
  const made = new Picture();
  made.replace(whole(rows(node("n1"), pod("a", { node: "n1" }))));
  return made;
}

describe("changes and a snapshot make the same picture", () => {
  test("put and drop end where a snapshot of the end begins", () => {
    const changed = picture();
    changed.apply(told(
      { op: "put", row: 3, object: pod("b", { node: "n1" }) },
      { op: "drop", row: 2 }));
    const fresh = new Picture();
    fresh.replace(whole([[1, node("n1")], [3, pod("b", { node: "n1" })]]));
    expect(changed.plain()).toEqual(fresh.plain());
    expect(changed.byUid("pod-a")).toBeUndefined();
  });

  test("a change tells which kinds it touched", () => {
    const touched = picture().apply(told({ op: "put", row: 3, object: pod("b") }));
    expect([...touched.kinds]).toEqual(["Pod"]);
  });

  test("of very many changes that nobody is told of, no more uids are kept than can be shown", () => {
    const [made, touched] = [picture(), nothing()];
    for (let row = 10; row < 2_000; row++) made.apply(told({ op: "put", row, object: pod(`p${row}`) }), touched);
    expect(touched.uids.size).toBe(MOST_SHOWN + 1);
    expect([...touched.kinds]).toEqual(["Pod"]);
  });

  test("a successor of the same name survives its predecessor's end", () => {
    const changed = picture();
    changed.apply(told({ op: "put", row: 3, object: pod("a", { uid: "pod-a-2" }) }, { op: "drop", row: 2 }));
    expect(changed.byName("Pod", "store", "a")?.uid).toBe("pod-a-2");
  });
});

describe("a change that does not fit is never swallowed", () => {
  test("a drop of what is not there", () => expect(() => picture().apply(told({ op: "drop", row: 9 }))).toThrow(Gap));
});

test.each(["__proto__", "constructor", "toString"])("an object called %s is an object like any other", (name) => {
  const made = picture();
  expect(made.byName("Pod", "store", name)).toBeUndefined();
  made.apply(told({ op: "put", row: 7, object: pod(name) }));
  expect(made.byName("Pod", "store", name)?.name).toBe(name);
});

describe("pods travel as columns and states", () => {
  const shape = {
    namespace: "store", prefix: "shop-", labels: { app: "shop" }, annotations: {}, owner: { kind: "ReplicaSet", name: "shop", uid: "rs" }, volumes: [],
    containers: [{ name: "web", image: "web:1", init: false, ready: false, restarts: 0, state: "", reason: "", ports: [] }],
  };
  const state = (ready: boolean): PodState => ({
    phase: "Running", status: "Running", ready, deleting: false, containers: [{ state: "running", reason: "", ready }],
  });
  const [A, B] = ["00000000-0000-0000-0000-00000000000a", "abababab-abab-abab-abab-abababababab"];
  const bytes = (...told: number[]): Uint8Array => {
    const steps = told.map((one, at) => (one - (told[at - 1] ?? 0)) >>> 0);
    return new Uint8Array([24, 16, 8, 0].flatMap((shift) => steps.map((step) => (step >>> shift) & 255)));
  };
  const made = (): Picture => {
    const picture = new Picture();
    const pods = {
      shapes: [shape], counts: [2], rows: bytes(4, 9), uids: new Uint8Array([...Array(15).fill(0), 10, ...Array(16).fill(171)]), names: "x ",
      on: bytes(0, 0), nodes: ["n1"], addresses: bytes(0x0a00_0001, 0), created: bytes(5, 0), states: bytes(0, 0), odd: { 9: ["y", "fd00::1"] as const },
      restarts: { 9: [3, 2] },
    };
    const members = [{ slice: 1, rows: bytes(9, 4), conditions: new Uint8Array([6, 3]) }];
    picture.replace({ objects: [[1, slice("shop", [])]], pods, members, states: [state(true)] });
    return picture;
  };

  test("each pod is whole again", () => {
    const found = made().byName("Pod", "store", "shop-x")!;
    expect(found).toMatchObject({ uid: A, node: "n1", address: "10.0.0.1", created_at: 5, labels: { app: "shop" }, ready: true, restarts: 0 });
    expect(found.containers).toEqual([{ ...shape.containers[0], ready: true, state: "running" }]);
    expect(made().byUid(B)).toMatchObject({ name: "shop-y", address: "fd00::1", created_at: null, restarts: 3, containers: [{ restarts: 2 }] });
  });

  test("endpoints are the pods that they name", () => {
    expect(made().byUid("slice-shop-")).toMatchObject({
      endpoints: [
        { pod_uid: B, address: "fd00::1", node: "n1", ready: false, serving: true, terminating: true },
        { pod_uid: A, address: "10.0.0.1", node: "n1", ready: true, serving: true, terminating: false },
      ],
    });
  });

  test("a state that is told changes that pod and no sibling", () => {
    const picture = made();
    const touched = picture.apply({ changes: [], states: [state(false)], pods: [[4, 1, [1, 1]]] });
    expect(picture.byUid(A)).toMatchObject({ ready: false, restarts: 1, containers: [{ ready: false, restarts: 1 }], node: "n1" });
    expect(picture.byUid(B)).toMatchObject({ ready: true, restarts: 3 });
    expect([...touched.uids]).toEqual([A]);
  });

  test.each([[8, 0], [4, 7]])("row %i in state %i is a gap where there is no such", (row, number) =>
    expect(() => made().apply({ changes: [], states: [], pods: [[row, number, []]] })).toThrow(Gap));
});
