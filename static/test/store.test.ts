/** What the page asks the server for beside the stream: which answer counts, and when it is asked for again. */
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as clock from "../src/state/clock";
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

afterEach(async () => {
  for (let told = 0; told < asked.length; told++) {
    asked[told]!.answer({}, 503);
    await new Promise((done) => setTimeout(done));
  }
  vi.unstubAllGlobals();
});

describe("whatever is asked for while an answer is on its way is asked for once more after it", () => {
  test("of the applications, and whoever asked has the later answer", async () => {
    const loading = Array.from({ length: 5 }, () => store.loadApplications());
    expect(asked).toHaveLength(1);
    asked[0]!.answer([application(["blue"], { open_switch: "s1" })]);
    await loading[0];
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    asked[1]!.answer([application(["blue"], { open_switch: null })]);
    await Promise.all(loading);
    expect(store.applications.value?.map((one) => one.open_switch)).toEqual([null]);
    expect(asked).toHaveLength(2);
  });

  test("of the cluster, alone and by its id, also after a refusal", async () => {
    const loading = [store.loadCluster(), store.loadCluster()];
    asked[0]!.answer({ code: "no_database" }, 503);
    await loading[0];
    expect(store.clusterError.value?.code).toBe("no_database");
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    asked[1]!.answer({ id: "", name: "", armed: true });
    await loading[1];
    expect(store.clusterFacts.value?.armed).toBe(true);
    expect(asked.map((one) => one.path)).toEqual(["/api/v1/clusters/", "/api/v1/clusters/"]);
  });
});

const contact: Contact = {
  state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: null, divergences: 0, counted: {}, missing: [],
};

describe("after a break", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const liveAt = (): void => {
    store.loaded.value = store.connected.value = store.current.value = true;
    store.hear(contact);
    expect(store.isLive.value).toBe(true);
  };

  test("the picture is as old as the break was long, until the newest has come", () => {
    liveAt();
    store.connected.value = false;
    vi.advanceTimersByTime(300_000);
    store.connected.value = true;
    store.current.value = false;
    store.hear(contact);
    expect(store.fresh.value).toMatchObject({ state: "stale", reason: "catching_up" });
    expect(store.fresh.value.age).toBeGreaterThan(299);
    store.current.value = true;
    expect(store.fresh.value).toMatchObject({ state: "live", age: 0.1 });
  });

  test("words that come late say how things were, not how they are", () => {
    liveAt();
    for (const [lateMs, passes, state, reason] of [[1_000, 2_000, "live", ""], [2_000, 3_500, "stale", "slow_line"], [9_000, 0, "stale", "slow_line"]] as const) {
      store.hear(contact, lateMs);
      vi.advanceTimersByTime(passes);
      expect(store.fresh.value).toMatchObject({ state, reason });
    }
    expect(store.fresh.value.age).toBeCloseTo(9.1);
  });

  test.each([500, 1_500])("words that are all %d ms late, as long as no line is given up for it, leave the page live", (lateMs) => {
    liveAt();
    for (let word = 0; word < 20; word++) {
      store.hear(contact, lateMs);
      vi.advanceTimersByTime(3_250);
      clock.now.value = Date.now();
      expect(store.fresh.value.state).toBe("live");
    }
  });

  test("a machine that slept does not take its picture for a new one", () => {
    liveAt();
    store.slept(8 * 3_600_000);
    expect(store.fresh.value).toMatchObject({ state: "lost", reason: "no_server" });
    expect(store.fresh.value.age).toBeGreaterThan(8 * 3_600 - 1);
    store.current.value = false;
    store.hear(contact);
    expect(store.fresh.value.age).toBeGreaterThan(8 * 3_600 - 1);
  });
});

describe("a page without a picture", () => {
  afterEach(() => store.hear(contact));

  test.each([["live", "", "nothingSeen"], ["lost", "no_picture", "nothingSeen"], ["lost", "unauthorized", "nothingRead"], ["stale", "unreachable", "nothingRead"]] as const)(
    "that is %s (%s) promises one only where one comes", (state, reason, word) => {
      store.loaded.value = false;
      store.connected.value = store.current.value = true;
      store.hear({ ...contact, state, reason });
      expect(store.unseen.value).toBe(word);
    });
});

