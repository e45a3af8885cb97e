/** What the page may not see is not said to be none (F15). */
import { drawn } from "./document";
import { afterEach, expect, test } from "vitest";
import * as store from "../src/state/store";
import type { AnyRecord, Contact } from "../src/wire/messages";
import { First } from "../src/views/first";
import { Map } from "../src/views/map";
import { Panel } from "../src/views/panel";
import { node, pod, rows, whole } from "./making";

const contact: Contact = {
  state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: null, divergences: 0, counted: {}, missing: [],
};

function seen(missing: readonly string[], ...records: AnyRecord[]): void {
  store.hear({ ...contact, missing: missing.map((kind) => ({ kind, why: "not_permitted", detail: "" })) });
  store.picture.replace(whole(rows(...records)));
  store.replaced();
}

afterEach(() => {
  seen([]);
  store.route.value = { ...store.route.peek(), selection: null };
});

test("pods of a Node that is not in the picture are drawn, in a box that names it", () => {
  seen(["Node"], pod("a", { node: "n1" }), pod("b", { node: "n1" }), pod("c"));
  const { page, undo } = drawn(Map, {});
  const pods = page.all("button").map((one) => one.getAttribute("data-uid")).filter(Boolean);
  expect(pods).toEqual(["pod-a", "pod-b", "pod-c"]);
  expect(page.textContent).toContain("n1");
  undo();
});

test("a node whose pods may not be read is not said to have none", () => {
  seen(["Pod"], node("n1"));
  const { page, undo } = drawn(Map, {});
  expect(page.textContent).toContain("n1");
  expect(page.textContent).not.toContain("no pods");
  undo();
});

test("nor in its panel", () => {
  seen(["Pod"], node("n1"));
  const selection = { kind: "Node", namespace: "", name: "n1" };
  store.route.value = { ...store.route.peek(), selection };
  const { page, undo } = drawn(Panel, { selection });
  expect(page.textContent).not.toMatch(/0 pods|0 of 0/);
  expect(page.textContent).toContain("pods not seen");
  undo();
});

test("an object of a kind that may not be read is not said to be gone", () => {
  const selection = { kind: "Ingress", namespace: "store", name: "front" };
  seen([]);
  const gone = drawn(Panel, { selection });
  expect(gone.page.textContent).toContain("not there any more");
  gone.undo();
  seen(["Ingress"]);
  const hidden = drawn(Panel, { selection });
  expect(hidden.page.textContent).not.toContain("not there any more");
  expect(hidden.page.textContent).toContain("cannot be seen from here");
  hidden.undo();
});

test("the numbers before the picture leave out what may not be read", () => {
  seen(["Pod", "Node"]);
  const paint = { type: "first_paint", kinds: { Service: 3 }, parts: [], ready_nodes: 0, ready_pods: 0, statuses: {} } as never;
  const { page, undo } = drawn(First, { paint });
  expect(page.textContent).not.toMatch(/0 of 0|0 pods/);
  undo();
});
