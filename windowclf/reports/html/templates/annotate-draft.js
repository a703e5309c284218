// The labels of a passage while it is edited, with all steps to undo. Offsets count code points.

const MOST_STEPS = 1000;

export class Draft {
  // A decided passage starts with its labels, an open one with the model's proposals.
  constructor(passage) {
    this.passage = passage;
    this.steps = [];
    this.comment = passage.comment ?? "";
    this.names = passage.state ? decided(passage) : proposed(passage);
  }

  get isTouched() {
    return this.steps.length > 0;
  }

  // The first name that overlaps a stretch.
  at(start, end) {
    return this.names.find((name) => name.start < end && name.end > start);
  }

  // Label a stretch; this replaces every name that overlaps it.
  label(start, end, label) {
    const old = this.at(start, end);
    if (old && old.start === start && old.end === end && old.label === label && old.score === null)
      return false;
    return this.#become([...this.#without(start, end), { start, end, label, score: null }]);
  }

  remove(start, end) {
    return this.at(start, end) ? this.#become(this.#without(start, end)) : false;
  }

  // Replace the labels by the model's proposals.
  takeProposals() {
    return this.#become(proposed(this.passage));
  }

  // Undo one step; return whether there was one.
  undo() {
    if (!this.steps.length) return false;
    this.names = this.steps.pop();
    return true;
  }

  // The passage is decided: its proposals become labels.
  decide() {
    this.names = this.names.map((name) => ({ ...name, score: null }));
  }

  // The names in the form that the service expects.
  get spans() {
    return this.names.map((name) => [name.start, name.end, name.label]);
  }

  // The differences between the labels of a decided passage and the model's proposals.
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

  // Called to store the draft over a reload of the page; see `restore`.
  toJSON() {
    const { passage, names, steps, comment } = this;
    return { passage: passage.id, version: passage.version, names, steps, comment };
  }

  // Continue a stored draft, unless the passage was decided since.
  restore(kept) {
    if (kept.passage !== this.passage.id || kept.version !== this.passage.version) return;
    this.names = kept.names;
    this.steps = kept.steps;
    this.comment = kept.comment;
  }

  // Show new proposals if nothing was edited yet; return whether they changed anything.
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
