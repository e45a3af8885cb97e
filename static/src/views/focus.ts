/** Where the keyboard is when what it stood on goes: a button whose press is under way, or is over. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import * as store from "../state/store";

/** What was within `held` and went with the focus leaves it to `heading`: there, what came of the press is read next. */
export function useFocusKept(held: RefObject<HTMLElement | null>, heading: RefObject<HTMLElement | null>): void {
  void store.applications.value;
  const isWithin = useRef(false);
  useLayoutEffect(() => {
    const around = held.current;
    const came = (): void => void (isWithin.current = true);
    // Where the focus goes nowhere, what had it is gone or cannot be pressed any more.
    const left = (event: FocusEvent): void => void (isWithin.current = event.relatedTarget === null);
    around?.addEventListener("focusin", came);
    around?.addEventListener("focusout", left);
    return () => {
      around?.removeEventListener("focusin", came);
      around?.removeEventListener("focusout", left);
    };
  }, []);
  useLayoutEffect(() => {
    const active = document.activeElement;
    if (isWithin.current && (!active || active === document.body)) heading.current?.focus({ preventScroll: true });
  });
}
