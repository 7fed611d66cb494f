/* Where one writes: plain text, or a slash command once one is named (see `command-field`). Enter sends, Shift+Enter is a
 * new line. Drafts stay with their channel. */

import { CommandField } from "./command-field.js";
import { matching, parseTyped, runnable } from "./commands.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { encoded, namedLike, typedAtEnd } from "./mentions.js";
import { avatar } from "./people.js";
import { Picker } from "./picker.js";
import { THREADS, nameOf } from "./state.js";
import { Uploads } from "./uploads.js";

const LONGEST = 2000;
const NAME = 24; // characters of a thread's name that stand in an empty field

export class Composer {
  channel = null;
  #drafts = new Map();
  #reply = null;
  #ping = true; // whether a reply pings whom it answers
  #uploads = new Uploads(() => this.#showLead());
  #command = null;
  #text = el("textarea", { rows: 1, class: "text", "aria-label": "Message", spellcheck: "true" });
  #grow = el("div", { class: "grower" }, this.#text);
  #count = el("span", { class: "count", "aria-live": "polite" });
  #file = el("input", { type: "file", multiple: true, hidden: true });
  #line = el("div", { class: "line" });
  #archived = el("p", { class: "archived", hidden: true }, icon("archive", 16), "This thread is archived. A message opens it again.");
  #lead = el("div", { class: "composer-lead" });
  #picker = new Picker(() => this.#command?.focused ?? this.#text);

  /** `sent()` is called when something was said or asked. */
  constructor({ world, actions, sent }) {
    Object.assign(this, { world, actions, sent });
    const attach = el("button", { type: "button", class: "tool", "aria-label": "Attach files", title: "Attach files", onclick: () => this.#file.click() }, icon("plus"));
    this.plain = el("div", { class: "plain-field" }, attach, this.#file, this.#grow, this.#count);
    this.#line.append(this.plain);
    this.root = el("form", { class: "composer", onsubmit: (event) => event.preventDefault() }, this.#picker.root, this.#archived, this.#lead, this.#line);
    this.#listen();
  }

  show(channel) {
    this.#drafts.set(this.channel, this.#text.value);
    this.channel = channel;
    this.#leave();
    this.#write(this.#drafts.get(channel) ?? "");
    this.#reply = null;
    this.#uploads.put([]);
  }

  render() {
    const channel = this.world.channels.get(this.channel);
    const { locked, archived } = channel.thread_metadata ?? {};
    const name = THREADS.has(channel.type) ? `“${beginning(channel.name)}”` : `#${channel.name}`;
    this.#text.disabled = Boolean(locked);
    this.#text.placeholder = locked ? "This thread is locked" : `Message ${name}`;
    this.#archived.hidden = !archived || Boolean(locked);
  }

  focus() {
    (this.#command ?? this.#text).focus();
  }

  /** Makes ready for the key that was just pressed somewhere else. */
  type() {
    if (this.#command) this.#command.type();
    else this.#text.focus();
  }

  /** Put `text` here as if it had been typed, ready to be sent. */
  begin(text) {
    this.#leave();
    this.#write(text);
    this.#typed();
    this.focus();
  }

  replyTo(message) {
    this.#reply = message;
    this.#ping = true;
    this.#showLead();
    this.focus();
  }

  #listen() {
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("blur", () => this.#picker.hide());
    this.root.addEventListener("paste", (event) => event.clipboardData.files.length && (event.preventDefault(), this.take(event.clipboardData.files)));
    this.#file.addEventListener("change", () => {
      this.take(this.#file.files);
      this.#file.value = "";
    });
  }

  #write(text) {
    this.#text.value = text;
    this.#grow.dataset.text = text;
    const left = LONGEST - text.length;
    this.#count.textContent = left < 200 ? String(left) : "";
    this.#count.classList.toggle("over", left < 0);
  }

  #typed() {
    const text = this.#text.value;
    this.#write(text);
    const all = runnable(this.world.commands);
    const named = parseTyped(all, text);
    if (named) this.#enter(named.command, named.values);
    else if (text.startsWith("/") && !text.includes("\n")) this.#offerCommands(matching(all, text.slice(1)));
    else this.#offerPeople();
  }

  #offerCommands(found) {
    const bot = { ...this.world.application.bot, bot: true };
    const row = (command) => ({
      key: command.name,
      value: command,
      label: [`/${command.name}`, command.options.map((option) => el("span", { class: option.required ? "option-name" : "option-name optional" }, option.name))],
      hint: command.description,
      note: this.world.application.name,
      picture: avatar(bot, 32),
    });
    this.#picker.show("Commands", found.map(row), (command) => this.#enter(command, {}));
  }

  #offerPeople() {
    const before = this.#text.value.slice(0, this.#text.selectionStart);
    const typed = typedAtEnd(before);
    if (typed === undefined) return this.#picker.hide();
    const rows = namedLike(this.world.people.values(), typed).slice(0, 10).map((person) => ({ key: person.id, value: person, label: nameOf(person), picture: avatar(person, 24), note: person.bot ? "App" : null }));
    this.#picker.show("Members", rows, (person) => this.#mention(person, typed.length));
  }

  #mention(person, typed) {
    const at = this.#text.selectionStart;
    const start = at - typed;
    this.#text.setRangeText(`${nameOf(person)} `, start, at, "end");
    this.#write(this.#text.value);
  }

