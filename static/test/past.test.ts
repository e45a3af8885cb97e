import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { refusalOf } from "../src/i18n/switching";
import { gapAt, leave, marksOf, refusal, renewalOf, show, shown, wholeOf } from "../src/state/past";
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

  async function shownWith(missing: unknown): Promise<void> {
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
    await shownWith([{ kind: "Node", why: "failing", detail: "" }]);
    expect([store.isMissing("Node"), store.isMissing("Ingress")]).toEqual([true, false]);
    leave();
    expect([store.isMissing("Node"), store.isMissing("Ingress")]).toEqual([false, true]);
  });

  test("where nobody knows, none of a kind is not said to be none", async () => {
    await shownWith(null);
    expect(store.missing.value).toBeNull();
    expect(store.isMissing("Node")).toBe(true);
  });
});

describe("of the moments that a slider passes over", () => {
  const moment = (second: number): string => new Date(Date.UTC(2026, 10, 26, 12, 0, second)).toISOString();
  const asked: { path: string; signal: AbortSignal; answer: (status: number, body: unknown) => void }[] = [];

  function go(at: string): void {
    store.route.value = { ...store.route.peek(), at };
    void show(at);
  }

  beforeEach(() => {
    vi.useFakeTimers();
    asked.length = 0;
    vi.stubGlobal("fetch", (path: string, { signal }: { signal: AbortSignal }) => new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      asked.push({ path, signal, answer: (status, body) => resolve(new Response(JSON.stringify(body), { status })) });
    }));
  });

  afterEach(() => {
    leave();
    store.route.value = { ...store.route.peek(), at: "" };
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  test("only the one where it stays is asked for, without the links", async () => {
    for (const second of [1, 2, 3]) {
      go(moment(second));
      await vi.advanceTimersByTimeAsync(50);
    }
    await vi.advanceTimersByTimeAsync(200);
    expect(asked.map((one) => decodeURIComponent(one.path))).toEqual([`/api/v1/clusters//topology?at=${moment(3)}&links=false`]);
  });

  test("one that is on its way is given up for the next", async () => {
    go(moment(1));
    await vi.advanceTimersByTimeAsync(200);
    go(moment(2));
    expect(asked.map((one) => one.signal.aborted)).toEqual([true]);
    await vi.advanceTimersByTimeAsync(200);
    leave();
    expect(asked.map((one) => one.signal.aborted)).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(0);
    expect([refusal.value, shown.value]).toEqual([null, null]);
  });

  test("where too many look back, it is asked for again until it is there", async () => {
    go(moment(1));
    await vi.advanceTimersByTimeAsync(200);
    asked[0]!.answer(503, { code: "too_many_look_back", sentence: "Too many." });
    await vi.advanceTimersByTimeAsync(100);
    expect(refusal.value?.code).toBe("too_many_look_back");
    await vi.advanceTimersByTimeAsync(2_000);
    asked[1]!.answer(200, { objects: [], state: "live", missing: [] });
    await vi.advanceTimersByTimeAsync(0);
    expect([refusal.value, shown.value?.at]).toEqual([null, moment(1)]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(2);
  });

  test("a moment that nobody recorded is not asked for again", async () => {
    go(moment(1));
    await vi.advanceTimersByTimeAsync(200);
    asked[0]!.answer(404, { code: "not_recorded", sentence: "No." });
    await vi.advanceTimersByTimeAsync(10_000);
    expect([refusal.value?.code, asked.length]).toEqual(["not_recorded", 1]);
  });

  test("a large picture has a minute to come, and that it takes longer is not said to be silence", async () => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation((limit) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new DOMException("", "TimeoutError")), limit);
      return controller.signal;
    });
    go(moment(1));
    await vi.advanceTimersByTimeAsync(30_000);
    expect([refusal.value, asked[0]!.signal.aborted]).toEqual([null, false]);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(refusal.value?.code).toBe("too_slow");
    expect(refusalOf(refusal.value!)).toContain("a minute");
    vi.restoreAllMocks();
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
