/** How large the map is drawn, and what stays under the pointer while that changes. The functions are pure; the signal is the page's. */
import { signal } from "@preact/signals";

export const SMALLEST = 0.25;
export const LARGEST = 4;
const STEP = 1.25;
/** So many pixels of a wheel or pinch double the size. */
const WHEEL_DOUBLES = 240;

export const zoom = signal(1);

function within(size: number): number {
  const rounded = Math.round(size * 100) / 100;
  return Number.isNaN(rounded) ? 1 : Math.min(LARGEST, Math.max(SMALLEST, rounded));
}

/** The next size on the ladder; negative steps go down. The ladder goes through 1 from everywhere. */
export function stepped(size: number, steps: number): number {
  const next = within(size * STEP ** steps);
  return (size < 1 && next > 1) || (size > 1 && next < 1) ? 1 : next;
}

/** The size after a wheel moved by so many pixels; away from the reader is closer. */
export function wheeled(size: number, pixels: number): number {
  return within(size * 2 ** (-pixels / WHEEL_DOUBLES));
}

interface Point {
  readonly x: number;
  readonly y: number;
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** The size after two fingers that were so far apart when it was `size` are so far apart. */
export function pinched(size: number, before: number, after: number): number {
  return before > 0 ? within((size * after) / before) : size;
}

/** How far to scroll so that what lies `offset` pixels into the view stays there, where `scrolled` pixels are out of sight before it. */
export function keeping({ offset, scrolled, from, to }: { offset: number; scrolled: number; from: number; to: number }): number {
  return (offset + scrolled) * (to / from - 1);
}
