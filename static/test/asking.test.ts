/** What several cards of a group would ask, and what nobody should ask while a switch begins. */
import { h, render } from "preact";
import { afterEach, expect, test, vi } from "vitest";
import * as rest from "../src/state/rest";
import * as store from "../src/state/store";
import { once, useDoing } from "../src/views/asking";
import type { Doing } from "../src/views/asking";

afterEach(() => vi.unstubAllGlobals());

test("what several parts of a view ask at the same time is asked once, and again when it is answered", async () => {
  let asked = 0;
  const ask = (): Promise<number> => Promise.resolve(++asked);
  expect(await Promise.all([once("group", ask), once("group", ask), once("another", ask)])).toEqual([1, 1, 2]);
  expect(await once("group", ask)).toBe(3);
  const refused = (): Promise<number> => Promise.reject(new Error(`refused ${++asked}`));
  const both = await Promise.allSettled([once("group", refused), once("group", refused)]);
  expect(both.map((one) => one.status === "rejected" && String(one.reason))).toEqual(["Error: refused 4", "Error: refused 4"]);
});

test("a switch begins until the applications tell of it, however that was heard of", async () => {
  let answer: (() => void) | undefined;
  vi.stubGlobal("fetch", () => new Promise((resolve) => (answer = () => resolve(new Response("[]")))));
  const told = vi.fn(() => Promise.resolve());
  const begun = store.begin(told);
  expect([store.isMoving.value, told.mock.calls.length]).toEqual([true, 1]);
  await vi.waitFor(() => expect(answer).toBeDefined());
  answer?.();
  await begun;
  expect(store.isMoving.value).toBe(false);

  store.operations.value = { count: store.operations.peek().count + 1, id: "018f" };
  expect(store.isMoving.value).toBe(true);
  const loading = store.loadApplications();
  store.operations.value = { count: store.operations.peek().count + 1, id: "018f" };
  answer?.();
  await loading;
  expect(store.isMoving.value).toBe(true);
  const again = store.loadApplications();
  answer?.();
  await again;
  expect(store.isMoving.value).toBe(false);
});

test("a request that is refused begins nothing", async () => {
  await expect(store.begin(() => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  expect(store.isMoving.value).toBe(false);
});

test("an answer that breaks off is none, however well it began", async () => {
  const broken = new ReadableStream({ pull: (answer) => answer.error(new TypeError("the line broke")) });
  for (const body of [broken, '[{"service": ', ""]) {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(body)));
    await expect(rest.applications("lab")).rejects.toMatchObject({ status: 0, code: "no_server" });
  }
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("<h1>Not Found</h1>", { status: 404 })));
  await expect(rest.applications("lab")).rejects.toMatchObject({ status: 404, code: "http-404" });
});

test("what fails on the page itself leaves its button to be pressed again", async () => {
  const seen: Doing[] = [];
  let thrown: unknown;
  const Probe = (): null => {
    seen.push(useDoing());
    return null;
  };
  render(h(Probe, {}), { childNodes: [], nodeType: 1 } as unknown as Element);
  const failing = {
    then: (_: unknown, fail: (error: unknown) => void) => {
      try {
        fail(new TypeError("of the page"));
      } catch (error) {
        thrown = error;
      }
    },
  };
  seen[0]?.run(() => failing as unknown as Promise<unknown>);
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  expect(seen[1]).toMatchObject({ busy: false, refusal: null });
  expect(thrown).toBeInstanceOf(TypeError);
});
