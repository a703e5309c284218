// Draws a passage: its tokens and names. User content is inserted as text, never as HTML.

// Add the code points of the text, because offsets count these and not UTF-16 units.
export function prepare(passage) {
  passage.characters = Array.from(passage.text);
  return passage;
}

export function stretch(passage, start, end) {
  return passage.characters.slice(start, end).join("");
}

// Draw a passage into an element, with an element per token; `labels` maps ids to labels.
export function draw(box, draft, labels) {
  const { passage, names } = draft;
  const page = document.createDocumentFragment();
  const last = passage.characters.join("").trimEnd();
  const whole = Array.from(last).length; // trailing white space is not drawn
  let end = 0;
  let next = 0;
  let place = page;
  const finish = () => {
    page.append(close(place, names[next], labels));
    place = page;
    next += 1;
  };
  passage.tokens.forEach(([from, to], number) => {
    if (place !== page && from >= names[next].end) finish();
    while (next < names.length && names[next].end <= from) next += 1; // overlaps no token
    place.append(stretch(passage, end, from));
    const name = names[next];
    if (place === page && name && name.start < to) place = open(name, labels);
    place.append(token(passage, number, place === page ? null : name, labels));
    end = to;
  });
  if (place !== page) finish();
  page.append(stretch(passage, end, Math.max(whole, end)));
  box.replaceChildren(page);
}

function open(name, labels) {
  const mark = document.createElement("mark");
  mark.setAttribute("role", "none");
  mark.dataset.hue = labels.get(name.label)?.hue ?? "";
  if (name.score !== null) {
    mark.className = "proposed";
    mark.style.setProperty("--strength", strength(name.score));
  }
  return mark;
}

function close(mark, name, labels) {
  const label = document.createElement("span");
  label.className = "label";
  label.setAttribute("aria-hidden", "true");
  label.textContent = short(labels.get(name.label)?.name ?? "?");
  mark.append(label);
  mark.title = describe(name, labels);
  return mark;
}

function token(passage, number, name, labels) {
  const word = document.createElement("span");
  const text = stretch(passage, ...passage.tokens[number]);
  word.id = `token-${number}`;
  word.className = "token";
  word.dataset.token = number;
  word.setAttribute("role", "option");
  word.setAttribute("aria-selected", "false");
  if (name) word.setAttribute("aria-label", `${text}, ${describe(name, labels)}`);
  word.textContent = text;
  return word;
}

export function describe(name, labels) {
  const label = labels.get(name.label)?.name ?? "?";
  return name.score === null ? label : `${label}, proposed, ${percent(name.score)}`;
}

// Describe a passage in words, for screen readers.
export function inWords(draft, labels) {
  const { passage, names } = draft;
  const said = names.map(
    (name) => `${stretch(passage, name.start, name.end)}: ${describe(name, labels)}`,
  );
  return `${passage.text.trim()} — ${said.length ? said.join("; ") : "no names"}`;
}

export const percent = (share) => `${Math.round(100 * share)} %`;

// A score of a half or less has no strength.
const strength = (score) => Math.max(0, Math.min(1, 2 * score - 1)).toFixed(2);

// A label of a hundred characters must not hide the text.
export function short(name, length = 24) {
  const characters = Array.from(name);
  return characters.length > length ? `${characters.slice(0, length - 1).join("")}…` : name;
}
