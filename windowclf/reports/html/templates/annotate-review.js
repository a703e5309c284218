// The review: names with their contexts, contradictions, disagreements, and buttons to fix them.

import { ask, unique } from "./annotate-ask.js";
import { button, byId, count, make, notify, written } from "./annotate-page.js";
import { percent } from "./annotate-text.js";

const SIZE = 50; // names per page, as in the service

export class Review {
  constructor({ labels, identity, open }) {
    Object.assign(this, { labels, identity, open });
    this.page = 0;
    byId("review-filter").addEventListener("input", () => this.#names(0));
    byId("review-filter").addEventListener("submit", (event) => event.preventDefault());
    byId("review-earlier").addEventListener("click", () => this.#names(this.page - 1));
    byId("review-later").addEventListener("click", () => this.#names(this.page + 1));
  }

  get isOpen() {
    return !byId("review").hidden;
  }

  async toggle() {
    byId("review").hidden = this.isOpen;
    byId("work").hidden = this.isOpen;
    byId("open-review").setAttribute("aria-pressed", String(this.isOpen));
    if (!this.isOpen) {
      byId("text").focus();
      return;
    }
    const chosen = byId("review-label").value;
    const labels = [...this.labels.values()].map(({ id, name }) => make("option", { value: id }, name));
    byId("review-label").replaceChildren(make("option", { value: "" }, "All labels"), ...labels);
    byId("review-label").value = chosen;
    byId("review").focus();
    await this.#refresh();
  }

  async #refresh() {
    await Promise.all([this.#names(this.page), this.#contradictions()]);
  }

  async #names(page) {
    const label = byId("review-label").value;
    const query = byId("review-query").value;
    const asked = (this.asked = new URLSearchParams({ label, query, page }));
    const { names, total } = await this.#try(() => ask(`review?${asked}`), { names: [], total: 0 });
    if (asked !== this.asked) return; // the filter changed meanwhile
    this.page = page;
    const rows = names.map((name) => {
      const summary = make("summary", {}, written(name.text), " ", this.#label(name.label));
      summary.append(` × ${name.count.toLocaleString("en")}`);
      const group = this.#group(name, name.text, { labelled: true });
      return make("details", {}, summary, group);
    });
    byId("review-names").replaceChildren(...rows);
    byId("review-count").textContent = total
      ? `${count(total, "name")}, the most frequent first`
      : "No names labelled so far.";
    byId("review-earlier").hidden = page === 0;
    byId("review-later").hidden = (page + 1) * SIZE >= total;
  }

  async #contradictions() {
    const nothing = { contradictions: [], disagreements: [] };
    const found = await this.#try(() => ask("contradictions"), nothing);
    byId("review-contradictions").replaceChildren(
      ...found.contradictions.map((each) => this.#contradiction(each)),
    );
    byId("review-agreed").hidden = found.contradictions.length > 0;
    byId("review-disagreements").replaceChildren(...this.#disagreements(found.disagreements));
  }

  // A name that is labelled in several ways, with the places of each.
  #contradiction({ text, readings }) {
    const summary = make("summary", {}, written(text));
    const parts = readings.map((reading) => {
      summary.append(" ", this.#label(reading.label), ` × ${reading.count.toLocaleString("en")}`);
      return make(
        "section",
        {},
        make("h4", {}, this.#label(reading.label), ` × ${reading.count.toLocaleString("en")}`),
        this.#group(reading, text, { labelled: false }),
      );
    });
    return make("details", {}, summary, ...parts);
  }

  // Places with the same label, and buttons that relabel the checked ones.
  #group({ label, count: all, contexts }, text, { labelled }) {
    const boxes = contexts.map((context) => this.#place(context));
    const fix = async (fresh) => {
      const chosen = contexts.filter((_, number) => boxes[number].querySelector("input").checked);
      const isPart = chosen.length < contexts.length;
      const passages = isPart ? chosen.map((context) => context.passage) : null;
      const { client, who } = this.identity;
      const body = { request: unique(), client, who, text, label, new: fresh, labelled, passages };
      await this.#fix("fix", body);
    };
    const others = [...this.labels.values()].filter((other) => other.id !== label);
    const buttons = others.map((other) =>
      button("", () => fix(other.id), { "data-hue": other.hue }),
    );
    buttons.forEach((one, number) => one.append(written(others[number].name)));
    if (label !== null) buttons.push(button("No label", () => fix(null)));
    const rest = all - contexts.length;
    return make(
      "div",
      { class: "places" },
      make("ul", {}, ...boxes),
      rest > 0 ? make("p", { class: "faint" }, `and ${rest.toLocaleString("en")} more`) : null,
      make("div", { class: "fixes" }, "Label these as ", ...buttons),
    );
  }

  #disagreements(disagreements) {
    if (!disagreements.length) return [make("p", { class: "faint" }, "No disagreements so far.")];
    const rows = disagreements.map((each) => {
      const { context, decided, proposed } = each;
      const row = this.#place(context, { checked: false });
      // The words of a label, unless they are those that are shown.
      const labelled = ([start, end, label]) => {
        const words = Array.from(context.text).slice(start - context.start, end - context.start);
        return [words.join("") === context.text ? "" : `${words.join("")} `, this.#label(label)];
      };
      const views = (spans) => (spans.length ? spans.flatMap(labelled) : [this.#label(null)]);
      row.append(make("span", { class: "views" }, ...views(decided), ", the model: "));
      row.lastChild.append(...views(proposed ? [proposed] : []));
      if (each.score !== null) row.lastChild.append(` ${percent(each.score)}`);
      return row;
    });
    const adopt = async () => {
      const chosen = disagreements.filter((_, n) => rows[n].querySelector("input").checked);
      if (!chosen.length) return notify("Select some places first");
      const { client, who } = this.identity;
      await this.#fix("adopt", { request: unique(), client, who, chosen });
    };
    return [
      make("ul", {}, ...rows),
      make("div", { class: "fixes" }, button("Use the model's labels for the selected places", adopt)),
    ];
  }

  // A place with the text around it: a box to select it, and a button to go there.
  #place(context, { checked = true } = {}) {
    const name = `${context.text}: ${context.before}${context.text}${context.after}`;
    const box = make("input", { type: "checkbox", checked, "aria-label": name });
    const go = button("", () => this.#go(context.passage));
    go.append(context.before, make("strong", {}, context.text), context.after);
    go.dir = "auto";
    return make("li", { class: "place" }, box, go);
  }

  async #go(passage) {
    await this.toggle();
    await this.#try(() => this.open(passage));
  }

  async #fix(path, body) {
    const { saved } = await this.#try(() => ask(path, body), {});
    if (!saved) return;
    notify(`${count(saved.length, "passage")} changed; u undoes it`);
    await this.#refresh();
  }

  async #try(act, otherwise) {
    try {
      return await act();
    } catch (error) {
      notify(`Not done: ${error.message}`);
      return otherwise;
    }
  }

  #label(id) {
    if (id === null) return make("span", { class: "faint" }, "no label");
    const label = this.labels.get(id);
    return make(
      "mark",
      { "data-hue": label?.hue },
      make("bdi", { class: "label" }, label?.name ?? "?"),
    );
  }
}
