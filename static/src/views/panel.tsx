/** What is known of the selected object: its facts, what it is connected to, its warnings; for a Service also its switch. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { KINDS } from "../wire/messages";
import type { AnyRecord, Kind, Service } from "../wire/messages";
import { kindWord } from "../i18n/kinds";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import { related } from "../state/related";
import type { Selection } from "../state/routes";
import * as store from "../state/store";
import { useFocusKept } from "./focus";
import { conditionOf, listenerWords, ruleWords, statusOf, told } from "./marks";
import { Pods } from "./nodes";
import { Refused } from "./refused";
import { sight } from "./sight";
import { Switching } from "./switching";
import { WhyNot } from "./traffic";
import { moment } from "./moments";

const MOST_RELATED = 60;
/** As in the style. */
const SHEET = "(max-width: 900px)";
const RELATED_KINDS = KINDS.filter((kind) => kind !== "Event" && kind !== "Lease");

export function Panel({ selection }: { selection: Selection }): JSX.Element {
  const record = store.selected.value;
  const uid = store.selectedUid.value;
  // Where the panel is a sheet over the map, what was chosen may lie below it.
  useEffect(() => {
    if (uid && matchMedia(SHEET).matches) document.querySelector(`main [data-uid="${CSS.escape(uid)}"]`)?.scrollIntoView({ block: "nearest" });
  }, [uid]);
  const panel = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useFocusKept(panel, heading);
  const chosen = useRef(uid);
  if (uid) chosen.current = uid;
  // What goes takes the focus with it before an effect would hear of it.
  useLayoutEffect(() => {
    const held = panel.current;
    const opener = document.activeElement as HTMLElement | null;
    return () => {
      if (held?.contains(document.activeElement)) focusFirst([opener, markOf(chosen.current), document.querySelector<HTMLElement>('.split [role="region"]')]);
    };
  }, []);
  useEffect(() => {
    // Whoever moves through time with the slider goes on doing so, while each moment is drawn anew.
    if (!document.activeElement?.matches("input[type=range]")) heading.current?.focus({ preventScroll: true });
  }, [selection.kind, selection.namespace, selection.name]);
  return (
    <aside ref={panel} class="panel" aria-label={`${selection.kind} ${selection.name}`}>
      <div class="head-row">
        <div>
          <p class="quiet">{kindWord(selection.kind)}{selection.namespace && ` · ${selection.namespace}`}</p>
          <h2 ref={heading} tabIndex={-1}>{selection.name}</h2>
        </div>
        <button type="button" class="button" onClick={() => store.select(null)}>{t("close")}</button>
      </div>
      {record ? <Facts key={record.uid} record={record} /> : <p role="status">{store.isMissing(selection.kind as Kind) ? t("kindNotSeen", { kind: selection.kind }) : t("gone")}</p>}
    </aside>
  );
}

/** The object on the map or in the table, which the panel stands behind. */
function markOf(uid: string): HTMLElement | null {
  const within = `.split [data-uid="${CSS.escape(uid)}"]`;
  return document.querySelector<HTMLElement>(`${within}:is(button), ${within} button`);
}

/** The first of these that takes the focus: one that is gone from the page, or is the page itself, does not. */
function focusFirst(those: readonly (HTMLElement | null)[]): void {
  for (const one of those) {
    one?.focus({ preventScroll: true });
    if (one && one === document.activeElement) return;
  }
}

