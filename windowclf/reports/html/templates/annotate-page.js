// Small things that every part of the page needs.

export const byId = (id) => document.getElementById(id);

// Make an element. What it holds is put in as text, whoever wrote it.
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

// Make what a person wrote, such as a label; its direction stays within it.
export const written = (text, attributes = {}) => make("bdi", attributes, text);

export const button = (text, onclick, attributes = {}) =>
  make("button", { type: "button", onclick, ...attributes }, text);

export const count = (number, thing) =>
  `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;

// Say something to those who do not see the page.
export function say(text) {
  const line = byId("said");
  line.textContent = line.textContent === text ? `${text}\u00a0` : text; // the same is said again
}

let fading;

// Say something to everybody, for a while.
export function notify(text) {
  byId("notice").textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => {
    byId("notice").textContent = "";
  }, 6000);
}

// Say something to everybody, for as long as it is true.
export function warn(text) {
  const line = byId("problem");
  if (line.textContent !== text) line.textContent = text;
  line.hidden = !text;
}

// A button in a dialog closes it by `data-close`.
export function openDialog(id) {
  const dialog = byId(id);
  if (!dialog.open) dialog.showModal();
  return dialog;
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-close]")) event.target.closest("dialog").close();
});
