/** The moves that a Service can make: what stands against one, what it changes, and the button. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import type { LiveApplication } from "../state/derived";
import { page } from "../state/page";
import * as rest from "../state/rest";
import { difference } from "../state/selectors";
import * as sides from "../state/sides";
import * as store from "../state/store";
import { once, useAsked, useDoing, useHeld, useTurn } from "./asking";
import type { Asked, Doing } from "./asking";
import { acceptedOf, Checks, isTicked, passed, Recipe, warned } from "./checks";
import { Command } from "./command";
import { Refused } from "./refused";
import { WarmUp } from "./sizing";
import { SteadyButton } from "./steady";

/** How long the side that is left is kept, unless somebody asks for longer. */
const KEPT_MINUTES = 10;

/** With this many applications on one view, each asks for its checks (a dry run against the API server) only when told to. */
const ASKED_AT_ONCE = 6;

interface OffersProps {
  readonly live: LiveApplication;
  readonly left: string | undefined;
  readonly alone: boolean;
  /** Why this reader cannot move traffic here and now. */
  readonly against: string;
}

/**
 * Moves to the other sides. The one just left is not among them: the way back has a button of its own. While a switch begins nothing is asked: it would
 * be about something that is on its way.
 */
export function Offers({ live: now, left, alone, against }: OffersProps): JSX.Element | null {
  const live = useHeld(now, store.isMoving.value);
  const others = live.sides.filter((side) => side.value !== live.asked && side.value !== left);
  const [chosen, choose] = useState("");
  const [wanted, want] = useState(alone || (store.applications.peek()?.length ?? 0) <= ASKED_AT_ONCE);
  const to = others.some((side) => side.value === chosen) ? chosen : (others[0]?.value ?? "");
  // A blink of the line takes nothing away that somebody has chosen, ticked or opened.
  const isOpen = useHeld(against === "", !store.isLive.value);
  if (others.length === 0) return null;
  return (
    <>
      {others.length > 1 && (
        <p class="row">
          {others.map((side) => (
            <button key={side.value} type="button" class="button" aria-pressed={side.value === to} onClick={() => choose(side.value)}>{side.value}</button>
          ))}
        </p>
      )}
      {against && <p>{against}</p>}
      {!isOpen ? null : !wanted ? (
        <p class="row"><button type="button" class="button" onClick={() => want(true)}>{t("check")}</button></p>
      ) : (
        to && (store.clusterFacts.value ? <Offer key={to} live={live} to={to} alone={alone} against={against} /> : <Refused of={store.clusterError.value} />)
      )}
    </>
  );
}

interface MoveProps {
  readonly live: LiveApplication;
  readonly to: string;
  readonly alone: boolean;
  /** Why the button is not to be pressed now. */
  readonly against: string;
}

/** A Service that is one of a group moves with the others, unless somebody wants it to move alone. */
function Offer({ live, to, alone, against }: MoveProps): JSX.Element {
  const [isAlone, only] = useState(false);
  const members = useHeld(derived.together(live, to, derived.live.value), store.isMoving.value);
  if (members.length === 0) return <Single live={live} to={to} alone={alone} against={against} />;
  const names = members.map((one) => one.application.service).join();
  return (
    <>
      <p class="row">
        <button type="button" class="button" aria-pressed={!isAlone} onClick={() => only(false)}>{t("moveTogether", { count: members.length })}</button>
        <button type="button" class="button" aria-pressed={isAlone} onClick={() => only(true)}>{t("moveAlone", { service: live.application.service })}</button>
      </p>
      {isAlone ? <Single live={live} to={to} alone={alone} against={against} /> : <Together key={names} live={live} members={members} to={to} alone={alone} against={against} />}
    </>
  );
}

/** What an answer about a side may depend on, as far as the picture has it. */
function factsOf(live: LiveApplication): string {
  return `${live.application.service_uid} ${live.asked} ${live.sides.map((side) => `${side.ready}/${side.wanted}`).join(" ")}`;
}

/**
 * The checks of one move, what it changes, and its button. Asked again whenever one of the facts it stands on changes, and every five seconds for
 * what the picture does not hold (policies, quotas, rights, webhooks); more seldom where several applications are on one view.
 */
function Single({ live, to, alone, against }: MoveProps): JSX.Element {
  const { namespace, service } = live.application;
  const facts = `${to} ${factsOf(live)} ${store.settled.value}`;
  const asked = useAsked(() => rest.preflight(page.cluster, namespace, service, to), facts, useTurn(alone ? 1 : ASKED_AT_ONCE));
  const [accepted, setAccepted] = useState<readonly string[]>([]);
  const doing = useDoing();
  const found = asked.value;
  const key = useMemo(() => crypto.randomUUID(), [facts, accepted]);
  const begin = async (preflight: rest.Preflight): Promise<void> => {
    const { expected_selector: expected, confirm, checks } = preflight;
    const accept = acceptedOf([{ checks, accepted }]);
    await store.begin(() => rest.request(page.cluster, { namespace, service, to, expected, accept, keep_seconds: KEPT_MINUTES * 60, confirm }, key));
  };
  if (!found && !asked.refusal) return <p role="status">{t("checking")}</p>;
  return (
    <>
      {found && <h3>{t("checks")}</h3>}
      {found && <Checks checks={found.checks} of={found.service} accepted={accepted} accept={setAccepted} />}
      {found && isSmall(found) && !live.application.sizing && <WarmUp live={live} to={to} against={against} />}
      {found?.recipes.map((recipe) => <Recipe key={recipe.code + recipe.tool} recipe={recipe} />)}
      <Refused of={asked.refusal} />
      <Refused of={doing.refusal} />
      {found && <Course found={found} of={live.application.key} />}
      <Begin
        asked={asked} doing={doing} begin={begin} against={against} ticked={(one) => isTicked(one.checks, accepted)}
        colour={sides.colourIn(live.application, to)} word={t("switchTo", { service, side: to, cluster: page.clusterName })}
      />
      {found && <Change found={found} />}
    </>
  );
}

