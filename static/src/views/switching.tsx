/**
 * One application's switch: its sides, what stands against a move, the button, a running switch and the way back. Nothing here decides:
 * the server checks everything again at the click and when the switch is carried out.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { whyNot } from "../i18n/checks";
import { differsOf, ifStopped, leftOf, reasonOf, refusalOf, stateMeans, stateWord } from "../i18n/switching";
import { t } from "../i18n/words";
import * as clock from "../state/clock";
import * as derived from "../state/derived";
import type { LiveApplication } from "../state/derived";
import { page } from "../state/page";
import * as rest from "../state/rest";
import * as store from "../state/store";
import { useAsked, useDoing, useHeld } from "./asking";
import { Recipe } from "./checks";
import { Link } from "./link";
import { ago, countdown, timeOfDay } from "./moments";
import { Offers } from "./offering";
import { Original } from "./original";
import { Refused } from "./refused";
import { Sentence } from "./sentence";
import { Hold, Resizing, ScaleDown, Warmed } from "./sizing";
import { SteadyButton } from "./steady";
import { movedOf, offBecause, useTold } from "./telling";

/** So long from now the old side may be kept; offered where that is a minute later at least, so that a press adds what the button says. */
const KEEP_MINUTES = 30;
const MINUTE_MS = 60_000;
const FIVE_SECONDS = 5_000;
const NEWS_MS = 3_600_000;
/** So many failing pods of a side are named. */
const NAMED = 3;

/** What became of a group that was taken back, and the switch that was on screen when that was asked for. */
interface Taken {
  readonly from: string;
  readonly members: readonly rest.TakenBack[];
}

/** It is told until another switch begins or is kept than the one taken back and those back. */
function isOfWhatWasTaken({ from, members }: Taken, { open_switch: open, keeping }: rest.Application): boolean {
  return [open, keeping?.switch].every((id) => !id || id === from || members.some((one) => one.id === id));
}

/** As long as the server tells of it, also where the page does not ask again. */
export function isNews({ finished_at: at }: rest.Switch): boolean {
  return !at || Date.parse(at) > clock.fives.value * FIVE_SECONDS - NEWS_MS;
}

export function Switching({ live, alone }: { live: LiveApplication; alone: boolean }): JSX.Element {
  const { application } = live;
  useTold(application);
  const keeping = derived.keptBehind(live);
  const isServing = live.isKnown && !derived.servesNobody(live);
  const against = whyNotNow();
  const mayScale = useHeld(isServing && against === "", !store.isLive.value);
  const [taken, tell] = useState<Taken | null>(null);
  const isOld = taken !== null && !isOfWhatWasTaken(taken, application);
  useEffect(() => {
    if (isOld) tell(null);
  }, [isOld]);
  return (
    <section class="switching" aria-label={t("trafficOf", { service: `${application.namespace}/${application.service}` })}>
      <Sides live={live} />
      {derived.servesNobody(live) && (
        <p class="bad-text" role="alert"><strong>{t("nobodyServed", { service: application.service, side: live.asked })}</strong></p>
      )}
      {application.why_not && !application.open_switch && <p>{t("notSwitchable")} {whyNot(application)}</p>}
      {application.open_switch && <Running key={application.open_switch} id={application.open_switch} live={live} />}
      {keeping && <Kept key={keeping.switch} keeping={keeping} service={application.service} isServing={isServing} tell={tell} />}
      {!isOld && taken?.members.filter((one) => one.left).map((one) => <p key={one.id} role="status">{leftOf(one)}</p>)}
      {application.reverted && <Reverted key={application.reverted} id={application.reverted} live={live} />}
      {application.half_done && <HalfDone key={application.half_done} id={application.half_done} live={live} />}
      {application.failed && isNews(application.failed) && <Failed told={application.failed} />}
      {application.sizing && <Resizing key={application.sizing.id} told={application.sizing} live={live} against={against} />}
      {!application.sizing && application.warm_up && <Warmed told={application.warm_up} />}
      {!application.sizing && application.left && mayScale && <ScaleDown key={application.left.switch} left={application.left} service={application.service} against={against} />}
      {!application.why_not && !application.open_switch && <Offers live={live} left={keeping?.from} alone={alone} against={against} />}
      {alone && <Arming />}
      {alone && <WeakIdentity />}
    </section>
  );
}

/** A side without a ready pod stands by for nobody. */
function idle({ ready, wanted }: derived.LiveSide): "waitingSide" | "notReady" | "noPods" {
  return ready > 0 ? "waitingSide" : wanted > 0 ? "notReady" : "noPods";
}

