// The guidelines, which the annotators write.

import { ask, Refused } from "./annotate-ask.js";
import { byId, openDialog } from "./annotate-page.js";

let version = 0;
let saved = "";

// Take over the guidelines of the service, unless they are being edited here.
export function takeGuidelines(guidelines) {
  if (guidelines.version === version) return;
  if (byId("guidelines-text").value !== saved) return; // the service reports the conflict on saving
  ({ version } = guidelines);
  saved = byId("guidelines-text").value = guidelines.text;
}

export const openGuidelines = () => openDialog("guidelines");

async function save(event) {
  event.preventDefault();
  const text = byId("guidelines-text").value;
  const said = byId("guidelines-said");
  try {
    ({ version } = await ask("guidelines", { text, version }));
    saved = text;
    said.textContent = "Saved";
  } catch (error) {
    said.textContent = `Not saved: ${error.message}`;
    if (error instanceof Refused && error.status === 409) theirs(error.found);
  }
}

// Another person has saved meanwhile: show both versions.
function theirs(found) {
  ({ version } = found);
  byId("guidelines-theirs").hidden = false;
  byId("guidelines-theirs-text").value = found.text;
  byId("guidelines-said").textContent =
    "Not saved: another person has changed the guidelines meanwhile. Their text is shown below. " +
    "Copy what you need, and save again.";
}

byId("guidelines-form").addEventListener("submit", save);
byId("guidelines-text").addEventListener("input", () => {
  byId("guidelines-said").textContent = "";
});
byId("guidelines").addEventListener("close", () => {
  byId("guidelines-theirs").hidden = true;
});
