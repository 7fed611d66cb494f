/* The files that wait to be sent with the next message: chosen, pasted, or dropped. */

import { toast } from "./actions.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { nameView, readable } from "./media.js";

const MOST = 10;

export class Uploads {
  files = [];
  #pictures = new Map(); // file → the address of its preview

  /** `changed()` is called when there are more or fewer. */
  constructor(changed) {
    this.changed = changed;
  }

  /** Those that Discord would take: `largest` is in bytes. */
  add(files, largest) {
    const small = [...files].filter((file) => file.size <= largest || void toast(`${file.name} is too large: at most ${readable(largest)}.`));
    if (this.files.length + small.length > MOST) toast(`At most ${MOST} files go with a message.`);
    this.put([...this.files, ...small].slice(0, MOST));
  }

  put(files) {
    this.files = files;
    for (const file of this.#pictures.keys()) if (!files.includes(file)) this.#forget(file);
    this.changed();
  }

  view() {
    return this.files.length > 0 && el("div", { class: "upload-bar", role: "list", "aria-label": "Files to send" }, this.files.map((file) => this.#card(file)));
  }

  #forget(file) {
    URL.revokeObjectURL(this.#pictures.get(file));
    this.#pictures.delete(file);
  }

  #card(file) {
    const drop = () => this.put(this.files.filter((it) => it !== file));
    const remove = el("button", { type: "button", class: "tool", "aria-label": `Remove ${file.name}`, onclick: drop }, icon("trash", 16));
    return el("div", { class: "file-card", role: "listitem" }, this.#face(file), el("div", { class: "file-words" }, nameView(file.name), el("small", {}, readable(file.size))), remove);
  }

  #face(file) {
    if (!file.type.startsWith("image/")) return icon("file", 22);
    if (!this.#pictures.has(file)) this.#pictures.set(file, URL.createObjectURL(file));
    return el("img", { class: "upload-picture", src: this.#pictures.get(file), alt: "" });
  }
}
