import { expect, test } from "vitest";
import { fits, seeking } from "../src/state/finding";
import { node, pod } from "./making";

const all = { namespace: "", query: "", problems: false };

test("without a wish everything is in sight", () => {
  expect(seeking(all)).toBe(false);
  expect(fits(pod("a"), all, new Set())).toBe(true);
});

test("a namespace hides other namespaces' objects and keeps what has none", () => {
  const other = { ...all, namespace: "other" };
  expect(fits(pod("a"), other, new Set())).toBe(false);
  expect(fits(node("n"), other, new Set())).toBe(true);
});

test("text finds names and namespaces in any case", () => {
  expect(fits(pod("shop-blue"), { ...all, query: " BLUE " }, new Set())).toBe(true);
  expect(fits(pod("shop-blue"), { ...all, query: "store/shop" }, new Set())).toBe(true);
  expect(fits(pod("shop-blue"), { ...all, query: "green" }, new Set())).toBe(false);
});

test("problems only leaves what has one", () => {
  expect(fits(pod("a"), { ...all, problems: true }, new Set(["pod-a"]))).toBe(true);
  expect(fits(pod("b"), { ...all, problems: true }, new Set(["pod-a"]))).toBe(false);
});
