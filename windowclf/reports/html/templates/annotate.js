// The page of `windowclf annotate`: puts its parts together, and asks the service what is new.

import { ask, unique } from "./annotate-ask.js";
import { settle } from "./annotate-conflict.js";
import { openHistory } from "./annotate-history.js";
import { listen } from "./annotate-keys.js";
import { Labels } from "./annotate-labels.js";
import { openGuidelines, takeGuidelines } from "./annotate-notes.js";
import { Outbox } from "./annotate-outbox.js";
import { byId, count, notify, openDialog, warn } from "./annotate-page.js";
import { showNames, showProgress } from "./annotate-progress.js";
import { Queue } from "./annotate-queue.js";
import { Review } from "./annotate-review.js";
import { Work } from "./annotate-work.js";

const PAUSE = 1000; // milliseconds between two questions for what is new
const HIDDEN_PAUSE = 5000; // while nobody looks
const IDLE_PAUSE = 10_000;
const WHO = "windowclf-annotate-who";
const CLIENT = "windowclf-annotate-client";

const identity = { client: remembered(sessionStorage, CLIENT) ?? unique(), who: "", project: "" };
remember(sessionStorage, CLIENT, identity.client);

let state = null; // what the service said last
let isReached = true;
let work = null;
let outbox = null;
let timer = null;

const labels = new Labels({
  chosen: (label) => work?.label(label),
  changed: () => work?.redraw(),
});

function remembered(storage, name) {
  try {
    return storage.getItem(name);
  } catch {
    return null; // a browser that keeps nothing
  }
}

function remember(storage, name, value) {
  try {
    storage.setItem(name, value);
  } catch {
    // It is asked for again next time.
  }
}

// What is not saved is said for as long as it is so.
function showConnection() {
  const left = outbox?.waiting.length ?? 0;
  if (left && outbox.problem) {
    const kept = outbox.isKept
      ? "This browser keeps it, also when the page is closed, and sends it again."
      : "Leave this page open: it sends it again.";
    warn(`Not saved: ${count(left, "decision")}. ${kept} The reason: ${outbox.problem}`);
  } else if (!isReached) {
    warn("The connection to the service is lost. What you decide now is kept, and sent later.");
  } else {
    warn("");
  }
  byId("saved").textContent = left ? (outbox.problem ? "Not saved" : "Saving …") : "All is saved";
}

function take(found) {
  const before = state;
  state = found;
  labels.take(found.labels);
  showProgress(found, isReached);
  showNames(found.counts.names, labels);
  if (before && before.proposed !== found.proposed) work?.renew().catch(() => {});
  if (before?.guidelines !== found.guidelines) ask("guidelines").then(takeGuidelines, () => {});
  if (work) work.left = found.counts.open;
  if (work?.isIdle) work.next();
}

// What other windows have had for too long comes back without any news.
setInterval(() => {
  if (isReached && work?.isIdle && work.left > 0) work.next();
}, IDLE_PAUSE);

// Others need not wait for what this window has not decided.
addEventListener("pagehide", () => {
  const body = JSON.stringify({ client: identity.client });
  navigator.sendBeacon("release", new Blob([body], { type: "application/json" }));
});

async function poll() {
  timer = null;
  try {
    const found = await ask(state ? `state?since=${state.number}` : "state");
    const was = isReached;
    isReached = true;
    if (found) {
      if (!state) begin(found);
      take(found);
    } else if (!was) {
      showProgress(state, isReached);
    }
  } catch {
    isReached = false;
    if (state) showProgress(state, isReached);
  }
  showConnection();
  timer = setTimeout(poll, document.hidden ? HIDDEN_PAUSE : PAUSE);
}

// Ask at once, unless an answer is on its way.
function soon() {
  if (timer === null) return;
  clearTimeout(timer);
  poll();
}

function begin({ project, who }) {
  document.title = `${project.name} – windowclf annotate`;
  byId("project").textContent = project.name;
  identity.project = project.id;
  identity.who = remembered(localStorage, WHO) ?? who;
  byId("who").value = identity.who;
  byId("who").placeholder = who;
  outbox = new Outbox(project.id, {
    saved: (answer, body) => {
      work.saved(answer, body);
      soon();
    },
    disputed: (body, error) => settle(body, error, labels),
    changed: showConnection,
  });
  const busy = () => [...outbox.passages, ...(work?.draft ? [work.draft.passage.id] : [])];
  const queue = new Queue(identity.client, busy);
  work = new Work({ labels, queue, outbox, identity });
  const review = new Review({ labels, identity, open: (passage) => work.open(passage) });
  outbox.resume();
  connect(work, review);
  work.start();
}

// The buttons and keys. After each the focus is on the text, so that the keys go on.
function connect(work, review) {
  const commands = {
    r: () => review.toggle(),
    u: () => undo(work, review),
    h: () => openHistory((passage) => attempt(() => work.open(passage))),
    g: openGuidelines,
    l: () => labels.openDialog(),
    "?": () => openDialog("help"),
  };
  listen(work, labels, commands);
  const buttons = {
    accept: () => work.decide("accepted"),
    skip: () => work.decide("skipped"),
    flag: () => work.openComment(),
    undo: commands.u,
    back: () => work.back(),
    remove: () => work.remove(),
    "open-review": commands.r,
    "open-history": commands.h,
    "open-guidelines": commands.g,
    "open-labels": commands.l,
    "open-help": commands["?"],
  };
  for (const [id, act] of Object.entries(buttons)) {
    byId(id).addEventListener("click", () => {
      if (["accept", "skip", "undo", "back", "remove"].includes(id)) byId("text").focus();
      attempt(act);
    });
  }
  byId("label-buttons").addEventListener("click", () => byId("text").focus());
  byId("flagging").addEventListener("submit", (event) => {
    event.preventDefault();
    work.decide("flagged");
  });
  byId("comment").addEventListener("keydown", (event) => {
    if (event.key === "Escape") byId("text").focus();
  });
  byId("who").addEventListener("change", (event) => {
    identity.who = event.target.value.trim() || state.who;
    event.target.value = identity.who;
    remember(localStorage, WHO, identity.who);
  });
}

// In the review there is no passage to go back in: the last decision is meant.
async function undo(work, review) {
  if (!review.isOpen) return work.undo();
  if (await work.undoDecision()) await review.toggle();
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    notify(`Not done: ${error.message}`);
  }
}

poll();
