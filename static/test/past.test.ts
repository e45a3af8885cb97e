import { afterEach, describe, expect, test, vi } from "vitest";
import { gapAt, leave, marksOf, renewalOf, show, wholeOf } from "../src/state/past";
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
    state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: null, divergences: 0, counted: {},
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

describe("times of which nothing is known", () => {
  const clock = (minute: number): string => new Date(Date.UTC(2026, 10, 26, 12, minute)).toISOString();
  const at = (minute: number): number => Date.parse(clock(minute));
  const spans = [
    { since: clock(0), until: clock(10), state: "live" },
    { since: clock(20), until: clock(25), state: "lost" },
    { since: clock(25), until: clock(30), state: "live" },
  ] as const;

  test.each([
    [5, null], [10, null], [25, null],
    [15, { before: at(10), after: at(20) }],
    [40, { before: at(30), after: null }],
    [-1, { before: null, after: at(0) }],
  ])("minute %i lies between its nearest recorded moments, or in none", (minute, gap) => {
    expect(gapAt(spans, at(minute))).toEqual(gap);
  });

  test("are marked where they lie, and so is what was recorded and not live", () => {
    const holes = [{ since: clock(10), until: clock(20) }, { since: clock(30), until: null }];
    const begun = { since: clock(20), until: new Date(at(20) + 999).toISOString(), state: "stale" } as const;
    expect(marksOf({ hours: 24, spans: [begun, ...spans], holes }, at(0), at(40))).toEqual([
      { kind: "notLive", left: 50, width: 12.5 }, { kind: "hole", left: 25, width: 25 }, { kind: "hole", left: 75, width: 25 },
    ]);
  });
});

test("back in the present nothing of the past is shown, also while the newest picture does not come", async () => {
  const AT = "2026-11-26T14:00:00.000Z";
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ objects: [node("n1")], state: "live", missing: [] }))));
  store.firstPaint.value = {} as never;
  store.route.value = { ...store.route.peek(), at: AT };
  await show(AT);
  expect([store.loaded.value, store.list("Node").length]).toEqual([true, 1]);
  store.route.value = { ...store.route.peek(), at: "" };
  leave();
  expect([store.loaded.value, store.list("Node").length, store.firstPaint.value]).toEqual([false, 0, null]);
  vi.unstubAllGlobals();
});

test("back in the present nothing is compared any more", () => {
  vi.stubGlobal("location", { pathname: "", search: "" });
  vi.stubGlobal("history", { pushState: vi.fn() });
  store.route.value = { ...store.route.peek(), at: "2026-11-26T12:00:05.000Z", until: "now" };
  store.go({ at: "" });
  expect(store.route.value.until).toBe("");
  vi.unstubAllGlobals();
});

test("what was recorded is asked for again soon where a hole has no end yet, and at once with another moment or state", () => {
  const since = "2026-11-26T12:00:00Z";
  const [open, closed] = [null, "2026-11-26T12:01:00Z"].map((until) => ({ hours: 24, spans: [], holes: [{ since, until }] }));
  const asked = (recorded: typeof open | null, fives: number, at = "", state = "live"): string => renewalOf(recorded ?? null, at, state, fives);
  expect(asked(open, 60)).not.toBe(asked(open, 61));
  expect(asked(closed, 60)).toBe(asked(closed, 65));
  expect(asked(closed, 60)).not.toBe(asked(closed, 66));
  expect(asked(closed, 60, since)).not.toBe(asked(closed, 60));
  expect(asked(closed, 60, "", "stale")).not.toBe(asked(closed, 60));
});
