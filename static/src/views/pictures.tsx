/** Small drawings: the product's mark, and one per way in, so that the type of a door is seen before it is read. */
import type { JSX } from "preact";
import type * as derived from "../state/derived";

export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect class="mark-blue" x="1" y="1.5" width="6.4" height="6" rx="1.6" />
      <rect class="mark-green" x="8.6" y="1.5" width="6.4" height="6" rx="1.6" />
      <rect class="mark-base" x="1" y="8.8" width="14" height="5.7" rx="1.6" />
    </svg>
  );
}

export type Door = "ClusterIP" | "Headless" | "NodePort" | "LoadBalancer" | "ExternalName" | "Ingress" | "Gateway" | "HTTPRoute";

/** Which picture a way in gets; a type of Service that is not known yet looks like a ClusterIP. */
export function doorOf(record: derived.Door): Door {
  if (record.kind !== "Service") return record.kind;
  if (record.type === "NodePort" || record.type === "LoadBalancer" || record.type === "ExternalName") return record.type;
  return record.headless ? "Headless" : "ClusterIP";
}

/** Strokes in a field of 28 by 20. */
const STROKES: Readonly<Record<Door, string>> = {
  ClusterIP: "M14 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14M14 8a2 2 0 1 0 0 4a2 2 0 1 0 0-4",
  Headless: "M4 4h6v4h-6zM4 12h6v4h-6zM14 6h10M14 14h10",
  NodePort: "M2 17V4h7v13M10.500 17V4h7v13M19 17V4h7v13",
  LoadBalancer: "M2 10h10M12 3v14M12 7l13-4M12 10h13M12 13l13 4",
  ExternalName: "M2 10h3M8 10h3M14 10h8M18 5l5 5l-5 5",
  Ingress: "M2 10h7M9 3h10v14h-10zM19 6h7M19 10h7M19 14h7",
  Gateway: "M4 17V10a10 7 0 0 1 20 0v7M9 17V8M14 17V3M19 17V8",
  HTTPRoute: "M2 10h9M11 10l7-6h8M11 10l7 6h8",
};

export function DoorPicture({ door }: { door: Door }): JSX.Element {
  return <svg class="door" viewBox="0 0 28 20" aria-hidden="true"><path d={STROKES[door]} /></svg>;
}
