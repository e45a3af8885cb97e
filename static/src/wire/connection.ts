/**
 * One WebSocket to `/ws/live`, kept open: hello, the picture, numbered changes, and a new try when it breaks.
 *
 * Each `changes` message is applied exactly once and in order. A number that is not the next one, or another epoch, is answered with a new
 * hello; until the server has answered, further changes are dropped. Frames are worked on one after the other because unpacking a
 * snapshot takes a moment and the changes behind it must wait.
 */
import * as decoding from "./decoding";
import { WHOLE } from "./messages";
import type { Changes, FirstPaint, Heartbeat, Operation, Position, ToBrowser, Whole } from "./messages";

export const SILENCE_MS = 12_000;
const [SPREAD_FROM_MS, SPREAD_TO_MS] = [100, 1_500];
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;
const CROWDED_MS = 30_000;
/**
 * A line on which everything comes so late, and for so long or up to twice as long, is given up: another one may be better, and knows anew what is
 * early. Where the server's machine stood still, all of its pages do that. One that is always less late leaves a page live (`freshness.ts`).
 */
export const [LATE_MS, LATE_FOR_MS] = [1_500, 30_000];
/** Two steady clocks differ by no more than this part of the time that passes: 200 ppm is twice what quartz and NTP's slewing come to, mostly. */
const DRIFT = 0.0002;
const FINAL = new Set(["signed_out", "unknown_cluster", "bad_message"]);

/** What the connection tells. `changes` may throw: then the picture is asked for anew, from nothing. */
export interface Ears {
  /** A large cluster in a few numbers; its `whole` is on its way. */
  firstPaint(paint: FirstPaint): void;
  whole(whole: Whole): void;
  changes(message: Changes): void;
  /** `lateMs` is how much later it came than the earliest one on this line: as long as that it has lain behind what was sent before. */
  heartbeat(heartbeat: Heartbeat, lateMs: number): void;
  operation(operation: Operation): void;
  /** The server has ended it, and why: for good, but where there are `too_many` pages, which is tried again now and then until one is closed. */
  ended(reason: string): void;
  opened(open: boolean): void;
  /** Whether the picture is the one that the server has: not from a hello until its answer has been worked on. */
  current(current: boolean): void;
}

export interface Socket {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export class Connection {
  position: Position | null = null;
  private socket: Socket | null = null;
  private awaiting = true;
  private tries = 0;
  private stopped = false;
  private work: Promise<void> = Promise.resolve();
  /** The smallest difference between this page's steady clock and the server's on this line: that of the heartbeat that was underway the shortest. */
  private earliest = Infinity;
  private beatAt = 0;
  private lateUntil: number | null = null;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly cluster: string,
    private readonly open: () => Socket,
    private readonly ears: Ears,
    /** Asked where a line did not open: a refused handshake does not say why. */
    private readonly isSignedOut: () => Promise<boolean>,
    private readonly random: () => number = Math.random,
  ) {}

