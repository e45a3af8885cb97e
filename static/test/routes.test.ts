import { describe, expect, test } from "vitest";
import { format, parse } from "../src/state/routes";

describe("a link holds the view", () => {
  test.each([
    "/c/lab/",
    "/c/lab/traffic",
    "/c/lab/history?switch=018f",
    "/c/lab/history?size=all",
    "/c/lab/history?size=018f",
    "/c/lab/?sel=Service/store/shop",
    "/c/lab/?ns=store&q=shop&problems=1&view=table",
    "/c/prod%20east/?sel=Node//node-1",
    "/c/lab/?at=2026-11-26T12:00:05.000Z",
    "/c/lab/history?audit=everything",
    "/c/lab/history?switch=018f&audit=arming&by=ada+lovelace&before=42",
    "/c/lab/history?older=018f",
    "/c/lab/history?size=all&older=018f",
    "/c/lab/traffic?ns=store&q=shop",
    "/c/lab/?at=2026-11-26T12:00:05.000Z&until=now",
    "/c/lab/?at=2026-11-26T12:00:05.000Z&until=2026-11-26T12:03:00.000Z",
  ])("%s reads back as itself", (address) => {
    const at = new URL(address, "http://here");
    expect(format(parse(at.pathname, at.search))).toBe(address);
  });

  test("an unknown page is the map, and a broken escape does not throw", () => {
    expect(parse("/c/lab/nonsense", "").page).toBe("map");
    expect(parse("/c/%E0%A4%A/", "").cluster).toBe("%E0%A4%A");
  });

  test.each(["Pod", "Pod/store", "//x", "Pod/store/"])("a selection %s that names nothing selects nothing", (text) => {
    expect(parse("/c/lab/", `?sel=${text}`).selection).toBeNull();
  });

  test.each(["yesterday", "2026-13-45T99:00:00Z", "0"])("a moment %s that no clock says is now", (text) => {
    expect(parse("/c/lab/", `?at=${text}`).at).toBe("");
  });

  test.each(["0", "-1", "1e3", "soon", "9".repeat(16)])("a number %s that no entry has shows the newest ones", (text) => {
    expect(parse("/c/lab/history", `?audit=everything&before=${text}`).before).toBe(0);
  });

  test.each(["?until=now", "?until=2026-11-26T12:03:00Z", "?at=2026-11-26T12:00:05Z&until=yesterday"])("%s compares nothing", (search) => {
    expect(parse("/c/lab/", search).until).toBe("");
  });

  test("a name with a slash stays whole", () => {
    expect(parse("/c/lab/", "?sel=ClusterRole//system/node").selection?.name).toBe("system/node");
  });
});
