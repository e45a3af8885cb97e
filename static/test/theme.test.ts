/** A browser that keeps nothing (blocked cookies, some private windows) throws where it is asked to. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as theme from "../src/state/theme";

const dataset: Record<string, string> = {};

beforeEach(() => {
  vi.stubGlobal("document", { documentElement: { dataset } });
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  const refuse = (): never => {
    throw new DOMException("denied", "SecurityError");
  };
  vi.stubGlobal("localStorage", { getItem: refuse, setItem: refuse });
});

afterEach(() => vi.unstubAllGlobals());

test("where nothing may be kept the page is drawn all the same, and can be made dark", () => {
  theme.restore();
  theme.toggle();
  expect(dataset["theme"]).toBe("dark");
});
