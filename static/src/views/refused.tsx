/** Why something was refused; nothing while nothing was. */
import type { JSX } from "preact";
import { refusalOf } from "../i18n/switching";
import type { Refusal } from "../state/rest";
import { Sentence } from "./sentence";

/** `card` where it stands on the page's own ground. */
export function Refused({ of, card = false }: { of: Refusal | null; card?: boolean }): JSX.Element | null {
  return of && <p class={card ? "card bad-text" : "bad-text"} role="alert"><Sentence text={refusalOf(of)} /></p>;
}