/** The same of several Services that move one after another: each with its own checks and change, and one button. Their cards ask together. */
function Together({ live, members, to, alone, against }: MoveProps & { members: readonly LiveApplication[] }): JSX.Element {
  const { namespace, key: label } = live.application;
  const services = members.map((one) => one.application.service);
  const facts = `${to} ${members.map(factsOf).join(" ")} ${store.settled.value}`;
  const turn = useTurn(alone ? Math.min(members.length, ASKED_AT_ONCE) : ASKED_AT_ONCE);
  const asked = useAsked(() => once(`${namespace} ${facts}`, () => rest.groupPreflight(page.cluster, namespace, services, to)), facts, turn);
  const [accepted, setAccepted] = useState<Readonly<Record<string, readonly string[]>>>({});
  const doing = useDoing();
  const found = asked.value;
  const key = useMemo(() => crypto.randomUUID(), [facts, accepted]);
  const ticksOf = (service: string): readonly string[] => accepted[service] ?? [];
  const begin = async ({ members: shown, confirm }: rest.GroupPreflight): Promise<void> => {
    const expected = Object.fromEntries(shown.map((one) => [one.service, one.expected_selector]));
    const accept = acceptedOf(shown.map(({ service, checks }) => ({ checks, accepted: ticksOf(service) })));
    const keep_seconds = KEPT_MINUTES * 60;
    await store.begin(() => rest.requestGroup(page.cluster, { namespace, services, to, expected, accept, keep_seconds, confirm }, key));
  };
  if (!found && !asked.refusal) return <p role="status">{t("checking")}</p>;
  return (
    <>
      {found && <h3>{t("checks")}</h3>}
      <ol class="members">
        {found?.members.map((one, place) => (
          <Member
            key={one.service} found={one} place={place + 1} of={label}
            accepted={ticksOf(one.service)} accept={(ticks) => setAccepted({ ...accepted, [one.service]: ticks })}
          />
        ))}
      </ol>
      {found?.members.some(isSmall) && !live.application.sizing && <WarmUp live={live} to={to} against={against} />}
      <Refused of={asked.refusal} />
      <Refused of={doing.refusal} />
      <Begin
        asked={asked} doing={doing} begin={begin} against={against} ticked={({ members: shown }) => shown.every((one) => isTicked(one.checks, ticksOf(one.service)))}
        colour={sides.colourIn(live.application, to)} word={t("switchTogether", { services: services.join(", "), side: to, cluster: page.clusterName })}
      />
      <p class="quiet">{t("togetherHow")}</p>
    </>
  );
}

interface BeginProps<T> {
  readonly asked: Asked<T>;
  readonly doing: Doing;
  readonly begin: (found: T) => Promise<void>;
  readonly against: string;
  /** Whether all warnings of it are. */
  readonly ticked: (found: T) => boolean;
  readonly colour: sides.Colour;
  readonly word: string;
}

/** The button that begins what was found, as soon as nothing stands against it, and the one that looks again. */
function Begin<T extends { readonly ready: boolean }>({ asked, doing, begin, against, ticked, colour, word }: BeginProps<T>): JSX.Element {
  const found = asked.value;
  return (
    <p class="row">
      {found && (
        <SteadyButton
          class="button button-primary" data-side={colour}
          disabled={against !== "" || asked.refusal !== null || !found.ready || !ticked(found) || doing.busy} onClick={() => doing.run(() => begin(found))}
        >
          {word}
        </SteadyButton>
      )}
      <button type="button" class="button" onClick={asked.again}>{t("checkAgain")}</button>
    </p>
  );
}

interface MemberProps {
  readonly found: rest.Preview;
  readonly place: number;
  /** The label that is exchanged. */
  readonly of: string;
  readonly accepted: readonly string[];
  readonly accept: (ticks: readonly string[]) => void;
}

/** One Service of a group, in its place; open where something stands against it, has to be ticked or takes longer. */
function Member({ found, place, of, accepted, accept }: MemberProps): JSX.Element {
  return (
    <li>
      <details open={!found.ready || warned(found.checks).length > 0 || found.overlap_seconds > 0}>
        <summary><strong>{place}. {found.service}</strong>: {found.from} → {found.to} · {passed(found.checks)}</summary>
        <section aria-label={found.service}>
          <Checks checks={found.checks} of={found.service} accepted={accepted} accept={accept} />
          {found.recipes.map((recipe) => <Recipe key={recipe.code + recipe.tool} recipe={recipe} />)}
          <Course found={found} of={of} />
          <Change found={found} />
        </section>
      </details>
    </li>
  );
}

/** What will happen, in words; `of` is the label that is exchanged. */
function Course({ found, of }: { found: rest.Preview; of: string }): JSX.Element {
  const { from, to, overlap_seconds: overlap } = found;
  return (
    <>
      {overlap > 0 && <p>{t("willOverlap", { seconds: overlap, key: of, from })}</p>}
      <p>{t("willHappen", { key: of, from, to, minutes: KEPT_MINUTES })}</p>
    </>
  );
}

/** What will be written. */
function Change({ found }: { found: rest.Preview }): JSX.Element {
  return (
    <details>
      <summary>{t("change")}</summary>
      <pre>{difference(found.expected_selector, found.new_selector)}</pre>
      <Command text={found.kubectl} />
    </details>
  );
}

/** Whether more pods would help. */
function isSmall(found: rest.Preview): boolean {
  return found.checks.some((check) => check.level === "block" && (check.code === "green-smaller" || check.code === "no-ready"));
}
