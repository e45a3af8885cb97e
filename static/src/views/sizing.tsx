/** How large a side is: warming up the one that gets the traffic, and scaling down the one that was left. The server checks everything again. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { differsOf, ifStopped, reasonOf, refusalOf, stateMeans, stateWord } from "../i18n/switching";
import { t } from "../i18n/words";
import type { LiveApplication } from "../state/derived";
import { page } from "../state/page";
import * as rest from "../state/rest";
import { FRESH } from "../state/routes";
import * as store from "../state/store";
import { useAsked, useDoing, useTurn } from "./asking";
import { CheckLine } from "./checks";
import { Link } from "./link";
import { Original } from "./original";
import { Refused } from "./refused";
import { Sentence } from "./sentence";
import { SteadyButton } from "./steady";

/** What stands against a size is looked at again every so many times five seconds: a quota or what the scheduler says is in no picture. */
const LOOKED_AT_EVERY = 6;

/** What was raised for a side, and how that stands. */
export function Hold({ told }: { told: rest.Size }): JSX.Element {
  const why = reasonOf(told);
  return (
    <>
      {told.numbers.filter((one) => one.stands).map((one) => (
        <p key={one.name} class="quiet">{t("heldAt", { kind: one.kind, name: one.name, number: one.to, before: one.was })}</p>
      ))}
      {why && <p class="quiet"><Sentence text={why} />{told.detail && <Original text={told.detail} />}</p>}
    </>
  );
}

/** What it is for, as a link to its story. */
export function Purpose({ of: { id, purpose, side } }: { of: rest.Size }): JSX.Element {
  return <Link to={{ ...FRESH, page: "history", size: id }}>{t(`purpose_${purpose}`, { side })}</Link>;
}

/** Where it stands, and what its row says otherwise. */
export function Standing({ of }: { of: rest.Size }): JSX.Element {
  const differs = differsOf(of);
  return <>{stateWord(of.state)}{differs && <span class="bad-text"> {differs}</span>}</>;
}

/** How the last warm-up ended, for whoever comes back to see. */
export function Warmed({ told }: { told: rest.Size }): JSX.Element {
  return (
    <p>
      <Purpose of={told} />: {stateWord(told.state)} · {t("by", { person: told.actor })}{" "}
      <span class="quiet">{reasonOf(told)}{told.detail && <Original text={told.detail} />}</span>
    </p>
  );
}

/** An open warm-up or scaling down. */
export function Resizing({ told, live, against }: { told: rest.Size; live: LiveApplication; against: string }): JSX.Element {
  const doing = useDoing();
  const side = live.sides.find((one) => one.value === told.side);
  const isBegun = told.purpose === "scale_down" && !["queued", "preparing"].includes(told.state);
  const cancel = async (): Promise<void> => {
    await rest.cancelSize(told.id);
    await store.loadApplications();
  };
  return (
    <div class="running">
      <p role="status">
        <strong><Purpose of={told} />: {stateWord(told.state)}</strong>
        {side && ` · ${t("ready", { ready: side.ready, total: told.target })}`} · {t("by", { person: told.actor })}
      </p>
      <Hold told={told} />
      <p class="quiet">{stateMeans(told.state)} {ifStopped(told.state)}</p>
      {!isBegun && !against && (
        <p class="row">
          <SteadyButton class="button" disabled={doing.busy} onClick={() => doing.run(cancel)}>
            {t(told.purpose === "warm_up" ? "stopWarmUp" : "stopScaleDown", { service: told.service, side: told.side, cluster: page.clusterName })}
          </SteadyButton>
        </p>
      )}
      <Refused of={doing.refusal} />
    </div>
  );
}

/** Makes the side as large as the live one. */
export function WarmUp({ live, to, against }: { live: LiveApplication; to: string; against: string }): JSX.Element | null {
  const { namespace, service, service_uid: uid } = live.application;
  const facts = `${uid} ${live.sides.map((side) => `${side.ready}/${side.wanted}`).join(" ")}`;
  const asked = useAsked(() => rest.lookAtWarmUp(page.cluster, namespace, service, to), to, `${facts} ${useTurn(LOOKED_AT_EVERY)}`);
  const found = asked.value;
  const target = found?.target ?? 0;
  const key = useMemo(() => crypto.randomUUID(), [to, facts, target]);
  const begin = async (): Promise<void> => {
    await rest.warmUp(page.cluster, { namespace, service, to, target }, key);
    await store.loadApplications();
  };
  // Pods that are wanted and not ready are not helped by wanting them.
  if (found?.ready && found.numbers.length === 0) return null;
  return <Change asked={asked} word={t("warmUp", { service, side: to, count: target, cluster: page.clusterName })} begin={begin} against={against} />;
}

interface ScaleDownProps {
  readonly left: rest.Left;
  readonly service: string;
  readonly against: string;
}

/** Makes the side that was left smaller: asked for only when somebody opens it. */
export function ScaleDown({ left, service, against }: ScaleDownProps): JSX.Element {
  const [isOpen, open] = useState(false);
  return (
    <details onToggle={(event) => open(event.currentTarget.open)}>
      <summary>{t("scaleDownHow", { side: left.side })}</summary>
      {isOpen && <ScaleDownNow left={left} service={service} against={against} />}
    </details>
  );
}

function ScaleDownNow({ left, service, against }: ScaleDownProps): JSX.Element {
  const asked = useAsked(() => rest.lookAtScaleDown(left.switch), left.switch, `${store.operations.value.count} ${useTurn(LOOKED_AT_EVERY)}`);
  const begin = async (): Promise<void> => {
    await rest.scaleDown(left.switch);
    await store.loadApplications();
  };
  return <Change asked={asked} word={t("scaleDown", { service, side: left.side, cluster: page.clusterName })} begin={begin} against={against} />;
}

interface ChangeProps {
  readonly asked: ReturnType<typeof useAsked<rest.SizePreview>>;
  readonly word: string;
  readonly begin: () => Promise<void>;
  /** Why this reader cannot change it now. */
  readonly against: string;
}

/** The numbers, what stands against them, and the button. */
function Change({ asked, word, begin, against }: ChangeProps): JSX.Element {
  const doing = useDoing();
  const found = asked.value;
  if (!found) return <p role="status">{asked.refusal ? refusalOf(asked.refusal) : t("checking")}</p>;
  return (
    <>
      {found.numbers.map((one) => <p key={one.kind + one.name} class="quiet">{one.kind} {one.name}: {one.was} → {one.to}</p>)}
      <ul class="checks">{found.checks.filter((check) => check.level === "block").map((check) => <CheckLine key={check.code} check={check} />)}</ul>
      <p class="row">
        <SteadyButton class="button" disabled={!found.ready || asked.refusal !== null || against !== "" || doing.busy} onClick={() => doing.run(begin)}>
          {word}
        </SteadyButton>
      </p>
      <Refused of={asked.refusal} />
      <Refused of={doing.refusal} />
    </>
  );
}
