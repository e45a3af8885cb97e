/** What a refusal leaves on the page, and when it is over. */
import { clear, drawn } from "./document";
import type { Element_ } from "./document";
import { signal } from "@preact/signals";
import { h } from "preact";
import type { JSX } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as clock from "../src/state/clock";
import * as derived from "../src/state/derived";
import { page } from "../src/state/page";
import * as rest from "../src/state/rest";
import type { Application, Keeping } from "../src/state/rest";
import * as store from "../src/state/store";
import { useAsked, useDoing } from "../src/views/asking";
import type { Asked, Doing } from "../src/views/asking";
import { History } from "../src/views/history";
import { Problems } from "../src/views/problems";
import { sight } from "../src/views/sight";
import { Arming, Switching } from "../src/views/switching";
import type { Contact } from "../src/wire/messages";
import { application, node, pod, rows, service, whole } from "./making";

const contact: Contact = {
  state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: null, divergences: 0, counted: {}, missing: [],
};
const told = {
  id: "s1", state: "held", from: "blue", to: "green", actor: "ann", steps: [], can_go_back: true, open: true, service: "shop", namespace: "store",
  reason: "", reason_params: {}, detail: "", recipes: [], overlap_seconds: 0, entries: [], sizes: [], differs: [], requested_at: "2026-11-27T10:00:00Z",
};

/** What the server answers: by the end of a path, a body, or a number for a refusal. */
const answers = new Map<string, unknown>();
const asked: string[] = [];

function Page({ one }: { one: Application }): JSX.Element {
  void store.follow("Service");
  const live = derived.liveApplication(store.picture, one, derived.doorways.value, derived.sideOf.value);
  return h(Switching, { live, alone: true });
}

function shown(over: Partial<Application>): { page: Element_; undo: () => void } {
  const one = application(["blue", "green"], over);
  store.applications.value = [one];
  return drawn(Page, { one });
}

function press(page: Element_, word: string): void {
  const button = page.all("button").find((one) => one.textContent.includes(word));
  expect(button?.disabled, word).toBe(false);
  button!.hear("click");
}

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(100);

beforeEach(() => {
  vi.useFakeTimers();
  answers.clear();
  asked.length = 0;
  vi.stubGlobal("fetch", (path: string) => {
    asked.push(path);
    const [, answer] = [...answers].find(([end]) => path.includes(end)) ?? ["", 404];
    const status = typeof answer === "number" ? answer : 200;
    return Promise.resolve(new Response(JSON.stringify(typeof answer === "number" ? { code: "busy", sentence: "Busy." } : answer), { status }));
  });
  store.picture.replace(whole(rows(service("shop", { selector: { app: "shop", slot: "green" }, annotations: {} }), node("n1"))));
  store.replaced();
  store.connected.value = store.current.value = true;
  store.hear(contact);
  store.clusterFacts.value = { id: "lab", name: "lab", armed: true, lost_marks: {} } as never;
});

afterEach(() => {
  clear();
  store.applications.value = null;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a question that is refused once", () => {
  test("takes neither the way back nor the way out from a running switch, and is asked again", async () => {
    answers.set("/switches/s1", told);
    const { page, undo } = shown({ open_switch: "s1" });
    await settled();
    const words = (): string[] => page.all("button").map((one) => one.textContent).filter((one) => /^(Go back|End this)/.test(one));
    expect(words()).toHaveLength(2);
    answers.set("/switches/s1", 503);
    store.operations.value = { count: store.operations.peek().count + 1, id: "s1" };
    await settled();
    expect(words()).toHaveLength(2);
    expect(page.textContent).toContain("Busy.");
    answers.set("/switches/s1", { ...told, state: "verifying" });
    await vi.advanceTimersByTimeAsync(2_000);
    await settled();
    expect(page.textContent).not.toContain("Busy.");
    expect(page.textContent).toContain("A switch is running");
    const count = asked.length;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(count);
    undo();
  });

  test("of a switch that runs is asked again with time, since a ring may be lost", async () => {
    answers.set("/switches/s1", told);
    const { undo } = shown({ open_switch: "s1" });
    await settled();
    const stories = (): number => asked.filter((path) => path.endsWith("/switches/s1")).length;
    const before = stories();
    clock.now.value += 5_000;
    await settled();
    expect(stories()).toBe(before + 1);
    undo();
  });

  test("of what somebody else undid says so", async () => {
    answers.set("/switches/s2", 503);
    const { page, undo } = shown({ reverted: "s2" });
    await settled();
    expect(page.textContent).toContain("Busy.");
    undo();
  });

  test("of a switch that was left half-way takes no way back away, which is offered until the Service leads back", async () => {
    const halfDone = { ...told, id: "s3", state: "needs_human", open: false, from: "blue", to: "green" };
    answers.set("/switches/s3", halfDone);
    const { page, undo } = shown({ half_done: "s3" });
    await settled();
    expect(page.textContent).toContain("The switch of shop from blue to green ended half-way and waits for a person.");
    expect(page.all("button").filter((one) => one.textContent.startsWith("Go back to blue"))).toHaveLength(1);
    answers.set("/switches/s3", { ...halfDone, can_go_back: false });
    store.operations.value = { count: store.operations.peek().count + 1, id: "s3" };
    await settled();
    expect(page.textContent).not.toContain("half-way");
    undo();
  });

  test("leaves the list that was there", async () => {
    store.route.value = { ...store.route.peek(), page: "history" };
    answers.set("/switches?", [told]);
    const { page, undo } = drawn(History, {});
    await settled();
    expect(page.all("tr")).toHaveLength(2);
    answers.set("/switches?", 503);
    store.operations.value = { count: store.operations.peek().count + 1, id: "s1" };
    await settled();
    expect(page.all("tr")).toHaveLength(2);
    expect(page.textContent).toContain("Busy.");
    undo();
  });

  test("leaves nothing of the answer to another question", async () => {
    const about = signal("s1");
    const seen: Asked<unknown>[] = [];
    const Probe = (): null => {
      const id = about.value;
      seen.push(useAsked(() => rest.story(id), id));
      return null;
    };
    answers.set("/switches/s1", told);
    answers.set("/switches/s2", 404);
    const { undo } = drawn(Probe, {});
    await settled();
    expect(seen.at(-1)).toMatchObject({ about: "s1", value: told });
    about.value = "s2";
    await settled();
    expect(seen.at(-1)).toMatchObject({ about: "s2", value: null, refusal: { status: 404 } });
    undo();
  });

  test("is not asked again where it would be refused for ever", async () => {
    answers.set("/switches/s1", 404);
    const { undo } = shown({ open_switch: "s1" });
    await settled();
    const before = asked.length;
    await vi.advanceTimersByTimeAsync(4_000);
    expect(asked).toHaveLength(before);
    undo();
  });
});

