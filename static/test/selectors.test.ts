import { expect, test } from "vitest";
import { difference } from "../src/state/selectors";

test("a changed selector shows what stays once, and what goes and comes beside each other", () => {
  expect(difference({ app: "shop", slot: "blue" }, { app: "shop", slot: "green" })).toBe("  app: shop\n- slot: blue\n+ slot: green");
  expect(difference({ app: "shop" }, { app: "shop", slot: "green" })).toBe("  app: shop\n+ slot: green");
  expect(difference({ app: "shop", slot: "blue" }, { app: "shop" })).toBe("  app: shop\n- slot: blue");
});
