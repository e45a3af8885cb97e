/** A slider over the time that was recorded. What is not known is marked beneath it, and said in words where the slider stands in it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/words";
import * as clock from "../state/clock";
import { gapAt, marksOf, notLive, SECOND } from "../state/past";
import type { Gap } from "../state/past";
import type { Hole, Recorded } from "../state/rest";
import { moment } from "./moments";

const MINUTE = 60 * SECOND;

/** `at` is the moment it stands at, empty for now, and so is what `go` is called with. */
export function Timeline({ label, at, recorded, go }: { label: string; at: string; recorded: Recorded; go: (at: string) => void }): JSX.Element {
  const [drawn, draw] = useState<number | null>(null);
  const begin = Date.parse(recorded.spans[0]?.since ?? "");
  const end = Math.max(begin + SECOND, clock.now.peek());
  const here = drawn ?? (at ? Date.parse(at) : end);
  // A range goes in whole steps from its beginning, and so to the last one before its end at most.
  const isEnd = (to: number): boolean => to > end - SECOND;
  const isNow = drawn === null ? !at : isEnd(drawn);
  const gap = isNow ? null : gapAt(recorded.spans, here);
  const move = (to: number): void => {
    draw(null);
    go(isEnd(to) ? "" : new Date(Math.max(begin, to)).toISOString());
  };
  const told = isNow ? t("now") : moment(here);
  return (
    <>
      <div class="row">
        <button type="button" class="button" onClick={() => move(here - MINUTE)}>{t("minuteEarlier")}</button>
        <div class="timeline">
          <input
            type="range" aria-label={label} aria-valuetext={gap ? `${told}: ${t("hole")}` : told} min={begin} max={end} step={SECOND} value={here}
            onInput={(event) => draw(event.currentTarget.valueAsNumber)} onChange={(event) => move(event.currentTarget.valueAsNumber)}
          />
          <div class="track" aria-hidden="true">
            {marksOf(recorded, begin, end).map((one, index) => (
              <i key={index} data-mark={one.kind} style={{ left: `${one.left}%`, width: `${one.width}%` }} />
            ))}
          </div>
        </div>
        <button type="button" class="button" disabled={isNow} onClick={() => move(here + MINUTE)}>{t("minuteLater")}</button>
        <output>{told}</output>
      </div>
      {gap && <Nearest gap={gap} move={move} now={() => go("")} />}
    </>
  );
}

/** What the marks beneath a slider mean, of those that there are. */
export function Legend({ recorded }: { recorded: Recorded }): JSX.Element {
  return (
    <>
      {recorded.holes.length > 0 && <span class="legend"><i data-mark="hole" />{t("hole")}</span>}
      {notLive(recorded.spans).length > 0 && <span class="legend"><i data-mark="notLive" />{t("notLiveThen")}</span>}
    </>
  );
}

/** Where the slider stands in a time of which nothing is known, the way out of it on both sides. */
function Nearest({ gap, move, now }: { gap: Gap; move: (to: number) => void; now: () => void }): JSX.Element {
  const [before, after] = [moment(gap.before), moment(gap.after)];
  const word = gap.before === null ? "gapUntil" : gap.after === null ? "gapSince" : "gapBetween";
  const button = (text: string, onClick: () => void): JSX.Element => <button type="button" class="button" onClick={onClick}>{text}</button>;
  return (
    <div class="gap" role="status">
      <p>{t(word, { before, after })}</p>
      <div class="row">
        {gap.before !== null && button(t("lastBefore", { moment: before }), () => move(gap.before ?? 0))}
        {gap.after === null ? button(t("now"), now) : button(t("firstAfter", { moment: after }), () => move(gap.after ?? 0))}
      </div>
    </div>
  );
}

export function Holes({ of }: { of: readonly Hole[] }): JSX.Element {
  return (
    <ul>
      {of.map((one) => (
        <li key={one.since}>
          {one.until === null ? t("holeSince", { from: moment(one.since) }) : t("holeFromTo", { from: moment(one.since), to: moment(one.until) })}
        </li>
      ))}
    </ul>
  );
}
