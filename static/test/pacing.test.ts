import { beforeEach, describe, expect, test } from "vitest";
import { Pace } from "../src/state/pacing";
import type { Clock } from "../src/state/pacing";

/** A browser whose time passes when the test says so: frames every 16 ms, and whatever is asked to be called later. */
class Browser implements Clock {
  private at = 0;
  private due: { at: number; then: () => void }[] = [];
  private frames: (() => void)[] = [];
  now(): number {
    return this.at;
  }
  frame(then: () => void): void {
    this.frames.push(then);
  }
  after(milliseconds: number, then: () => void): void {
    this.due.push({ at: this.at + milliseconds, then });
  }
  /** What is done takes so long. */
  work(milliseconds: number): void {
    this.at += milliseconds;
  }
  /** One frame is drawn, and what is due until the next one happens. */
  draw(): void {
    for (const then of this.frames.splice(0)) then();
    const end = (Math.floor(this.at / 16) + 1) * 16;
    for (;;) {
      const next = this.due.sort((a, b) => a.at - b.at)[0];
      if (!next || next.at >= end) break;
      this.due.shift();
      this.at = Math.max(this.at, next.at);
      next.then();
    }
    this.at = end;
  }
}

describe("what changed is told", () => {
  let browser: Browser;
  let told: number[];
  let costs: number;
  let pace: Pace;
  beforeEach(() => {
    [browser, told, costs] = [new Browser(), [], 0];
    pace = new Pace(() => {
      told.push(browser.now());
      browser.work(costs);
    }, browser);
  });

  test("in the next frame where nothing else happened", () => {
    pace.ask();
    expect(told).toEqual([]);
    browser.draw();
    expect(told).toHaveLength(1);
  });

  test("once, however much comes before the frame", () => {
    for (let number = 0; number < 8_000; number++) pace.ask();
    browser.draw();
    browser.draw();
    browser.draw();
    expect(told.length).toBeLessThanOrEqual(2);
  });

  test("to the end: what comes while it is told or rested is told as well", () => {
    costs = 40;
    pace.ask();
    browser.draw();
    pace.ask();
    for (let frame = 0; frame < 10; frame++) browser.draw();
    expect(told).toHaveLength(2);
    for (let frame = 0; frame < 10; frame++) browser.draw();
    expect(told).toHaveLength(2);
  });

  test.each([1, 30, 300, 2_000])("with half of the time left for others where telling takes %i ms", (milliseconds) => {
    costs = milliseconds;
    for (let frame = 0; frame < 2_000; frame++) {
      pace.ask();
      browser.draw();
    }
    expect(told.length).toBeGreaterThan(1);
    expect(told.length * milliseconds).toBeLessThanOrEqual(browser.now() / 2 + milliseconds);
    const gaps = told.slice(1).map((at, number) => at - told[number]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2 * milliseconds);
  });
});
