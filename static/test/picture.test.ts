import { describe, expect, test } from "vitest";
import { Gap, Picture } from "../src/state/picture";
import { node, pod, rows } from "./making";

function picture(): Picture {
  const made = new Picture();
  made.replace({ objects: rows(node("n1"), pod("a", { node: "n1" })) });
  return made;
}

describe("changes and a snapshot make the same picture", () => {
  test("put and drop end where a snapshot of the end begins", () => {
    const changed = picture();
    changed.apply([
      { op: "put", row: 3, object: pod("b", { node: "n1" }) },
      { op: "drop", row: 2 },
    ]);
    const fresh = new Picture();
    fresh.replace({ objects: [[1, node("n1")], [3, pod("b", { node: "n1" })]] });
    expect(changed.plain()).toEqual(fresh.plain());
    expect(changed.byUid("pod-a")).toBeUndefined();
  });

  test("a change tells which kinds it touched", () => {
    const touched = picture().apply([{ op: "put", row: 3, object: pod("b") }]);
    expect([...touched.kinds]).toEqual(["Pod"]);
  });

  test("a successor of the same name survives its predecessor's end", () => {
    const changed = picture();
    changed.apply([{ op: "put", row: 3, object: pod("a", { uid: "pod-a-2" }) }, { op: "drop", row: 2 }]);
    expect(changed.byName("Pod", "store", "a")?.uid).toBe("pod-a-2");
  });
});

describe("a change that does not fit is never swallowed", () => {
  test("a drop of what is not there", () => expect(() => picture().apply([{ op: "drop", row: 9 }])).toThrow(Gap));
});

test.each(["__proto__", "constructor", "toString"])("an object called %s is an object like any other", (name) => {
  const made = picture();
  expect(made.byName("Pod", "store", name)).toBeUndefined();
  made.apply([{ op: "put", row: 7, object: pod(name) }]);
  expect(made.byName("Pod", "store", name)?.name).toBe(name);
});
