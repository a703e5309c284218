// The next passages, some of which are fetched ahead so that the annotator does not wait.

import { ask } from "./annotate-ask.js";
import { prepare } from "./annotate-text.js";

const AHEAD = 3;

export class Queue {
  // `busy` lists passages that the service must not hand out again.
  constructor(client, busy) {
    Object.assign(this, { client, busy });
    this.passages = [];
  }

  // Return the next passage, or undefined if `fill` has to be awaited first.
  take() {
    const passage = this.passages.shift();
    this.taken = passage?.id; // not among the busy ones yet
    this.fill().catch(() => {}); // the next call tries again
    return passage;
  }

  putBack(passage) {
    this.passages.unshift(passage);
  }

  // Fetch the missing passages.
  fill() {
    this.filling ??= this.#fetch().finally(() => {
      this.filling = null;
    });
    return this.filling;
  }

  // Fetch the queued passages again, with their new proposals.
  async renew() {
    for (const { id } of [...this.passages]) {
      const passage = prepare(await ask(`passage/${id}`));
      const place = this.passages.findIndex((other) => other.id === id);
      if (place < 0) continue; // it was taken meanwhile
      if (passage.state) this.passages.splice(place, 1);
      else this.passages[place] = passage;
    }
  }

  #here() {
    const taken = this.taken === undefined ? [] : [this.taken];
    return new Set([...this.passages.map((passage) => passage.id), ...taken, ...this.busy()]);
  }

  async #fetch() {
    const missing = AHEAD - this.passages.length;
    if (missing <= 0) return;
    const body = { client: this.client, count: missing, exclude: [...this.#here()] };
    const { passages } = await ask("next", body);
    const here = this.#here();
    this.passages.push(...passages.filter((passage) => !here.has(passage.id)).map(prepare));
  }
}
