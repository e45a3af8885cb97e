/** Holds the map: draw it larger or smaller, and drag the ground to move it. Below full size it fills the width again, so more is in sight. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ComponentChildren, JSX, TargetedPointerEvent, TargetedTouchEvent, TargetedWheelEvent } from "preact";
import { t } from "../i18n/words";
import { distance, keeping, LARGEST, pinched, SMALLEST, stepped, wheeled, zoom } from "../state/zooming";
import { Lines, pointed } from "./lines";

interface Point {
  readonly x: number;
  readonly y: number;
}

export function Stage({ children }: { children: ComponentChildren }): JSX.Element {
  const stage = useRef<HTMLDivElement>(null);
  const pointer = useRef<Point | null>(null);
  const grip = useRef<Point | null>(null);
  const pinch = useRef<{ readonly apart: number; readonly size: number } | null>(null);
  const shown = useRef(zoom.peek());
  const size = zoom.value;

  useLayoutEffect(() => {
    const held = stage.current;
    const from = shown.current;
    shown.current = size;
    if (!held || from === size) return;
    const box = held.getBoundingClientRect();
    const at = pointer.current ?? { x: box.left + box.width / 2, y: Math.max(box.top, 0) };
    if (size > 1 || from > 1) held.scrollLeft += keeping({ offset: at.x - box.left, scrolled: held.scrollLeft, from, to: size });
    window.scrollBy(0, keeping({ offset: at.y - box.top, scrolled: 0, from, to: size }));
    pointer.current = null;
  }, [size]);

  const wheel = (event: TargetedWheelEvent<HTMLDivElement>): void => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    pointer.current = { x: event.clientX, y: event.clientY };
    zoom.value = wheeled(zoom.peek(), event.deltaY);
  };
  const take = (event: TargetedPointerEvent<HTMLDivElement>): void => {
    const onGround = event.target instanceof Element && !event.target.closest("button, a, input, select");
    if (event.pointerType !== "mouse" || event.button !== 0 || !onGround) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    grip.current = { x: event.clientX, y: event.clientY };
  };
  const drag = (event: TargetedPointerEvent<HTMLDivElement>): void => {
    const held = grip.current;
    if (!held) return;
    event.currentTarget.scrollLeft += held.x - event.clientX;
    window.scrollBy(0, held.y - event.clientY);
    grip.current = { x: event.clientX, y: event.clientY };
  };
  const release = (): void => {
    grip.current = null;
  };
  const fingers = ({ touches: [a, b] }: TargetedTouchEvent<HTMLDivElement>): [Point, Point] | null =>
    a && b ? [{ x: a.clientX, y: a.clientY }, { x: b.clientX, y: b.clientY }] : null;
  const touch = (event: TargetedTouchEvent<HTMLDivElement>): void => {
    const at = fingers(event);
    pinch.current = at && { apart: distance(...at), size: zoom.peek() };
  };
  const part = (event: TargetedTouchEvent<HTMLDivElement>): void => {
    const at = fingers(event);
    if (!at || !pinch.current) return;
    event.preventDefault();
    pointer.current = { x: (at[0].x + at[1].x) / 2, y: (at[0].y + at[1].y) / 2 };
    zoom.value = pinched(pinch.current.size, pinch.current.apart, distance(...at));
  };
  const point = (event: Event): void => {
    const at = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-uid]") : null;
    pointed.value = at?.dataset["uid"] ?? "";
  };
  const leave = (): void => {
    pointed.value = "";
  };
  return (
    <div
      ref={stage} class="stage" role="region" tabIndex={0} aria-label={t("map")}
      onWheel={wheel} onPointerDown={take} onPointerMove={drag} onPointerUp={release} onPointerCancel={release}
      onTouchStart={touch} onTouchMove={part} onTouchEnd={touch} onTouchCancel={touch}
      onPointerOver={point} onPointerLeave={leave} onFocusIn={point} onFocusOut={leave}
    >
      <div class="ground" style={{ zoom: size, width: `${Math.max(1, size) * 100}%` }}>{children}<Lines /></div>
    </div>
  );
}

export function ZoomButtons(): JSX.Element {
  const size = zoom.value;
  return (
    <div class="group" role="group" aria-label={t("zoom")}>
      <button type="button" class="button" aria-label={t("farther")} disabled={size <= SMALLEST} onClick={() => (zoom.value = stepped(size, -1))}>−</button>
      <button type="button" class="button percent" aria-label={t("whole")} onClick={() => (zoom.value = 1)}>{Math.round(size * 100)} %</button>
      <button type="button" class="button" aria-label={t("closer")} disabled={size >= LARGEST} onClick={() => (zoom.value = stepped(size, 1))}>+</button>
    </div>
  );
}
