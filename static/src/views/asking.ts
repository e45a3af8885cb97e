/** REST answers as parts of a view: asked when the view appears and when its key changes; an answer about another key than the view's is dropped. */
import { useEffect, useRef, useState } from "preact/hooks";
import * as clock from "../state/clock";
import { AGAIN_AFTER_MS } from "../state/renewing";
import { Refusal } from "../state/rest";
import * as store from "../state/store";

export interface Asked<T> {
  /** The key that the answer belongs to. */
  readonly about: string;
  /** The newest answer; it stays while the next one is on its way. */
  readonly value: T | null;
  readonly refusal: Refusal | null;
  readonly again: () => void;
}

/** Refusals that only time takes away. */
const PASSING = ["just-switched"];

/** Whether the same question may be answered a moment later. */
function isTemporary({ status, code }: Refusal): boolean {
  return status === 0 || status === 429 || status >= 500 || PASSING.includes(code);
}

/**
 * `renewal` is what the same question is asked again for; the answer before stays meanwhile, and where the next one is refused. One at a time: whatever
 * asks while an answer about the key is on its way is one more question after it, so that a slow answer is shown, and not asked for over and over.
 * What is refused for the moment is asked again by itself.
 */
export function useAsked<T>(ask: () => Promise<T>, key: string, renewal: number | string = 0): Asked<T> {
  const [answer, setAnswer] = useState<{ about: string; value: T | null; refusal: Refusal | null }>({ about: key, value: null, refusal: null });
  const [turn, setTurn] = useState(0);
  const onItsWay = useRef<{ isAskedAgain: boolean } | null>(null);
  const again = (): void => setTurn((before) => before + 1);
  const mayAgain = store.connected.value && answer.refusal !== null && isTemporary(answer.refusal);
  useEffect(() => () => void (onItsWay.current = null), [key]);
  useEffect(() => {
    if (onItsWay.current) {
      onItsWay.current.isAskedAgain = true;
      return;
    }
    const asked = (onItsWay.current = { isAskedAgain: false });
    const isWanted = (): boolean => onItsWay.current === asked;
    const ended = (): void => {
      if (!isWanted()) return;
      onItsWay.current = null;
      if (asked.isAskedAgain) again();
    };
    ask().then(
      (value) => isWanted() && setAnswer({ about: key, value, refusal: null }),
      (error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
        if (isWanted()) setAnswer((before) => ({ about: key, value: before.about === key ? before.value : null, refusal: error }));
      },
    ).finally(ended);
  }, [key, turn, renewal]);
  useEffect(() => {
    if (!mayAgain) return;
    const timer = setTimeout(again, AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [mayAgain, answer]);
  return { about: answer.about, value: answer.value, refusal: answer.refusal, again };
}

const underWay = new Map<string, Promise<unknown>>();

/** The answer to a question that is on its way already, for other parts of the view that ask the same; else the question is asked. */
export function once<T>(question: string, ask: () => Promise<T>): Promise<T> {
  const found = underWay.get(question) as Promise<T> | undefined;
  if (found) return found;
  const answer = ask().finally(() => underWay.delete(question));
  underWay.set(question, answer);
  return answer;
}

/** The value, and while it is held what it was before. */
export function useHeld<T>(value: T, isHeld: boolean): T {
  const kept = useRef(value);
  if (!isHeld) kept.current = value;
  return kept.current;
}

/** Grows every so many times five seconds, but not while a switch begins. */
export function useTurn(fives: number): number {
  return useHeld(Math.floor(clock.fives.value / fives), store.isMoving.value);
}

export interface Doing {
  readonly busy: boolean;
  readonly refusal: Refusal | null;
  readonly run: (action: () => Promise<unknown>) => void;
}

/** A refusal is shown for at least so long. */
const READ_MS = 10_000;

/** One action at a time, with its refusal kept until the next one, or until things have moved on and it has been there to be read. */
export function useDoing(): Doing {
  const [state, setState] = useState<{ busy: boolean; refusal: Refusal | null }>({ busy: false, refusal: null });
  const about = `${store.operations.value.count} ${store.clusterFacts.value?.armed} ${store.clusterFacts.value?.frozen_at}`;
  const refused = useRef({ about, at: 0 });
  useEffect(() => {
    refused.current = { about, at: performance.now() };
  }, [state.refusal]);
  useEffect(() => {
    if (!state.refusal || about === refused.current.about) return;
    const timer = setTimeout(() => setState((now) => ({ ...now, refusal: null })), refused.current.at + READ_MS - performance.now());
    return () => clearTimeout(timer);
  }, [state.refusal, about]);
  const run = (action: () => Promise<unknown>): void => {
    setState({ busy: true, refusal: null });
    action().then(
      () => setState({ busy: false, refusal: null }),
      (error: unknown) => {
        setState({ busy: false, refusal: error instanceof Refusal ? error : null });
        if (!(error instanceof Refusal)) throw error;
      },
    );
  };
  return { ...state, run };
}
