/** What several cards of a group would ask, and what nobody should ask while a switch begins. */
import { afterEach, expect, test, vi } from "vitest";
import * as store from "../src/state/store";
import { once } from "../src/views/asking";

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
