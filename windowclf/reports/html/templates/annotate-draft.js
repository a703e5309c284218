// The labels of a passage while they are worked on, and every step back. Offsets count code points.

const MOST_STEPS = 1000;

export class Draft {
  // A passage that is decided begins with its labels, another one with what the model proposes.
  constructor(passage) {
    this.passage = passage;
    this.steps = [];
    this.comment = passage.comment ?? "";
    this.names = passage.state ? decided(passage) : proposed(passage);
  }

  get isTouched() {
    return this.steps.length > 0;
  }

  // The name that covers a part of a stretch, the first if there are several.
  at(start, end) {
    return this.names.find((name) => name.start < end && name.end > start);
  }

  // Give a stretch a label; it takes the place of every name that it meets.
  label(start, end, label) {
    const old = this.at(start, end);
    if (old && old.start === start && old.end === end && old.label === label && old.score === null)
      return false;
    return this.#become([...this.#without(start, end), { start, end, label, score: null }]);
  }

  remove(start, end) {
    return this.at(start, end) ? this.#become(this.#without(start, end)) : false;
  }

  // Take what the model proposes.
  takeProposals() {
    return this.#become(proposed(this.passage));
  }

  // Go one step back; return whether there was one.
  undo() {
    if (!this.steps.length) return false;
    this.names = this.steps.pop();
    return true;
  }

  // It is decided: what was proposed is now a label like another.
  decide() {
    this.names = this.names.map((name) => ({ ...name, score: null }));
  }

  // As the service takes them.
  get spans() {
    return this.names.map((name) => [name.start, name.end, name.label]);
  }

  // In what the model differs from the labels of a passage that is decided.
  get differences() {
    if (!this.passage.state || !this.passage.proposal) return [];
    const key = (name) => `${name.start} ${name.end} ${name.label}`;
    const here = new Set(this.names.map(key));
    const there = proposed(this.passage);
    const keys = new Set(there.map(key));
    return [
      ...there.filter((name) => !here.has(key(name))),
      ...this.names.filter((name) => !keys.has(key(name))).map((name) => ({ ...name, score: null })),
    ];
  }

  // Keep it over a reload of the page; see `restore`.
  toJSON() {
    const { passage, names, steps, comment } = this;
    return { passage: passage.id, version: passage.version, names, steps, comment };
  }

  // Go on with what was kept, unless the passage was decided since.
  restore(kept) {
    if (kept.passage !== this.passage.id || kept.version !== this.passage.version) return;
    this.names = kept.names;
    this.steps = kept.steps;
    this.comment = kept.comment;
  }

  // New proposals came: they are shown if nothing was done by hand yet.
  renew(passage) {
    const isSame = passage.version === this.passage.version;
    if (this.isTouched || this.passage.state || !isSame) return false;
    const before = JSON.stringify(this.names);
    this.passage = passage;
    this.names = proposed(passage);
    return before !== JSON.stringify(this.names);
  }

  #without(start, end) {
    return this.names.filter((name) => name.end <= start || name.start >= end);
  }

  #become(names) {
    this.steps.push(this.names);
    if (this.steps.length > MOST_STEPS) this.steps.shift();
    this.names = names.sort((one, other) => one.start - other.start);
    return true;
  }
}

function decided(passage) {
  return passage.spans.map(([start, end, label]) => ({ start, end, label, score: null }));
}

function proposed(passage) {
  return (passage.proposal ?? []).map(([start, end, label, score]) => ({ start, end, label, score }));
}
