import { afterEach, expect, test } from "vitest";
import { language } from "../src/i18n/words";
import { after, ago, countdown, moment, seconds, since, timeOfDay } from "../src/views/moments";

afterEach(() => {
  language.value = "en";
});

const NOW = Date.parse("2026-01-10T12:00:00Z");

test.each([
  [NOW / 1000 - 14 * 60, "14 minutes ago", "14분 전"],
  ["2026-01-01T11:00:00Z", "9 days ago", "9일 전"],
  ["2026-01-10T09:59:00Z", "2 hours ago", "2시간 전"],
  [NOW / 1000 - 59, "59 seconds ago", "59초 전"],
  [NOW / 1000 + 30, "0 seconds ago", "0초 전"],
] as const)("%s was %s", (at, english, korean) => {
  expect(ago(at, NOW)).toBe(english);
  language.value = "ko";
  expect(ago(at, NOW)).toBe(korean);
});

test("a duration is as exact as somebody wants to read it", () => {
  expect(seconds(136)).toBe("0.14s");
  expect(seconds(12_345)).toBe("12s");
  expect(seconds(-3)).toBe("0s");
  expect(seconds(3_661_400), "a long one to the second, since where the pointer cannot be there is nothing more exact").toBe("3,661s");
});

test("what came after something else says by how much, where both times are known", () => {
  const [first, second] = ["2026-01-10T12:00:00Z", "2026-01-10T12:00:02Z"];
  expect(after(second, first)).toBe("+ 2s");
  expect(after(second, null)).toBe(moment(second));
  expect(after(null, first)).toBe("");
});

test.each([[7, "7s ago", "7초 전"], [86_400, "1d ago", "1일 전"], [0.2, "0s ago", "0초 전"]])("an age of %d seconds is said in its largest unit", (given, english, korean) => {
  expect(since(given)).toBe(english);
  language.value = "ko";
  expect(since(given)).toBe(korean);
});

test("what is left is counted down in hours too", () => {
  expect(countdown("2026-01-10T12:09:05Z", NOW)).toBe("9:05");
  expect(countdown("2026-01-11T11:59:12Z", NOW)).toBe("23:59:12");
  expect(countdown("2026-01-10T13:00:00Z", NOW)).toBe("1:00:00");
});

test("a time of another day says which", () => {
  const noon = new Date(2026, 0, 10, 12);
  expect(timeOfDay(new Date(2026, 0, 10, 21, 15).toISOString(), noon.getTime())).toMatch(/^0?9:15/);
  expect(timeOfDay(new Date(2026, 0, 11, 9, 15).toISOString(), noon.getTime())).toMatch(/^Jan 11.*9:15/);
});
