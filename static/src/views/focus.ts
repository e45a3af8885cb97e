/** Where the keyboard is when what it stood on goes: a button whose press is under way, or is over. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import * as store from "../state/store";

/** What was within `held` and went with the focus leaves it to `heading`: there, what came of the press is read next. */
export function useFocusKept(held: RefObject<HTMLElement | null>, heading: RefObject<HTMLElement | null>): void {
  void store.applications.value;
  const last = useRef<Element | null>(null);
  useLayoutEffect(() => {
    const around = held.current;
    const came = (event: FocusEvent): void => void (last.current = event.target as Element);
    // Where the focus goes nowhere, what had it may just be going; a press beside it lets it stand.
    const left = ({ relatedTarget }: FocusEvent): void => {
      if (relatedTarget) last.current = null;
      else queueMicrotask(() => {
        if (last.current && !isGone(last.current)) last.current = null;
      });
    };
    around?.addEventListener("focusin", came);
    around?.addEventListener("focusout", left);
    return () => {
      around?.removeEventListener("focusin", came);
      around?.removeEventListener("focusout", left);
    };
  }, []);
  useLayoutEffect(() => {
    const active = document.activeElement;
    if (last.current && isGone(last.current) && (!active || active === document.body)) heading.current?.focus({ preventScroll: true });
  });
}

function isGone(one: Element): boolean {
  return !one.isConnected || (one as HTMLButtonElement).disabled;
}
