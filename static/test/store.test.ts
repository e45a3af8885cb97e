/** What the page asks the server for beside the stream: which answer counts, and when it is asked for again. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as renewing from "../src/state/renewing";
import * as store from "../src/state/store";
import type { Contact } from "../src/wire/messages";
import { application } from "./making";

const asked: { path: string; answer: (body: unknown, status?: number) => void }[] = [];

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("fetch", (path: string) =>
    new Promise((resolve) => asked.push({ path, answer: (body, status = 200) => resolve(new Response(JSON.stringify(body), { status })) })));
});

afterEach(() => vi.unstubAllGlobals());

describe("an answer that comes after that to a later question is dropped", () => {
  test("of the applications", async () => {
    const loading = [store.loadApplications(), store.loadApplications()];
    asked[1]!.answer([application(["blue"], { open_switch: null })]);
    await loading[1];
    asked[0]!.answer([application(["blue"], { open_switch: "s1" })]);
    await loading[0];
    expect(store.applications.value?.map((one) => one.open_switch)).toEqual([null]);
  });

  test("of the cluster, while one that comes in turn is taken though a later one is on its way", async () => {
    const cluster = (armed: boolean): unknown => [{ id: "", name: "", armed }];
    const loading = [store.loadCluster(), store.loadCluster(), store.loadCluster()];
    asked[0]!.answer(cluster(true));
    await loading[0];
    expect(store.clusterFacts.value?.armed).toBe(true);
    asked[2]!.answer(cluster(false));
    await loading[2];
    asked[1]!.answer(cluster(true));
    await loading[1];
    expect(store.clusterFacts.value?.armed).toBe(false);
  });
});

describe("of a switch that ended while nobody could tell", () => {
  const contact: Contact = {
    state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: null, divergences: 0, counted: {}, missing: [],
  };

  test("the page asks each time it is live again, and not when it is live at first", () => {
    store.loaded.value = store.connected.value = true;
    const stop = renewing.afterBreaks();
    const { count } = store.operations.peek();
    store.hear(contact);
    store.current.value = true;
    expect([store.isLive.value, store.operations.peek().count, asked.length]).toEqual([true, count, 0]);
    store.connected.value = false;
    expect([store.isLive.value, asked.length]).toEqual([false, 0]);
    store.connected.value = true;
    expect(store.operations.peek().count).toBe(count + 1);
    expect(asked.map((one) => one.path)).toEqual(["/api/v1/clusters", "/api/v1/clusters//applications"]);
    store.hear({ ...contact, state: "stale", reason: "redis" });
    store.hear(contact);
    expect(store.operations.peek().count).toBe(count + 2);
    stop();
  });
});

describe("what is refused is asked for again", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test.each([
    ["the cluster", store.clusterError, store.loadCluster, [{ id: "", name: "", armed: true }]],
    ["the applications", store.applicationsError, store.loadApplications, []],
  ])("%s, while the page is connected and until there is an answer", async (_, refusal, load, found) => {
    const turn = async (body: unknown, status: number): Promise<void> => {
      asked.at(-1)!.answer(body, status);
      await vi.advanceTimersByTimeAsync(1_999);
    };
    store.connected.value = false;
    const stop = renewing.untilAnswered(refusal, load);
    void load();
    await turn({ code: "no_database" }, 503);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([refusal.value?.code, asked.length]).toEqual(["no_database", 1]);
    store.connected.value = true;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked).toHaveLength(2);
    await turn({ code: "broken" }, 500);
    expect(asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(3);
    await turn(found, 200);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([refusal.value, asked.length]).toEqual([null, 3]);
    stop();
  });
});
