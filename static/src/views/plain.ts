/**
 * What nobody sees is written out: control characters, and those that turn the order of what stands around them or leave no ink, as `⟨U+202E⟩`.
 * A cluster's messages, annotations and conditions may hold any, and one that is not seen makes a text look like another one. It is done where a text
 * becomes part of the page, so that no view has to remember it; what is compared or sent stays as it was. What joins and colours emoji belongs to them.
 * Import it before anything is drawn.
 */
import { options } from "preact";

const EMOJI = /\p{Extended_Pictographic}[\u{1F3FB}-\u{1F3FF}]?[\uFE0E\uFE0F]?/u.source;
const UNSEEN = new RegExp(String.raw`(${EMOJI}(?:\u200D${EMOJI})*|[#*0-9]\uFE0F\u20E3)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\p{Cf}\p{DI}\u2028\u2029\u2800]`, "gu");
const READ = ["title", "aria-label", "placeholder"];

export function plain(text: string): string {
  return text.replace(UNSEEN, (one, emoji?: string) => emoji ?? `⟨U+${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

const before = options.vnode;
/** Preact makes one for each text too, which then stands in place of its attributes: https://preactjs.com/guide/v10/options */
options.vnode = (made: { type: unknown; props: unknown }): void => {
  if (typeof made.props === "string") made.props = plain(made.props);
  else if (typeof made.type === "string") {
    const attributes = made.props as Record<string, unknown>;
    for (const name of READ) if (typeof attributes[name] === "string") attributes[name] = plain(attributes[name]);
  }
  before?.(made as never);
};
