import { afterEach, describe, expect, test, vi } from "vitest";
import { leave, show, wholeOf } from "../src/state/past";
import { Picture } from "../src/state/picture";
import * as store from "../src/state/store";
import type { Contact } from "../src/wire/messages";
import { node, pod, rows, whole } from "./making";

test("what REST tells of a moment makes the same picture as the stream", () => {
  const objects = [node("n1"), pod("a", { node: "n1" })];
  const told = new Picture();
  told.replace(wholeOf({ objects, state: "live", missing: [] }));
  const streamed = new Picture();
  streamed.replace(whole(rows(...objects)));
  expect(told.plain()).toEqual(streamed.plain());
});

describe("the kinds that are missing belong to the moment that is shown", () => {
  const AT = "2026-11-26T12:00:05.000Z";
  const now: Contact = {
    state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: null, divergences: 0,
    missing: [{ kind: "Ingress", why: "not_permitted", detail: "" }],
  };

  async function shown(missing: unknown): Promise<void> {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ objects: [], state: "live", missing }))));
    store.hear(now);
    store.route.value = { ...store.route.peek(), at: AT };
    await show(AT);
  }

  afterEach(() => {
    vi.unstubAllGlobals();
    store.route.value = { ...store.route.peek(), at: "" };
    leave();
  });

  test("what is missing now was not missing then, and the other way round", async () => {
    await shown([{ kind: "Node", why: "failing", detail: "" }]);
    expect([store.isMissing("Node"), store.isMissing("Ingress")]).toEqual([true, false]);
    leave();
    expect([store.isMissing("Node"), store.isMissing("Ingress")]).toEqual([false, true]);
  });

  test("where nobody knows, none of a kind is not said to be none", async () => {
    await shown(null);
    expect(store.missing.value).toBeNull();
    expect(store.isMissing("Node")).toBe(true);
  });
});
