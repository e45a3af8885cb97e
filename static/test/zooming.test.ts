import { describe, expect, it } from "vitest";
import { distance, keeping, LARGEST, pinched, SMALLEST, stepped, wheeled } from "../src/state/zooming";

describe("the size of the map", () => {
  it("never leaves its bounds, whatever is turned", () => {
    expect(stepped(1, 100)).toBe(LARGEST);
    expect(stepped(1, -100)).toBe(SMALLEST);
    expect(wheeled(1, -1e9)).toBe(LARGEST);
    expect(wheeled(1, 1e9)).toBe(SMALLEST);
    expect(wheeled(1, Number.NaN)).toBe(1);
  });

  it("comes through full size from both sides", () => {
    expect(stepped(0.9, 1)).toBe(1);
    expect(stepped(1.1, -1)).toBe(1);
    expect(stepped(1, 1)).toBe(1.25);
  });

  it("goes back to where it was by as many steps", () => {
    let size = 1;
    for (let step = 0; step < 4; step++) size = stepped(size, 1);
    for (let step = 0; step < 4; step++) size = stepped(size, -1);
    expect(size).toBe(1);
  });

  it("grows as far as two fingers part", () => {
    const fingers = [{ x: 0, y: 0 }, { x: 30, y: 40 }] as const;
    expect(distance(...fingers)).toBe(50);
    expect(pinched(1, 50, 100)).toBe(2);
    expect(pinched(2, 100, 50)).toBe(1);
    expect(pinched(1, 50, 1e9)).toBe(LARGEST);
    expect(pinched(1, 0, 50)).toBe(1);
  });

  it("keeps what is under the pointer there", () => {
    const place = (offset: number, scrolled: number, size: number): number => (offset + scrolled) / size;
    const before = place(120, 300, 1);
    const scrolled = 300 + keeping({ offset: 120, scrolled: 300, from: 1, to: 2 });
    expect(place(120, scrolled, 2)).toBeCloseTo(before);
  });
});
