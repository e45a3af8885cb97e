/** A change of sizes is offered where it would change something. */
import { drawn } from "./document";
import { afterEach, expect, test, vi } from "vitest";
import type { LiveApplication } from "../src/state/derived";
import { WarmUp } from "../src/views/sizing";
import { application } from "./making";

const live = { application: application(["blue", "green"]), asked: "blue", isKnown: true, endpoints: 3, sides: [] } as unknown as LiveApplication;
const number = { kind: "Deployment", name: "shop-green", was: 1, to: 3, stands: false };

afterEach(() => void vi.unstubAllGlobals());

test.each([[[number], "Deployment shop-green: 1 → 3"], [[], ""]])("a side that wants as many pods already is not offered more: %j", async (numbers, told) => {
  const asked = vi.fn(() => Promise.resolve(new Response(JSON.stringify({ numbers, target: 3, ready: true, checks: [] }))));
  vi.stubGlobal("fetch", asked);
  const { page, undo } = drawn(WarmUp, { live, to: "green", against: "" });
  await vi.waitFor(() => expect(page.textContent).not.toBe("Checking …"));
  expect(page.all("button").map((one) => one.textContent)).toEqual(told ? ["Warm up green to 3 pods on lab"] : []);
  expect(page.textContent).toContain(told);
  undo();
});
