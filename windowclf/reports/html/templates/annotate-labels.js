// The label buttons, and the dialog that adds and renames labels.

import { ask } from "./annotate-ask.js";
import { button, byId, make, openDialog, written } from "./annotate-page.js";
import { short } from "./annotate-text.js";

const HUES = 6; // number of label colours in the style sheet
const MANY = 10; // with more labels than digits, they can be searched

export class Labels extends Map {
  // `chosen` is called with the id of a pressed label; `changed` when labels were added or renamed.
  constructor({ chosen, changed }) {
    super();
    Object.assign(this, { chosen, changed });
    byId("find-label").addEventListener("input", () => this.#filter());
    byId("find-label").addEventListener("keydown", (event) => this.#found(event));
    byId("add-label").addEventListener("submit", (event) => this.#add(event));
  }

  // Take over the labels of the service; return whether anything changed.
  take(labels) {
    const known = JSON.stringify([...this.values()]);
    this.clear();
    labels.forEach((label, number) => this.set(label.id, { ...label, hue: number % HUES }));
    if (JSON.stringify([...this.values()]) === known) return false;
    this.#draw();
    this.changed();
    return true;
  }

  byKey(key) {
    return [...this.values()].find((label) => label.key === key)?.id ?? null;
  }

  // Show which label the selected words have, and whether words are selected.
  press(label, isOpen) {
    for (const one of byId("label-buttons").children)
      one.setAttribute("aria-pressed", String(Number(one.dataset.label) === label));
    byId("remove").disabled = label === null;
    byId("choices").classList.toggle("open", isOpen);
  }

  openDialog() {
    this.#list();
    openDialog("labels");
  }

  #draw() {
    const buttons = [...this.values()].map((label) =>
      button("", () => this.chosen(label.id), {
        "data-label": label.id,
        "data-hue": label.hue,
        "aria-pressed": "false",
        "aria-keyshortcuts": label.key,
        title: label.name,
      }),
    );
    [...this.values()].forEach((label, number) => {
      if (label.key) buttons[number].append(make("kbd", { "aria-hidden": "true" }, label.key));
      buttons[number].append(written(short(label.name, 40)));
    });
    byId("label-buttons").replaceChildren(...buttons);
    byId("find-label").hidden = this.size <= MANY;
    this.#filter();
    if (byId("labels").open) this.#list();
  }

  // Show only labels whose name contains the typed text.
  #filter() {
    const wanted = byId("find-label").value.trim().toLowerCase();
    for (const one of byId("label-buttons").children)
      one.hidden = !this.get(Number(one.dataset.label)).name.toLowerCase().includes(wanted);
  }

  #found(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const first = byId("label-buttons").querySelector("button:not([hidden])");
    event.target.value = "";
    this.#filter();
    first?.click();
  }

  #list() {
    const rows = [...this.values()].map((label) => {
      const field = make("input", { value: label.name, maxlength: 100, "aria-label": "Name" });
      field.dir = "auto";
      const form = make("form", { class: "row" }, field, make("button", {}, "Rename"));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#rename(label.id, field.value.trim());
      });
      return make("li", { "data-hue": label.hue }, form);
    });
    byId("label-list").replaceChildren(...rows);
  }

  async #rename(label, name) {
    if (!(await this.#ask({ rename: label, name }))) return;
    const place = [...this.keys()].indexOf(label);
    byId("label-list").querySelectorAll("input")[place]?.focus(); // the list was drawn again
  }

  async #add(event) {
    event.preventDefault();
    if (await this.#ask({ add: byId("new-label").value.trim() })) byId("new-label").value = "";
  }

  async #ask(body) {
    try {
      this.take((await ask("labels", body)).labels);
      byId("label-problem").textContent = "";
      return true;
    } catch (error) {
      byId("label-problem").textContent = `Not saved: ${error.message}`;
      return false;
    }
  }
}
