/** The command that does the same as a button, to be copied; only a page that came by TLS or from this machine may write to the clipboard. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/words";

export function Command({ text }: { text: string }): JSX.Element {
  const [copied, tell] = useState("");
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(() => tell(text), () => tell(""));
  };
  return (
    <>
      <p class="quiet">{t("command")}</p>
      <pre>{text}</pre>
      {"clipboard" in navigator && (
        <p><button type="button" class="button" aria-live="polite" onClick={copy}>{t(copied === text ? "copied" : "copy")}</button></p>
      )}
    </>
  );
}
