/**
 * What the cluster, or the machine before it, said in its own English words. Who reads Korean has the reason in Korean before it, and this
 * folded away; it is marked as English, so that a screen reader does not read it as Korean.
 */
import type { JSX } from "preact";
import { language, t } from "../i18n/words";

export function Original({ text }: { text: string }): JSX.Element {
  if (language.value === "en") return <span> ({text})</span>;
  return (
    <details>
      <summary>{t("details")}</summary>
      <span lang="en">{text}</span>
    </details>
  );
}