function Sides({ live }: { live: LiveApplication }): JSX.Element {
  const isDead = (value: string): boolean => value === live.asked && derived.servesNobody(live);
  return (
    <div class="sides">
      {live.sides.map((side) => (
        <div key={side.value} class={side.endpoints > 0 ? "side is-live" : isDead(side.value) ? "side is-dead" : "side"} data-side={side.colour}>
          <p class="head-row">
            <strong>{side.value}</strong>
            <span class="share">{t(side.endpoints > 0 ? "liveSide" : !live.isKnown ? "endpointsNotKnown" : isDead(side.value) ? "deadSide" : idle(side))}</span>
          </p>
          <p class="figure">{side.ready}/{side.wanted} <small>{t("readyPods")}</small></p>
          <p title={side.image} class="wrap">{side.version}</p>
          {side.createdAt !== null && <p class="quiet">{t("createdAgo", { ago: ago(side.createdAt, clock.fives.value * FIVE_SECONDS) })}</p>}
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
  if (page.role === "viewer") return t("viewerOnly");
  if (!store.isLive.value) return t("notWhileStale");
  return offBecause();
}

function Running({ id, live }: { id: string; live: LiveApplication }): JSX.Element {
  const asked = useAsked(() => rest.story(id), id, `${store.operations.value.count} ${clock.fives.value}`);
  const told = asked.value;
  if (!told) return <p role="status">{asked.refusal ? refusalOf(asked.refusal) : t("loading")}</p>;
  const why = reasonOf(told);
  return (
    <div class="running">
      <p role="status"><strong>{t("running", { state: stateWord(told.state) })}</strong> · {told.from} → {told.to} · {t("by", { person: told.actor })}</p>
      {why && <p class="warn-text" role="status"><Sentence text={why} /> {told.detail && <Original text={told.detail} />}</p>}
      <Steps steps={told.steps} />
      {told.state === "verifying" && (
        live.asked
          ? <p class="quiet">{t("following", { side: live.asked })}</p>
          : <p>{t("overlapping", { seconds: told.overlap_seconds, from: told.from })}</p>
      )}
      <p class="quiet">{stateMeans(told.state)} {told.state === "held" && `${t("heldGoesOn")} `}{ifStopped(told.state)}</p>
      {told.state === "held" && <Leave id={told.id} service={told.service} />}
      {told.can_go_back && <Back id={told.id} service={told.service} to={told.from} />}
      <Refused of={asked.refusal} />
    </div>
  );
}

/** The last switch was undone by somebody else, and the Service still leads elsewhere. */
function Reverted({ id, live }: { id: string; live: LiveApplication }): JSX.Element | null {
  const asked = useAsked(() => rest.story(id), id, store.operations.value.count);
  const told = asked.value;
  if (!told) return <Refused of={asked.refusal} />;
  if (told.to === live.asked) return null;
  return (
    <div class="running" role="status">
      <p><Link to={{ page: "history", switchId: id }}>{t("switchOf", { service: told.service, from: told.from, to: told.to })}</Link> {reasonOf(told)}</p>
      {told.detail && <div class="quiet wrap"><Original text={told.detail} /></div>}
      {told.recipes.map((recipe) => <Recipe key={recipe.code + recipe.tool} recipe={recipe} />)}
    </div>
  );
}

/** The last switch was left to a person, and the Service leads to both sides or to the new one; no other switch may lead out of that. */
function HalfDone({ id, live }: { id: string; live: LiveApplication }): JSX.Element | null {
  const asked = useAsked(() => rest.story(id), id, store.operations.value.count);
  const told = asked.value;
  if (!told) return <Refused of={asked.refusal} />;
  if (!told.can_go_back || told.from === live.asked) return null;
  return (
    <div class="running">
      <p role="status" class="warn-text">{t("halfDone", { service: told.service, from: told.from, to: told.to })}</p>
      <Back id={told.id} service={told.service} to={told.from} />
    </div>
  );
}

/** The last switch did not do what was asked, and whoever asked is still here. */
function Failed({ told }: { told: rest.Switch }): JSX.Element {
  return (
    <p role="status">
      <Link to={{ page: "history", switchId: told.id }}>{t("switchOf", { service: told.service, from: told.from, to: told.to })}</Link> <Ending told={told} />
    </p>
  );
}

/** The way out of a switch that waits for what does not come: its Service can then be switched again. */
function Leave({ id, service }: { id: string; service: string }): JSX.Element | null {
  const doing = useDoing();
  if (page.readOnly || page.role === "viewer") return null;
  const leave = async (): Promise<void> => {
    await rest.leave(id);
    await store.loadApplications();
  };
  return (
    <>
      <p class="row">
        <SteadyButton class="button" disabled={doing.busy} onClick={() => doing.run(leave)}>{t("leave", { service, cluster: page.clusterName })}</SteadyButton>
      </p>
      <Refused of={doing.refusal} />
    </>
  );
}

export function Steps({ steps }: { steps: rest.SwitchStory["steps"] }): JSX.Element {
  return (
    <>
      <ol class="steps">{steps.map((step) => <li key={step.name} data-state={step.state}>{stateWord(step.name)}</li>)}</ol>
      <Meanings of={steps.map((step) => step.name)} />
    </>
  );
}

/** What is this? Each state once, in a sentence. */
export function Meanings({ of }: { of: readonly string[] }): JSX.Element {
  return (
    <details>
      <summary>{t("statesMean")}</summary>
      <dl class="reasons">
        {[...new Set(of)].map((state) => <div key={state}><dt>{stateWord(state)}</dt><dd>{stateMeans(state)}</dd></div>)}
      </dl>
    </details>
  );
}

interface KeptProps {
  readonly keeping: rest.Keeping;
  readonly service: string;
  readonly isServing: boolean;
  /** Takes what became of the group that was taken back. */
  readonly tell: (taken: Taken | null) => void;
}

function Kept({ keeping, service, isServing, tell }: KeptProps): JSX.Element {
  const doing = useDoing();
  const against = whyNotNow();
  const later = clock.now.value + KEEP_MINUTES * MINUTE_MS;
  const keep = async (): Promise<void> => {
    await rest.keep(keeping.switch, KEEP_MINUTES);
    await store.loadApplications();
  };
  return (
    <div class="kept">
      <p>{t("keptUntil", { time: timeOfDay(keeping.until, clock.now.value) })} <strong role="timer">{t("left", { time: countdown(keeping.until, clock.now.value) })}</strong></p>
      {keeping.hold && <Hold told={keeping.hold} />}
      {isServing && <p class="quiet">{t("followed", { side: keeping.to })}</p>}
      {against ? (
        <p>{against}</p>
      ) : (
        <p class="row">
          <Back id={keeping.switch} service={service} to={keeping.from} />
          {keeping.group && <BackTogether id={keeping.switch} service={service} group={keeping.group} to={keeping.from} tell={tell} />}
          {later >= Date.parse(keeping.until) + MINUTE_MS && (
            <SteadyButton class="button" disabled={doing.busy} onClick={() => doing.run(keep)}>
              {t("keepUntil", { service, cluster: page.clusterName, time: timeOfDay(later, clock.now.value) })}
            </SteadyButton>
          )}
        </p>
      )}
      <Refused of={doing.refusal} />
    </div>
  );
}

interface BackProps {
  readonly id: string;
  readonly service: string;
  readonly to: string;
}

function Back({ id, service, to }: BackProps): JSX.Element {
  const doing = useDoing();
  const against = whyNotNow();
  if (against) return <p>{against}</p>;
  const back = async (): Promise<void> => {
    await rest.back(id);
    await store.loadApplications();
  };
  return (
    <>
      <SteadyButton class="button button-back" disabled={doing.busy} onClick={() => doing.run(back)}>
        {t("goBack", { service, side: to, cluster: page.clusterName })}
      </SteadyButton>
      <Refused of={doing.refusal} />
    </>
  );
}

function BackTogether({ id, service, group, to, tell }: BackProps & { group: string } & Pick<KeptProps, "tell">): JSX.Element {
  const doing = useDoing();
  const back = async (): Promise<void> => {
    tell(null);
    tell({ from: id, members: await rest.groupBack(group) });
    await store.loadApplications();
  };
  return (
    <>
      <SteadyButton class="button" disabled={doing.busy} onClick={() => doing.run(back)}>
        {t("goBackTogether", { service, side: to, cluster: page.clusterName })}
      </SteadyButton>
      <Refused of={doing.refusal} />
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
    await (facts.armed ? rest.disarm(page.cluster) : rest.arm(page.cluster, Object.keys(facts.lost_marks)));
    await store.loadCluster();
  };
  // Where somebody else was first it is another button: whoever was about to press this one does not press its opposite.
  return (
    <>
      {facts.frozen_at && <p class="warn-text">{offBecause()}</p>}
      <p>
        <SteadyButton key={String(facts.armed)} class={facts.armed ? "link quiet" : "button"} disabled={doing.busy || stale} onClick={() => doing.run(set)}>
          {t(facts.armed ? "disarm" : "arm", { cluster: page.clusterName })}
        </SteadyButton>
        {stale && <span class="quiet"> · {t("notWhileStale")}</span>}
      </p>
      <Refused of={doing.refusal} />
    </>
  );
}

/** Where kube-system may not be read, the cluster that was armed is not told from every other one. */
export function WeakIdentity(): JSX.Element | null {
  return store.clusterFacts.value?.identity_is_weak && !page.readOnly ? <p class="warn-text"><Sentence text={t("weakIdentity")} /></p> : null;
}

/** How an ended switch ended, in one line. */
export function Ending({ told }: { told: rest.Switch }): JSX.Element {
  const reason = reasonOf(told);
  const differs = differsOf(told);
  const moved = movedOf(told);
  return (
    <>
      {told.reverses && `${t("wayBack")} · `}{stateWord(told.state)}{moved && ` · ${moved}`}{reason && <span class="quiet"> <Sentence text={reason} /></span>}
      {differs && <span class="bad-text"> {differs}</span>}
    </>
  );
}
