/** Which elements are in sight or nearly so: of very many, only those are drawn in detail. One observer for all of them. */
import { signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";

const AROUND = "600px";
const heard = new WeakMap<Element, (near: boolean) => void>();
let observer: IntersectionObserver | undefined;

function watch(element: Element, hear: (near: boolean) => void): () => void {
  observer ??= new IntersectionObserver((seen) => {
    for (const one of seen) heard.get(one.target)?.(one.isIntersecting);
  }, { rootMargin: AROUND });
  heard.set(element, hear);
  observer.observe(element);
  return () => observer?.unobserve(element);
}

/** Whether the element is near; always, unless there are too `many` of them. */
export function useNear(many: boolean): [RefObject<HTMLDivElement | null>, boolean] {
  const element = useRef<HTMLDivElement>(null);
  const near = useMemo(() => signal(false), []);
  useEffect(() => (many && element.current ? watch(element.current, (is) => (near.value = is)) : undefined), [many]);
  return [element, near.value || !many];
}
