// The selection by mouse, finger or keyboard: always whole tokens.

const FAR = 6; // distance in pixels that makes a tap a drag

export class Selection {
  // `changed` is called after every change; `nameAt` returns the tokens [first, last] of a name.
  constructor(box, { nameAt, changed }) {
    this.box = box;
    this.nameAt = nameAt;
    this.changed = changed;
    this.#forget();
    box.addEventListener("pointerdown", (event) => this.#down(event));
    box.addEventListener("pointermove", (event) => this.#move(event));
    box.addEventListener("pointerup", (event) => this.#up(event));
    box.addEventListener("pointercancel", () => this.#cancel());
    box.addEventListener("focus", () => this.show());
  }

  // Start again on another passage.
  reset() {
    this.#forget();
    this.tokens = [...this.box.querySelectorAll(".token")];
    this.show();
  }

  // The passage was redrawn with the same tokens.
  redrawn() {
    this.shown = [];
    this.tokens = [...this.box.querySelectorAll(".token")];
    this.show();
  }

  // The first and the last token that a label applies to, or null: those of the selection, of the
  // name at the cursor, or the token at the cursor.
  get range() {
    if (this.isOpen) return this.#chosen;
    return this.cursor === null ? null : (this.nameAt(this.cursor) ?? [this.cursor, this.cursor]);
  }

  get #chosen() {
    return [Math.min(this.anchor, this.cursor), Math.max(this.anchor, this.cursor)];
  }

  // Clear the selection; the cursor stays.
  close() {
    this.isOpen = false;
    this.anchor = this.cursor;
    this.show();
    this.changed();
  }

  choose(first, last) {
    [this.anchor, this.cursor, this.isOpen] = [first, last, true];
    this.show();
    this.changed();
  }

  // Move the cursor to a token; with `extend`, select the tokens between.
  go(number, { extend = false } = {}) {
    if (!this.tokens.length) return;
    const there = Math.max(0, Math.min(number, this.tokens.length - 1));
    if (extend && this.anchor === null) this.anchor = this.cursor ?? there;
    this.cursor = there;
    if (!extend) this.anchor = there;
    this.isOpen = extend;
    this.byKeys = true;
    this.tokens[there].scrollIntoView({ block: "nearest" });
    this.show();
    this.changed();
  }

  // Handle the arrow keys, Home and End; return whether the key was one of them.
  key(event) {
    const count = this.tokens.length;
    const here = this.cursor;
    const forth = getComputedStyle(this.box).direction === "rtl" ? -1 : 1;
    const step = (by) => (here === null ? (by > 0 ? 0 : count - 1) : here + by);
    const there = {
      ArrowLeft: () => step(-forth),
      ArrowRight: () => step(forth),
      ArrowUp: () => this.#line(-1),
      ArrowDown: () => this.#line(1),
      Home: () => 0,
      End: () => count - 1,
    }[event.key];
    if (!there || !count) return false;
    this.go(there(), { extend: event.shiftKey });
    return true;
  }

  // Move to the next or the previous name, wrapping around at the ends.
  toName(direction) {
    const count = this.tokens.length;
    const own = this.cursor === null ? null : this.nameAt(this.cursor);
    let from = this.cursor ?? (direction > 0 ? -1 : count);
    if (own) from = direction > 0 ? own[1] : own[0];
    for (let step = 1; step <= count; step += 1) {
      const name = this.nameAt((((from + direction * step) % count) + count) % count);
      if (name) {
        this.go(name[0]);
        return;
      }
    }
  }

  show() {
    for (const token of this.shown) {
      token.setAttribute("aria-selected", "false");
      token.classList.remove("joined", "cursor");
    }
    const [first, last] = this.isOpen ? this.#chosen : [0, -1];
    this.shown = this.tokens.slice(first, last + 1);
    for (const token of this.shown) token.setAttribute("aria-selected", "true");
    for (const token of this.shown.slice(0, -1)) token.classList.add("joined");
    if (this.byKeys && this.cursor !== null) {
      this.tokens[this.cursor].classList.add("cursor");
      this.shown.push(this.tokens[this.cursor]);
    }
    if (this.cursor === null) this.box.removeAttribute("aria-activedescendant");
    else this.box.setAttribute("aria-activedescendant", `token-${this.cursor}`);
  }

  #forget() {
    this.tokens = [];
    this.shown = []; // tokens with a selection or cursor style
    this.cursor = this.anchor = this.pressed = null;
    this.isOpen = this.byKeys = false;
  }

  // The nearest token in the line above or below.
  #line(direction) {
    if (this.cursor === null) return direction > 0 ? 0 : this.tokens.length - 1;
    const here = this.tokens[this.cursor].getBoundingClientRect();
    const middle = (here.left + here.right) / 2;
    let best = this.cursor;
    let found = null; // the top of the line
    let distance = Infinity;
    for (let n = this.cursor + direction; n >= 0 && n < this.tokens.length; n += direction) {
      const box = this.tokens[n].getBoundingClientRect();
      if (Math.abs(box.top - here.top) < here.height / 2) continue;
      found ??= box.top;
      if (Math.abs(box.top - found) > here.height / 2) break;
      const far = Math.abs((box.left + box.right) / 2 - middle);
      if (far < distance) [best, distance] = [n, far];
    }
    return best;
  }

  // The token at a point, or the nearest one.
  #at({ clientX: x, clientY: y }) {
    const hit = document.elementFromPoint(x, y)?.closest?.(".token");
    if (hit && this.box.contains(hit)) return Number(hit.dataset.token);
    let best = null;
    let distance = Infinity;
    this.tokens.forEach((token, number) => {
      for (const box of token.getClientRects()) {
        const across = Math.max(box.left - x, 0, x - box.right);
        const down = Math.max(box.top - y, 0, y - box.bottom);
        const far = across + 20 * down; // prefer tokens in the same line
        if (far < distance) [best, distance] = [number, far];
      }
    });
    return best;
  }

  #down(event) {
    if (event.button !== 0 || !event.isPrimary || !this.tokens.length) return;
    const token = this.#at(event);
    this.pressed = { token, x: event.clientX, y: event.clientY, draws: false };
    this.byKeys = false;
    if (event.pointerType === "mouse") event.preventDefault(); // no native text selection
    this.box.setPointerCapture(event.pointerId);
    this.box.focus({ preventScroll: true });
  }

  #move(event) {
    if (!this.pressed) return;
    const { token, x, y, draws } = this.pressed;
    if (!draws && Math.hypot(event.clientX - x, event.clientY - y) < FAR) return;
    this.pressed.draws = true;
    const there = this.#at(event);
    if (!this.isOpen || this.anchor !== token || this.cursor !== there) this.choose(token, there);
  }

  #up(event) {
    if (!this.pressed) return;
    const { token, draws } = this.pressed;
    this.pressed = null;
    if (draws) {
      this.choose(token, this.#at(event));
      return;
    }
    // Touch has no Shift: a second tap extends the selection, and a tap on it clears it.
    const extends_ = event.shiftKey || event.pointerType !== "mouse";
    if (this.isOpen && extends_) {
      const [first, last] = this.#chosen;
      if (token >= first && token <= last) this.close();
      else this.choose(Math.min(first, token), Math.max(last, token));
      return;
    }
    this.choose(...(this.nameAt(token) ?? [token, token]));
  }

  #cancel() {
    if (this.pressed?.draws) this.close();
    this.pressed = null;
  }
}