describe("old news", () => {
  const keeping = (id: string): Keeping => ({
    switch: id, until: new Date(clock.now.value + 600_000).toISOString(), key: "slot", from: "blue", to: "green", group: "g", hold: null,
  });
  const left = (id: string, why: string): unknown => ({ id, service: "inside", state: "", left: why, by: "", sentence: "It was led elsewhere." });

  test.each<[string, Partial<Application>]>([
    ["runs", { open_switch: "s3" }],
    ["has succeeded", { keeping: keeping("s3") }],
  ])("what stayed of a group is told at once, also while this one is still kept, and not once the next switch %s", async (_, next) => {
    let change: (one: Application) => void = () => undefined;
    const kept = application(["blue", "green"], { keeping: keeping("s1") });
    const Changing = (): JSX.Element => {
      const one = store.applications.value![0]!;
      return h(Page, { one });
    };
    change = (one) => void (store.applications.value = [one]);
    change(kept);
    answers.set("/applications", [kept]);
    answers.set("/groups/g/back", [{ ...(left("r1", "") as object), service: "shop" }, left("s0", "elsewhere")]);
    const { page, undo } = drawn(Changing, {});
    await settled();
    press(page, "its group");
    await settled();
    expect(page.textContent).toContain("led elsewhere");
    change({ ...kept, keeping: null, open_switch: "r1" });
    await settled();
    expect(page.textContent).toContain("led elsewhere");
    change({ ...kept, keeping: null });
    await settled();
    expect(page.textContent).toContain("led elsewhere");
    change({ ...kept, keeping: null, ...next });
    await settled();
    change({ ...kept, keeping: null });
    await settled();
    expect(page.textContent).not.toContain("led elsewhere");
    undo();
  });

  test("a switch that failed is told of for an hour, also where nobody asks again", async () => {
    const failed = { ...told, state: "failed", finished_at: new Date(clock.now.value - 3_590_000).toISOString(), moved_seconds: null } as never;
    const { page, undo } = shown({ failed });
    await settled();
    expect(page.textContent).toContain("blue → green");
    clock.now.value += 60_000;
    await settled();
    expect(page.textContent).not.toContain("blue → green");
    undo();
  });

  test("a refusal goes when things have moved on, and not before it can have been read", async () => {
    const seen: Doing[] = [];
    const Probe = (): null => {
      seen.push(useDoing());
      return null;
    };
    const { undo } = drawn(Probe, {});
    answers.set("/applications", 409);
    seen.at(-1)!.run(() => rest.applications("lab"));
    await settled();
    expect(seen.at(-1)!.refusal?.status).toBe(409);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seen.at(-1)!.refusal?.status).toBe(409);
    seen.at(-1)!.run(() => rest.applications("lab"));
    await settled();
    store.operations.value = { count: store.operations.peek().count + 1, id: "s1" };
    await vi.advanceTimersByTimeAsync(5_000);
    expect(seen.at(-1)!.refusal?.status).toBe(409);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(seen.at(-1)!.refusal).toBeNull();
    undo();
  });
});

