/** The map belongs to the moment that is said above it. */
import { clear, drawn } from "./document";
import { afterEach, expect, test, vi } from "vitest";
import * as past from "../src/state/past";
import * as store from "../src/state/store";
import { Look } from "../src/views/look";
import { Banner } from "../src/views/shell";
import { moment } from "../src/views/moments";
import { pod, rows, whole } from "./making";

const TEN = "2026-11-26T10:00:00.000Z";
const ELEVEN = "2026-11-26T11:00:00.000Z";

afterEach(() => {
  clear();
  vi.unstubAllGlobals();
  store.route.value = { ...store.route.peek(), at: "" };
  past.leave();
});

test("while a moment of the past is on its way, nothing of now is drawn, and another moment's picture is said to be that", async () => {
  const asked: ((name: string) => void)[] = [];
  vi.stubGlobal("fetch", (path: string) => new Promise((resolve) => {
    if (!path.includes("/topology")) return;
    asked.push((name) => resolve(new Response(JSON.stringify({ objects: [pod(name)], state: "live", missing: [] }))));
  }));
  const go = (at: string): void => {
    store.go({ at });
    void past.show(at);
  };
  store.picture.replace(whole(rows(pod("of-now"))));
  store.replaced();
  const { page } = drawn(Look, {});
  const banner = drawn(Banner, {}).page;
  expect(page.all("button").map((one) => one.getAttribute("data-uid"))).toContain("pod-of-now");

  go(TEN);
  await vi.waitFor(() => expect(banner.textContent).toContain(moment(TEN)));
  const pods = (): unknown => page.all("button").map((one) => one.getAttribute("data-uid")).filter(Boolean);
  expect([pods(), past.isComing.value]).toEqual([[], true]);
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  asked[0]!("of-ten");
  await vi.waitFor(() => expect(pods()).toEqual(["pod-of-ten"]));
  expect([banner.textContent, past.isComing.value]).toEqual([expect.stringContaining(`As it was at ${moment(TEN)}`), false]);

  go(ELEVEN);
  await vi.waitFor(() => expect(banner.textContent).toContain(`Loading ${moment(ELEVEN)}. What is drawn is still ${moment(TEN)}.`));
  expect([pods(), past.isComing.value]).toEqual([["pod-of-ten"], true]);
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  asked[1]!("of-eleven");
  await vi.waitFor(() => expect(pods()).toEqual(["pod-of-eleven"]));
  expect(past.isComing.value).toBe(false);
});
