// The server's time as this browser sees it, and when it was last known to be fresh. Instants, never counted ticks:
// a laptop that slept, a clock that was set and a timer that was late all come out right at the next look.

const JUMP_MS = 2_000; // further apart is a clock that was set, not a message that was slow

export class Clock {
  #offset = null; // server minus browser, in milliseconds
  #heard = null; // by the browser's clock

  /** A message that the server sent at `now` (RFC 3339) has arrived. */
  hear(now) {
    const measured = Date.parse(now) - Date.now();
    if (!Number.isFinite(measured)) return;
    const known = this.#offset;
    // A slow message makes the server look earlier than it is, so the largest offset is the best; drift is followed.
    const isSlow = known !== null && measured < known && known - measured < JUMP_MS;
    this.#offset = isSlow ? known + (measured - known) * 0.1 : measured;
    this.#heard = Date.now();
  }

  /** The server's clock now, in milliseconds since 1970; the browser's own before any message. */
  now() {
    return Date.now() + (this.#offset ?? 0);
  }

  /** Milliseconds since the last message; null before the first. */
  silence() {
    if (this.#heard === null) return null;
    if (Date.now() < this.#heard) this.#heard = Date.now(); // this browser's clock was set back
    return Date.now() - this.#heard;
  }
}
