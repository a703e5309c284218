// Decisions on their way to the service. Each is kept in this browser until the service confirms it,
// also over a reload, and is sent again with the same name, by which the service knows it.

import { ask, Refused, unique } from "./annotate-ask.js";

const PAUSES = [1, 2, 4, 8]; // seconds until it is sent again

export class Outbox {
  // `saved` gets each answer; `disputed` what the service does not take as it is, and why.
  // `changed` is called when there is something else to show.
  constructor(project, { saved, disputed, changed }) {
    this.prefix = `windowclf-annotate/${project}/`;
    Object.assign(this, { saved, disputed, changed });
    this.waiting = []; // {request, ...}: bodies for /decide
    this.problem = null; // why the first one is not saved
    this.isKept = true; // whether the browser keeps them
    this.failures = 0;
    this.idle = [];
    addEventListener("online", () => this.#send());
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length && !this.isKept) event.preventDefault();
    });
  }

  // Send what was left when the page was closed.
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

  // The passages with decisions that are not confirmed yet.
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

  // Wait until all is confirmed; return whether it is. What fails is not waited for.
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

  // Let the person choose; the browser keeps the decision until then.
  async #dispute(entry, error) {
    const again = await this.disputed(entry.body, error);
    this.#forget(entry);
    if (again) this.put(again);
  }

  // A later decision on the same passage was made on the version that is now saved.
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
      this.isKept = false; // no room, or a browser that keeps nothing
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
      // It was never kept.
    }
  }
}
