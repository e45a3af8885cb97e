import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hearServerTime, now, startTicking } from "../src/state/clock";

const DAY = 24 * 3600 * 1000;
const server = Date.UTC(2026, 0, 2, 12);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { hidden: false, addEventListener: () => undefined });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a sleep is told of, in which the machine's steady clock stands still", () => {
  const slept = vi.fn();
  startTicking(slept);
  vi.advanceTimersByTime(60_000);
  expect(slept).not.toHaveBeenCalled();
  vi.setSystemTime(Date.now() + 8 * 3_600_000);
  vi.advanceTimersByTime(500);
  expect(slept).toHaveBeenCalledExactlyOnceWith(8 * 3_600_000);
  vi.setSystemTime(Date.now() + 1_500);
  vi.advanceTimersByTime(60_000);
  expect(slept).toHaveBeenCalledOnce();
});

test.each([["a day behind", -DAY], ["right", 0], ["a day ahead", DAY]])("on a machine whose clock is %s, time is the server's (F73)", (_, wrong) => {
  vi.setSystemTime(server + wrong);
  startTicking();
  hearServerTime(server);
  vi.advanceTimersByTime(500);
  expect(now.value).toBe(server + 500);
});
