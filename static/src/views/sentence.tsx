/** A sentence of ours; what stands in it between two backticks is typed as it is. */
import type { JSX } from "preact";

export function Sentence({ text }: { text: string }): JSX.Element {
  return <span>{text.split("`").map((part, number) => (number % 2 ? <code key={number} class="wrap">{part}</code> : part))}</span>;
}