describe("a blink of stale", () => {
  test("takes no ticks away", async () => {
    const preflight = {
      service: "shop", from: "green", to: "blue", ready: true, checks: [{ code: "pdb", level: "warn", sentence: "No budget.", params: {}, remedy: "", objects: [] }],
      recipes: [], expected_selector: {}, new_selector: {}, kubectl: "", overlap_seconds: 0, confirm: "",
    };
    answers.set("/preflight?", preflight);
    const { page, undo } = shown({ live: "green" });
    await settled();
    const tick = (): Element_ => page.all("input")[0]!;
    const begins = (): Element_ => page.all("button").find((one) => one.textContent.startsWith("Switch shop to"))!;
    expect(begins().disabled).toBe(true);
    Object.assign(tick(), { checked: true }).hear("change");
    tick().hear("click");
    await settled();
    expect(begins().disabled).toBe(false);
    store.connected.value = false;
    await settled();
    expect(page.textContent).toContain("while the cluster is not seen live");
    expect(begins().disabled).toBe(true);
    store.connected.value = true;
    await settled();
    expect(begins().disabled).toBe(false);
    undo();
  });

  test("leaves the scaling down open that somebody has opened", async () => {
    store.picture.replace(whole(rows(service("shop", { selector: { slot: "green" } }), pod("g", { labels: { slot: "green" } }),
      { ...node("x"), kind: "EndpointSlice", namespace: "store", service: "shop", endpoints: [{ pod_uid: "pod-g", address: "", ready: true }] } as never)));
    store.replaced();
    answers.set("/scale-down", { numbers: [], checks: [], ready: true, target: 0 });
    const { page, undo } = shown({ live: "green", left: { switch: "s1", side: "blue" } as never });
    await settled();
    const details = page.all("details").find((one) => one.textContent.includes("Scale blue down"))!;
    details.hear("toggle", { currentTarget: { open: true } });
    await settled();
    const button = (): Element_ | undefined => page.all("button").find((one) => one.textContent.startsWith("Scale blue of shop down to 0"));
    expect(button()?.disabled).toBe(false);
    store.connected.value = false;
    await settled();
    expect(button()?.disabled).toBe(true);
    store.connected.value = true;
    await settled();
    expect(button()?.disabled).toBe(false);
    answers.set("/scale-down", 503);
    store.operations.value = { count: store.operations.peek().count + 1, id: "s1" };
    await settled();
    expect(button()?.disabled, "what was seen may be true no more").toBe(true);
    undo();
  });
});

test("why switching was not allowed stands below the button, and what is typed in it as such", async () => {
  const body = { code: "armed-elsewhere", sentence: "The right to `get` it tells them apart.", context: "prod" };
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body), { status: 409 })));
  store.clusterFacts.value = { ...store.clusterFacts.peek()!, armed: false };
  Object.assign(page, { role: "admin" });
  const view = drawn(Arming, {});
  press(view.page, "Arm switching");
  await settled();
  expect(view.page.all("p").map((one) => one.textContent)).toEqual(["Arm switching on lab", "Refused: The right to get it tells them apart."]);
  expect(view.page.all("code").map((one) => one.textContent)).toEqual(["get"]);
  view.undo();
  Object.assign(page, { role: "operator" });
});

describe("where problems only are asked for", () => {
  const sentence = "Nothing is wrong that can be seen from here.";
  test("the sentence that nothing is wrong is not said of what a search leaves out", () => {
    const route = store.route.peek();
    store.picture.replace(whole(rows(pod("a", { status: "CrashLoopBackOff", ready: false }))));
    store.replaced();
    store.route.value = { ...route, problems: true, namespace: "other" };
    const filtered = drawn(Problems, {});
    expect(filtered.page.textContent).toContain("Nothing matches.");
    filtered.undo();
    store.picture.replace(whole([]));
    store.replaced();
    const none = drawn(Problems, {});
    expect(none.page.textContent).toBe(sentence);
    none.undo();
    store.route.value = route;
  });

  test("the map is dimmed where it draws what is wrong, and not where a workload alone is", () => {
    const route = store.route.peek();
    const [failing, well] = [pod("a", { status: "CrashLoopBackOff", ready: false }), pod("b")];
    const idle = { ...node("c"), kind: "Deployment", namespace: "store", images: [], template_labels: {}, ready: 0, wanted: 1 } as never;
    store.picture.replace(whole(rows(failing, well, idle)));
    store.replaced();
    store.route.value = { ...route, problems: true };
    expect([failing, well].map(sight.peek().shows)).toEqual([true, false]);
    store.picture.replace(whole(rows(well, idle)));
    store.replaced();
    expect(derived.troubles.peek()).toBe(1);
    expect([sight.peek().shows(well), sight.peek().seeks]).toEqual([true, false]);
    store.route.value = route;
  });
});
