// The progress panel: counts, F1 with its interval, the learning curve, and the learner's state.

import { byId, count, make } from "./annotate-page.js";

const WIDTH = 240;
const HEIGHT = 96;
const EDGE = 6;
const points = (share) => (100 * share).toFixed(1);

export function showProgress({ counts, measure, curve, advice, learner }, reachable) {
  const decided = counts.accepted + counts.skipped + counts.flagged;
  byId("bar").max = counts.passages || 1;
  byId("bar").value = decided;
  byId("decided").textContent =
    `${decided.toLocaleString("en")} of ${count(counts.passages, "passage")}`;
  byId("states").textContent = [
    `${counts.accepted.toLocaleString("en")} accepted`,
    `${counts.skipped.toLocaleString("en")} skipped`,
    `${counts.flagged.toLocaleString("en")} flagged`,
    `${counts.open.toLocaleString("en")} open`,
  ].join(", ");
  byId("f1").textContent = measure ? `F1 ${points(measure.f1)} %` : "F1 not measured yet";
  byId("interval").textContent = measure
    ? `95 % interval ${points(measure.low)} to ${points(measure.high)}, from ` +
      `${count(measure.sentences, "sentence")} that the model does not learn from`
    : "A fifth of what you label is set aside to measure the model.";
  drawCurve(curve);
  byId("advice").textContent = advice ?? "";
  byId("learner").textContent = reachable ? inWords(learner) : "The service does not answer.";
  byId("learner").dataset.event = reachable ? learner.event : "error";
}

// Show the number of names of each label; `labels` maps ids to labels.
export function showNames(names, labels) {
  const rows = [...labels.values()].map((label) =>
    make(
      "li",
      {},
      make("mark", { "data-hue": label.hue }, make("bdi", { class: "label" }, label.name)),
      ` ${(names[label.name] ?? 0).toLocaleString("en")}`,
    ),
  );
  byId("names").replaceChildren(...rows);
}

function inWords({ event, message, sentences }) {
  if (event === "error") return `The model has stopped learning: ${message}. You can continue labelling without it.`;
  if (event === "starting" && message) return `The model is restarting: ${message}`;
  if (event === "waiting" && sentences)
    return `The model learns again after ${count(sentences, "more sentence")}.`;
  const said = {
    starting: "The model is starting.",
    proposals: "The model has made proposals.",
    training: "The model is learning from your labels.",
    round: "The model has learned from your labels and made new proposals.",
    waiting: "The model is waiting for more labels.",
  };
  return said[event] ?? "";
}

function drawCurve(curve) {
  byId("curve-figure").hidden = curve.length < 2;
  if (curve.length < 2) return;
  const most = Math.max(...curve.map((round) => round.sentences)) || 1;
  const least = Math.min(...curve.map((round) => round.low));
  const top = Math.max(...curve.map((round) => round.high));
  const x = ({ sentences }) => EDGE + ((WIDTH - 2 * EDGE) * sentences) / most;
  const y = (f1) => HEIGHT - EDGE - ((HEIGHT - 2 * EDGE) * (f1 - least)) / (top - least || 1);
  const at = (round, f1) => `${x(round).toFixed(1)},${y(f1).toFixed(1)}`;
  const upper = curve.map((round) => at(round, round.high));
  const lower = curve.map((round) => at(round, round.low)).reverse();
  const middle = curve.map((round) => at(round, round.f1));
  const last = curve[curve.length - 1];
  const svg = byId("curve");
  svg.replaceChildren(
    shape("polygon", { class: "interval", points: [...upper, ...lower].join(" ") }),
    shape("polyline", { class: "line", points: middle.join(" ") }),
    shape("circle", { class: "point", cx: x(last), cy: y(last.f1), r: 3.5 }),
  );
  const said =
    `F1 from ${points(curve[0].f1)} % with ${count(curve[0].sentences, "sentence")} ` +
    `to ${points(last.f1)} % with ${last.sentences.toLocaleString("en")}`;
  svg.setAttribute("aria-label", `Learning curve: ${said}`);
  byId("curve-caption").textContent = `${said}; the band is the 95 % interval.`;
}

function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
