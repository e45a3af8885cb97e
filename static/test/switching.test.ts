/** What the card of an application offers, and what its buttons say. */
import { clear, drawn } from "./document";
import type { Element_ } from "./document";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as clock from "../src/state/clock";
import { page as served } from "../src/state/page";
import type { LiveApplication } from "../src/state/derived";
import type { Keeping } from "../src/state/rest";
import * as store from "../src/state/store";
import { timeOfDay } from "../src/views/moments";
import { Arming, Switching } from "../src/views/switching";
import type { Contact } from "../src/wire/messages";
import { application, service } from "./making";

const contact: Contact = {
  state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: null, divergences: 0, counted: {}, missing: [],
};
const story = {
  id: "s1", state: "held", from: "blue", to: "green", actor: "ann", steps: [], can_go_back: true, open: true, service: "shop", namespace: "store",
  reason: "", detail: "", recipes: [], overlap_seconds: 0, differs: [],
};
const preflight = {
  service: "shop", from: "blue", to: "green", ready: true, checks: [{ code: "green-smaller", level: "block", params: {}, objects: [], sentence: "Too small.", remedy: "" }],
  recipes: [], expected_selector: {}, new_selector: {}, kubectl: "", overlap_seconds: 0, confirm: "",
};
const number = { kind: "Deployment", name: "shop-green", was: 1, to: 3, stands: false };
const sizing = { id: "w1", purpose: "warm_up", side: "green", state: "waiting", target: 3, numbers: [], actor: "ann", reason: "", held_for: "", detail: "", service: "shop" };

/** What the server answers, by a part of the path. */
const answers = new Map<string, unknown>();
/** Effects run a moment after what is drawn, and what they ask for is answered. */
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(100);
const buttons = (page: Element_): string[] => page.all("button").map((one) => one.textContent);

function keeping(minutes: number): Keeping {
  return { switch: "s0", until: new Date(clock.now.value + minutes * 60_000).toISOString(), key: "slot", from: "blue", to: "green", group: "g", hold: null };
}

/** The card of the shop, where `asked` is the side that its selector asks for. */
function shown(over: object, asked = "blue"): Element_ {
  const one = application(["blue", "green"], over);
  store.applications.value = [one];
  const sides = ["blue", "green"].map((value) => ({ value, colour: value, ready: 1, wanted: 1, endpoints: value === asked ? 1 : 0, createdAt: null }));
  const live = { application: one, service: service("shop", { selector: { slot: asked } }), asked, isKnown: true, endpoints: 1, sides };
  return drawn(Switching, { live: live as unknown as LiveApplication, alone: true }).page;
}

beforeEach(() => {
  vi.useFakeTimers();
  answers.clear();
  vi.stubGlobal("fetch", (path: string) => {
    const [, answer] = [...answers].find(([part]) => path.includes(part)) ?? ["", null];
    return Promise.resolve(new Response(JSON.stringify(answer)));
  });
  store.loaded.value = store.connected.value = store.current.value = true;
  store.hear(contact);
  store.clusterFacts.value = { id: "lab", name: "lab", armed: true, lost_marks: {} } as never;
});

afterEach(async () => {
  await settled();
  clear();
  store.applications.value = store.clusterFacts.value = null;
  store.connected.value = store.current.value = store.loaded.value = false;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("keeping the old side longer says until when, and is offered only where it would be longer", async () => {
  const asked = vi.fn((_: string, sent?: { body?: string }) => Promise.resolve(new Response(sent?.body ? "{}" : "[]")));
  vi.stubGlobal("fetch", asked);
  const until = (minutes: number): string => `Keep the old side of shop on lab until ${timeOfDay(clock.now.value + minutes * 60_000, clock.now.value)}`;
  const kept = shown({ keeping: keeping(29.5) }, "green");
  await settled();
  expect(buttons(kept).filter((one) => one.startsWith("Keep"))).toEqual([]);
  const page = shown({ keeping: keeping(8) }, "green");
  await settled();
  const button = page.all("button").find((one) => one.textContent === until(30))!;
  button.hear("click");
  await settled();
  expect(asked).toHaveBeenCalledWith("/api/v1/switches/s0/keep", expect.objectContaining({ body: '{"minutes":30}' }));
});

test("who is about to forbid switching when somebody else has does not allow it", async () => {
  Object.assign(served, { role: "admin" });
  const { page } = drawn(Arming, {});
  const [forbids] = page.all("button");
  forbids!.focus();
  store.clusterFacts.value = { ...store.clusterFacts.peek()!, armed: false };
  await settled();
  const [allows] = page.all("button");
  expect([forbids!.textContent, allows!.textContent]).toEqual(["Disarm switching on lab", "Arm switching on lab"]);
  expect(document.activeElement).not.toBe(allows);
  Object.assign(served, { role: "operator" });
});

test("who allows switching in a frozen cluster is shown what it is frozen for, and says that they looked at just that", async () => {
  const asked = vi.fn((..._: unknown[]) => Promise.resolve(new Response("null")));
  vi.stubGlobal("fetch", asked);
  Object.assign(served, { role: "admin" });
  const frozen = { frozen_at: "2026-11-27T10:00:00Z", lost_marks: { "018f:1": "Service store/shop", "018f:2": "Service store/cart" } };
  store.clusterFacts.value = { ...store.clusterFacts.peek()!, armed: false, ...frozen };
  const { page } = drawn(Arming, {});
  expect(page.textContent).toContain("does not know what was done to Service store/shop, Service store/cart.");
  page.all("button")[0]!.hear("click");
  await settled();
  expect(asked).toHaveBeenCalledWith("/api/v1/clusters/lab/arm?looked=018f%3A1&looked=018f%3A2", expect.anything());
  Object.assign(served, { role: "operator" });
});

test.each([
  ["may move", {}, "blue", ["Warm up green of shop to 3 pods on lab", "Switch shop to green on lab"]],
  ["is kept behind", { keeping: keeping(8) }, "green", ["Go back to blue for shop on lab", "Go back to blue for shop and its group on lab"]],
  ["is held", { open_switch: "s1" }, "green", ["End this switch of shop on lab and leave traffic as it is", "Go back to blue for shop on lab"]],
  ["is warmed up", { sizing, why_not: "none" }, "blue", ["Stop warming up green of shop on lab"]],
])("a card that %s has buttons that name its Service, in a region that does", async (_, over, asked, words) => {
  answers.set("/preflight?", preflight).set("/warm-up?", { numbers: [number], target: 3, ready: true, checks: [] }).set("/switches/s1", story);
  const page = shown(over, asked);
  await settled();
  await settled();
  expect(buttons(page)).toEqual(expect.arrayContaining(words));
  expect(page.all("section")[0]!.getAttribute("aria-label")).toBe("Traffic of store/shop");
});
