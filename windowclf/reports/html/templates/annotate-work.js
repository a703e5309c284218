// The current passage: its labels, the decision on it, undo, and earlier passages.

import { ask, unique } from "./annotate-ask.js";
import { Draft } from "./annotate-draft.js";
import { button, byId, count, make, notify, say } from "./annotate-page.js";
import { Selection } from "./annotate-selection.js";
import { describe, draw, inWords, prepare, stretch } from "./annotate-text.js";

const KEPT = "windowclf-annotate-passage"; // key of the draft that survives a reload of this tab
const REMEMBERED = 200; // number of drafts kept, so that an undo restores unsaved edits
const DONE = { accepted: "Accepted", skipped: "Skipped", flagged: "Flagged" };

export class Work {
  constructor({ labels, queue, outbox, identity }) {
    Object.assign(this, { labels, queue, outbox, identity });
    this.draft = null;
    this.turn = 0; // increased with each passage, so that late answers are ignored
    this.isIdle = false; // whether there is no passage, so that asking again may help
    this.left = 0; // number of open passages in the project
    this.drafts = new Map();
    this.past = null; // passages of the history, while going back
    this.selection = new Selection(byId("text"), {
      nameAt: (token) => this.#nameAt(token),
      changed: () => this.#chosen(),
    });
    byId("comment").addEventListener("input", (event) => {
      if (!this.draft) return;
      this.draft.comment = event.target.value;
      this.#keep();
    });
  }

