/** What a preflight says, with a box to tick for each warning, and what keeps other tools from a fight. */
import type { JSX } from "preact";
import { remedyOf, sentenceOf, wordsOf } from "../i18n/checks";
import { t } from "../i18n/words";
import type * as rest from "../state/rest";
import { Sentence } from "./sentence";

interface CheckLineProps {
  readonly check: rest.Check;
  /** The Service that all of it is about, which is not named once more. */
  readonly of?: string;
}

export function CheckLine({ check, of = "" }: CheckLineProps): JSX.Element {
  const remedy = remedyOf(check);
  const sentence = sentenceOf(check);
  const objects = check.objects.map((one) => `${one.kind} ${one.name}`).filter((one) => one !== `Service ${of}` && !sentence.includes(one));
  return (
    <li data-level={check.level}>
      <Sentence text={sentence} />
      {objects.length > 0 && <span class="quiet wrap"> {objects.join(", ")}</span>}
      {remedy && <p class="quiet"><Sentence text={t("remedy", { text: remedy })} /></p>}
    </li>
  );
}

/** A tick is for what one warning says of these objects, not for the same one about others or with other numbers. */
function tickOf(check: rest.Check): string {
  const says = Object.entries(check.params).map(([name, value]) => `${name}=${value}`).sort();
  return [check.code, ...check.objects.map((one) => `${one.kind}/${one.namespace}/${one.name}`), ...says].join(" ");
}

/** The warnings, which have to be ticked. */
export function warned(checks: readonly rest.Check[]): readonly rest.Check[] {
  return checks.filter((check) => check.level === "warn");
}

/** What may be ticked although nothing waits for it, so that it is written down who looked. */
function isOptional(check: rest.Check): boolean {
  return check.level === "info" && check.code === "shared-config";
}

function hasTick(check: rest.Check): boolean {
  return check.level === "warn" || isOptional(check);
}

/** The codes that go with the request of one Service or several, without those that somebody has left open. */
export function acceptedOf(shown: readonly Pick<TicksProps, "checks" | "accepted">[]): string[] {
  const asked = shown.flatMap(({ checks }) => checks.filter(hasTick));
  const open = shown.flatMap(({ checks, accepted }) => checks.filter((check) => hasTick(check) && !accepted.includes(tickOf(check))));
  return [...new Set(asked.map((check) => check.code))].filter((code) => !open.some((check) => check.code === code));
}

export function isTicked(checks: readonly rest.Check[], accepted: readonly string[]): boolean {
  return warned(checks).every((check) => accepted.includes(tickOf(check)));
}

/** How many of the checks are in order. */
export function passed(checks: readonly rest.Check[]): string {
  const asked = checks.filter((check) => check.level !== "info");
  return t("passed", { count: asked.filter((check) => check.level === "ok").length, total: asked.length });
}

interface TicksProps {
  readonly checks: readonly rest.Check[];
  readonly accepted: readonly string[];
  readonly accept: (ticks: readonly string[]) => void;
}

interface ChecksProps extends TicksProps {
  readonly of: string;
}

/** What stands against the switch first and open; what is well folded away. */
export function Checks({ checks, of, accepted, accept }: ChecksProps): JSX.Element {
  const told = checks.filter((check) => check.level !== "ok");
  return (
    <>
      <ul class="checks">{told.map((check) => <CheckLine key={tickOf(check)} check={check} of={of} />)}</ul>
      <details>
        <summary>{passed(checks)}</summary>
        <ul class="checks">{checks.filter((check) => check.level === "ok").map((check) => <CheckLine key={check.code} check={check} of={of} />)}</ul>
      </details>
      <Ticks checks={checks} accepted={accepted} accept={accept} />
    </>
  );
}

/** A box for each warning, which has to be ticked before the switch, and one for what may be. */
function Ticks({ checks, accepted, accept }: TicksProps): JSX.Element {
  const mark = (tick: string, on: boolean): void => accept(on ? [...accepted, tick] : accepted.filter((one) => one !== tick));
  return (
    <div class="accepts">
      {checks.filter(hasTick).map((check) => (
        <label key={tickOf(check)}>
          <input type="checkbox" checked={accepted.includes(tickOf(check))} onChange={(event) => mark(tickOf(check), event.currentTarget.checked)} />
          <span>{isOptional(check) ? t("acceptShared") : t("accept", { sentence: sentenceOf(check) })}</span>
        </label>
      ))}
    </div>
  );
}

/** How another tool is kept from writing the selector back. */
export function Recipe({ recipe }: { recipe: rest.Recipe }): JSX.Element {
  const [title, note] = wordsOf(recipe);
  return (
    <details>
      <summary>{title}</summary>
      <p class="quiet">{note}</p>
      <pre>{recipe.text}</pre>
    </details>
  );
}
