/** What changed lights up once and is quiet again. Where motion is not wanted, it keeps a mark for a moment instead of fading. */
import { MOST_SHOWN } from "../state/picture";

const LASTS_MS = 400;
export function glow(uids: ReadonlySet<string>): void {
  if (uids.size === 0 || uids.size > MOST_SHOWN || document.hidden) return;
  requestAnimationFrame(() => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const lit = "0 0 0 3px var(--glow)";
    // One way through what is drawn: to look for each would be as many ways.
    for (const shown of document.querySelectorAll<HTMLElement>(".stage [data-uid]")) {
      if (uids.has(shown.dataset["uid"]!)) shown.animate({ boxShadow: [lit, still ? lit : "0 0 0 0 transparent"] }, { duration: LASTS_MS, easing: "ease-out" });
    }
  });
}
