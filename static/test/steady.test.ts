/** No press of the pointer reaches a button that has just come under it. */
import { clear, drawn } from "./document";
import type { Element_ } from "./document";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { STEADY_MS, SteadyButton } from "../src/views/steady";

let resized: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("ResizeObserver", class {
    constructor(look: () => void) {
      resized = look;
    }
    observe(): void {}
    disconnect(): void {}
  });
});

afterEach(() => {
  clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The button in its page, and how the pointer gets on with it. */
function shown(): { button: Element_; pointer: () => string } {
  const { page } = drawn(SteadyButton, { children: "Switch shop to green" });
  const [button] = page.all("button");
  Object.assign(button!, { offsetLeft: 20, offsetTop: 100, offsetParent: null });
  return { button: button!, pointer: () => String(Object(button!.style)["pointerEvents"]) };
}

test("a button that has just appeared is not pressed by who aimed at what was there before", async () => {
  const { pointer } = shown();
  expect(pointer()).toBe("none");
  await vi.advanceTimersByTimeAsync(STEADY_MS - 1);
  expect(pointer()).toBe("none");
  await vi.advanceTimersByTimeAsync(1);
  expect(pointer()).toBe("");
});

test("nor is one that has moved; one that stayed where it is waits for nothing", async () => {
  const { button, pointer } = shown();
  resized();
  await vi.advanceTimersByTimeAsync(STEADY_MS);
  resized();
  expect(pointer()).toBe("");
  Object.assign(button, { offsetTop: 140 });
  resized();
  expect(pointer()).toBe("none");
  await vi.advanceTimersByTimeAsync(STEADY_MS / 2);
  Object.assign(button, { offsetTop: 180 });
  resized();
  await vi.advanceTimersByTimeAsync(STEADY_MS / 2);
  expect(pointer()).toBe("none");
  await vi.advanceTimersByTimeAsync(STEADY_MS / 2);
  expect(pointer()).toBe("");
});
