/** The buttons of a practice cluster, behind its violet chip: what can be made to happen, and what the last button did. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { language, t } from "../i18n/words";
import { page } from "../state/page";
import * as rest from "../state/rest";
import type { Played } from "../state/rest";
import { useAsked, useDoing } from "./asking";
import { Refused } from "./refused";

const NAMED = 8;

export function PracticeChip(): JSX.Element {
  return (
    <button type="button" class="practice" popovertarget="practice" data-testid="practice" title={t("practiceMeans")}>
      {t("practice")} <span aria-hidden="true">▾</span>
    </button>
  );
}

/** They can be pressed while the picture is stale too: one of them makes it so, and another one ends that. */
export function Practice(): JSX.Element {
  const [opened, setOpened] = useState(0);
  return (
    <section id="practice" class="practice-acts" popover="auto" aria-label={t("practice")} onToggle={(event) => event.newState === "open" && setOpened(opened + 1)}>
      <p>{t("practiceMeans")}</p>
      {opened > 0 && <Acts turn={opened} />}
    </section>
  );
}

function Acts({ turn }: { turn: number }): JSX.Element {
  const asked = useAsked(() => rest.acts(page.cluster), String(turn));
  const doing = useDoing();
  const [played, setPlayed] = useState<Played | null>(null);
  const refusal = doing.refusal ?? asked.refusal;
  const may = page.role !== "viewer" && !page.readOnly;
  return (
    <>
      {!may && <p class="quiet">{t(page.readOnly ? "readOnly" : "practiceViewer")}</p>}
      {asked.value?.length === 0 && <p class="quiet">{t("practiceNone")}</p>}
      <ul>
        {asked.value?.map((act) => (
          <li key={act.name}>
            <button
              type="button" class="button" disabled={!may || doing.busy} aria-describedby={`does-${act.name}`}
              onClick={() => doing.run(async () => setPlayed(await rest.play(page.cluster, act.name)))}
            >
              {act.title[language.value]}
            </button>
            <small id={`does-${act.name}`} class="quiet">{act.does[language.value]}</small>
          </li>
        ))}
      </ul>
      <div role="status" data-testid="played">{played && !refusal && !doing.busy && <Outcome played={played} />}</div>
      <Refused of={refusal} />
    </>
  );
}

/** What was changed, named where it is not too much to read. */
function Outcome({ played }: { played: Played }): JSX.Element {
  const act = played.title[language.value];
  const count = played.changed.length;
  const named = played.changed.slice(0, NAMED).map((one) => `${one.kind} ${one.name}`).join(", ");
  return (
    <p>
      {count > 1 ? t("played", { act, count }) : t(count ? "playedOne" : "playedNothing", { act })}
      {named && <small class="quiet line wrap">{named}{count > NAMED && " …"}</small>}
    </p>
  );
}
