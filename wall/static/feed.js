// The stream of server-sent events: opens it, and opens it again for as long as the page lives.
//
// EventSource reconnects by itself after a lost connection, but gives up after any answer that is not 200, as from a
// proxy while the board restarts, and never notices a connection whose other end is gone. Both are seen to here.

const DEAD_MS = 30_000; // heartbeats come every 5 s
const RETRY_MS = [1_000, 2_000, 5_000, 10_000];

export class Feed {
  #address;
  #listener;
  #source = null;
  #since = 0;
  #failures = 0;
  #retryAt = null;

  /** `listener`: {wall(document), heartbeat(beat)}. */
  constructor(address, listener) {
    this.#address = address;
    this.#listener = listener;
  }

  open() {
    this.close();
    const source = new EventSource(this.#address);
    this.#source = source;
    this.#since = Date.now();
    this.#retryAt = null;
    source.addEventListener("wall", (event) => this.#told(event, this.#listener.wall));
    source.addEventListener("heartbeat", (event) => this.#told(event, this.#listener.heartbeat));
    source.addEventListener("error", () => {
      if (source === this.#source && source.readyState === EventSource.CLOSED) this.#retryLater();
    });
  }

  close() {
    this.#source?.close();
    this.#source = null;
  }

  /** To be called every second or so: notices a stream that is dead, and opens the next one when it is time. */
  watch() {
    const now = Date.now();
    if (now < this.#since) this.#since = now; // the clock was set back
    if (this.#retryAt !== null) {
      if (now >= this.#retryAt || this.#retryAt - now > RETRY_MS.at(-1)) this.open();
    } else if (now - this.#since > DEAD_MS) {
      this.open();
    }
  }

  #retryLater() {
    this.close();
    this.#retryAt = Date.now() + RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
  }

  #told(event, tell) {
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      return; // a line that was cut: the next one is whole, and until then the page grows stale
    }
    this.#since = Date.now();
    this.#failures = 0;
    tell(message);
  }
}
