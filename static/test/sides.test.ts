import { describe, expect, test } from "vitest";
import { colourOf, sideOf } from "../src/state/sides";
import { application } from "./making";

describe("colours belong to sides", () => {
  test.each([
    ["blue", ["blue", "green"], "blue"],
    ["green", ["blue", "green"], "green"],
    ["v1", ["v1", "v2"], "blue"],
    ["v2", ["v1", "v2"], "green"],
    ["v3", ["v1", "v2", "v3"], "neutral"],
    ["stable", ["green", "stable"], "blue"],
  ])("%s among %j is %s", (value, values, colour) => {
    expect(colourOf(value, values)).toBe(colour);
  });
});

describe("a pod is of a side by its labels alone", () => {
  const shop = application(["blue", "green"]);
  const selector = { app: "shop", slot: "blue" };

  test("whatever the selector asks beside the key must hold", () => {
    expect(sideOf({ app: "shop", slot: "green" }, selector, shop)).toBe("green");
    expect(sideOf({ app: "other", slot: "green" }, selector, shop)).toBeNull();
    expect(sideOf({ app: "shop" }, selector, shop)).toBeNull();
    expect(sideOf({ app: "shop", slot: "red" }, selector, shop)).toBeNull();
  });

  test("a label that every object inherits is not a label", () => {
    expect(sideOf({ app: "shop" }, { app: "shop" }, application(["blue"], { key: "constructor" }))).toBeNull();
  });
});
