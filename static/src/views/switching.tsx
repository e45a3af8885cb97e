/**
 * One application's switch: its sides, what stands against a move, the button, a running switch and the way back. Nothing here decides:
 * the server checks everything again at the click and when the switch is carried out.
 */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { sentenceOf, whyNot, wordsOf } from "../i18n/checks";
import { ifStopped, reasonOf, refusalOf, stateWord } from "../i18n/switching";
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
import { CheckLine } from "./checks";
import { Link } from "./link";
import { ago, countdown, seconds, timeOfDay } from "./moments";
import { Original } from "./original";
import { Hold, Resizing, ScaleDown, Warmed, WarmUp } from "./sizing";

const KEEP_MINUTES = 30;
/** How long the side that is left is kept, unless somebody asks for longer. */
const KEPT_MINUTES = 10;
const FIVE_SECONDS = 5_000;
/** So many failing pods of a side are named. */
const NAMED = 3;

/** With this many applications on one view, each asks for its checks (a dry run against the API server) only when told to. */
const ASKED_AT_ONCE = 6;

export function Switching({ live, alone }: { live: LiveApplication; alone: boolean }): JSX.Element {
  const { application } = live;
  // Somebody may have moved the selector since: then there is nothing to go back from.
  const keeping = application.keeping?.to === live.asked && stands(live, application.keeping.switch) ? application.keeping : null;
  return (
    <section class="switching" aria-label={t("traffic")}>
      <Sides live={live} />
      {servesNobody(live) && (
        <p class="bad-text" role="alert"><strong>{t("nobodyServed", { service: application.service, side: live.asked })}</strong></p>
      )}
      {application.why_not && <p>{t("notSwitchable")} {whyNot(application)}</p>}
      {application.open_switch && <Running id={application.open_switch} />}
      {keeping && <Kept keeping={keeping} isServing={!servesNobody(live)} />}
      {application.reverted && <Reverted id={application.reverted} live={live} />}
      {application.sizing && <Resizing told={application.sizing} live={live} against={whyNotNow()} />}
      {!application.sizing && application.warm_up && <Warmed told={application.warm_up} />}
      {!application.sizing && application.left && !whyNotNow() && <ScaleDown left={application.left} />}
      {!application.why_not && !application.open_switch && <Offers live={live} left={keeping?.from} alone={alone} />}
      {alone && <Arming />}
    </section>
  );
}

/** Whether the Service leads to a side of which no pod can answer. */
function servesNobody(live: LiveApplication): boolean {
  return live.service !== undefined && live.endpoints === 0 && live.sides.some((side) => side.value === live.asked);
}

/** Whether the Service is as this switch left it, and not as a newer one did of which the page has not heard yet. */
function stands(live: LiveApplication, id: string): boolean {
  const mark = live.service?.annotations?.["clusterview.io/op"];
  return !mark || mark.startsWith(id);
}

function Sides({ live }: { live: LiveApplication }): JSX.Element {
  return (
    <div class="sides">
      {live.sides.map((side) => (
        <div key={side.value} class={side.endpoints > 0 ? "side is-live" : "side"} data-side={side.colour}>
          <p class="head-row"><strong>{side.value}</strong><span class="share">{t(side.endpoints > 0 ? "liveSide" : "waitingSide")}</span></p>
          <p class="figure">{side.ready}/{side.wanted} <small>{t("readyPods")}</small></p>
          <p title={side.image}>
            {[side.version, side.createdAt !== null && t("createdAgo", { ago: ago(side.createdAt, clock.fives.value * FIVE_SECONDS) })].filter(Boolean).join(" · ")}
          </p>
          <p class="quiet wrap">{side.workloadKind} {side.workload}</p>
          {side.endpoints > 0 && <p class="quiet">{t("endpoints", { count: side.endpoints, total: live.endpoints })}</p>}
          <Failing of={side.value} live={live} />
        </div>
      ))}
    </div>
  );
}

/** Pods of a side that fail: what a number alone does not say. */
function Failing({ of, live }: { of: string; live: LiveApplication }): JSX.Element {
  const { namespace, key } = live.application;
  const found = [...store.follow("Pod").failingPods()].filter((pod) => pod.namespace === namespace && pod.labels[key] === of && derived.sideOf.value(pod));
  return (
    <>
      {found.slice(0, NAMED).map((pod) => <p key={pod.uid} class="bad-text wrap">{pod.name}: {pod.status}</p>)}
      {found.length > NAMED && <p class="bad-text">{t("more", { count: found.length - NAMED })}</p>}
    </>
  );
}

