import { describe, expect, it } from "vitest";
import { actOf } from "../src/state/keys";

const press = (key: string, more = {}): Parameters<typeof actOf>[0] => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });

describe("a key on the page", () => {
  it("acts when no text is written", () => {
    expect(["/", "?", "Escape", "+", "=", "-", "0"].map((key) => actOf(press(key), false, true))).toEqual(["search", "keys", "close", "closer", "closer", "farther", "whole"]);
  });

  it("is text where text is written", () => {
    expect(actOf(press("/"), true, true)).toBeNull();
  });

  it("is the browser's with a modifier, so that its own zoom works", () => {
    for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) expect(actOf(press("+", more), false, true)).toBeNull();
  });

  it("changes the size of the map only where there is a map to be seen", () => {
    expect(["/", "Escape", "+", "=", "-", "0"].map((key) => actOf(press(key), false, false))).toEqual(["search", "close", null, null, null, null]);
  });

  it("means nothing when it is the name of something every object has", () => {
    expect(actOf(press("toString"), false, true)).toBeNull();
  });
});
