// The page of `windowclf annotate`: connects its parts, and polls the service for changes.

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

const PAUSE = 1000; // milliseconds between two polls
const HIDDEN_PAUSE = 5000; // while the page is hidden
const IDLE_PAUSE = 10_000;
const WHO = "windowclf-annotate-who";
const CLIENT = "windowclf-annotate-client";

const identity = { client: remembered(sessionStorage, CLIENT) ?? unique(), who: "", project: "" };
remember(sessionStorage, CLIENT, identity.client);

let state = null; // the last answer to `state`
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
    return null; // storage is disabled
  }
}

function remember(storage, name, value) {
  try {
    storage.setItem(name, value);
  } catch {
    // The value is lost with the page.
  }
}

// Show a warning as long as a decision is not saved or the service is not reached.
function showConnection() {
  const left = outbox?.waiting.length ?? 0;
  if (left && outbox.problem) {
    const kept = outbox.isKept
      ? "The browser stores unsaved decisions, even if the page is closed, and sends them again."
      : "Keep this page open: it sends them again.";
    warn(`Not saved: ${count(left, "decision")}. ${kept} Reason: ${outbox.problem}`);
  } else if (!isReached) {
    warn("The connection to the service is lost. Your decisions are stored and will be sent later.");
  } else {
    warn("");
  }
  byId("saved").textContent = left ? (outbox.problem ? "Not saved" : "Saving …") : "All saved";
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

// Passages of other windows become available again when their leases end, without an event.
setInterval(() => {
  if (isReached && work?.isIdle && work.left > 0) work.next();
}, IDLE_PAUSE);

// Release the passages of this window when it closes.
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

// Poll at once, unless a request is under way.
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

// Connect buttons and keys. After a button the text gets the focus, so that the keys work.
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

// In the review, undo the last decision, because no passage is open.
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