function Facts({ record }: { record: AnyRecord }): JSX.Element {
  const live = record.kind === "Service" ? derived.liveByService.value.get(derived.serviceKey(record)) : undefined;
  const warnings = derived.warnings.value.get(record.uid) ?? [];
  const labels = Object.entries(record.labels);
  return (
    <>
      {live && store.isPast.value && <p role="status">{t("notInThePast")}</p>}
      {record.kind === "Service" && !store.isPast.value && <OfService record={record} live={live} />}
      <section>
        <dl class="facts">
          <Fact name={t("status")}>{statusOf(record)}</Fact>
          <Own record={record} />
          {record.created_at !== null && <Fact name={t("created")}>{moment(record.created_at * 1000)}</Fact>}
        </dl>
      </section>
      {record.kind === "Pod" && (
        <section>
          <h3>{t("containers")}</h3>
          <ul>
            {record.containers.map((one) => (
              <li key={one.name}>
                <strong>{one.name}</strong>{one.init && " (init)"} · {one.state}{one.reason && ` · ${one.reason}`}{one.restarts > 0 && ` · ↻ ${one.restarts}`}
                <br /><span class="quiet wrap">{one.image}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {record.kind === "ControlPlanePart" && record.failing_checks.length > 0 && (
        <section><h3>{t("warnings")}</h3><ul>{record.failing_checks.map((one) => <li key={one}>{one}</li>)}</ul></section>
      )}
      {warnings.length > 0 && (
        <section>
          <h3>{t("warnings")}</h3>
          <ul>{warnings.map((one) => <li key={one.uid}><strong>{one.reason}</strong> × {one.count} · <span lang="en">{one.message}</span></li>)}</ul>
        </section>
      )}
      {record.kind === "Node" && <Inhabitants node={record.name} />}
      <Related record={record} />
      {labels.length > 0 && (
        <section>
          <h3>{t("labels")}</h3>
          <ul>{labels.map(([key, value]) => <li key={key}><code>{key}={value}</code></li>)}</ul>
        </section>
      )}
    </>
  );
}

/** A Service's switch, or why there is none. What is shown may be old where the applications were refused, which is said. */
function OfService({ record, live }: { record: Service; live: derived.LiveApplication | undefined }): JSX.Element {
  const isKnown = store.applications.value !== null;
  return (
    <>
      <Refused of={store.applicationsError.value} />
      {live ? <Switching live={live} alone={true} /> : isKnown && <section><WhyNot uid={record.uid} /></section>}
    </>
  );
}

/** What runs on a node, each pod large enough to be met. */
function Inhabitants({ node }: { node: string }): JSX.Element {
  const pods = derived.inPlace(store.podsOn(node));
  if (pods.length === 0 && store.isMissing("Pod")) return <section><h3>{t("podsNotSeen")}</h3></section>;
  return (
    <section>
      <h3>{t("pods", { count: pods.length })} <span class="quiet">{t("ready", { ready: pods.filter((pod) => pod.ready).length, total: pods.length })}</span></h3>
      <Pods pods={pods} seen={sight.value} />
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return <><dt>{name}</dt><dd>{children}</dd></>;
}

/** What only this kind has. Names of fields are Kubernetes' own and stay English. */
function Own({ record }: { record: AnyRecord }): JSX.Element | null {
  switch (record.kind) {
    case "Pod":
      return <><Fact name={t("node")}>{record.node || t("unscheduled")}</Fact>{record.address && <Fact name="IP">{record.address}</Fact>}</>;
    case "Node":
      return (
        <>
          {record.zone && <Fact name="zone">{record.zone}</Fact>}
          <Fact name="kubelet">{record.kubelet_version}</Fact>
          <Fact name="CPU">{record.cpu_allocatable / 1000}</Fact>
          <Fact name="memory">{(record.memory_allocatable / 2 ** 30).toFixed(1)} GiB</Fact>
          {record.taints.length > 0 && <Fact name="taints">{record.taints.map((one) => `${one.key}${one.value && `=${one.value}`}:${one.effect}`).join(", ")}</Fact>}
        </>
      );
    case "Service":
      return (
        <>
          {record.cluster_ip && <Fact name="clusterIP">{record.cluster_ip}</Fact>}
          {record.selector && <Fact name="selector"><code>{Object.entries(record.selector).map(([key, value]) => `${key}=${value}`).join(", ")}</code></Fact>}
          <Fact name="ports">{record.ports.map((one) => `${one.port} → ${one.target}`).join(", ")}</Fact>
          {record.selector_manager && <Fact name={t("writtenBy")}>{record.selector_manager}</Fact>}
        </>
      );
    case "Ingress":
      return <Fact name="rules">{record.paths.map((one) => <span key={one.host + one.path} class="line">{one.host || "*"}{one.path} → {one.service}</span>)}</Fact>;
    case "Gateway":
      return <Fact name="listeners">{record.listeners.map((one) => <span key={one.name} class="line">{one.name} · {listenerWords(one)}</span>)}</Fact>;
    case "HTTPRoute":
      return (
        <>
          {record.hostnames.length > 0 && <Fact name="hostnames">{record.hostnames.join(", ")}</Fact>}
          {record.parents.length > 0 && (
            <Fact name="parentRefs">
              {record.parents.map((one, number) => (
                <span key={number} class="line">
                  {[one.kind, one.name ? `${one.namespace}/${one.name}` : t("elsewhere"), one.section].filter(Boolean).join(" ")} · {
                    told({ Accepted: one.accepted, ResolvedRefs: one.resolved }, one.reason) || "Accepted"
                  }
                </span>
              ))}
            </Fact>
          )}
          <Fact name="rules">{record.rules.map((one, number) => <span key={number} class="line">{ruleWords(one, record.namespace)}</span>)}</Fact>
        </>
      );
    case "Job":
      return (
        <>
          <Fact name="parallelism">{record.parallelism}</Fact>
          <Fact name="active">{record.active}</Fact>
          <Fact name="succeeded">{record.succeeded}</Fact>
          <Fact name="failed">{record.failed}</Fact>
        </>
      );
    case "CronJob":
      return (
        <>
          {record.time_zone && <Fact name="timeZone">{record.time_zone}</Fact>}
          {record.last_scheduled_at !== null && <Fact name="lastScheduleTime">{moment(record.last_scheduled_at * 1000)}</Fact>}
          {record.last_succeeded_at !== null && <Fact name="lastSuccessfulTime">{moment(record.last_succeeded_at * 1000)}</Fact>}
        </>
      );
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
      return <Fact name={t("image")}>{record.images.join(", ")}</Fact>;
    case "ControlPlanePart":
      return (
        <>
          {record.version && <Fact name={t("version")}>{record.version}</Fact>}
          {record.leader && <Fact name={t("leaderIs")}>{record.leader}</Fact>}
        </>
      );
    default:
      return null;
  }
}

function Related({ record }: { record: AnyRecord }): JSX.Element | null {
  const found = related(store.followWritten(...RELATED_KINDS), record);
  if (found.length === 0) return null;
  const shown = found.slice(0, MOST_RELATED);
  return (
    <section>
      <h3>{t("related")}</h3>
      <ul class="related">
        {shown.map((one) => (
          <li key={one.uid} data-condition={conditionOf(one)}>
            <span class="quiet">{one.kind} </span>
            <span>
              <button type="button" class="link" onClick={() => store.select({ kind: one.kind, namespace: one.namespace, name: one.name })}>{one.name}</button>
              <small class={conditionOf(one) === "bad" ? "bad-text" : "quiet"}> {statusOf(one)}</small>
            </span>
          </li>
        ))}
        {found.length > shown.length && <li class="quiet">{t("more", { count: found.length - shown.length })}</li>}
      </ul>
    </section>
  );
}
