// The list of decisions; a click on one opens its passage.

import { ask } from "./annotate-ask.js";
import { button, byId, make, openDialog } from "./annotate-page.js";

const time = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
let oldest = null;

export async function openHistory(open) {
  byId("history-list").replaceChildren();
  oldest = null;
  await more(open);
  openDialog("history");
  byId("history-more").onclick = () => more(open);
}

async function more(open) {
  const { decisions } = await ask(oldest === null ? "history" : `history?before=${oldest}`);
  oldest = decisions.at(-1)?.id ?? oldest;
  byId("history-more").hidden = decisions.length < 50;
  byId("history-list").append(...decisions.map((decision) => row(decision, open)));
  byId("history-none").hidden = byId("history-list").children.length > 0;
}

function row({ passage, state, spans, comment, who, at, undoes, undone, text }, open) {
  const names = spans.length === 1 ? "1 name" : `${spans.length} names`;
  const parts = [undoes === null ? (state ?? "open") : "undo", names];
  if (undone) parts.push("undone later");
  const shown = button("", () => {
    byId("history").close();
    open(passage);
  });
  shown.append(
    make("bdi", { class: "text" }, text),
    make("span", { class: "faint" }, `${parts.join(", ")} · `, make("bdi", {}, who)),
    make("span", { class: "faint" }, ` · ${time.format(1000 * at)}`),
  );
  if (comment) shown.append(make("bdi", { class: "comment" }, comment));
  return make("li", { class: undone ? "undone" : null }, shown);
}
