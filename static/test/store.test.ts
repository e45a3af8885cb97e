/** What the page asks the server for beside the stream: which answer counts, and when it is asked for again. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as store from "../src/state/store";
import { application } from "./making";

const asked: { path: string; answer: (body: unknown) => void }[] = [];

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("fetch", (path: string) =>
    new Promise((resolve) => asked.push({ path, answer: (body) => resolve(new Response(JSON.stringify(body))) })));
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
