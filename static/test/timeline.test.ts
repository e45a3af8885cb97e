/** The slider over what was recorded: where it stands, and where a move of it leads. */
import { clear, drawn } from "./document";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as clock from "../src/state/clock";
import type { Recorded } from "../src/state/rest";
import { Timeline } from "../src/views/timeline";

const BEGIN = Date.UTC(2026, 10, 26, 12, 0, 0, 250);
const NOW = BEGIN + 61_700;
const recorded = { hours: 24, holes: [], spans: [{ since: new Date(BEGIN).toISOString(), until: new Date(NOW).toISOString(), state: "live" }] } as unknown as Recorded;

beforeEach(() => void (clock.now.value = NOW));
afterEach(clear);

test("the right end of the slider is now, though its steps end before it", () => {
  const gone: string[] = [];
  const { page } = drawn(Timeline, { label: "Moment shown", at: new Date(BEGIN).toISOString(), recorded, go: (at) => gone.push(at) });
  const slider = page.all("input")[0]!;
  const [begin, end, step] = ["min", "max", "step"].map((name) => Number(slider.getAttribute(name))) as [number, number, number];
  const last = begin + Math.floor((end - begin) / step) * step;
  expect(last).toBeLessThan(end);
  for (const to of [last - step, last]) {
    Object.assign(slider, { valueAsNumber: to });
    slider.hear("change");
  }
  expect(gone).toEqual([new Date(last - step).toISOString(), ""]);
});
