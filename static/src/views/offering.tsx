/** The moves that a Service can make: what stands against one, what it changes, and the button. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { refusalOf } from "../i18n/switching";
import { t } from "../i18n/words";
import * as clock from "../state/clock";
import * as derived from "../state/derived";
import type { LiveApplication } from "../state/derived";
import { page } from "../state/page";
import * as rest from "../state/rest";
import { difference } from "../state/selectors";
import * as sides from "../state/sides";
import * as store from "../state/store";
import { useAsked, useDoing } from "./asking";
import { CheckLine, Checks, codeOf, Recipe, tickOf, Ticks } from "./checks";
import { WarmUp } from "./sizing";

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

/** Moves to the other sides. The one just left is not among them: the way back has a button of its own. */
export function Offers({ live, left, alone, against }: OffersProps): JSX.Element | null {
  const others = live.sides.filter((side) => side.value !== live.asked && side.value !== left);
  const [chosen, choose] = useState("");
  const [wanted, want] = useState(alone || (store.applications.peek()?.length ?? 0) <= ASKED_AT_ONCE);
  const to = others.some((side) => side.value === chosen) ? chosen : (others[0]?.value ?? "");
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
      {against ? (
        <p role="status">{against}</p>
      ) : !wanted ? (
        <p class="row"><button type="button" class="button" onClick={() => want(true)}>{t("check")}</button></p>
      ) : (
        to && store.clusterFacts.value && <Offer key={to} live={live} to={to} alone={alone} />
      )}
    </>
  );
}

/**
 * The checks of one move, what it changes, and its button. Asked again whenever one of the facts it stands on changes, and every five seconds for
 * what the picture does not hold (policies, quotas, rights, webhooks); more seldom where several applications are on one view.
 */
function Offer({ live, to, alone }: { live: LiveApplication; to: string; alone: boolean }): JSX.Element {
  const { namespace, service } = live.application;
  const facts = `${to} ${live.asked} ${live.sides.map((side) => `${side.ready}/${side.wanted}`).join(" ")} ${store.operations.value.count}`;
  const asked = useAsked(() => rest.preflight(page.cluster, namespace, service, to), facts, Math.floor(clock.fives.value / (alone ? 1 : ASKED_AT_ONCE)));
  const [accepted, setAccepted] = useState<readonly string[]>([]);
  const doing = useDoing();
  const found = asked.value;
  const warned = (found?.checks ?? []).filter((check) => check.level === "warn");
  const key = useMemo(() => crypto.randomUUID(), [facts, accepted]);
  const isOpen = found !== null && !asked.refusal && found.checks.every((check) => check.level !== "block");
  const isAccepted = (check: rest.Check): boolean => accepted.includes(tickOf(check));
  const members = derived.together(live, to, derived.live.value);
  const begin = async (preflight: rest.Preflight): Promise<void> => {
    const { expected_selector: expected, confirm } = preflight;
    const accept = warned.map((check) => check.code);
    await rest.request(page.cluster, { namespace, service, to, expected, accept, keep_seconds: KEPT_MINUTES * 60, confirm }, key);
    await store.loadApplications();
  };
  const beginTogether = async (): Promise<void> => {
    const services = members.map((one) => one.application.service);
    const expected = Object.fromEntries(members.map((one) => [one.application.service, one.service?.selector ?? {}]));
    await rest.requestGroup(page.cluster, { namespace, services, to, expected, accept: accepted.map(codeOf) }, `${key}-group`);
    await store.loadApplications();
  };
  if (!found && !asked.refusal) return <p role="status">{t("checking")}</p>;
  return (
    <>
      {found && <Checks checks={found.checks} accepted={accepted} accept={setAccepted} />}
      {found && isSmall(found) && !live.application.sizing && <WarmUp live={live} to={to} />}
      {found?.recipes.map((recipe) => <Recipe key={recipe.code + recipe.tool} recipe={recipe} />)}
      {asked.refusal && <p class="bad-text" role="alert">{refusalOf(asked.refusal)}</p>}
      {doing.refusal && <p class="bad-text" role="alert">{refusalOf(doing.refusal)}</p>}
      {doing.refusal && <Standing checks={rest.membersChecks(doing.refusal)} accepted={accepted} accept={setAccepted} />}
      {found && found.overlap_seconds > 0 && (
        <p>{t("willOverlap", { seconds: found.overlap_seconds, key: live.application.key, from: found.from })}</p>
      )}
      {found && <p>{t("willHappen", { key: live.application.key, from: found.from, to, minutes: KEPT_MINUTES })}</p>}
      <p class="row">
        {found && (
          <button
            type="button" class={members.length > 0 ? "button" : "button button-primary"} data-side={sides.colourIn(live.application, to)}
            disabled={!isOpen || !warned.every(isAccepted) || doing.busy}
            onClick={() => doing.run(() => begin(found))}
          >
            {t("switchTo", { side: to, cluster: page.clusterName })}
          </button>
        )}
        {found && members.length > 0 && (
          <button
            type="button" class="button button-primary" data-side={sides.colourIn(live.application, to)}
            disabled={!isOpen || !warned.every((check) => isAccepted(check) || check.code === "same-pods") || doing.busy}
            onClick={() => doing.run(beginTogether)}
          >
            {t("switchTogether", { services: members.map((one) => one.application.service).join(", "), side: to, cluster: page.clusterName })}
          </button>
        )}
        <button type="button" class="button" onClick={asked.again}>{t("checkAgain")}</button>
      </p>
      {members.length > 0 && <p class="quiet">{t("togetherHow")}</p>}
      {found && (
        <details>
          <summary>{t("change")}</summary>
          <pre>{difference(found.expected_selector, found.new_selector)}</pre>
          <p class="quiet">{t("command")}</p>
          <pre>{found.kubectl}</pre>
        </details>
      )}
    </>
  );
}

/** Whether more pods would help. */
function isSmall(found: rest.Preflight): boolean {
  return found.checks.some((check) => check.level === "block" && (check.code === "green-smaller" || check.code === "no-ready"));
}

/** What stands against the switch of a whole group, by Service: each was looked at when the switch was asked for. */
function Standing({ checks, accepted, accept }: { checks: readonly rest.MemberCheck[]; accepted: readonly string[]; accept: (ticks: readonly string[]) => void }): JSX.Element {
  const services = [...new Set(checks.map((check) => check.service))];
  return (
    <>
      {services.map((service) => {
        const mine = checks.filter((check) => check.service === service);
        return (
          <section key={service} aria-label={service}>
            <h3>{service}</h3>
            <ul class="checks">{mine.map((check) => <CheckLine key={tickOf(check)} check={check} />)}</ul>
            <Ticks checks={mine} accepted={accepted} accept={accept} />
          </section>
        );
      })}
    </>
  );
}
