/** Every application whose traffic can be moved, found from the cluster alone; beside them the last moves, and why other Services have none. */
import type { JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { whyNot } from "../i18n/checks";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import * as finding from "../state/finding";
import { page } from "../state/page";
import * as rest from "../state/rest";
import * as store from "../state/store";
import { useAsked } from "./asking";
import type { Asked } from "./asking";
import { useFocusKept } from "./focus";
import { Link } from "./link";
import { moment } from "./moments";
import { Narrowing } from "./narrowing";
import { Refused } from "./refused";
import { Arming, Ending, Switching, WeakIdentity, isNews } from "./switching";

const LAST_MOVES = 5;
/** With more Services than this, why others cannot be switched is asked for only when somebody wants to see it. */
const FEW = 30;
/** So many applications are drawn at once. Those with something under way are drawn too, whatever is looked for, so that no way back is out of sight. */
const PIECE = 30;
/** With more than so many one of them is looked for. */
const IN_SIGHT = 6;

export function Traffic(): JSX.Element {
  const refusal = store.applicationsError.value;
  return (
    <>
      <h1>{t("traffic")}</h1>
      <Lead />
      <Refused of={refusal} card />
      <div class="with-aside">
        <Applications />
        <aside>
          <Moves />
          <Others />
        </aside>
      </div>
    </>
  );
}

/** How many there are, and whether anybody may switch at all. */
function Lead(): JSX.Element | null {
  const facts = store.clusterFacts.value;
  const count = store.applications.value?.filter((one) => !one.why_not || one.open_switch).length ?? 0;
  if (count === 0 || page.readOnly) return null;
  return (
    <div class="lead row">
      <p>
        {count === 1 ? t("switchableOne") : t("switchableHere", { count })}
        {facts?.armed && facts.armed_at && ` ${t(facts.armed_by ? "armedBy" : "armedAt", { person: facts.armed_by ?? "", moment: moment(facts.armed_at) })}`}
      </p>
      <Arming />
      <WeakIdentity />
    </div>
  );
}

function Applications(): JSX.Element | null {
  const found = derived.live.value;
  const [most, show] = useState(PIECE);
  if (!store.loaded.value) return <p class="card" role="status">{t(store.unseen.value)}</p>;
  if (!store.applications.value) return store.applicationsError.value ? null : <p class="card" role="status">{t("loading")}</p>;
  if (found.length === 0) return <p class="card">{t(isHidden() ? "servicesHidden" : "noApplications")}</p>;
  const sought = { ...store.route.value, problems: false };
  const fitting = found.filter(({ application: { namespace, service, service_uid: uid } }) => finding.fits({ uid, namespace, name: service }, sought, finding.NO_UIDS));
  const piece = new Set(fitting.slice(0, most));
  const shown = found.filter((live) => piece.has(live) || isUnderWay(live));
  const more = fitting.filter((live) => !shown.includes(live)).length;
  return (
    <div>
      {(found.length > IN_SIGHT || finding.seeking(sought)) && <div class="tools"><Narrowing /></div>}
      {fitting.length === 0 && <p class="card" role="status">{t(shown.length > 0 ? "nothingElseFound" : "nothingFound")}</p>}
      <div class="cards">
        {shown.map((live) => <Card key={live.application.service_uid} live={live} />)}
      </div>
      {more > 0 && (
        <button type="button" class="button" onClick={() => show(most + PIECE)}>{t("more", { count: more })}</button>
      )}
    </div>
  );
}

/** Also where it has just ended otherwise than was wished: what came of it is not to go in the moment in which it is to be read. */
function isUnderWay(live: derived.LiveApplication): boolean {
  const { open_switch: open, keeping, sizing, reverted, half_done: halfDone, failed } = live.application;
  return [open, keeping, sizing, reverted, halfDone].some((one) => one !== null) || (failed !== null && isNews(failed)) || derived.servesNobody(live);
}

function Card({ live }: { live: derived.LiveApplication }): JSX.Element {
  const { namespace, service } = live.application;
  const card = useRef<HTMLElement>(null);
  const heading = useRef<HTMLButtonElement>(null);
  useFocusKept(card, heading);
  return (
    <article ref={card} class="card">
      <p class="quiet">{namespace}</p>
      <h2>
        <button ref={heading} type="button" class="link" onClick={() => store.go({ page: "map", selection: { kind: "Service", namespace, name: service } })}>
          {service}
        </button>
      </h2>
      <Switching live={live} alone={false} />
    </article>
  );
}

/** Whether there may be applications that are not found, since what they are found from may not be read. */
function isHidden(): boolean {
  return (["Service", "Deployment", "StatefulSet"] as const).some(store.isMissing);
}

export function Moves(): JSX.Element {
  const asked = useAsked(() => rest.switches(page.cluster, LAST_MOVES), "", store.operations.value.count);
  return (
    <section class="card">
      <h2>{t("lastMoves")}</h2>
      <Refused of={asked.refusal} />
      {asked.value?.length === 0 && <p class="quiet">{t("noMoves")}</p>}
      <ul class="moves">
        {asked.value?.map((one) => (
          <li key={one.id}>
            <Link to={{ page: "history", switchId: one.id }}>{one.namespace}/{one.service}: {one.from} → {one.to}</Link>
            <span><Ending told={one} /></span>
            <span class="quiet">{moment(one.requested_at)}, {one.actor}</span>
          </li>
        ))}
      </ul>
      {asked.value && asked.value.length > 0 && <p><Link to={{ page: "history", switchId: "" }}>{t("everyMove")}</Link></p>}
    </section>
  );
}

/** The Services that cannot be switched: at once where they are few, else when somebody wants to see them, since a cluster may have thousands. */
export function Others(): JSX.Element {
  const [wanted, want] = useState(false);
  const count = store.followWritten("Service").count("Service");
  if (store.loaded.value && count > 0 && count <= FEW) return <section class="card"><h2>{t("otherServices")}</h2><Reasons /></section>;
  return (
    <details class="card" open={wanted} onToggle={(event) => want(event.currentTarget.open)}>
      <summary>{t("otherServices")}</summary>
      {wanted && <Reasons />}
    </details>
  );
}

/** All Services with what stands against a switch of each, as often as the applications beside it, which wait until what changes has settled. */
function useEvery(): Asked<rest.Application[]> {
  const renewal = useMemo(() => performance.now(), [store.applications.value]);
  return useAsked(() => rest.applications(page.cluster, true), "", renewal);
}

/** Of a Service that is not among the applications: why, when somebody wants to see it. */
export function WhyNot({ uid }: { uid: string }): JSX.Element {
  const [wanted, want] = useState(false);
  return (
    <details open={wanted} onToggle={(event) => want(event.currentTarget.open)}>
      <summary>{t("whyNotHere")}</summary>
      {wanted && <Reason uid={uid} />}
    </details>
  );
}

/** A Service that is younger than the answer, or has found another side since, is in the next one. */
function Reason({ uid }: { uid: string }): JSX.Element {
  const asked = useEvery();
  if (asked.refusal) return <Refused of={asked.refusal} />;
  const found = asked.value?.find((one) => one.service_uid === uid);
  if (found?.why_not) return <p>{whyNot(found)}</p>;
  const isLeftOut = asked.value && !found && store.picture.byUid(uid)?.annotations["clusterview.io/ignore"] === "true";
  return <p role="status">{t(isLeftOut ? "leftOut" : "loading")}</p>;
}

function Reasons(): JSX.Element {
  const asked = useEvery();
  if (asked.refusal) return <Refused of={asked.refusal} />;
  if (!asked.value) return <p role="status">{t("loading")}</p>;
  const others = asked.value.filter((one) => one.why_not);
  if (others.length === 0) return <p>{t(isHidden() ? "servicesHidden" : "noOtherServices")}</p>;
  return (
    <dl class="reasons">
      {others.map((one) => (
        <div key={one.service_uid}>
          <dt><Link to={{ page: "map", selection: { kind: "Service", namespace: one.namespace, name: one.service } }}>{one.namespace}/{one.service}</Link></dt>
          <dd>{whyNot(one)}</dd>
        </div>
      ))}
    </dl>
  );
}
