// Decisions that the service refused: another person was faster, or they cannot be saved at all.

import { byId, make, openDialog } from "./annotate-page.js";
import { draw, prepare } from "./annotate-text.js";

let last = Promise.resolve();

// Ask which version to keep; resolve to the body of a new request, or null. One dialog at a time.
export function settle(body, error, labels) {
  last = last.then(() => ask(body, error, labels));
  return last;
}

function ask(body, error, labels) {
  const theirs = (error.found.passages ?? []).map(prepare);
  const shown = theirs.flatMap((passage) => {
    const change = body.changes.find((one) => one.passage === passage.id);
    return change ? versions(passage, change, labels) : [];
  });
  byId("conflict-reason").textContent = theirs.length
    ? "Another person has decided on this passage meanwhile. Choose which version to keep."
    : `The service refused this decision: ${error.message}`;
  byId("conflict-versions").replaceChildren(...shown);
  byId("keep-mine").textContent = theirs.length ? "Keep mine" : "Send it again";
  byId("keep-theirs").textContent = theirs.length ? "Keep theirs" : "Discard it";
  const dialog = openDialog("conflict");
  return new Promise((done) => {
    const choose = (isMine) => {
      dialog.close();
      done(isMine ? rebase(body, theirs) : null);
    };
    byId("keep-mine").onclick = () => choose(true);
    byId("keep-theirs").onclick = () => choose(false);
    dialog.oncancel = (event) => event.preventDefault(); // a choice is required
  });
}

// Base the decision on the current versions.
function rebase(body, theirs) {
  const versions = new Map(theirs.map((passage) => [passage.id, passage.version]));
  const changes = body.changes.map((change) => ({
    ...change,
    version: versions.get(change.passage) ?? change.version,
  }));
  return { ...body, changes };
}

function versions(passage, mine, labels) {
  const who = passage.who ? `Theirs, by ${passage.who}` : "Theirs";
  return [
    version("Mine", passage, mine, labels),
    version(who, passage, passage, labels),
  ];
}

function version(title, passage, { state, spans, comment }, labels) {
  const names = spans.map(([start, end, label]) => ({ start, end, label, score: null }));
  const text = make("p", { class: "excerpt", dir: "auto" });
  draw(text, { passage, names }, labels);
  for (const token of text.querySelectorAll("[role]")) {
    for (const name of ["role", "id", "aria-selected"]) token.removeAttribute(name);
  }
  const note = comment ? make("p", { dir: "auto" }, comment) : null;
  return make("section", {}, make("h3", {}, `${title}: ${state ?? "open"}`), text, note);
}
