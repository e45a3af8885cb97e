/** What the panel of a Service says of its switch, also where there is none. */
import { clear, drawn } from "./document";
import type { Element_ } from "./document";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as rest from "../src/state/rest";
import * as store from "../src/state/store";
import { Panel } from "../src/views/panel";
import { application, rows, service, whole } from "./making";

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(100);

function opened(): Element_ {
  const selection = { kind: "Service", namespace: "store", name: "shop" };
  store.route.value = { ...store.route.peek(), selection };
  return drawn(Panel, { selection }).page;
}

beforeEach(() => {
  vi.useFakeTimers();
  store.picture.replace(whole(rows(service("shop"))));
  store.replaced();
});

afterEach(async () => {
  await settled();
  clear();
  store.applications.value = store.applicationsError.value = null;
  store.route.value = { ...store.route.peek(), selection: null, at: "" };
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each([["none", null], ["an old one", [application(["blue", "green"])]]])("that the applications were refused is said where there is %s", (_, found) => {
  store.applications.value = found;
  store.applicationsError.value = new rest.Refusal(503, "busy", "Busy.", {});
  expect(opened().textContent).toContain("Refused: Busy.");
});

test.each([
  ["as the server says it", [application([], { why_not: "no-sides", why_not_sentence: "There is one version only.", why_not_remedy: "Deploy another." })], "There is one version only. Deploy another."],
  ["by its annotation where that leaves it out", [], "clusterview.io/ignore", { "clusterview.io/ignore": "true" }],
  ["with nothing made up of one that is younger than the answer", [], "Loading …"],
])("why a Service cannot be switched is told where somebody wants to see it, %s", async (_, every, told, annotations: Record<string, string> = {}) => {
  store.picture.replace(whole(rows(service("shop", { annotations }))));
  const asked = vi.fn((path: string) => Promise.resolve(new Response(path.endsWith("?all=true") ? JSON.stringify(every) : "[]")));
  vi.stubGlobal("fetch", asked);
  store.applications.value = [];
  const page = opened();
  await settled();
  const details = page.all("details").find((one) => one.textContent === "Why its traffic cannot be switched")!;
  expect(asked).not.toHaveBeenCalled();
  details.hear("toggle", { currentTarget: { open: true } });
  await settled();
  await settled();
  expect(details.textContent).toContain(told);
});

test("nothing is said of a switch in the past, nor before the applications are known", () => {
  const page = opened();
  expect(page.all("details").map((one) => one.textContent)).toEqual([]);
  store.applications.value = [];
  store.applicationsError.value = new rest.Refusal(503, "busy", "Busy.", {});
  store.route.value = { ...store.route.peek(), at: "2026-11-27T10:00:00Z" };
  expect(opened().textContent).not.toMatch(/Busy|cannot be switched/);
});
