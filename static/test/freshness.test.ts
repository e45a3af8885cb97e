import { describe, expect, test } from "vitest";
import { freshness, SILENT_AFTER_MS } from "../src/state/freshness";
import type { Contact } from "../src/wire/messages";

const told = (state: string, age: number | null, reason = ""): Contact =>
  ({ state, contact_age_seconds: age, reason, detail: "", missing: [], verified_age_seconds: 12, divergences: 0, counted: {} }) as unknown as Contact;

describe("the page claims no more than it knows", () => {
  test("before the first word it is waiting, never live", () => {
    expect(freshness(null, 0, 1000, true).state).toBe("waiting");
    expect(freshness(null, 0, 1000, false).reason).toBe("no_server");
  });

  test("before anybody observes it has begun to wait, and lost nothing; a picture that nobody observes any more is lost", () => {
    expect(freshness(told("lost", null, "no_observer"), 0, 10, true, false)).toMatchObject({ state: "waiting", reason: "not_begun" });
    expect(freshness(told("lost", null, "no_observer"), 0, 10, true, true)).toMatchObject({ state: "lost", reason: "no_observer" });
    expect(freshness(told("lost", null, "unauthorized"), 0, 10, true, false)).toMatchObject({ state: "lost", reason: "unauthorized" });
  });

  test("the server's word counts while it keeps coming", () => {
    expect(freshness(told("live", 0.5), 0, 1000, true)).toMatchObject({ state: "live", age: 1.5, reason: "" });
    expect(freshness(told("stale", 7, "unreachable"), 0, 0, true)).toMatchObject({ state: "stale", reason: "unreachable" });
  });

  test("silence makes it stale by the page's own clock, then lost", () => {
    expect(freshness(told("live", 0), 0, SILENT_AFTER_MS, true).state).toBe("live");
    expect(freshness(told("live", 0), 0, SILENT_AFTER_MS + 1, true)).toMatchObject({ state: "stale", reason: "no_server" });
    expect(freshness(told("live", 0), 0, SILENT_AFTER_MS + 1, true, true, null, 2)).toMatchObject({ state: "live" });
    expect(freshness(told("live", 0), 0, SILENT_AFTER_MS + 1_001, true, true, null, 1_500)).toMatchObject({ state: "stale", reason: "slow_line" });
    expect(freshness(told("live", 0), 0, SILENT_AFTER_MS + 1, false, true, null, 2)).toMatchObject({ state: "stale", reason: "no_server" });
    expect(freshness(told("live", 0), 0, 61_000, true).state).toBe("lost");
  });

  test("a picture from before is not live while the newest is on its way", () => {
    expect(freshness(told("live", 0), 0, 10, true, true, 0)).toMatchObject({ state: "stale", reason: "catching_up" });
    expect(freshness(told("stale", 7, "unreachable"), 0, 10, true, true, 0)).toMatchObject({ state: "stale", reason: "unreachable" });
  });

  test("such a picture is as old as it was last the newest, however recently the cluster answered", () => {
    expect(freshness(told("live", 1), 600_000, 600_000, true, true, 300_000)).toMatchObject({ state: "stale", age: 300 });
    expect(freshness(told("live", 1), 600_000, 600_000, true, true, null)).toMatchObject({ state: "live", age: 1 });
  });

  test("a closed connection is stale at once (F72)", () => {
    expect(freshness(told("live", 0), 0, 10, false).state).toBe("stale");
  });

  test("lost stays lost while the connection is silent", () => {
    expect(freshness(told("lost", 90), 0, 10, false).state).toBe("lost");
  });

  test("how long ago the picture was verified grows by the page's own clock", () => {
    expect(freshness(told("live", 0), 0, 3000, true).verified).toBe(15);
    expect(freshness(told("live", 0), 0, 9000, true).verified).toBe(21);
    expect(freshness(null, 0, 9000, true).verified).toBe(null);
  });

  test("a state nobody knows is the worst one", () => {
    expect(freshness(told("splendid", 0), 0, 10, true).state).toBe("lost");
  });
});
