import { expect, test } from "vitest";
import { fits, first, seeking } from "../src/state/finding";
import { Picture } from "../src/state/picture";
import { node, pod, rows, whole } from "./making";

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

test("of very many the first are given, in order, and how many there are", () => {
  const picture = new Picture();
  picture.replace(whole(rows(pod("p10"), pod("p9"), node("n2"), node("n1"), pod("p1", { namespace: "a" }))));
  const names = (sought: typeof all, most: number): unknown => {
    const { rows, count } = first(picture, sought, new Set(), most);
    return [rows.map((one) => one.name), count];
  };
  expect(names(all, 9)).toEqual([["n1", "n2", "p1", "p9", "p10"], 5]);
  expect(names(all, 2)).toEqual([["n1", "n2"], 5]);
  expect(names(all, 4)).toEqual([["n1", "n2", "p1", "p9"], 5]);
  expect(names({ ...all, query: "p1" }, 1)).toEqual([["p1"], 2]);
});
