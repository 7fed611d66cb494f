/* A channel on screen: its header, its messages, its composer. The page has two: the main one, and one at the side for a
 * thread that was opened from its channel. */

import { Composer } from "./composer.js";
import { el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { entriesFor, openMenu } from "./menu.js";
import { continues, messageView, showMessage, stampOf } from "./message-view.js";
import { appTag, avatar } from "./people.js";
import { THREADS, sentAt } from "./state.js";
import { day } from "./time.js";
import { welcomeView } from "./welcome.js";

const NEAR_PX = 80;
const FLASH_MS = 2000;

export class Pane {
  channel = null;
  #editing = null;
  #pinned = true; // to the end, whatever comes
  #top = 0; // where it was scrolled to last
  #sought = null; // the message to be brought into sight
  #header = el("header", { class: "pane-head" });
  #rows = el("div", { class: "rows", role: "log", "aria-live": "polite" });
  #log = el("div", { class: "log", tabindex: "0", onscroll: () => this.#scrolled() }, this.#rows);
  #jump = el("button", { type: "button", class: "jump", hidden: true, onclick: () => this.#toEnd() }, "Jump to present", icon("down", 16));
  #drop = el("div", { class: "drop", hidden: true }, "Drop files to attach them");
  #typing = el("div", { class: "typing", "aria-live": "polite" });

  constructor({ world, actions, side, members, channels }) {
    Object.assign(this, { world, actions, side, members, channels });
    this.composer = new Composer({ world, actions, sent: () => this.#toEnd() });
    this.root = el("section", { class: side ? "pane side" : "pane" }, this.#header, el("div", { class: "log-box" }, this.#log, this.#jump), this.composer.root, this.#typing, this.#drop);
    this.#takeDrops();
    this.#rows.addEventListener("contextmenu", (event) => this.#rightClicked(event));
    // The log itself becomes smaller when the composer grows.
    const sizes = new ResizeObserver(() => (this.#pinned ? this.#toEnd() : this.#showJump()));
    [this.#rows, this.#log].forEach((part) => sizes.observe(part));
  }

  show(channel) {
    if (this.channel === channel) return;
    this.channel = channel;
    this.#editing = null;
    this.#pinned = true;
    this.#sought = null;
    this.composer.show(channel);
    this.actions.open(channel);
    const origin = this.world.channels.get(channel);
    if (THREADS.has(origin?.type)) this.actions.open(origin.parent_id);
  }

  /** Brings one of its messages into sight, however old it is. */
  async seek(message) {
    this.#sought = message;
    const found = await this.actions.reach(this.channel, message);
    this.world.changed();
    if (!found && this.#sought === message) this.#sought = null;
  }

  render() {
    const channel = this.world.channels.get(this.channel);
    this.root.hidden = !channel;
    if (!channel) return;
    this.root.setAttribute("aria-label", channel.name);
    this.#rows.setAttribute("aria-label", `Messages in ${channel.name}`);
    reconcile(this.#header, [{ key: channel.id, stamp: [channel.name, channel.topic, channel.thread_metadata?.locked, channel.thread_metadata?.archived], make: () => this.#head(channel) }]);
    reconcile(this.#rows, [...this.#history(channel)]);
    reconcile(this.#typing, this.#typists());
    this.composer.render();
    if (this.world.asked.delete(this.channel) || this.#pinned) this.#toEnd();
    this.#find();
  }

  #find() {
    const found = this.#sought && this.#rows.querySelector(`:scope > [data-key="${this.#sought}"]`);
    if (!found) return;
    this.#sought = null;
    this.#pinned = false;
    found.scrollIntoView({ block: "center" });
    found.animate([{ background: "var(--mention)" }, {}], FLASH_MS);
  }

  #head(channel) {
    const thread = THREADS.has(channel.type);
    const parent = thread && !this.side ? this.world.channels.get(channel.parent_id) : null;
    const trail = parent && [icon("hash"), el("a", { class: "trail", href: `#/${parent.id}` }, parent.name), el("span", { class: "trail-mark", "aria-hidden": "true" }, "›")];
    const close = this.side && el("a", { class: "tool", href: `#/${channel.parent_id}`, "aria-label": "Close thread", title: "Close thread" }, icon("close"));
    const members = !this.side && el("button", { type: "button", class: "tool to-members", "aria-label": "Member list", title: "Member list", onclick: this.members }, icon("people"));
    const channels = !this.side && el("button", { type: "button", class: "tool to-channels", "aria-label": "Channel list", title: "Channel list", onclick: this.channels }, icon("menu"));
    return el("div", { class: "pane-title" }, channels, trail, icon(thread ? "thread" : "hash"), el("h2", {}, channel.name), channel.topic && el("span", { class: "topic" }, channel.topic), el("span", { class: "grow" }), thread && channel.thread_metadata?.archived && el("span", { class: "sign" }, "Archived"), thread && this.#threadTools(channel), members, close);
  }

  #threadTools(thread) {
    const { archived, locked } = thread.thread_metadata ?? {};
    const tool = (name, label, act) => el("button", { type: "button", class: "tool", "aria-label": label, title: label, onclick: act }, icon(name));
    const change = (more) => () => this.actions.changeThread(thread.id, more);
    return [
      tool("archive", archived ? "Reopen thread" : "Archive thread", change({ archived: !archived })),
      tool("lock", locked ? "Unlock thread" : "Lock thread", change({ locked: !locked })),
      tool("trash", "Delete thread", () => this.actions.removeThread(thread.id)),
    ];
  }

  *#history(channel) {
    const messages = this.world.messages.get(channel.id);
    if (!messages) return yield { key: "loading", stamp: [], make: skeleton };
    if (this.world.complete.has(channel.id)) yield this.#welcome(channel, messages.size === 0);
    let before = null;
    for (const message of messages.values()) {
      const date = day(sentAt(message));
      if (!before || day(sentAt(before)) !== date) yield { key: `day-${message.id}`, stamp: [], make: () => el("div", { class: "day", role: "separator" }, el("span", {}, date)) };
      const compact = continues(message, before);
      const context = this.#context(compact);
      yield { key: message.id, stamp: this.#stamp(message, compact), make: () => messageView(message, context), update: (article) => showMessage(article, message, context) };
      before = message;
    }
    for (const asked of this.world.waitingIn(channel.id, "command")) yield { key: asked.interaction, stamp: [asked], make: () => waitingView(asked, this.world) };
  }

  #welcome(channel, empty) {
    const make = () => welcomeView(channel, { world: this.world, empty, begin: (text) => this.composer.begin(text) });
    return { key: "welcome", stamp: [channel.name, empty, this.world.commands, this.world.notes.join()], make };
  }

  #stamp(message, compact) {
    const starter = message.type === 21 ? this.world.messages.get(message.message_reference?.channel_id)?.get(message.message_reference?.message_id) : null;
    return [...stampOf(message, { compact, world: this.world, editing: this.#editing }), starter];
  }

  #context(compact) {
    const edit = (id) => {
      this.#editing = id;
      this.world.changed();
    };
    return { world: this.world, actions: this.actions, compact, editing: this.#editing, edit, reply: (message) => this.composer.replyTo(message), menu: (id, at) => this.#menu(id, at) };
  }

  /** Of the message as it is now. */
  #menu(id, at) {
    const message = this.world.messages.get(this.channel)?.get(id);
    if (message) openMenu(at, "Message", entriesFor(message, this.#context(false)));
  }

  /** Links, pictures and what is selected keep the browser's own menu. */
  #rightClicked(event) {
    const article = event.target.closest("article[data-key]");
    const own = event.target.closest("a, img, input, textarea") || !getSelection().isCollapsed;
    if (own || !article?.querySelector(":scope > .tools")) return;
    event.preventDefault();
    this.#menu(article.dataset.key, { x: event.clientX, y: event.clientY });
  }

  #typists() {
    const names = this.world.typists(this.channel);
    if (!names.length) return [];
    const said = names.length === 1 ? [el("strong", {}, names[0]), " is typing…"] : [el("strong", {}, names.slice(0, 3).join(", ")), " are typing…"];
    const make = () => el("div", {}, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), said);
    return [{ key: "typing", stamp: [names.join()], make }];
  }

  #takeDrops() {
    const over = (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      this.#drop.hidden = false;
    };
    const leave = (event) => this.root.contains(event.relatedTarget) || (this.#drop.hidden = true);
    const drop = (event) => {
      this.#drop.hidden = true;
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.composer.take(event.dataTransfer.files);
    };
    for (const [name, listener] of Object.entries({ dragover: over, dragleave: leave, drop })) this.root.addEventListener(name, listener);
  }

  /** Only who scrolls up leaves the end: what came below since the last look has moved nobody. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#pinned = near || (this.#pinned && scrollTop >= this.#top);
    this.#top = scrollTop;
    this.#showJump();
    if (scrollTop < NEAR_PX && !this.#pinned) this.actions.older(this.channel);
  }

  #showJump() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    this.#jump.hidden = this.#pinned || scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  #toEnd() {
    this.#pinned = true;
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#top = this.#log.scrollTop;
    this.#jump.hidden = true;
  }
}

/** A command that was sent and not yet answered, or never will be. */
function waitingView(asked, world) {
  const bot = world.application.bot;
  const dismiss = el("button", { type: "button", class: "link", onclick: () => world.dismiss(asked.interaction) }, "Dismiss message");
  const said = asked.why
    ? el("p", { class: "failed", role: "alert" }, icon("warn", 14), `The application did not respond`, el("span", { class: "note" }, " · Only you can see this · ", dismiss))
    : el("p", { class: "sending" }, `Sending ${asked.name}…`);
  const head = el("header", { class: "message-head" }, el("span", { class: "author" }, world.personName(bot.id)), appTag());
  return el("article", { class: asked.why ? "message ephemeral" : "message late" }, el("div", { class: "message-row" }, el("div", { class: "message-side" }, avatar({ ...bot, bot: true })), el("div", { class: "message-main" }, head, said)));
}

function skeleton() {
  const bone = (width) => el("div", { class: "bone", style: { width: `${width}%` } });
  return el("div", { class: "skeleton", "aria-label": "Loading messages" }, [62, 38, 74, 51].map(bone));
}
