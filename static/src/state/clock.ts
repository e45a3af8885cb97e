/** Time as the server has it, and two ticks a second for what grows older on screen. */
import { computed, signal } from "@preact/signals";

/** How far the browser's clock is behind the server's, in milliseconds. */
export const behind = signal(0);
/** The server's time, in milliseconds; renewed twice a second. */
export const now = signal(Date.now());

/** Counts five seconds each; stands still while the page is hidden. */
export const fives = computed(() => Math.floor(now.value / 5000));

export function hearServerTime(serverMs: number): void {
  const difference = serverMs - Date.now();
  if (Math.abs(difference - behind.peek()) > 250) behind.value = difference;
}

/** So much farther than the steady clock the clock on the wall has gone only where the machine slept, or was put right. */
const SLEPT_MS = 2_000;

/** `slept` is told for how long `performance.now()` stood still, in milliseconds: Chrome's does while macOS or Linux sleeps. */
export function startTicking(slept: (milliseconds: number) => void = () => undefined): void {
  let ahead = Date.now() - performance.now();
  setInterval(() => {
    const asleep = Date.now() - performance.now() - ahead;
    ahead += asleep;
    if (asleep > SLEPT_MS) slept(Math.round(asleep));
    if (!document.hidden) now.value = Date.now() + behind.peek();
  }, 500);
  document.addEventListener("visibilitychange", () => (now.value = Date.now() + behind.peek()));
}