  #key(event) {
    if (event.isComposing || this.#picker.key(event)) return;
    if (event.key === "Escape") this.#unreply();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    this.#send();
  }

  async #send() {
    const content = this.#text.value.trim();
    const { files } = this.#uploads;
    const more = { replyTo: this.#reply?.id, ping: this.#ping, files };
    if (!content && !files.length) return;
    if (content.length > LONGEST) return;
    this.#write("");
    this.#uploads.put([]);
    this.#unreply();
    this.sent();
    if (await this.actions.write(this.channel, encoded(content, this.world.people.values()), more)) return;
    this.#write(content);
    this.#uploads.put(files);
  }

  // the slash command

  #enter(command, values) {
    this.#picker.hide();
    const { world, actions, sent } = this;
    const leave = (text) => (this.#leave(), this.#write(text), this.#text.focus());
    this.#command = new CommandField({ world, actions, sent, command, values, channel: this.channel, picker: this.#picker, leave, lead: () => this.#showLead() });
    this.#line.replaceChildren(this.#command.root);
    this.#showLead();
    this.#command.focus();
  }

  #leave() {
    if (!this.#command) return;
    this.#command = null;
    this.#picker.hide();
    this.#line.replaceChildren(this.plain);
    this.#showLead();
  }

  // what stands above the line: the option's hint, the reply, the files

  #showLead() {
    const parts = this.#command ? [this.#command.hint()] : [this.#reply && this.#replyView(), this.#uploads.view()];
    this.#lead.replaceChildren(...parts.filter(Boolean));
  }

  #replyView() {
    const cancel = el("button", { type: "button", class: "tool", "aria-label": "Cancel reply", onclick: () => this.#unreply() }, icon("close", 16));
    const toggle = () => {
      this.#ping = !this.#ping;
      this.#showLead();
      this.focus();
    };
    const ping = el("button", { type: "button", class: "ping", "aria-pressed": String(this.#ping), title: "Whether the reply pings", onclick: toggle }, this.#ping ? "@ on" : "@ off");
    return el("div", { class: "reply-bar" }, el("span", { class: "grow" }, "Replying to ", el("strong", {}, nameOf(this.#reply.author))), ping, cancel);
  }

  #unreply() {
    this.#reply = null;
    this.#showLead();
  }

  /** Files that were chosen, pasted or dropped: for the command that is being typed, if it takes one, else for the message. */
  take(files) {
    const largest = this.world.application.file_bytes;
    if (this.#command) this.#command.take(files[0], largest);
    else this.#uploads.add(files, largest);
    this.focus();
  }
}

const beginning = (name) => (name.length > NAME ? `${name.slice(0, NAME).trimEnd()}…` : name);
