/** Who hears the page or goes through it by keyboard is told once, and is where something has opened. */
import { drawn, Element_ } from "./document";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { signal } from "@preact/signals";
import { h } from "preact";
import type { ComponentChild } from "preact";
import { language } from "../src/i18n/words";
import * as store from "../src/state/store";
import type { LiveApplication } from "../src/state/derived";
import type { Contact } from "../src/wire/messages";
import { Look } from "../src/views/look";
import { Fresh } from "../src/views/shell";
import { Switching } from "../src/views/switching";
import { Hold, Resizing, Warmed } from "../src/views/sizing";
import { Told } from "../src/views/telling";
import { Traffic } from "../src/views/traffic";
import { application, pod, rows, whole } from "./making";

const contact: Contact = {
  state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: null, divergences: 0, missing: [], counted: {},
};
const live = (over = {}): LiveApplication => ({ application: application(["blue", "green"], over), asked: "blue", isKnown: true, endpoints: 1, sides: [] }) as never;

const statuses = (page: Element_): string[] => within(page, (one) => one.getAttribute("role") === "status").map((one) => one.textContent);

function within(page: Element_, is: (one: Element_) => boolean): Element_[] {
  return page.childNodes.flatMap((one) => [...(one.nodeType === 1 && is(one) ? [one] : []), ...within(one, is)]);
}

beforeEach(() => {
  store.picture.replace(whole(rows(pod("a"), pod("b"))));
  store.replaced();
  store.connected.value = store.current.value = true;
  store.hear(contact);
});

afterEach(() => {
  vi.unstubAllGlobals();
  language.value = "en";
  store.route.value = { ...store.route.peek(), selection: null };
});

test("that the picture is stale is announced by its word, and not every second anew by its age", () => {
  store.hear({ ...contact, state: "stale", contact_age_seconds: 7 });
  const { page, undo } = drawn(Fresh, {});
  expect(page.textContent).toMatch(/^Stale · 7/);
  expect(statuses(page)).toEqual(["Stale"]);
  undo();
});

test("the keyboard is at the heading of what was chosen, and back where it was once that is closed", async () => {
  const { page, undo } = drawn(Look, {});
  const opener = page.all("button").find((one) => one.getAttribute("data-uid") === "pod-a")!;
  opener.focus();
  store.select({ kind: "Pod", namespace: "store", name: "a" });
  const heading = (): string | undefined => (document.activeElement as unknown as Element_ | null)?.textContent;
  await vi.waitFor(() => expect(heading()).toBe("a"));
  store.select({ kind: "Pod", namespace: "store", name: "b" });
  await vi.waitFor(() => expect(heading()).toBe("b"));
  store.select(null);
  await vi.waitFor(() => expect(document.activeElement).toBe(opener));
  undo();
});

test("the keyboard stays where it is when a panel is closed from elsewhere", async () => {
  const { page, undo } = drawn(Look, {});
  const [opener, elsewhere] = page.all("button").filter((one) => one.getAttribute("data-uid"));
  opener!.focus();
  store.select({ kind: "Pod", namespace: "store", name: "a" });
  await vi.waitFor(() => expect(document.activeElement?.textContent).toBe("a"));
  elsewhere!.focus();
  store.select(null);
  await vi.waitFor(() => expect(page.all("aside")).toEqual([]));
  expect(document.activeElement).toBe(elsewhere);
  undo();
});

test("the keyboard stays at the slider where a moment is drawn anew with its panel", async () => {
  vi.useFakeTimers();
  const around = drawn(() => h("input", { type: "range" }), {});
  const slider = around.page.all("input")[0]!;
  slider.focus();
  store.select({ kind: "Pod", namespace: "store", name: "a" });
  const { page, undo } = drawn(Look, {});
  await vi.advanceTimersByTimeAsync(200); // effects run a moment after what is drawn
  expect(page.all("h2").map((one) => one.textContent)).toContain("a");
  expect(document.activeElement).toBe(slider);
  for (const one of [around.undo, undo]) one();
  store.select(null);
  vi.useRealTimers();
});

test("where what opened the panel is gone, the keyboard is at the object's own mark after it, and at the map where that is gone too", async () => {
  const { page, undo } = drawn(Look, {});
  const mark = page.all("button").find((one) => one.getAttribute("data-uid") === "pod-a")!;
  const map = page.all("div").find((one) => one.getAttribute("role") === "region")!;
  const gone = page.appendChild(new Element_("button"));
  const query = vi.spyOn(document, "querySelector");
  for (const [there, last] of [[[mark, map], mark], [[null, map], map]] as const) {
    query.mockImplementation((selector) => there[selector.includes("pod-a") ? 0 : 1] as never);
    page.appendChild(gone).focus();
    store.select({ kind: "Pod", namespace: "store", name: "a" });
    await vi.waitFor(() => expect(document.activeElement?.textContent).toBe("a"));
    gone.remove();
    store.select(null);
    await vi.waitFor(() => expect(page.all("aside")).toEqual([]));
    expect(document.activeElement).toBe(last);
  }
  query.mockRestore();
  undo();
});

test("of a running switch the state is announced, and not all of it with its buttons at each step", async () => {
  const story = {
    id: "s1", from: "blue", to: "green", state: "verifying", open: true, actor: "alice", reason: "", held_for: "", detail: "", sentence: "",
    steps: [{ name: "patching", state: "done" }], can_go_back: true, overlap_seconds: 0,
  };
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(story))));
  const { page, undo } = drawn(Switching, { live: live({ open_switch: "s1" }), alone: false });
  await vi.waitFor(() => expect(page.textContent).toContain("A switch is running"));
  const said = statuses(page).join(" ");
  expect(said).toMatch(/^A switch is running: \S+/);
  expect(said).not.toContain("Go back");
  undo();
});

