// What the service did not take: somebody else was faster, or it cannot be saved at all.

import { byId, make, openDialog } from "./annotate-page.js";
import { draw, prepare } from "./annotate-text.js";

let last = Promise.resolve();

// Ask what shall stand; resolve to the body of another request, or null. One is asked at a time.
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
    ? "Somebody else has decided this passage meanwhile. Nothing of yours is lost; choose what shall stand."
    : `The service does not take this decision: ${error.message}`;
  byId("conflict-versions").replaceChildren(...shown);
  byId("keep-mine").textContent = theirs.length ? "Mine shall stand" : "Send it again";
  byId("keep-theirs").textContent = theirs.length ? "Theirs shall stand" : "Give it up";
  const dialog = openDialog("conflict");
  return new Promise((done) => {
    const choose = (isMine) => {
      dialog.close();
      done(isMine ? rebase(body, theirs) : null);
    };
    byId("keep-mine").onclick = () => choose(true);
    byId("keep-theirs").onclick = () => choose(false);
    dialog.oncancel = (event) => event.preventDefault(); // one of the two has to be chosen
  });
}

// Make the decision anew, on the versions that there are now.
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
