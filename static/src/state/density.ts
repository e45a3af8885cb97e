/**
 * How closely the map is drawn: an overview that has to be scrolled through for long is none. Roomy: nodes as cards, each pod large enough for
 * a thumb. Close: the same nodes with small pods. Far: a node is one cell that tells how its pods are. A phone has less room. Pure.
 */
export type Density = "roomy" | "close" | "far";

export interface Size {
  readonly nodes: number;
  readonly pods: number;
}

const LEVELS = ["roomy", "close", "far"] as const;
/** What is at most drawn roomily, and closely. */
const MOST: readonly Size[] = [{ nodes: 24, pods: 400 }, { nodes: 400, pods: 12_000 }];
const MOST_ON_A_PHONE: readonly Size[] = [{ nodes: 12, pods: 150 }, { nodes: 50, pods: 1_500 }];
/** A map that was drawn more closely stays so until it has become this much smaller: a cluster that breathes does not make it jump. */
const SLACK = 0.8;

export function densityOf(size: Size, before: Density = "roomy", narrow = false): Density {
  const fits = ({ nodes, pods }: Size, share: number): boolean => size.nodes <= nodes * share && size.pods <= pods * share;
  const level = (narrow ? MOST_ON_A_PHONE : MOST).findIndex((most, number) => fits(most, number < LEVELS.indexOf(before) ? SLACK : 1));
  return level < 0 ? "far" : LEVELS[level]!;
}
