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

/** This will keep the pointer's presses from the button for a moment whenever it has moved, and gives back what ends that. */
function steady(button: HTMLElement): () => void {
  let place = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    const now = placeOf(button);
    if (now === place) return;
    place = now;
    button.style.pointerEvents = "none";
    clearTimeout(timer);
    timer = setTimeout(() => (button.style.pointerEvents = ""), STEADY_MS);
  };
  look();
  // What moves it is the size of something beside it, or beside what it is in.
  const sizes = new ResizeObserver(look);
  for (let one = button; one.parentElement; one = one.parentElement) for (const beside of one.parentElement.children) sizes.observe(beside);
  return () => {
    sizes.disconnect();
    clearTimeout(timer);
  };
}

/** Where it is in its document, wherever that has been scrolled to. */
function placeOf(button: HTMLElement): string {
  let [left, top] = [0, 0];
  for (let one: HTMLElement | null = button; one; one = one.offsetParent as HTMLElement | null) {
    left += one.offsetLeft;
    top += one.offsetTop;
  }
  return `${left} ${top}`;
}
