/** What frames every view: the way back to it, whose it is, and what the window says of it. */
import { clear, drawn } from "./document";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as store from "../src/state/store";
import { page } from "../src/state/page";
import { Command } from "../src/views/command";
import { Banner, Clusters, Doubtful, Shell, Verified } from "../src/views/shell";
import { speak } from "../src/i18n/words";
import { titleOf } from "../src/views/title";
import { Moves, Others } from "../src/views/traffic";
import type { Contact } from "../src/wire/messages";
import { application, rows, service, whole } from "./making";

const contact: Contact = {
  state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: 3, divergences: 0, counted: {}, missing: [],
};

beforeEach(() => void Object.assign(location, { search: "" }));
afterEach(() => {
  clear();
  store.endedBecause.value = "";
});

test.each([["unverified", "certificate not checked"], ["unencrypted", "not encrypted"], ["", ""]])(
  "a way to the cluster that others may stand on is said beside live: %s", (connection, said) => {
    store.clusterFacts.value = { connection } as never;
    store.hear(contact);
    expect(drawn(Doubtful, {}).page.textContent).toBe(said);
    store.clusterFacts.value = null;
  },
);

test("what was found wrong and repaired is counted where it is said that all was verified", () => {
  store.hear(contact);
  expect(drawn(Verified, {}).page.textContent).toBe("verified 3s ago");
  store.hear({ ...contact, divergences: 2 });
  expect(drawn(Verified, {}).page.textContent).toBe("verified 3s ago · 2 repaired");
});

test("who is signed out comes back to what was on the page", () => {
  store.endedBecause.value = "signed_out";
  Object.assign(location, { search: "?ns=store&sel=Service/store/shop" });
  const view = drawn(Banner, {});
  expect(view.page.all("a").map((one) => one.getAttribute("href"))).toEqual(["/c/lab/?ns=store&sel=Service/store/shop"]);
  view.undo();
});

test.each([
  ["en", "Close some of them"],
  ["ko", "다른 페이지를 닫으세요"],
] as const)("a page that is one too many says what to do until it has a place: %s", (language, remedy) => {
  speak(language);
  store.endedBecause.value = "too_many";
  const view = drawn(Banner, {});
  expect(view.page.textContent).toContain(remedy);
  view.undo();
  store.follows(true);
  const later = drawn(Banner, {});
  expect(later.page.textContent).not.toContain(remedy);
  later.undo();
  store.follows(false);
  speak("en");
});

test.each([
  ["live", {}, "Map · lab · Clusterview"],
  ["stale", {}, "● Stale · Map · lab · Clusterview"],
  ["lost", { page: "history" }, "● Lost · History · lab · Clusterview"],
  ["past", { selection: { kind: "Service", namespace: "store", name: "shop" } }, "● Past · shop · Map · lab · Clusterview"],
  ["live", { page: "traffic" }, "Traffic · lab · Clusterview"],
] as const)("the window's title says what is behind a tab: %s, %o", (state, route, title) => {
  expect(titleOf(state, { ...store.route.peek(), ...route })).toBe(title);
});

test("another cluster is shown on the same page, and while that is on its way the name beside this one is still its own", () => {
  const before = page.clusters;
  const assign = vi.fn();
  Object.assign(page, { clusters: [{ id: "lab", name: "lab" }, { id: "other", name: "other" }] });
  Object.assign(location, { assign });
  store.route.value = { ...store.route.peek(), page: "traffic", namespace: "store" };
  const view = drawn(Clusters, {});
  const select = Object.assign(view.page.all("select")[0]!, { value: "other" });
  select.hear("change");
  expect([select.value, assign.mock.calls]).toEqual(["lab", [["/c/other/traffic"]]]);
  store.route.value = { ...store.route.peek(), page: "map", namespace: "" };
  view.undo();
  Object.assign(page, { clusters: before });
});

test("what the keyboard does is listed, and reached from the account's menu", () => {
  vi.stubGlobal("fetch", () => new Promise(() => undefined));
  const { page: all } = drawn(Shell, {});
  expect(all.all("button").filter((one) => one.getAttribute("popovertarget") === "keys")).toHaveLength(1);
  const list = all.all("div").find((one) => one.getAttribute("id") === "keys")!;
  expect(list.all("kbd").map((one) => one.textContent)).toEqual(["/", "+ − 0", "Esc", "?"]);
  vi.unstubAllGlobals();
});

test("that the last switches could not be had is said, and is not their absence", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ code: "no_database", sentence: "The database does not answer." }), { status: 503 })));
  const view = drawn(Moves, {});
  await vi.waitFor(() => expect(view.page.textContent).toContain("The database does not answer."));
  expect(view.page.textContent).toContain("Last switches");
  view.undo();
  vi.unstubAllGlobals();
});

test("why a few other Services cannot be switched is there at once, and why many cannot when somebody asks", async () => {
  const other = application([], { service: "front", service_uid: "service-front", why_not: "no-key", why_not_sentence: "Nothing tells versions apart." });
  const fetched = vi.fn(() => Promise.resolve(new Response(JSON.stringify([other]))));
  vi.stubGlobal("fetch", fetched);
  const shown = (count: number): ReturnType<typeof drawn> => {
    store.picture.replace(whole(rows(...Array.from({ length: count }, (_, number) => service(`shop-${number}`)))));
    store.replaced();
    return drawn(Others, {});
  };
  const few = shown(30);
  await vi.waitFor(() => expect(few.page.textContent).toContain("store/front"));
  few.undo();
  fetched.mockClear();
  const many = shown(31);
  expect([many.page.all("details").length, fetched.mock.calls.length]).toEqual([1, 0]);
  many.undo();
  vi.unstubAllGlobals();
  store.forget();
});

test("that nothing was switched yet is said where the last switches are", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("[]")));
  const view = drawn(Moves, {});
  await vi.waitFor(() => expect(view.page.textContent).toBe("Last switchesNone yet."));
  view.undo();
  vi.unstubAllGlobals();
});

test("a command is copied by a press, where the browser lets a page do so", async () => {
  const written: string[] = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: (text: string) => Promise.resolve(void written.push(text)) } });
  const view = drawn(Command, { text: "kubectl patch service shop" });
  view.page.all("button")[0]!.hear("click");
  await vi.waitFor(() => expect(view.page.all("button")[0]!.textContent).toBe("Copied"));
  expect(written).toEqual(["kubectl patch service shop"]);
  view.undo();
  vi.stubGlobal("navigator", {});
  const without = drawn(Command, { text: "kubectl patch service shop" });
  expect([without.page.all("button").length, without.page.textContent]).toEqual([0, "The same with kubectlkubectl patch service shop"]);
  without.undo();
  vi.unstubAllGlobals();
});
