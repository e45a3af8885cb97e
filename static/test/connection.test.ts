import { encode } from "@msgpack/msgpack";
import { whole } from "./making";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Connection, LATE_FOR_MS, LATE_MS, SILENCE_MS, wait } from "../src/wire/connection";
import type { Ears, Socket } from "../src/wire/connection";
import { message } from "../src/wire/decoding";
import type { Hello } from "../src/wire/messages";

class Line implements Socket {
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly hellos: Hello[] = [];
  closed = false;
  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.hellos.push(message(bytes) as unknown as Hello);
  }
  close(): void {
    this.closed = true;
  }
  say(value: Record<string, unknown>): void {
    this.onmessage?.({ data: encode(value) });
  }
}

const lines: Line[] = [];
let connection: Connection;
let isSignedOut: ReturnType<typeof vi.fn<() => Promise<boolean>>>;
let ears: { [K in keyof Ears]: ReturnType<typeof vi.fn> };
const deflated = new Blob([encode(whole([]))]).stream().pipeThrough(new CompressionStream("deflate"));
const body = new Uint8Array(await new Response(deflated).arrayBuffer());
const at = (sequence: number, epoch = 7): Record<string, number> => ({ epoch, sequence });

async function opened(): Promise<Line> {
  connection.start();
  const line = lines.at(-1)!;
  line.onopen?.();
  line.say({ type: "snapshot", position: at(4), body });
  await connection.settled();
  return line;
}

