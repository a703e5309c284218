// Decisions on their way to the service. Each is stored in the browser until it is confirmed, also
// over a reload, and is sent again under the same name, so that the service saves it only once.

import { ask, Refused, unique } from "./annotate-ask.js";

const PAUSES = [1, 2, 4, 8]; // seconds before each retry

export class Outbox {
  // `saved` is called with each answer; `disputed` with each refused decision and the error;
  // `changed` when the state to show has changed.
  constructor(project, { saved, disputed, changed }) {
    this.prefix = `windowclf-annotate/${project}/`;
    Object.assign(this, { saved, disputed, changed });
    this.waiting = []; // {request, ...}: bodies for /decide
    this.problem = null; // the reason why the first one is not saved
    this.isKept = true; // whether the browser stores them
    this.failures = 0;
    this.idle = [];
    addEventListener("online", () => this.#send());
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length && !this.isKept) event.preventDefault();
    });
  }

  // Send the decisions that were not confirmed when the page was closed.
  resume() {
    try {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(this.prefix));
      this.waiting = names.map((name) => JSON.parse(localStorage.getItem(name)));
      this.waiting.sort((one, other) => one.made - other.made);
    } catch {
      this.isKept = false;
    }
    this.#send();
  }

  // The passages with unconfirmed decisions.
  get passages() {
    return this.waiting.flatMap(({ body }) => body.changes.map((change) => change.passage));
  }

  put(body) {
    const made = performance.timeOrigin + performance.now();
    const entry = { made, body: { ...body, request: unique() } };
    this.waiting.push(entry);
    this.#keep(entry);
    this.changed();
    this.#send();
  }

  // Wait until all decisions are confirmed or one fails; return whether all are.
  async settled() {
    if (this.waiting.length && !this.problem) await new Promise((done) => this.idle.push(done));
    return this.waiting.length === 0;
  }

  async #send() {
    if (this.isSending) return;
    clearTimeout(this.timer);
    this.isSending = true;
    while (this.waiting.length) {
      const [entry] = this.waiting;
      try {
        const answer = await ask("decide", entry.body);
        this.#drop(entry);
        answer.saved.forEach((saved) => this.#follow(saved));
        this.saved(answer, entry.body);
      } catch (error) {
        if (error instanceof Refused && !error.passes) {
          this.#drop(entry, { keeps: true });
          this.#dispute(entry, error);
          continue;
        }
        const pause = PAUSES[Math.min(this.failures, PAUSES.length - 1)];
        this.failures += 1;
        this.problem = error.message;
        this.timer = setTimeout(() => this.#send(), 1000 * pause);
        break;
      }
    }
    this.isSending = false;
    if (!this.waiting.length) this.problem = null;
    this.changed();
    this.idle.splice(0).forEach((done) => done());
  }

  // Ask the annotator what to do; the browser stores the decision until then.
  async #dispute(entry, error) {
    const again = await this.disputed(entry.body, error);
    this.#forget(entry);
    if (again) this.put(again);
  }

  // Later decisions on the same passage are based on the version that is now saved.
  #follow({ passage, version }) {
    for (const entry of this.waiting) {
      const later = entry.body.changes.filter((change) => change.passage === passage);
      later.forEach((change) => Object.assign(change, { version }));
      if (later.length) this.#keep(entry);
    }
  }

  #keep(entry) {
    try {
      localStorage.setItem(this.prefix + entry.body.request, JSON.stringify(entry));
    } catch {
      this.isKept = false; // storage is full or disabled
    }
  }

  #drop(entry, { keeps = false } = {}) {
    this.waiting = this.waiting.filter((other) => other !== entry);
    [this.problem, this.failures] = [null, 0];
    if (!keeps) this.#forget(entry);
  }

  #forget(entry) {
    try {
      localStorage.removeItem(this.prefix + entry.body.request);
    } catch {
      // It was never stored.
    }
  }
}