  // Continue the draft from before a reload, or start with the next passage.
  async start() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT));
    } catch {
      // There is no stored draft, or it cannot be read.
    }
    if (kept?.project !== this.identity.project || this.outbox.passages.includes(kept.passage))
      return this.next();
    const turn = ++this.turn;
    try {
      const passage = prepare(await ask(`passage/${kept.passage}`));
      if (turn === this.turn) this.#show(passage, kept);
      await this.queue.fill();
    } catch {
      if (turn === this.turn) await this.next();
    }
  }

  async next() {
    const turn = ++this.turn;
    this.past = null;
    this.isIdle = false;
    let passage = this.queue.take();
    if (!passage) {
      this.#nothing("Fetching the next passage …");
      let problem = "";
      await this.queue.fill().catch((error) => (problem = error.message));
      if (turn !== this.turn) return; // another passage was opened meanwhile
      passage = this.queue.take();
      this.isIdle = !passage;
      if (problem && !passage) return this.#nothing(`Cannot fetch a passage: ${problem}`);
    }
    if (passage) this.#show(passage);
    else if (this.left > 0)
      this.#nothing(
        `${count(this.left, "passage")} still open, in other windows. ` +
          "If they are not decided there, they appear here after ten minutes at the latest.",
      );
    else this.#nothing("Every passage is decided. You can now review the labels.");
  }

  label(label) {
    const range = this.#range();
    if (!range || !this.labels.has(label)) return;
    if (!this.draft.label(...range, label)) return this.selection.close();
    this.#edited();
    say(`${stretch(this.draft.passage, ...range)}: ${this.labels.get(label).name}`);
  }

  remove() {
    const range = this.#range();
    if (!range || !this.draft.remove(...range)) return;
    this.#edited();
    say(`${stretch(this.draft.passage, ...range)}: no label`);
  }

  takeProposals() {
    if (!this.draft?.differences.length) return;
    this.draft.takeProposals();
    this.#edited();
    notify("Replaced by the labels of the model");
  }

  decide(state) {
    if (!this.draft) return;
    const { passage, spans, comment } = this.draft;
    const change = { passage: passage.id, version: passage.version, state, spans, comment };
    this.outbox.put({ client: this.identity.client, who: this.identity.who, changes: [change] });
    this.draft.decide();
    this.#remember(this.draft);
    this.draft = null;
    this.said = DONE[state];
    return this.next();
  }

  openComment() {
    byId("flagging").hidden = false;
    byId("comment").focus();
  }

  // A decision is confirmed: later decisions on the passage have to name its version.
  saved({ saved }, { changes }) {
    saved.forEach(({ passage, version }, number) => {
      const drafts = [this.draft, this.drafts.get(passage)];
      for (const draft of drafts.filter((one) => one?.passage.id === passage)) {
        draft.passage.version = version;
        draft.passage.state = changes[number].state;
      }
    });
  }

  // Undo the last edit of the passage, or else the last decision.
  async undo() {
    if (this.draft?.undo()) {
      this.selection.close();
      this.#redraw();
      notify("Undone");
      return;
    }
    await this.undoDecision();
  }

  // Undo the last decision; return whether there was one.
  async undoDecision() {
    if (!(await this.#isSaved())) return false;
    const { client, who } = this.identity;
    const { passages } = await ask("undo", { request: unique(), client, who });
    if (!passages.length) {
      notify("Nothing is left to undo");
      return false;
    }
    this.#leave();
    passages.forEach(prepare);
    this.said = passages.length > 1 ? `${passages.length} decisions undone` : "Decision undone";
    this.#show(passages[0]);
    return true;
  }

  // Open the previously decided passage; each call goes further back.
  async back() {
    if (!(await this.#isSaved())) return;
    if (!this.past) {
      const { decisions } = await ask("history");
      this.past = [...new Set(decisions.map((decision) => decision.passage))];
    }
    const here = this.draft?.passage.id;
    const place = this.past.indexOf(here);
    if (place + 1 >= this.past.length) notify("There are no earlier passages");
    else await this.open(this.past[place + 1], { past: this.past });
  }

  async open(passage, { past = null } = {}) {
    const turn = ++this.turn;
    const found = prepare(await ask(`passage/${passage}`));
    if (turn !== this.turn) return;
    this.#leave();
    this.past = past;
    this.#show(found);
  }

  // Escape: clear the selection, or return to the open passage.
  async escape() {
    if (this.selection.isOpen) this.selection.close();
    else if (this.draft?.passage.state) await this.next();
  }

  // Show new proposals in passages that were not edited.
  async renew() {
    const id = this.draft?.passage.id;
    await this.queue.renew();
    if (id === undefined) return;
    const passage = prepare(await ask(`passage/${id}`));
    if (this.draft?.passage.id !== id || this.selection.isOpen) return;
    if (this.draft.renew(passage)) {
      this.#redraw();
      say("The model has new proposals");
    }
  }

  // Draw it again, as labels have changed.
  redraw() {
    if (this.draft) this.#redraw();
  }

  async #isSaved() {
    if (await this.outbox.settled()) return true;
    notify("Not yet: the last decision is not saved");
    return false;
  }

  // Leave the current passage; if it is not decided, it comes next.
  #leave() {
    if (!this.draft) return;
    this.#remember(this.draft);
    if (!this.draft.passage.state) this.queue.putBack(this.draft.passage);
    this.draft = null;
  }

  #remember(draft) {
    this.drafts.delete(draft.passage.id);
    this.drafts.set(draft.passage.id, draft);
    if (this.drafts.size > REMEMBERED) this.drafts.delete(this.drafts.keys().next().value);
  }

  #show(passage, kept = null) {
    this.turn += 1;
    this.isIdle = false;
    const before = this.drafts.get(passage.id);
    // After an undo the edits of the passage are restored, and can be undone, too.
    const isSame = before?.passage.version === passage.version;
    this.draft = isSame || (before?.isTouched && !passage.state) ? Object.assign(before, { passage }) : new Draft(passage);
    if (kept) this.draft.restore(kept);
    byId("work").classList.remove("empty");
    byId("place").replaceChildren(...place(passage));
    byId("before").textContent = passage.before.trimEnd();
    byId("after").textContent = passage.after.trimEnd();
    byId("comment").value = this.draft.comment;
    byId("flagging").hidden = !this.draft.comment;
    draw(byId("text"), this.draft, this.labels);
    this.selection.reset();
    this.#chosen();
    this.#edits();
    byId("place").scrollIntoView({ block: "nearest" });
    byId("text").focus({ preventScroll: true });
    say(`${this.said ? `${this.said}. ` : ""}${inWords(this.draft, this.labels)}`);
    this.said = "";
  }

  #nothing(reason) {
    this.draft = null;
    byId("work").classList.add("empty");
    byId("text").replaceChildren(make("p", { class: "faint" }, reason));
    for (const id of ["place", "before", "after"]) byId(id).replaceChildren();
    byId("flagging").hidden = byId("differences").hidden = true;
    this.selection.reset();
    this.#chosen();
    say(reason);
  }

  #edited() {
    this.selection.isOpen = false;
    this.selection.anchor = this.selection.cursor;
    this.#redraw();
  }

  #redraw() {
    draw(byId("text"), this.draft, this.labels);
    this.selection.redrawn();
    this.#chosen();
    this.#edits();
  }

  // Update what depends on the labels of the passage.
  #edits() {
    const { passage, differences } = this.draft;
    const told = (name) =>
      name.score === null
        ? `not ${describe(name, this.labels)}`
        : describe(name, this.labels);
    const parts = differences.map((name) =>
      make("li", {}, make("bdi", {}, stretch(passage, name.start, name.end)), ": ", told(name)),
    );
    byId("differences").hidden = !parts.length;
    byId("differences").replaceChildren(
      make("p", {}, "The model disagrees:"),
      make("ul", {}, ...parts),
      button("Use its labels", () => this.takeProposals(), { "aria-keyshortcuts": "m" }),
    );
    this.#keep();
  }

  #keep() {
    const kept = { project: this.identity.project, ...this.draft.toJSON() };
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(kept));
    } catch {
      // The stored draft is only a convenience.
    }
  }

  // The stretch that a label applies to, in code points.
  #range() {
    const range = this.draft && this.selection.range;
    if (!range) return null;
    const { tokens } = this.draft.passage;
    return [tokens[range[0]][0], tokens[range[1]][1]];
  }

  #nameAt(token) {
    const { tokens } = this.draft.passage;
    const name = this.draft.at(...tokens[token]);
    if (!name) return null;
    const meets = ([start, end]) => start < name.end && end > name.start;
    return [tokens.findIndex(meets), tokens.findLastIndex(meets)];
  }

  #chosen() {
    const range = this.#range();
    const name = range && this.draft.at(...range);
    this.labels.press(name ? name.label : null, this.selection.isOpen);
  }
}

function place(passage) {
  const parts = [make("bdi", {}, passage.name)];
  if (passage.count > 1) parts.push(`, part ${passage.position + 1} of ${passage.count}`);
  if (passage.state) {
    parts.push(` · ${passage.state}${passage.who ? " by " : ""}`);
    if (passage.who) parts.push(make("bdi", {}, passage.who));
  }
  return parts;
}