test("that a switch has begun, how it ended, and that switching is off is told in a place that is always there, once", async () => {
  const story = { service: "shop", from: "blue", to: "green", state: "succeeded", open: false, reason: "", held_for: "", sentence: "", moved_seconds: 1.9, steps: [] };
  vi.stubGlobal("fetch", (path: string) => new Promise((resolve) => path.endsWith("/switches/s1") && resolve(new Response(JSON.stringify(story)))));
  store.clusterFacts.value = { armed: true, frozen_at: null } as never;
  const open = signal<string | null>(null);
  const region = drawn(Told, {});
  const sides = ["blue", "green"].map((value) => ({ value, ready: 1, wanted: 1, endpoints: 0, createdAt: null }));
  const card = (key: string, open_switch: string | null): ComponentChild => h(Switching, { key, live: { ...live({ open_switch }), sides: sides as never }, alone: false });
  const cards = drawn(() => h("div", {}, [card("one", open.value), card("two", null)]), {});
  expect(statuses(region.page)).toEqual([""]);
  open.value = "s1";
  await vi.waitFor(() => expect(statuses(region.page)).toEqual(["A switch of shop has begun."]));
  open.value = null;
  await vi.waitFor(() => expect(statuses(region.page)).toEqual(["shop: blue → green: succeeded · endpoints moved after 1.9s"]));
  store.clusterFacts.value = { armed: false, frozen_at: null } as never;
  await vi.waitFor(() => expect(statuses(region.page)).toEqual([expect.stringContaining("Switching is off")]));
  expect(cards.page.textContent).toContain("Switching is off");
  expect(statuses(cards.page).join(), "not by each Service anew").not.toContain("Switching is off");
  store.clusterFacts.value = { armed: true, frozen_at: null } as never;
  await vi.waitFor(() => expect(statuses(region.page), "which would not be true any more").toEqual([""]));
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ code: "no_database", sentence: "Busy." }), { status: 503 })));
  open.value = "s2";
  await vi.waitFor(() => expect(statuses(region.page)).toEqual(["A switch of shop has begun."]));
  open.value = null;
  await vi.waitFor(() => expect(statuses(region.page)).toEqual([expect.stringMatching(/^The switch of shop is over; .*Busy\.$/)]));
  for (const view of [region, cards]) view.undo();
  store.clusterFacts.value = null;
});

test("the keyboard is at the Service's heading once the button that it pressed is gone, and stays where it went by itself", async () => {
  const told = (open_switch: string | null): void => void (store.applications.value = [application(["blue", "green"], { open_switch })]);
  vi.stubGlobal("fetch", () => new Promise(() => undefined));
  told(null);
  const { page, undo } = drawn(Traffic, {});
  await vi.waitFor(() => expect(page.all("article")).toHaveLength(1));
  const [card, heading] = [page.all("article")[0]!, page.all("h2")[0]!.all("button")[0]!];
  const pressed = (): void => void Object.assign(document, { activeElement: null });
  card.hear("focusin", { target: document.createElement("button") });
  pressed();
  told("s1");
  await vi.waitFor(() => expect(document.activeElement).toBe(heading));
  card.hear("focusin", { target: heading });
  for (const relatedTarget of [page.all("a")[0]!, null]) {
    card.hear("focusout", { target: heading, relatedTarget });
    pressed();
    told(null);
    await vi.waitFor(() => expect(card.textContent).not.toContain("Loading"));
    expect(document.activeElement).toBe(null);
    card.hear("focusin", { target: heading });
    told("s1");
    await vi.waitFor(() => expect(card.textContent).toContain("Loading"));
  }
  undo();
  store.applications.value = null;
});

test("nor of a side that is made larger", () => {
  const told = { id: "w1", purpose: "warm_up", side: "green", state: "waiting", target: 3, numbers: [], actor: "alice", reason: "", held_for: "", detail: "" };
  const { page, undo } = drawn(Resizing, { told: told as never, live: live(), against: "" });
  expect(page.textContent).toContain("Stop warming up");
  expect(statuses(page).join(" ")).toContain("Warming up green");
  expect(statuses(page).join(" ")).not.toContain("Stop warming up");
  undo();
});

test("what the cluster says in English is marked as English for who reads Korean", () => {
  language.value = "ko";
  const event = { kind: "Event", uid: "e1", namespace: "store", name: "e1", about_kind: "Pod", about_name: "a", about_uid: "pod-a", reason: "BackOff", message: "Back-off restarting", count: 3, last_seen_at: null };
  store.picture.replace(whole(rows(pod("a"), { ...event, labels: {}, annotations: {}, owner: null, created_at: null, deleting: false } as never)));
  store.replaced();
  store.select({ kind: "Pod", namespace: "store", name: "a" });
  const told = { id: "w1", purpose: "keep", side: "blue", state: "held", target: 3, numbers: [], actor: "alice", open: false, reason: "refused-size", held_for: "", sentence: "", detail: "admission denied" };
  for (const [view, text] of [
    [drawn(Look, {}), "Back-off restarting"], [drawn(Hold, { told: told as never }), "admission denied"], [drawn(Warmed, { told: told as never }), "admission denied"],
  ] as const) {
    expect(within(view.page, (one) => one.getAttribute("lang") === "en").map((one) => one.textContent)).toEqual([expect.stringContaining(text)]);
    view.undo();
  }
});
