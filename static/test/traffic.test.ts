/** Of many applications the ones that are looked for are drawn, and none that has something under way is out of sight. */
import { clear, drawn } from "./document";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type * as rest from "../src/state/rest";
import * as store from "../src/state/store";
import { Traffic } from "../src/views/traffic";
import { application, rows, service, whole } from "./making";

beforeEach(() => {
  vi.stubGlobal("fetch", () => new Promise(() => undefined));
  store.picture.replace(whole(rows(service("shop"))));
  store.replaced();
});

afterEach(() => {
  clear();
  vi.unstubAllGlobals();
  store.applications.value = null;
  store.route.value = { ...store.route.peek(), namespace: "", query: "" };
});

const some = (count: number, over = {}): void => {
  store.applications.value = Array.from({ length: count }, (_, number) =>
    application(["blue", "green"], { namespace: number % 2 ? "odd" : "even", service: `shop-${number}`, service_uid: `s${number}`, ...(number === count - 1 && over) }));
};

test("the address's namespace and name leave the applications that fit them, and a few without either need no search", async () => {
  some(3);
  const { page } = drawn(Traffic, {});
  const cards = (): string[] => page.all("h2").map((one) => one.textContent).filter((text) => text.startsWith("shop-"));
  expect([cards().length, page.all("input").length]).toEqual([3, 0]);
  store.go({ namespace: "odd" });
  await vi.waitFor(() => expect(cards()).toEqual(["shop-1"]));
  store.go({ namespace: "", query: "SHOP-2" });
  await vi.waitFor(() => expect(cards()).toEqual(["shop-2"]));
  expect(page.all("input")).toHaveLength(1);
  store.go({ query: "nowhere" });
  await vi.waitFor(() => expect(page.textContent).toContain("Nothing matches."));
});

test("beside what has something under way nothing is said to match that does not", async () => {
  some(3, { open_switch: "s1" });
  const { page } = drawn(Traffic, {});
  store.go({ query: "nowhere" });
  await vi.waitFor(() => expect(page.textContent).toContain("Nothing else matches; what is here has something under way."));
  expect([page.all("article").length, page.textContent.includes("Nothing matches.")]).toEqual([1, false]);
});

test("of very many a piece is drawn, and with it whatever has something under way", async () => {
  some(100, { open_switch: "s1" });
  const { page } = drawn(Traffic, {});
  expect(page.all("article")).toHaveLength(31);
  expect(page.all("h2").map((one) => one.textContent)).toContain("shop-99");
  page.all("button").find((one) => one.textContent === "69 more")!.hear("click");
  await vi.waitFor(() => expect(page.all("article")).toHaveLength(61));
});

test("one whose switch has just failed, was changed by others or stopped half way, stays in sight with what came of it", () => {
  const failed = {
    id: "s1", service: "shop-99", from: "blue", to: "green", state: "failed", finished_at: new Date().toISOString(),
    moved_seconds: null, reason: "", held_for: "", sentence: "", detail: "", differs: [] as readonly string[],
  } as unknown as rest.Switch;
  for (const over of [{ failed }, { reverted: "s1" }, { half_done: "s1" }]) {
    some(100, over);
    const { page, undo } = drawn(Traffic, {});
    expect(page.all("h2").map((one) => one.textContent)).toContain("shop-99");
    undo();
  }
});

test("what has something under way is drawn whatever is looked for", () => {
  some(100, { open_switch: "s1" });
  store.go({ query: "shop-2" });
  const { page } = drawn(Traffic, {});
  expect(page.all("h2").map((one) => one.textContent)).toContain("shop-99");
  expect(page.all("article")).toHaveLength(12);
});