  start(): void {
    const socket = this.open();
    this.socket = socket;
    this.earliest = Infinity;
    this.lateUntil = null;
    let hasOpened = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      hasOpened = true;
      this.ears.opened(true);
      this.hear();
      this.hello(this.position);
    };
    socket.onmessage = (event) => {
      this.hear();
      this.work = this.work.then(() => (this.socket === socket ? this.receive(socket, event.data as ArrayBuffer) : undefined));
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.lost();
      if (!hasOpened) void this.isSignedOut().then((isOut) => isOut && !this.stopped && this.leave("signed_out"));
    };
    this.hear();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.silence);
    clearTimeout(this.retry);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** This will resolve when every frame received so far has been worked on. */
  settled(): Promise<void> {
    return this.work;
  }

  /** This will try at once instead of waiting: the network is back, or the page is looked at again. */
  hurry(): void {
    if (this.socket !== null || this.stopped) return;
    clearTimeout(this.retry);
    this.start();
  }

  /** This will give up the line that there is, which may be dead without a word, and try the next one at once. */
  renew(): void {
    if (this.socket) this.lost();
    this.hurry();
  }

  /** This will ask for the whole picture, whatever came before. */
  anew(): void {
    this.position = null;
    if (this.socket) this.hello(null);
  }

  private hello(resume: Position | null): void {
    this.awaiting = true;
    this.ears.current(false);
    this.socket?.send(decoding.frame({ type: "hello", cluster: this.cluster, view: WHOLE, resume }));
  }

  private async receive(socket: Socket, bytes: ArrayBuffer): Promise<void> {
    let message: ToBrowser;
    try {
      message = decoding.message(bytes);
      if (message.type === "snapshot") {
        const whole = await decoding.whole(message.body);
        // Meanwhile another socket may have said hello, and this is no answer to that.
        if (this.socket !== socket) return;
        this.ears.whole(whole);
        this.arrive(message.position);
        return;
      }
    } catch (error) {
      console.error("a frame could not be read", error);
      if (this.socket === socket) this.lost();
      return;
    }
    switch (message.type) {
      case "resumed":
        // It may answer the hello before the one that asked for everything.
        if (this.position !== null) this.arrive(message.position);
        break;
      case "first_paint":
        this.ears.firstPaint(message);
        break;
      case "changes":
        this.advance(message);
        break;
      case "heartbeat":
        this.beat(message);
        break;
      case "operation":
        this.ears.operation(message);
        break;
      case "bye":
        this.leave(message.reason);
        break;
    }
  }

  private beat(message: Heartbeat): void {
    if (message.sent_ms === undefined) {
      this.ears.heartbeat(message, 0); // of a server that is older than this page
      return;
    }
    const now = performance.now();
    this.earliest = Math.min(this.earliest + DRIFT * (now - this.beatAt), now - message.sent_ms);
    this.beatAt = now;
    const lateMs = now - message.sent_ms - this.earliest;
    this.ears.heartbeat(message, lateMs);
    if (lateMs <= LATE_MS) this.lateUntil = null;
    else if (now > (this.lateUntil ??= now + LATE_FOR_MS * (1 + this.random()))) this.lost();
  }

  private arrive(position: Position): void {
    this.position = position;
    this.awaiting = false;
    this.tries = 0;
    this.ears.current(true);
  }

  private advance(message: Changes): void {
    const { position } = message;
    const have = this.position;
    if (this.awaiting || have === null) return;
    if (position.epoch === have.epoch && position.sequence <= have.sequence) return;
    if (position.epoch !== have.epoch || position.sequence !== have.sequence + 1) {
      this.hello(have);
      return;
    }
    try {
      this.ears.changes(message);
      this.position = position;
    } catch (error) {
      console.error("changes that do not fit the picture", error);
      this.position = null;
      this.hello(null);
    }
  }

  private leave(reason: string): void {
    if (reason === "too_many") {
      this.ears.ended(reason);
      this.lost(CROWDED_MS * (1 + this.random()));
      return;
    }
    if (!FINAL.has(reason)) return;
    this.stop();
    this.ears.opened(false);
    this.ears.ended(reason);
  }

  private hear(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.lost(), SILENCE_MS);
  }

  private lost(waitMs = wait(this.tries++, this.random())): void {
    if (this.stopped) return;
    clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = null;
    this.awaiting = true;
    socket?.close();
    this.ears.opened(false);
    this.retry = setTimeout(() => this.start(), waitMs);
  }
}

/**
 * How long to wait before try `tries`, by chance. Before the first one (0) 0.1 to 1.5 s, for a server that ends lets all of its pages go in the same
 * moment; then up to 0.4 s to 5 s, doubling, at least half of that.
 */
export function wait(tries: number, chance: number): number {
  if (tries === 0) return SPREAD_FROM_MS + (SPREAD_TO_MS - SPREAD_FROM_MS) * chance;
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 10));
  return longest / 2 + (longest / 2) * chance;
}
