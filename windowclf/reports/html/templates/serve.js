// The page of the service: tags the text while it is typed, and explains the chosen word.
"use strict";

const byId = (id) => document.getElementById(id);
const hues = JSON.parse(document.querySelector("main").dataset.hues);
const PAUSE = 300; // milliseconds after the last key before the text is tagged
const KEPT = "windowclf-text";
const HINT = byId("explanation").firstElementChild;

let asked = {}; // current requests by path; a later request replaces an earlier one
let shown = null; // the text whose words are on the page

async function ask(path, body, accept) {
  asked[path]?.abort();
  const control = (asked[path] = new AbortController());
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: accept },
      body: JSON.stringify(body),
      signal: control.signal,
    });
    if (answer.ok) return await (accept === "text/html" ? answer.text() : answer.json());
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service does not answer. Is it still running?");
  }
  const reason = await answer.json().then((found) => found.error, () => `status ${answer.status}`);
  throw new Error(`The service says: ${reason}`);
}

function complain(error) {
  if (error.name === "AbortError") return; // a newer request has replaced it
  byId("problem").textContent = error.message;
  byId("problem").hidden = false;
  byId("status").textContent = "";
}

async function tag() {
  const text = byId("text").value;
  sessionStorage.setItem(KEPT, text);
  byId("words").setAttribute("aria-busy", "true");
  try {
    const found = await ask("tag", { text, tokens: true }, "application/json");
    byId("problem").hidden = true;
    show(found);
  } catch (error) {
    complain(error);
  } finally {
    byId("words").removeAttribute("aria-busy");
  }
}

function show({ text, tokens, entities }) {
  const count = (n, thing) => `${n.toLocaleString("en")} ${thing}${n === 1 ? "" : "s"}`;
  byId("status").textContent = tokens.length
    ? `${count(entities.length, "name")} in ${count(tokens.length, "word")}`
    : "Nothing to tag yet";
  if (text === shown) return; // keep the words and the chosen one
  unexplain();
  shown = text;
  const characters = Array.from(text); // offsets count code points, not UTF-16 units
  const slice = (start, end) => characters.slice(start, end).join("");
  const page = document.createDocumentFragment();
  let end = 0;
  let next = 0;
  let place = page;
  tokens.forEach((token, number) => {
    const between = slice(end, token.start);
    const entity = entities[next];
    if (place === page || token.start >= entity.end) {
      if (place !== page) place = finish(page, place, entities[next++]);
      page.append(between);
      if (next < entities.length && token.start >= entities[next].start) {
        place = document.createElement("mark");
        place.dataset.hue = hues[entities[next].label] ?? "";
      }
    } else {
      place.append(between);
    }
    place.append(word(token, number));
    end = token.end;
  });
  if (place !== page) finish(page, place, entities[next]);
  page.append(slice(end));
  byId("words").replaceChildren(page);
}

function finish(page, mark, entity) {
  const label = document.createElement("span");
  label.className = "label";
  label.textContent = entity.label;
  mark.append(label);
  mark.title = `${entity.label}, probability ${(100 * entity.score).toFixed(1)} %`;
  page.append(mark);
  return page;
}

function word(token, number) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = token.text;
  button.dataset.token = number;
  button.setAttribute("aria-pressed", "false");
  return button;
}

function unexplain() {
  asked.explain?.abort();
  byId("why").textContent = "Why";
  byId("explanation").replaceChildren(HINT);
}

async function explain(button) {
  for (const other of document.querySelectorAll("#words [aria-pressed=true]"))
    other.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", "true");
  try {
    const body = { text: shown, token: Number(button.dataset.token) };
    const html = await ask("explain", body, "text/html");
    byId("problem").hidden = true;
    byId("why").textContent = `Why “${button.textContent}” is labelled so`;
    // HTML from the service, which escapes the words; scripts in it would not run.
    byId("explanation").innerHTML = html;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    byId("why").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  } catch (error) {
    complain(error);
  }
}

byId("words").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) explain(button);
});

byId("words").addEventListener("keydown", (event) => {
  const buttons = [...byId("words").querySelectorAll("button")];
  const here = buttons.indexOf(document.activeElement);
  const there = {
    ArrowLeft: here - 1,
    ArrowRight: here + 1,
    Home: 0,
    End: buttons.length - 1,
  }[event.key];
  if (here < 0 || there === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  buttons[there]?.focus();
});

let pause;
byId("text").addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(tag, PAUSE);
});
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(pause);
  tag();
});

byId("text").value = sessionStorage.getItem(KEPT) ?? byId("text").value;
tag();
