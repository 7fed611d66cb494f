/* What the person on this page can do. Each does it at the simulator, shows what went wrong, and leaves the rest to the
 * events that come back. */

import { announce, el } from "./dom.js";

const PRESS_MS = 3500;
const TOAST_MS = 6000;

export class Actions {
  constructor(play, world) {
    this.play = play;
    this.world = world;
  }

  /** The channel's newest messages, unless they are here; and its threads', the last of which stand on their cards. */
  async open(channel, { again = false } = {}) {
    if (!channel || (this.world.messages.has(channel) && !again)) return;
    const read = () => this.world.read(async () => {
      const page = await this.play.messages(channel);
      this.world.fill(channel, page, { whole: page.length < 100 });
      return true;
    });
    if (await this.#tried(read)) await Promise.all(this.world.threadsOf(channel).map((thread) => this.open(thread.id)));
  }

  async older(channel) {
    const first = this.world.messages.get(channel)?.keys().next().value;
    if (!first || this.world.complete.has(channel)) return;
    await this.#tried(() => this.world.read(async () => {
      const page = await this.play.messages(channel, first);
      this.world.fill(channel, page, { whole: page.length < 100, older: true });
    }));
  }

  /** Reads back until the message is here. False when it is not, and that was said. */
  async reach(channel, message) {
    await this.open(channel);
    const known = () => this.world.messages.get(channel);
    for (let before = -1; known()?.size > before && !known().has(message); await this.older(channel)) before = known().size;
    const found = Boolean(known()?.has(message));
    if (!found) toast("That message is not here any more.");
    return found;
  }

  /** False when it did not go out. */
  async write(channel, content, more) {
    return (await this.#tried(() => this.play.write(channel, content, more))) !== undefined;
  }

  edit(message, content) {
    return this.#tried(() => this.play.edit(message, content));
  }

  remove(message) {
    return this.#tried(() => this.play.remove(message));
  }

  changeThread(thread, change) {
    return this.#tried(() => this.play.changeThread(thread, change));
  }

  removeThread(thread) {
    return this.#tried(() => this.play.removeThread(thread));
  }

  own(verb) {
    return this.#tried(() => this.play.own(verb));
  }

  async command(channel, command, options, files = []) {
    const asked = await this.#tried(() => this.play.command(channel, command.root, options, files));
    if (asked) this.world.awaitAnswer(asked.interaction_id, { kind: "command", channel, name: `/${command.name}` });
    return asked !== undefined;
  }

  /** One of the app's commands for messages. */
  async runOn(message, command) {
    const asked = await this.#tried(() => this.play.runOn(message, command.name));
    if (asked) this.world.awaitAnswer(asked.interaction_id, { kind: "command", channel: message.channel_id, name: command.name });
  }

  async press(message, customId, values) {
    const before = this.world.pressed(message.id);
    if (before?.why === null) return;
    if (before) this.world.dismiss(before.interaction);
    const asked = await this.#tried(() => this.play.press(message, customId, values));
    if (!asked) return;
    this.#await(asked.interaction_id, message.channel_id, message.id, customId);
  }

  #await(id, channel, message, customId) {
    this.world.awaitAnswer(id, { kind: "component", channel, message, custom_id: customId });
    // Whatever is heard or not: stop waiting when Discord would have given up too.
    setTimeout(() => this.world.waiting.get(id)?.why === null && this.world.dismiss(id), PRESS_MS);
  }

  async submit(modal, components) {
    const asked = await this.#tried(() => this.play.submit(modal, components));
    if (!asked) return;
    this.world.closeModal();
    if (modal.message_id) this.#await(asked.interaction_id, modal.channel_id, modal.message_id, modal.custom_id);
    else this.world.awaitAnswer(asked.interaction_id, { kind: "command", channel: modal.channel_id, name: modal.title });
  }

  /** What the app offers for the option that is typed; null when it did not answer. */
  async complete(channel, command, options) {
    try {
      return (await this.play.complete(channel, command.root, options)).choices;
    } catch {
      return null; // said where one types: this is asked again with the next key
    }
  }

  async #tried(doing) {
    try {
      return (await doing()) ?? null;
    } catch (error) {
      toast(error.message);
      return undefined;
    }
  }
}

export function toast(text) {
  const shown = el("div", { class: "toast", role: "alert" }, text);
  document.body.append(shown);
  setTimeout(() => shown.remove(), TOAST_MS);
  announce(text);
}
