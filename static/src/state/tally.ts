/** How the pods of a node are, in numbers: what is left of them where each can no longer be drawn. Pure. */
import type { Pod } from "../wire/messages";
import * as conditions from "./conditions";
import type { Colour } from "./sides";

export interface Tally {
  readonly total: number;
  readonly ready: number;
  readonly bad: number;
  /** Ready pods of either side of a switch. */
  readonly blue: number;
  readonly green: number;
}

export function tallied(pods: Iterable<Pod>, colourOf: (pod: Pod) => Colour | undefined): Tally {
  const found = { total: 0, ready: 0, bad: 0, blue: 0, green: 0 };
  for (const pod of pods) {
    const colour = pod.ready ? colourOf(pod) : undefined;
    found.total++;
    if (pod.ready) found.ready++;
    if (conditions.ofPod(pod) === "bad") found.bad++;
    if (colour === "blue" || colour === "green") found[colour]++;
  }
  return found;
}

/** One pod of a side among very many others is still to be seen. */
const LEAST = 0.25;

/** The same as a fill from the left: blue, green, the other ready ones; what is empty is not ready. */
export function fillOf({ total, ready, blue, green }: Tally): string {
  if (total === 0) return "";
  const until = (part: number): string => `0 ${Math.round(100 * part)}%`;
  const [asBlue, asGreen] = [blue, green].map((count) => (count > 0 ? Math.max(LEAST, count / total) : 0)) as [number, number];
  return `linear-gradient(90deg, var(--blue) ${until(asBlue)}, var(--green) ${until(asBlue + asGreen)}, var(--idle) ${until(ready / total)}, transparent 0)`;
}
