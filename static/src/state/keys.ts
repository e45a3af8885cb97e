/** What a key does on the whole page. Pure: which act a key press means, if any. */

export type Act = "search" | "keys" | "close" | "closer" | "farther" | "whole";

export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

const ACTS: Readonly<Record<string, Act>> = { "/": "search", "?": "keys", Escape: "close", "+": "closer", "=": "closer", "-": "farther", "0": "whole" };

const OF_THE_MAP: readonly (Act | null)[] = ["closer", "farther", "whole"];

/** The act, or null: with a modifier the key is the browser's, where text is written it is text, and out of sight the map stays as large as it is. */
export function actOf(press: Press, writing: boolean, onMap: boolean): Act | null {
  if (press.ctrlKey || press.metaKey || press.altKey || writing) return null;
  const act = Object.hasOwn(ACTS, press.key) ? ACTS[press.key]! : null;
  return onMap || !OF_THE_MAP.includes(act) ? act : null;
}
