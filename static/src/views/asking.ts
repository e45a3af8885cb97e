/** REST answers as parts of a view: asked when the view appears and when its key changes; an answer that came too late is dropped. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Refusal } from "../state/rest";

export interface Asked<T> {
  /** The newest answer; it stays while the next one is on its way. */
  readonly value: T | null;
  readonly refusal: Refusal | null;
  readonly again: () => void;
}

/** `renewal` is what the same question is asked again for; the answer before stays meanwhile. */
export function useAsked<T>(ask: () => Promise<T>, key: string, renewal: number | string = 0): Asked<T> {
  const [answer, setAnswer] = useState<{ about: string; value: T | null; refusal: Refusal | null }>({ about: key, value: null, refusal: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let wanted = true;
    ask().then(
      (value) => wanted && setAnswer({ about: key, value, refusal: null }),
      (error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
        if (wanted) setAnswer((before) => ({ about: key, value: before.about === key ? before.value : null, refusal: error }));
      },
    );
    return () => {
      wanted = false;
    };
  }, [key, turn, renewal]);
  return { value: answer.value, refusal: answer.refusal, again: () => setTurn((before) => before + 1) };
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

export interface Doing {
  readonly busy: boolean;
  readonly refusal: Refusal | null;
  readonly run: (action: () => Promise<unknown>) => void;
}

/** One action at a time, with its refusal kept until the next one. */
export function useDoing(): Doing {
  const [state, setState] = useState<{ busy: boolean; refusal: Refusal | null }>({ busy: false, refusal: null });
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
