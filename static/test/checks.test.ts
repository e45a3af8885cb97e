/** What is ticked before a switch, and what goes with its request. */
import { drawn } from "./document";
import { expect, test, vi } from "vitest";
import type { Check } from "../src/state/rest";
import { acceptedOf, Checks, isTicked } from "../src/views/checks";

const named = (code: string, level: Check["level"], name: string): Check =>
  ({ code, level, params: {}, objects: [{ kind: "Secret", namespace: "store", name }], sentence: `About ${name}.`, remedy: "" });
const shared = named("shared-config", "info", "shop");
const budget = named("old-side-only", "warn", "pdb");
const all = ["shared-config Secret/store/shop", "old-side-only Secret/store/pdb"];

test("nothing waits for the tick that is optional, and it goes with the request where it was set", () => {
  expect(isTicked([shared], [])).toBe(true);
  expect(isTicked([shared, budget], all.slice(0, 1))).toBe(false);
  expect(acceptedOf([{ checks: [shared, budget], accepted: all }])).toEqual(["shared-config", "old-side-only"]);
  expect(acceptedOf([{ checks: [shared, budget], accepted: all.slice(1) }])).toEqual(["old-side-only"]);
});

test("of several Services it goes with the request where it was set for each that it is about", () => {
  const other = { ...shared, level: "ok" } as const;
  expect(acceptedOf([{ checks: [shared], accepted: all }, { checks: [other], accepted: [] }])).toEqual(["shared-config"]);
  expect(acceptedOf([{ checks: [shared], accepted: all }, { checks: [shared], accepted: [] }])).toEqual([]);
});

test.each([
  ["other numbers of nodes", { shared: "4", nodes: "5" }, { shared: "0", nodes: "5" }],
  ["another owner of the same Service", { owner: "Helm", sign: "a label" }, { owner: "Argo CD", sign: "an annotation" }],
])("a tick is for what a warning says, and not for %s", (_, params, others) => {
  const accept = vi.fn();
  const [one, other] = [{ ...budget, params }, { ...budget, params: others }];
  const { page, undo } = drawn(Checks, { checks: [one, other], of: "shop", accepted: [], accept });
  Object.assign(page.all("input")[0]!, { checked: true }).hear("change");
  const accepted = accept.mock.calls[0]![0] as string[];
  expect([isTicked([one], accepted), isTicked([other], accepted), isTicked([one, other], accepted)]).toEqual([true, false, false]);
  expect(acceptedOf([{ checks: [one, other], accepted }])).toEqual([]);
  undo();
});

test("whatever has a tick has a box, and says what is ticked", () => {
  const accept = vi.fn();
  const { page, undo } = drawn(Checks, { checks: [shared, budget, named("long-lived", "info", "shop")], of: "shop", accepted: [], accept });
  expect(page.all("label").map((one) => one.textContent)).toEqual([
    "Optional: what both sides use, and the database's schema, suit both versions", "I understand: About pdb.",
  ]);
  Object.assign(page.all("input")[0]!, { checked: true }).hear("change");
  expect(accept).toHaveBeenCalledWith(all.slice(0, 1));
  undo();
});
