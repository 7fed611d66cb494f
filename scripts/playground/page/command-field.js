/* A slash command on its way: its name, and a chip for each option in use. Enter sends once everything required is there,
 * Tab goes on to the next option, Backspace at the very beginning goes back to plain text. */

import { toast } from "./actions.js";
import { choicesOf } from "./choices.js";
import { TYPE, coerce, parseTyped, problem, splitOptions, tree } from "./commands.js";
import { el, writes } from "./dom.js";
import { avatar } from "./people.js";

const COMPLETE_MS = 200;
const numberOf = (files, file) => (file ? String(files.indexOf(file)) : "");

export class CommandField {
  focused = null;
  #chips = new Map(); // option's name → {chip, field, value}
  #fault = null;
  #timer = null;
  #asked = 0; // how often the app was asked for suggestions
  #row = el("div", { class: "chips" });

  constructor({ world, actions, sent, command, values, channel, picker, leave, lead }) {
    Object.assign(this, { world, actions, sent, command, channel, picker, leave, lead });
    const bot = { ...world.application.bot, bot: true };
    const close = el("button", { type: "button", class: "link discard", "aria-label": "Discard the command", title: "Discard the command", onclick: () => leave("") }, "✕");
    const keys = (event) => (event.key === "Escape" && !event.defaultPrevented ? leave("") : writes(event) && this.type());
    const paste = (event) => this.#pasted(event);
    this.root = el("div", { class: "command-field", role: "group", "aria-label": `/${command.name}`, onkeydown: keys, onpaste: paste }, avatar(bot, 24), el("span", { class: "command-name" }, `/${command.name}`), this.#row, close);
    const used = command.options.filter((option) => option.required || option.name in values);
    used.forEach((option) => this.#add(option, values[option.name] ?? ""));
    this.#more();
  }

  focus() {
    const empty = [...this.#chips.values()].find((chip) => !chip.field.value);
    const chip = empty ?? [...this.#chips.values()].at(-1);
    (chip?.field ?? this.#row.querySelector(".bare"))?.focus();
  }

  /** Makes ready for what is typed where no field is: the option that is empty or last; when none is in use, the first
   * that is a text, or that can be typed at all. */
  type() {
    const { options } = this.command;
    const option = options.find((it) => it.type === TYPE.STRING) ?? options.find((it) => it.type !== TYPE.ATTACHMENT);
    if (option && !this.#chips.size) return this.#use(option);
    this.focus();
    if (this.#chips.size) return;
    this.#fault = { option: `/${this.command.name}`, error: "takes no text. Press Enter to send it as it is." };
    this.lead();
  }

  #pasted(event) {
    if (event.target.closest("textarea, input") || event.clipboardData.files.length) return;
    event.preventDefault();
    this.type();
    document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
  }

  /** The line above the composer: what the option in focus is for, or what is wrong with it. */
  hint() {
    const option = this.command.options.find((it) => it.name === this.#current()) ?? null;
    if (this.#fault) return el("div", { class: "option-hint fault", role: "alert" }, el("strong", {}, this.#fault.option), " ", this.#fault.error);
    return el("div", { class: "option-hint" }, el("strong", {}, option?.name ?? `/${this.command.name}`), " ", option?.description ?? this.command.description);
  }

  #current() {
    return [...this.#chips].find(([, chip]) => chip.field === this.focused)?.[0];
  }

  /** Of an option that is a file its number among `#files()`. */
  #values() {
    const files = this.#files();
    const value = (chip) => (chip.option.type === TYPE.ATTACHMENT ? numberOf(files, chip.field.files[0]) : (chip.value ?? chip.field.value));
    return Object.fromEntries([...this.#chips].map(([name, chip]) => [name, value(chip)]));
  }

  #files() {
    return [...this.#chips.values()].flatMap((chip) => [...(chip.field.files ?? [])]);
  }

  /** A file that was pasted or dropped, for the first option that can be one. `largest` is in bytes. */
  take(file, largest) {
    const option = this.command.options.find((it) => it.type === TYPE.ATTACHMENT);
    if (!option) return toast(`/${this.command.name} takes no file.`);
    if (file.size > largest) return toast(`${file.name} is too large.`);
    const chip = this.#chips.get(option.name) ?? this.#add(option, "");
    const taken = new DataTransfer();
    taken.items.add(file);
    chip.field.files = taken.files;
    this.#typed(chip);
    this.#more();
  }

  #add(option, text) {
    const file = option.type === TYPE.ATTACHMENT;
    const field = file ? el("input", { type: "file", "aria-label": option.name }) : el("textarea", { rows: 1, "aria-label": option.name, title: option.description, placeholder: " " });
    const grow = file ? field : el("span", { class: "grower" }, field);
    const chip = { option, field, grow, chip: el("label", { class: "chip" }, el("span", { class: "chip-name" }, option.name), grow), value: null };
    this.#chips.set(option.name, chip);
    const more = this.#row.querySelector(".more");
    if (more) more.before(chip.chip);
    else this.#row.append(chip.chip);
    this.#write(chip, text);
    field.addEventListener("focus", () => this.#enter(chip));
    field.addEventListener("blur", () => this.picker.hide());
    field.addEventListener("input", () => this.#typed(chip));
    field.addEventListener("keydown", (event) => this.#key(event, chip));
    return chip;
  }

  #write(chip, text) {
    if (chip.option.type === TYPE.ATTACHMENT) return; // only a person can put something into it
    chip.field.value = text;
    chip.grow.dataset.text = text;
  }

  #enter(chip) {
    this.focused = chip.field;
    this.lead();
    this.#offer(chip);
  }

  #typed(chip) {
    chip.value = null;
    this.#fault = null;
    chip.chip.classList.remove("fault");
    if (chip.option.type === TYPE.ATTACHMENT) return this.lead();
    this.#spread(chip);
    this.lead();
    if (chip.field === this.focused) this.#offer(chip);
  }

  /** "prompt: …" typed into the prompt is its name once more; "limit: " begins another option; a whole command that was
   * pasted here is taken apart as if it had been pasted into the empty field. */
  #spread(chip) {
    const text = chip.field.value;
    const pasted = parseTyped([this.command], text)?.values;
    const named = pasted ?? (text.startsWith(`${chip.option.name}:`) || this.#namesAnother(text, chip) ? splitOptions(this.command, text) : null);
    this.#write(chip, named ? (named[chip.option.name] ?? "") : text);
    for (const [name, value] of Object.entries(named ?? {})) {
      if (name === chip.option.name) continue;
      const option = this.command.options.find((it) => it.name === name);
      const other = this.#chips.get(name) ?? this.#add(option, "");
      this.#write(other, value);
      other.field.focus();
    }
    if (named && !chip.field.value && !chip.option.required && chip.field !== this.focused) this.#remove(chip);
    this.#more();
  }

  #namesAnother(text, chip) {
    const free = this.command.options.filter((it) => it !== chip.option && !this.#chips.get(it.name)?.field.value);
    return free.some((option) => new RegExp(`(?:^|\\s)${option.name}: $`).test(text));
  }

  #key(event, chip) {
    if (event.isComposing || this.picker.key(event)) return;
    if (event.key === "Enter" && chip.option.type === TYPE.ATTACHMENT && !chip.field.value) return; // opens the dialogue
    const first = chip === [...this.#chips.values()][0];
    const start = chip.field.selectionStart === 0 && chip.field.selectionEnd === 0;
    if (event.key === "Enter" && !event.shiftKey) this.#send();
    else if (event.key === "Backspace" && start && first) this.leave(`/${this.command.name}`);
    else if (event.key === "Backspace" && start && !chip.field.value && !chip.option.required) this.#drop(chip);
    else return;
    event.preventDefault();
  }

  #drop(chip) {
    this.#remove(chip);
    this.#more();
    this.focus();
  }

  #remove(chip) {
    chip.chip.remove();
    this.#chips.delete(chip.option.name);
  }

  /** The options that are not in use, each one click away. */
  #more() {
    const free = this.command.options.filter((option) => !this.#chips.has(option.name));
    this.#row.querySelectorAll(".more, .bare").forEach((part) => part.remove());
    if (!this.#chips.size) this.#bare();
    if (!free.length) return;
    const add = (option) => el("button", { type: "button", class: "add-option", title: option.description, onclick: () => this.#use(option) }, `+ ${option.name}`);
    this.#row.append(el("span", { class: "more" }, free.map(add)));
  }

  #use(option) {
    this.#fault = null;
    const { field } = this.#add(option, "");
    this.#more();
    field.focus();
  }

  /** A command of which no option is in use still needs something that takes the Enter key. The space bar, which presses
   * a button too, is on its way to write something there. */
  #bare() {
    const field = el("button", { type: "button", class: "bare", onclick: () => this.#send() }, "Press Enter to send");
    field.addEventListener("keydown", (event) => event.key === "Backspace" && this.leave(`/${this.command.name}`));
    for (const name of ["keydown", "keyup"]) field.addEventListener(name, (event) => event.key === " " && event.preventDefault());
    field.addEventListener("focus", () => (this.focused = field));
    this.#row.prepend(field);
  }

  async #send() {
    const values = this.#values();
    const files = this.#files();
    this.#fault = problem(this.command, values);
    const wrong = this.#chips.get(this.#fault?.option);
    if (wrong) {
      wrong.chip.classList.add("fault");
      wrong.field.focus();
      return this.lead();
    }
    const text = `/${this.command.name} ${Object.entries(values).map(([name, value]) => `${name}: ${value}`).join(" ")}`;
    this.leave("");
    this.sent();
    if (!(await this.actions.command(this.channel, this.command, tree(this.command, values), files))) this.leave(text);
  }

  // suggestions for the option in focus

  #offer(chip) {
    clearTimeout(this.#timer);
    const { option } = chip;
    if (option.autocomplete) this.#timer = setTimeout(() => this.#complete(chip), COMPLETE_MS);
    else this.#suggest(chip, choicesOf(option, this.world));
  }

  async #complete(chip) {
    const asked = (this.#asked += 1);
    const options = tree(this.command, this.#values(), chip.option.name);
    const choices = await this.actions.complete(this.channel, this.command, options);
    if (asked !== this.#asked || document.activeElement !== chip.field) return; // something else was typed since
    if (choices) this.#suggest(chip, choices.map((it) => ({ label: it.name, value: it.value })), false);
    else this.picker.show(chip.option.name, [], null, "Loading options failed.");
  }

  #suggest(chip, choices, narrow = true) {
    const typed = chip.field.value.toLowerCase();
    const fitting = narrow ? choices.filter((choice) => choice.label.toLowerCase().includes(typed)) : choices;
    const settled = chip.value !== null || fitting.some((choice) => choice.label === chip.field.value);
    const rows = settled ? [] : fitting.slice(0, 25).map((choice) => ({ key: String(choice.value), value: choice, label: choice.label }));
    const none = narrow || settled ? "" : "No options match your search.";
    this.picker.show(chip.option.name, rows, (choice) => this.#pick(chip, choice), none);
  }

  #pick(chip, choice) {
    this.#write(chip, choice.label);
    chip.value = coerce(chip.option, String(choice.value)).error ? null : String(choice.value);
    this.#fault = null;
    chip.chip.classList.remove("fault");
    this.lead();
  }
}
