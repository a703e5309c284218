// Keyboard commands. They are inactive in text fields and while a dialog is open.

import { byId, notify } from "./annotate-page.js";

export function listen(work, labels, commands) {
  const byKey = {
    s: () => work.decide("skipped"),
    f: () => work.openComment(),
    b: () => work.back(),
    m: () => work.takeProposals(),
    n: () => work.selection.toName(1),
    p: () => work.selection.toName(-1),
    Enter: () => work.decide("accepted"),
    " ": () => work.decide("accepted"),
    Backspace: () => work.remove(),
    Delete: () => work.remove(),
    Escape: () => work.escape(),
    ...commands,
  };

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.isComposing || target.closest("input, textarea, select")) return;
    if (document.querySelector("dialog[open]")) return;
    if (byId("work").hidden) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" || event.key === "r") run(event, commands.r);
      if (event.key === "u") run(event, commands.u);
      return;
    }
    const undoes = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (undoes && !event.altKey && !event.shiftKey) return run(event, byKey.u);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Enter and the space bar press a focused button.
    const isPress = event.key === "Enter" || event.key === " ";
    if (isPress && target.closest("button, summary, a")) return;
    if (event.repeat && (isPress || event.key === "s")) return; // a key that is held down decides only once
    const label = labels.byKey(digit(event));
    if (label !== null) return run(event, () => work.label(label));
    const isText = target === byId("text") || target === document.body;
    if (isText && work.selection.key(event)) return event.preventDefault();
    const command = byKey[event.key];
    if (command) run(event, command);
  });
}

// The position of the key counts, because French keyboards have digits only with Shift.
function digit(event) {
  if (event.shiftKey && event.code.startsWith("Digit")) return null;
  return event.code.startsWith("Digit") ? event.code.slice("Digit".length) : event.key;
}

async function run(event, command) {
  event.preventDefault();
  try {
    await command();
  } catch (error) {
    notify(`Not done: ${error.message}`);
  }
}
