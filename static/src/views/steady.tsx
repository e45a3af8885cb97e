/**
 * The buttons that change a cluster. Answers come in above them at any time, and what is below moves: a press is not to reach the button that has just
 * come under the pointer in place of another one. The keyboard, which presses what has the focus, is not kept waiting.
 */
import type { ComponentProps, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** Within this, whoever was about to press sees that something else is there now. */
export const STEADY_MS = 400;

/** A button that the pointer presses only where it has stood still for a moment. */
export function SteadyButton(props: ComponentProps<"button">): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => steady(button.current!), []);
  return <button type="button" {...props} ref={button} />;
}

interface Stand {
  place: string;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Where each of them was on the screen when that was last looked at. */
const stands = new Map<HTMLElement, Stand>();
let changes: MutationObserver;

/** This will keep the pointer's presses from the button for a moment whenever it has moved, and gives back what ends that. */
function steady(button: HTMLElement): () => void {
  if (stands.size === 0) watch();
  const stand: Stand = { place: placeOf(button), timer: undefined };
  stands.set(button, stand);
  hold(button, stand);
  return () => {
    clearTimeout(stand.timer);
    stands.delete(button);
    if (stands.size === 0) unwatch();
  };
}

/** One watch for all of them: whatever is written, comes or goes anywhere may move them all, as may a scroll, also the one after the page has become shorter. */
function watch(): void {
  changes = new MutationObserver(look);
  changes.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  addEventListener("scroll", look, true);
  addEventListener("resize", look);
}

function unwatch(): void {
  changes.disconnect();
  removeEventListener("scroll", look, true);
  removeEventListener("resize", look);
}

/** All are measured before any is written to, so that the browser lays the page out once. */
function look(): void {
  const moved = [...stands].map(([button, stand]) => ({ button, stand, place: placeOf(button) })).filter(({ stand, place }) => place !== stand.place);
  for (const { button, stand, place } of moved) {
    stand.place = place;
    hold(button, stand);
  }
}

function hold(button: HTMLElement, stand: Stand): void {
  button.style.pointerEvents = "none";
  clearTimeout(stand.timer);
  stand.timer = setTimeout(() => (button.style.pointerEvents = ""), STEADY_MS);
}

function placeOf(button: HTMLElement): string {
  const { left, top } = button.getBoundingClientRect();
  return `${Math.round(left)} ${Math.round(top)}`;
}
