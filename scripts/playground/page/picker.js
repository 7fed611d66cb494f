/* The list that opens above the composer: commands, choices, people. The focus stays in the field; the field's keys are
 * offered to `key`, which says whether it took them. */

import { el } from "./dom.js";

let made = 0;

export class Picker {
  #id = `picker-${(made += 1)}`;
  #rows = [];
  #at = 0;
  #pick = null;
  #list = el("div", { class: "picker-rows", role: "listbox", id: this.#id, "aria-label": "Suggestions" });
  #title = el("div", { class: "picker-title" });
  #said = el("p", { class: "picker-said", role: "status" });

  constructor(field) {
    this.field = field;
    this.root = el("div", { class: "picker", hidden: true, onmousedown: (event) => event.preventDefault() }, this.#title, this.#said, this.#list);
  }

  get open() {
    return !this.root.hidden;
  }

  /** `rows`: [{value, label, hint?, note?, picture?}]; an empty list closes it, unless there is something to `say`. */
  show(title, rows, pick, say = "") {
    const kept = this.open ? this.#rows[this.#at]?.key : undefined;
    this.#rows = rows;
    this.#pick = pick;
    this.#at = Math.max(0, rows.findIndex((row) => row.key !== undefined && row.key === kept));
    this.root.hidden = rows.length === 0 && !say;
    this.#said.textContent = rows.length ? "" : say;
    this.#title.textContent = title;
    this.#list.replaceChildren(...rows.map((row, at) => this.#row(row, at)));
    this.#mark();
  }

  hide() {
    this.show("", [], null);
  }

  key(event) {
    if (!this.open || (!this.#rows.length && event.key !== "Escape")) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#move(step);
    else if (event.key === "Enter" || event.key === "Tab") this.#choose(this.#at);
    else if (event.key === "Escape") this.hide();
    else return false;
    event.preventDefault();
    return true;
  }

  #row(row, at) {
    const attributes = { class: "picker-row", role: "option", id: `${this.#id}-${at}`, onclick: () => this.#choose(at), onmousemove: () => this.#hover(at) };
    const words = el("div", { class: "picker-words" }, el("div", { class: "picker-label" }, row.label), row.hint && el("div", { class: "picker-hint" }, row.hint));
    return el("div", attributes, row.picture, words, row.note && el("div", { class: "picker-note" }, row.note));
  }

  #hover(at) {
    if (at === this.#at) return;
    this.#at = at;
    this.#mark();
  }

  #move(step) {
    this.#at = (this.#at + step + this.#rows.length) % this.#rows.length;
    this.#mark();
    this.#list.children[this.#at].scrollIntoView({ block: "nearest" });
  }

  #choose(at) {
    const pick = this.#pick;
    const row = this.#rows[at];
    this.hide();
    pick(row.value);
  }

  #mark() {
    [...this.#list.children].forEach((row, at) => row.setAttribute("aria-selected", at === this.#at));
    const field = this.field();
    if (!field) return;
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-controls", this.#id);
    field.setAttribute("aria-expanded", this.open);
    if (this.open && this.#rows.length) field.setAttribute("aria-activedescendant", `${this.#id}-${this.#at}`);
    else field.removeAttribute("aria-activedescendant");
  }
}
