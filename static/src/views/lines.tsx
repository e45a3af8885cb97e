/**
 * Lines on the map from a way in to its ready pods, while it is chosen or, when nothing is, pointed at: at rest there are none. What is not
 * drawn by itself (a pod of a node that is a cell, or far out of sight) is met at its node.
 */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import * as derived from "../state/derived";
import { linesOf } from "../state/joining";
import type { Line } from "../state/joining";
import * as store from "../state/store";
import { zoom } from "../state/zooming";
import { density } from "./sight";

/** What the pointer or the keyboard is at; empty for nothing. */
export const pointed = signal("");

/** More of them are a stain. */
const MOST = 300;

interface Drawn {
  readonly path: string;
  readonly side: string | undefined;
}

export function Lines(): JSX.Element {
  const canvas = useRef<SVGSVGElement>(null);
  const [drawn, draw] = useState<readonly Drawn[]>([]);
  const [turn, again] = useState(0);
  const [at, chosen] = [pointed.value, store.selectedUid.value];
  // The places are read off what is drawn, so whatever moves it draws the lines anew.
  const doors = derived.doorways.value;
  const count = store.followWritten("Pod", "Node", "Service").count("Pod");
  const layout = `${density.value} ${zoom.value} ${store.route.value.selection !== null} ${count} ${turn}`;
  useLayoutEffect(() => {
    const ground = canvas.current?.parentElement;
    if (!ground) return;
    const watch = new ResizeObserver(() => again((before) => before + 1));
    watch.observe(ground);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    // What is chosen first: where it opens the panel, the map moves, and something else lies under a pointer that nobody moved.
    const lines = [chosen, at].map(linesTo).find((found) => found.length > 0) ?? [];
    draw(canvas.current && lines.length > 0 ? placed(canvas.current, lines) : []);
  }, [at, chosen, doors, layout]);
  return <svg ref={canvas} class="lines" aria-hidden="true">{drawn.map((one) => <path key={one.path} d={one.path} data-side={one.side} />)}</svg>;
}

function linesTo(uid: string): readonly Line[] {
  const record = store.picture.byUid(uid);
  return record ? linesOf(store.picture, derived.doorways.peek(), record).slice(0, MOST) : [];
}

function placed(canvas: SVGSVGElement, lines: readonly Line[]): Drawn[] {
  const places = new Map<string, Element>();
  for (const element of document.querySelectorAll<HTMLElement>(".stage [data-uid]")) places.set(element.dataset["uid"]!, element);
  const from = canvas.getBoundingClientRect();
  const size = zoom.peek();
  const found = new Map<string, Drawn>();
  for (const line of lines) {
    const [a, b] = [placeOf(places, line.from), placeOf(places, line.to)].map((one) => one?.getBoundingClientRect());
    if (!a || !b) continue;
    const [x, y] = [(a.left + a.width / 2 - from.left) / size, (a.bottom - from.top) / size];
    const [toX, toY] = [(b.left + b.width / 2 - from.left) / size, (b.top - from.top) / size];
    const bend = Math.max(24, (toY - y) / 2);
    const path = `M${x} ${y}C${x} ${y + bend} ${toX} ${toY - bend} ${toX} ${toY}`;
    const pod = store.picture.byUid(line.to);
    found.set(path, { path, side: pod?.kind === "Pod" ? derived.sideOf.peek()(pod)?.colour : undefined });
  }
  return [...found.values()];
}

function placeOf(places: ReadonlyMap<string, Element>, uid: string): Element | undefined {
  const found = places.get(uid);
  const record = found ? undefined : store.picture.byUid(uid);
  return found ?? (record?.kind === "Pod" ? places.get(store.picture.byName("Node", "", record.node)?.uid ?? "") : undefined);
}