describe("while an operation is open", () => {
  afterEach(() => void (store.applications.value = null));

  test.each([["switch", { open_switch: "s1" }], ["change of sizes", { sizing: { id: "z1" } as never }]])(
    "the applications are asked for every five seconds, since who rings of a %s may be gone", async (_, over) => {
      store.connected.value = true;
      store.applications.value = [application(["blue"])];
      const stop = renewing.whileOpen();
      const after = async (seconds: number): Promise<number> => {
        clock.now.value += 1000 * seconds;
        const count = asked.length;
        asked.at(-1)?.answer(store.applications.peek());
        await vi.waitFor(() => expect(store.applicationsError.peek()).toBe(null));
        await new Promise((done) => setTimeout(done));
        return count;
      };
      expect(await after(60)).toBe(0);
      store.applications.value = [application(["blue"], over)];
      expect(asked).toHaveLength(0);
      expect([await after(5), await after(5)]).toEqual([1, 2]);
      store.connected.value = false;
      expect(await after(5)).toBe(2);
      store.connected.value = true;
      store.applications.value = [];
      expect(await after(60)).toBe(2);
      stop();
    });
});

test("a switch that is found to be over tells whoever shows switches, though nobody rang for it", async () => {
  const found = async (open_switch: string | null): Promise<void> => {
    const loading = store.loadApplications();
    asked.at(-1)!.answer([application(["blue"], { open_switch })]);
    await loading;
  };
  await found("s1");
  const { count } = store.operations.peek();
  await found("s1");
  expect(store.operations.peek().count).toBe(count);
  await found(null);
  expect([store.operations.peek().count, store.isMoving.value]).toEqual([count + 1, false]);
});

describe("what the applications are found from", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const watched = (): { facts: ReturnType<typeof signal<string | null>>; ask: ReturnType<typeof vi.fn<() => void>>; stop: () => void } => {
    const [facts, ask] = [signal<string | null>(null), vi.fn<() => void>()];
    return { facts, ask, stop: renewing.afterChanges(() => facts.value ?? null, ask) };
  };

  test("asks for them also where there is none of it", () => {
    const { facts, ask, stop } = watched();
    vi.advanceTimersByTime(5_000);
    expect(ask).not.toHaveBeenCalled();
    facts.value = "";
    vi.advanceTimersByTime(150);
    expect(ask).toHaveBeenCalledOnce();
    stop();
  });

  test("asks once it has settled, and at the latest after two seconds where it never does", () => {
    const { facts, ask, stop } = watched();
    facts.value = "a";
    vi.advanceTimersByTime(100);
    facts.value = "b";
    vi.advanceTimersByTime(149);
    expect(ask).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(ask).toHaveBeenCalledOnce();
    for (let change = 0; change < 100; change++) {
      facts.value = `c${change}`;
      vi.advanceTimersByTime(100);
    }
    expect(ask.mock.calls.length).toBeGreaterThanOrEqual(5);
    expect(ask.mock.calls.length).toBeLessThanOrEqual(7);
    stop();
  });
});

describe("of a switch that ended while nobody could tell", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test("the page asks each time it is live again, not with all others at once, and not when it is live at first", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    store.loaded.value = store.connected.value = true;
    const stop = renewing.afterBreaks();
    const { count } = store.operations.peek();
    const wait = async (milliseconds: number): Promise<number> => {
      await vi.advanceTimersByTimeAsync(milliseconds);
      return store.operations.peek().count - count;
    };
    store.hear(contact);
    store.current.value = true;
    expect([store.isLive.value, await wait(3_000), asked.length]).toEqual([true, 0, 0]);
    store.connected.value = false;
    expect([store.isLive.value, asked.length]).toEqual([false, 0]);
    store.connected.value = true;
    store.hear(contact);
    expect([await wait(900), await wait(200)]).toEqual([0, 1]);
    expect(asked.map((one) => one.path)).toEqual(["/api/v1/clusters/", "/api/v1/clusters//applications"]);
    store.hear({ ...contact, state: "stale", reason: "redis" });
    store.hear(contact);
    store.hear({ ...contact, state: "stale", reason: "redis" });
    expect(await wait(2_000)).toBe(1);
    store.hear(contact);
    expect(await wait(1_100)).toBe(2);
    stop();
  });

  test("and at once where this page waits for a switch that it has asked for", () => {
    store.loaded.value = store.connected.value = true;
    const stop = renewing.afterBreaks();
    store.hear(contact);
    store.requests.value++;
    const { count } = store.operations.peek();
    store.connected.value = false;
    store.connected.value = true;
    expect(store.operations.peek().count).toBe(count + 1);
    store.requests.value--;
    stop();
  });
});

describe("what is refused is asked for again", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test.each([
    ["the cluster", store.clusterError, store.loadCluster, { id: "", name: "", armed: true }],
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
