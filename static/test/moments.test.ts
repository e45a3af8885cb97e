import { afterEach, expect, test } from "vitest";
import { language } from "../src/i18n/words";
import { after, ago, moment, seconds } from "../src/views/moments";

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
});

test("what came after something else says by how much, where both times are known", () => {
  const [first, second] = ["2026-01-10T12:00:00Z", "2026-01-10T12:00:02Z"];
  expect(after(second, first)).toBe("+ 2s");
  expect(after(second, null)).toBe(moment(second));
  expect(after(null, first)).toBe("");
});
