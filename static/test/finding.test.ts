import { expect, test, vi } from "vitest";
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

test("the first of many thousand are found without putting all of them in order", () => {
  const picture = new Picture();
  const shuffled = [...Array(20_000).keys()].map((number) => (number * 7_919) % 20_000);
  picture.replace(whole(rows(...shuffled.map((number) => pod(`p${number}`)))));
  const compared = vi.spyOn(Intl.Collator.prototype, "compare", "get");
  const { rows: found, count } = first(picture, { ...all, query: "p" }, new Set(), 100);
  expect([count, found.length, found[0]?.name, found[99]?.name]).toEqual([20_000, 100, "p0", "p99"]);
  expect(compared.mock.calls.length).toBeLessThan(60_000);
  vi.restoreAllMocks();
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
