/** A change of sizes is offered where it would change something. */
import { drawn } from "./document";
import type { Element_ } from "./document";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as clock from "../src/state/clock";
import type { LiveApplication } from "../src/state/derived";
import * as store from "../src/state/store";
import { ScaleDown, WarmUp } from "../src/views/sizing";
import { application } from "./making";

const live = { application: application(["blue", "green"]), asked: "blue", isKnown: true, endpoints: 3, sides: [] } as unknown as LiveApplication;
const settled = (milliseconds = 100): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);
const number = { kind: "Deployment", name: "shop-green", was: 1, to: 3, stands: false };

beforeEach(() => void vi.useFakeTimers());

afterEach(async () => {
  await settled();
  store.connected.value = false;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each([[[number], "Deployment shop-green: 1 → 3"], [[], ""]])("a side that wants as many pods already is not offered more: %j", async (numbers, told) => {
  const asked = vi.fn(() => Promise.resolve(new Response(JSON.stringify({ numbers, target: 3, ready: true, checks: [] }))));
  vi.stubGlobal("fetch", asked);
  const { page, undo } = drawn(WarmUp, { live, to: "green", against: "" });
  await vi.waitFor(() => expect(page.textContent).not.toBe("Checking …"));
  expect(page.all("button").map((one) => one.textContent)).toEqual(told ? ["Warm up green of shop to 3 pods on lab"] : []);
  expect(page.textContent).toContain(told);
  undo();
});

test("a warm-up is asked for with the number that its button says", async () => {
  const asked = vi.fn((_: string, __?: unknown) => Promise.resolve(new Response(JSON.stringify({ numbers: [number], target: 3, ready: true, checks: [] }))));
  vi.stubGlobal("fetch", asked);
  const { page, undo } = drawn(WarmUp, { live, to: "green", against: "" });
  await settled();
  page.all("button")[0]!.hear("click");
  await settled();
  const body = JSON.stringify({ namespace: "store", service: "shop", to: "green", target: 3 });
  expect(asked).toHaveBeenCalledWith("/api/v1/clusters/lab/warm-ups", expect.objectContaining({ body }));
  undo();
});

/** What the server answers to a look at the scaling down; the page with it opened, and how often it has asked. */
function opened(first: Response): { page: Element_; asked: ReturnType<typeof vi.fn>; undo: () => void } {
  const later = { numbers: [{ ...number, name: "shop-blue", was: 3, to: 0 }], target: 0, ready: true, checks: [] };
  const asked = vi.fn(() => Promise.resolve(asked.mock.calls.length === 1 ? first : new Response(JSON.stringify(later))));
  vi.stubGlobal("fetch", asked);
  store.connected.value = true;
  const { page, undo } = drawn(ScaleDown, { left: { switch: "s1", side: "blue" } as never, service: "shop", against: "" });
  page.all("details")[0]?.hear("toggle", { currentTarget: { open: true } });
  return { page, asked, undo };
}

test("a side that is kept for the first seconds is looked at again by itself until it may be made smaller", async () => {
  const { page, asked, undo } = opened(new Response(JSON.stringify({ code: "just-switched", sentence: "Not yet." }), { status: 409 }));
  await settled();
  expect(page.textContent).toContain("Not yet.");
  await settled(2_200);
  expect(page.textContent).not.toContain("Not yet.");
  expect(page.all("button").map((one) => one.disabled)).toEqual([false]);
  await settled(60_000);
  expect(asked).toHaveBeenCalledTimes(2);
  undo();
});

test("what stands against a size is looked at again with time", async () => {
  const check = { code: "autoscaled", level: "block", sentence: "Autoscaled.", remedy: "", params: {}, objects: [] };
  const { page, undo } = opened(new Response(JSON.stringify({ numbers: [], target: 0, ready: false, checks: [check] })));
  await settled();
  expect(page.textContent).toContain("Autoscaled.");
  clock.now.value += 30_000;
  await settled();
  expect(page.textContent).not.toContain("Autoscaled.");
  undo();
});