/** Why this reader cannot move traffic here and now; empty when nothing of the page stands against it. */
function whyNotNow(): string {
  if (page.readOnly) return t("readOnly");
  if (!store.isLive.value) return t("notWhileStale");
  if (page.role === "viewer") return t("viewerOnly");
  if (store.clusterFacts.value?.frozen_at) return t("frozen", { objects: Object.values(store.clusterFacts.value.lost_marks).join(", ") });
  if (store.clusterFacts.value && !store.clusterFacts.value.armed) return t("notArmed", { cluster: page.clusterName });
  return "";
}

/** Moves to the other sides. The one just left is not among them: the way back has a button of its own. */
function Offers({ live, left, alone }: { live: LiveApplication; left: string | undefined; alone: boolean }): JSX.Element | null {
  const others = live.sides.filter((side) => side.value !== live.asked && side.value !== left);
  const [chosen, choose] = useState("");
  const [wanted, want] = useState(alone || (store.applications.peek()?.length ?? 0) <= ASKED_AT_ONCE);
  const to = others.some((side) => side.value === chosen) ? chosen : (others[0]?.value ?? "");
  const against = whyNotNow();
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

/** A tick is for one warning about these objects, not for the same one about others. */
function tickOf(check: rest.Check): string {
  return [check.code, ...check.objects.map((one) => `${one.kind}/${one.namespace}/${one.name}`)].join(" ");
}

function codeOf(tick: string): string {
  return tick.slice(0, `${tick} `.indexOf(" "));
}

interface ChecksProps {
  readonly checks: readonly rest.Check[];
  readonly accepted: readonly string[];
  readonly accept: (ticks: readonly string[]) => void;
}

/** What stands against the switch first and open; what is well folded away. */
function Checks({ checks, accepted, accept }: ChecksProps): JSX.Element {
  const well = checks.filter((check) => check.level === "ok");
  const told = checks.filter((check) => check.level !== "ok");
  const asked = checks.filter((check) => check.level !== "info").length;
  return (
    <>
      <h3>{t("checks")}</h3>
      <ul class="checks">{told.map((check) => <CheckLine key={check.code} check={check} />)}</ul>
      <details>
        <summary>{t("passed", { count: well.length, total: asked })}</summary>
        <ul class="checks">{well.map((check) => <CheckLine key={check.code} check={check} />)}</ul>
      </details>
      <Ticks checks={told} accepted={accepted} accept={accept} />
    </>
  );
}

/** A box for each warning, which has to be ticked before the switch. */
function Ticks({ checks, accepted, accept }: ChecksProps): JSX.Element {
  const mark = (tick: string, on: boolean): void => accept(on ? [...accepted, tick] : accepted.filter((one) => one !== tick));
  return (
    <div class="accepts">
      {checks.filter((check) => check.level === "warn").map((check) => (
        <label key={tickOf(check)}>
          <input type="checkbox" checked={accepted.includes(tickOf(check))} onChange={(event) => mark(tickOf(check), event.currentTarget.checked)} />
          <span>{t("accept", { sentence: sentenceOf(check) })}</span>
        </label>
      ))}
    </div>
  );
}

/** What stands against the switch of a whole group, by Service: each was looked at when the switch was asked for. */
function Standing({ checks, accepted, accept }: { checks: readonly rest.MemberCheck[] } & ChecksProps): JSX.Element {
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

function Running({ id }: { id: string }): JSX.Element {
  const asked = useAsked(() => rest.story(id), `${id} ${store.operations.value.count}`);
  const told = asked.value;
  if (!told) return <p role="status">{asked.refusal ? refusalOf(asked.refusal) : t("loading")}</p>;
  const why = reasonOf(told);
  return (
    <div class="running" role="status">
      <p><strong>{t("running", { state: stateWord(told.state) })}</strong> · {told.from} → {told.to} · {t("by", { person: told.actor })}</p>
      {why && <p class="warn-text">{why} {told.detail && <Original text={told.detail} />}</p>}
      <Steps steps={told.steps} />
      <p class="quiet">{ifStopped(told.state)}</p>
      {told.state === "held" && <Leave id={told.id} />}
      {told.can_go_back && <Back id={told.id} to={told.from} />}
    </div>
  );
}

/** The last switch was undone by somebody else, and the Service still leads elsewhere. */
function Reverted({ id, live }: { id: string; live: LiveApplication }): JSX.Element | null {
  const asked = useAsked(() => rest.story(id), `${id} ${store.operations.value.count}`);
  const told = asked.value;
  if (!told || told.to === live.asked) return null;
  return (
    <div class="running" role="status">
      <p><Link to={{ page: "history", switchId: id }}>{t("switchOf", { service: told.service, from: told.from, to: told.to })}</Link> {reasonOf(told)}</p>
      {told.detail && <div class="quiet wrap"><Original text={told.detail} /></div>}
      {told.recipes.map((recipe) => <Recipe key={recipe.code + recipe.tool} recipe={recipe} />)}
    </div>
  );
}

/** The way out of a switch that waits for what does not come: its Service can then be switched again. */
function Leave({ id }: { id: string }): JSX.Element | null {
  const doing = useDoing();
  if (page.readOnly || page.role === "viewer") return null;
  const leave = async (): Promise<void> => {
    await rest.leave(id);
    await store.loadApplications();
  };
  return (
    <>
      <p class="row">
        <button type="button" class="button" disabled={doing.busy} onClick={() => doing.run(leave)}>{t("leave", { cluster: page.clusterName })}</button>
      </p>
      {doing.refusal && <p class="bad-text" role="alert">{refusalOf(doing.refusal)}</p>}
    </>
  );
}

export function Steps({ steps }: { steps: rest.SwitchStory["steps"] }): JSX.Element {
  return <ol class="steps">{steps.map((step) => <li key={step.name} data-state={step.state}>{stateWord(step.name)}</li>)}</ol>;
}

function Kept({ keeping, isServing }: { keeping: rest.Keeping; isServing: boolean }): JSX.Element {
  const doing = useDoing();
  const against = whyNotNow();
  const keep = async (): Promise<void> => {
    await rest.keep(keeping.switch, KEEP_MINUTES);
    await store.loadApplications();
  };
  return (
    <div class="kept">
      <p>{t("keptUntil", { time: timeOfDay(keeping.until) })} <strong role="timer">{t("left", { time: countdown(keeping.until, clock.now.value) })}</strong></p>
      {keeping.hold && <Hold told={keeping.hold} />}
      {isServing && <p class="quiet">{t("follows", { side: keeping.to })}</p>}
      {against ? (
        <p role="status">{against}</p>
      ) : (
        <p class="row">
          <Back id={keeping.switch} to={keeping.from} />
          {keeping.group && <BackTogether group={keeping.group} to={keeping.from} />}
          <button type="button" class="button" disabled={doing.busy} onClick={() => doing.run(keep)}>{t("keepLonger", { cluster: page.clusterName })}</button>
        </p>
      )}
      {doing.refusal && <p class="bad-text" role="alert">{refusalOf(doing.refusal)}</p>}
    </div>
  );
}

function Back({ id, to }: { id: string; to: string }): JSX.Element {
  const doing = useDoing();
  const against = whyNotNow();
  if (against) return <p>{against}</p>;
  const back = async (): Promise<void> => {
    await rest.back(id);
    await store.loadApplications();
  };
  return (
    <>
      <button type="button" class="button button-back" disabled={doing.busy} onClick={() => doing.run(back)}>
        {t("goBack", { side: to, cluster: page.clusterName })}
      </button>
      {doing.refusal && <p class="bad-text" role="alert">{refusalOf(doing.refusal)}</p>}
    </>
  );
}

function BackTogether({ group, to }: { group: string; to: string }): JSX.Element {
  const doing = useDoing();
  const back = async (): Promise<void> => {
    await rest.groupBack(group);
    await store.loadApplications();
  };
  return (
    <>
      <button type="button" class="button" disabled={doing.busy} onClick={() => doing.run(back)}>{t("goBackTogether", { side: to, cluster: page.clusterName })}</button>
      {doing.refusal && <p class="bad-text" role="alert">{refusalOf(doing.refusal)}</p>}
    </>
  );
}

/** An administrator's own switch of the switch. */
export function Arming(): JSX.Element | null {
  const doing = useDoing();
  const facts = store.clusterFacts.value;
  const stale = !store.isLive.value;
  if (page.role !== "admin" || page.readOnly || !facts) return null;
  const set = async (): Promise<void> => {
    await rest.arm(page.cluster, !facts.armed);
    await store.loadCluster();
  };
  return (
    <p>
      <button type="button" class={facts.armed ? "link quiet" : "button"} disabled={doing.busy || stale} onClick={() => doing.run(set)}>
        {t(facts.armed ? "disarm" : "arm", { cluster: page.clusterName })}
      </button>
      {stale && <span class="quiet"> {t("notWhileStale")}</span>}
      {doing.refusal && <span class="bad-text" role="alert"> {refusalOf(doing.refusal)}</span>}
    </p>
  );
}

/** How an ended switch ended, in one line. */
export function Ending({ told }: { told: rest.Switch }): JSX.Element {
  const reason = reasonOf(told);
  const took = told.finished_at && told.state === "succeeded" ? seconds(Date.parse(told.finished_at) - Date.parse(told.requested_at)) : "";
  return (
    <>
      {told.reverses && `${t("wayBack")} · `}{stateWord(told.state)}{took && ` · ${took}`}{reason && <span class="quiet"> {reason}</span>}
    </>
  );
}