beforeEach(() => {
  vi.useFakeTimers();
  lines.length = 0;
  ears = { firstPaint: vi.fn(), whole: vi.fn(), changes: vi.fn(), heartbeat: vi.fn(), operation: vi.fn(), ended: vi.fn(), opened: vi.fn(), current: vi.fn() };
  const open = (): Socket => {
    lines.push(new Line());
    return lines.at(-1)!;
  };
  isSignedOut = vi.fn(() => Promise.resolve(false));
  connection = new Connection("lab", open, ears as unknown as Ears, () => isSignedOut(), () => 0);
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

test("a large cluster's first paint is told before its picture, and is no place to go on from", async () => {
  connection.start();
  const line = lines.at(-1)!;
  line.onopen?.();
  const paint = { type: "first_paint", parts: [], kinds: { Pod: 9_000 }, statuses: { Running: 9_000 }, ready_nodes: 0, ready_pods: 9_000 };
  line.say(paint);
  await connection.settled();
  expect(ears.firstPaint).toHaveBeenCalledWith(paint);
  expect(connection.position).toBeNull();
  line.say({ type: "snapshot", position: at(4), body });
  await connection.settled();
  expect(ears.whole).toHaveBeenCalledTimes(1);
});

describe("a picture is the server's only from its answer to the last hello on", () => {
  const isCurrent = (): unknown => ears.current.mock.lastCall?.[0];

  test("the first one, when it has come", async () => {
    connection.start();
    lines.at(-1)!.onopen?.();
    expect(isCurrent()).toBe(false);
    lines.at(-1)!.say({ type: "snapshot", position: at(4), body });
    await connection.settled();
    expect(isCurrent()).toBe(true);
  });

  test.each([["its place is still known", { type: "resumed", position: at(4) }], ["it is sent anew", { type: "snapshot", position: at(9), body }]])(
    "after a break, when %s; a heartbeat says nothing of it",
    async (_, answer) => {
      (await opened()).onclose?.();
      vi.advanceTimersByTime(wait(0, 0));
      const line = lines.at(-1)!;
      line.onopen?.();
      line.say({ type: "heartbeat", contact: {}, server_time_ms: 0, sent_ms: 0 });
      await connection.settled();
      expect(ears.heartbeat).toHaveBeenCalled();
      expect(isCurrent()).toBe(false);
      line.say(answer);
      await connection.settled();
      expect(isCurrent()).toBe(true);
    },
  );

  test("after the past, when it has come; an older answer says nothing of it", async () => {
    const line = await opened();
    connection.anew();
    line.say({ type: "resumed", position: at(4) });
    await connection.settled();
    expect(isCurrent()).toBe(false);
    line.say({ type: "snapshot", position: at(5), body });
    await connection.settled();
    expect(isCurrent()).toBe(true);
  });
});

describe("a heartbeat that comes late is told with how late it is", () => {
  /** What lies between the machines' steady clocks is nobody's business. */
  const [THERE, BETWEEN] = [5_000_000, 3_000];
  const say = async (line: Line, sentMs: number): Promise<void> => {
    line.say({ type: "heartbeat", contact: {}, server_time_ms: 0, sent_ms: THERE + sentMs });
    await connection.settled();
  };
  const late = (): unknown => ears.heartbeat.mock.lastCall?.[1];

  test("by what it was longer underway than the earliest one on its line", async () => {
    const line = await opened();
    for (const [sent, passes, expected] of [[0, 0, 0], [BETWEEN, 3_500, 500], [2 * BETWEEN, 5_500, 3_000], [3 * BETWEEN, 100, 100]] as const) {
      vi.advanceTimersByTime(passes);
      await say(line, sent);
      expect(late()).toBeCloseTo(expected, -1);
    }
  });

  test("and not by what the two machines' clocks come apart in hours", async () => {
    const line = await opened();
    const apart = 0.000_15;
    for (let sent = 0; apart * sent < 1.1 * LATE_MS; sent += 10_000) {
      await say(line, sent * (1 - apart));
      expect(late()).toBeCloseTo(0);
      vi.advanceTimersByTime(10_000);
    }
  });

  test("and not where the server is older and does not say when it was sent", async () => {
    const line = await opened();
    line.say({ type: "heartbeat", contact: {}, server_time_ms: 0 });
    await connection.settled();
    expect(late()).toBe(0);
  });

  test("where the first one was the late one, by what is known since", async () => {
    const line = await opened();
    await say(line, -2_000);
    expect(late()).toBe(0);
    await say(line, 0);
    vi.advanceTimersByTime(1_500);
    await say(line, 0);
    expect(late()).toBeCloseTo(1_500, -1);
  });

  test("and a line on which all are late for long is given up for another one, where nothing is late yet", async () => {
    const line = await opened();
    await say(line, 0);
    vi.advanceTimersByTime(LATE_MS + 1_000);
    for (let sent = 0; sent <= LATE_FOR_MS; sent += BETWEEN) {
      expect(line.closed).toBe(false);
      await say(line, sent);
      vi.advanceTimersByTime(BETWEEN);
    }
    await say(line, LATE_FOR_MS + BETWEEN);
    expect(line.closed).toBe(true);
    vi.advanceTimersByTime(wait(0, 0));
    const next = lines.at(-1)!;
    next.onopen?.();
    await say(next, LATE_FOR_MS + BETWEEN);
    expect(late()).toBe(0);
  });
});

describe("each change is applied exactly once and in order (F70)", () => {
  test("the next number is applied, a repeated one is not", async () => {
    const line = await opened();
    line.say({ type: "changes", position: at(5), changes: [] });
    line.say({ type: "changes", position: at(5), changes: [] });
    await connection.settled();
    expect(ears.changes).toHaveBeenCalledTimes(1);
    expect(connection.position).toEqual(at(5));
  });

  test.each([["a gap", at(6)], ["another epoch", at(5, 8)]])("%s is answered with a new hello, and nothing is applied (F39)", async (_, position) => {
    const line = await opened();
    line.say({ type: "changes", position, changes: [] });
    line.say({ type: "changes", position: at(5), changes: [] });
    await connection.settled();
    expect(ears.changes).not.toHaveBeenCalled();
    expect(line.hellos.at(-1)?.resume).toEqual(at(4));
  });

  test("changes that do not fit ask for everything from nothing", async () => {
    const silent = vi.spyOn(console, "error").mockImplementation(() => undefined);
    ears.changes.mockImplementation(() => {
      throw new Error("a gap");
    });
    const line = await opened();
    line.say({ type: "changes", position: at(5), changes: [] });
    await connection.settled();
    expect(line.hellos.at(-1)?.resume).toBeNull();
    expect(silent).toHaveBeenCalled();
    silent.mockRestore();
  });
});

describe("a broken line is made again by itself", () => {
  test("closed: with the position it had", async () => {
    const line = await opened();
    line.onclose?.();
    expect(ears.opened).toHaveBeenLastCalledWith(false);
    vi.advanceTimersByTime(wait(0, 0));
    lines.at(-1)!.onopen?.();
    expect(lines).toHaveLength(2);
    expect(lines.at(-1)!.hellos[0]?.resume).toEqual(at(4));
  });

  test("after a sleep: a line that may be dead is given up and the next one tried at once", async () => {
    const line = await opened();
    connection.renew();
    expect([line.closed, lines.length]).toEqual([true, 2]);
    lines.at(-1)!.onopen?.();
    expect(lines.at(-1)!.hellos[0]?.resume).toEqual(at(4));
    vi.advanceTimersByTime(SILENCE_MS - 1);
    expect(lines).toHaveLength(2);
  });

  test("silent for too long: closed by the page itself", async () => {
    const line = await opened();
    vi.advanceTimersByTime(SILENCE_MS);
    expect(line.closed).toBe(true);
  });

  test("frames of a line that was given up are dropped", async () => {
    const line = await opened();
    line.onclose?.();
    line.say({ type: "changes", position: at(5), changes: [] });
    await connection.settled();
    expect(ears.changes).not.toHaveBeenCalled();
  });

  test("so is a picture that was still unpacked when its line was given up", async () => {
    connection.start();
    const line = lines.at(-1)!;
    line.onopen?.();
    line.say({ type: "snapshot", position: at(4), body });
    await Promise.resolve();
    line.onclose?.();
    vi.advanceTimersByTime(wait(0, 0));
    lines.at(-1)!.onopen?.();
    await connection.settled();
    expect(ears.whole).not.toHaveBeenCalled();
    expect(ears.current).toHaveBeenLastCalledWith(false);
    expect(lines.at(-1)!.hellos[0]?.resume).toBeNull();
  });

  test("and one that cannot be unpacked closes no other line than its own", async () => {
    const silent = vi.spyOn(console, "error").mockImplementation(() => undefined);
    connection.start();
    const line = lines.at(-1)!;
    line.onopen?.();
    line.say({ type: "snapshot", position: at(4), body: new Uint8Array([1]) });
    await Promise.resolve();
    line.onclose?.();
    vi.advanceTimersByTime(wait(0, 0));
    lines.at(-1)!.onopen?.();
    await connection.settled();
    expect(lines.at(-1)!.closed).toBe(false);
    silent.mockRestore();
  });

  test("a frame that is not a message closes the line instead of the page", async () => {
    const silent = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const line = await opened();
    line.onmessage?.({ data: new Uint8Array([0xc1]) });
    await connection.settled();
    expect(line.closed).toBe(true);
    silent.mockRestore();
  });
});

describe("the server's goodbye", () => {
  test.each(["signed_out", "unknown_cluster"])("%s is for good", async (reason) => {
    const line = await opened();
    line.say({ type: "bye", reason });
    await connection.settled();
    vi.advanceTimersByTime(60_000);
    expect(ears.ended).toHaveBeenCalledWith(reason);
    expect(lines).toHaveLength(1);
  });

  test("for a restart is not", async () => {
    const line = await opened();
    line.say({ type: "bye", reason: "restart" });
    await connection.settled();
    line.onclose?.();
    vi.advanceTimersByTime(6000);
    expect(lines.length).toBeGreaterThan(1);
  });
});

describe("one page too many of a person", () => {
  const told = async (): Promise<void> => {
    connection.start();
    lines.at(-1)!.onopen?.();
    lines.at(-1)!.say({ type: "bye", reason: "too_many" });
    await connection.settled();
    lines.at(-1)!.onclose?.();
  };

  test("is told so, and tries again once in half a minute", async () => {
    await told();
    expect(ears.ended).toHaveBeenCalledExactlyOnceWith("too_many");
    expect(ears.opened).toHaveBeenLastCalledWith(false);
    await vi.advanceTimersByTimeAsync(29_999);
    expect([lines.length, isSignedOut.mock.calls.length]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect(lines).toHaveLength(2);
  });

  test("has the place of one that is closed", async () => {
    await told();
    await vi.advanceTimersByTimeAsync(30_000);
    lines.at(-1)!.onopen?.();
    lines.at(-1)!.say({ type: "snapshot", position: at(4), body });
    await connection.settled();
    expect(ears.current).toHaveBeenLastCalledWith(true);
  });

  test("tries at once when it is looked at", async () => {
    await told();
    connection.hurry();
    expect(lines).toHaveLength(2);
  });
});

describe("where the handshake is refused", () => {
  const refused = async (): Promise<void> => {
    connection.start();
    lines.at(-1)!.onclose?.();
    await vi.advanceTimersByTimeAsync(60_000);
  };

  test("whoever is signed out is told so, and nothing is tried again", async () => {
    isSignedOut.mockResolvedValue(true);
    await refused();
    expect(ears.ended).toHaveBeenCalledExactlyOnceWith("signed_out");
    expect([lines.length, isSignedOut.mock.calls.length]).toEqual([1, 1]);
  });

  test("it is tried again for whoever is not", async () => {
    await refused();
    expect(ears.ended).not.toHaveBeenCalled();
    expect(lines.length).toBeGreaterThan(1);
  });

  test("a line that was open and breaks asks for nothing", async () => {
    (await opened()).onclose?.();
    expect(isSignedOut).not.toHaveBeenCalled();
  });
});

test("those whose lines break together come back one after the other, over 0.1 to 1.5 s", () => {
  const chances = [...Array(101).keys()].map((number) => number / 100);
  const waits = chances.map((chance) => wait(0, chance));
  expect([Math.min(...waits), Math.max(...waits)]).toEqual([100, 1500]);
  for (const from of [100, 450, 800, 1150]) expect(waits.filter((one) => one >= from && one < from + 350).length).toBeGreaterThan(20);
});

test("further waits grow from 0.4 s to 5 s and never beyond", () => {
  const waits = [...Array(12).keys()].map((tries) => wait(tries + 1, 1));
  expect(waits[0]).toBe(400);
  expect(Math.max(...waits)).toBe(5000);
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
});
