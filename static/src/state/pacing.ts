/**
 * When what changed is told to those who show it: once a frame at most, with everything that came since, and after a pause as long as the last
 * telling took, so that half of the time is left for whoever clicks. A page that nobody sees has no frames, and is told when it is looked at.
 */
export interface Clock {
  now(): number;
  /** Calls back before the next frame is drawn. */
  frame(then: () => void): void;
  after(milliseconds: number, then: () => void): void;
}

export const browser: Clock = {
  now: () => performance.now(),
  frame: (then) => void requestAnimationFrame(then),
  after: (milliseconds, then) => void setTimeout(then, milliseconds),
};

export class Pace {
  private waiting = false;
  private again = false;

  constructor(private readonly tell: () => void, private readonly clock: Clock = browser) {}

  /** There is something to tell. */
  ask(): void {
    if (this.waiting) {
      this.again = true;
      return;
    }
    this.waiting = true;
    this.clock.frame(() => this.now());
  }

  private now(): void {
    const begun = this.clock.now();
    this.again = false;
    this.tell();
    // What was told is drawn before anything that is to be done later.
    this.clock.after(0, () => this.clock.after(this.clock.now() - begun, () => this.rested()));
  }

  private rested(): void {
    this.waiting = false;
    if (this.again) this.ask();
  }
}
