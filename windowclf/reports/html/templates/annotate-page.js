// Helpers for all parts of the page.

export const byId = (id) => document.getElementById(id);

// Make an element. Strings are inserted as text, never as HTML.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "onclick") element.addEventListener("click", value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Make an element for text that a person wrote; `bdi` isolates the direction of its script.
export const written = (text, attributes = {}) => make("bdi", attributes, text);

export const button = (text, onclick, attributes = {}) =>
  make("button", { type: "button", onclick, ...attributes }, text);

export const count = (number, thing) =>
  `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;

// Announce a text to screen readers.
export function say(text) {
  const line = byId("said");
  line.textContent = line.textContent === text ? `${text}\u00a0` : text; // a changed text, so that it is announced again
}

let fading;

// Show a notice for a few seconds.
export function notify(text) {
  byId("notice").textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => {
    byId("notice").textContent = "";
  }, 6000);
}

// Show a warning until it is replaced; an empty text hides it.
export function warn(text) {
  const line = byId("problem");
  if (line.textContent !== text) line.textContent = text;
  line.hidden = !text;
}

// Open a dialog; its buttons with `data-close` close it.
export function openDialog(id) {
  const dialog = byId(id);
  if (!dialog.open) dialog.showModal();
  return dialog;
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-close]")) event.target.closest("dialog").close();
});
