/* The server rail and the list of channels, with the active threads below their channel. */

import { el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { myself } from "./people.js";
import { byId } from "./state.js";

const TEXT = new Set([0, 5]);
const CATEGORY = 4;

export class Sidebar {
  #title = el("header", { class: "guild-name" });
  #list = el("nav", { class: "channels", "aria-label": "Channels" });
  #foot = el("footer", {});
  #rail = el("nav", { class: "rail", "aria-label": "Servers" });

  constructor(world) {
    this.world = world;
    this.root = el("div", { class: "sidebar" }, this.#rail, el("div", { class: "sidebar-list" }, this.#title, this.#list), this.#foot);
  }

  render() {
    const { guild, me, people } = this.world;
    const initials = guild.name.split(/\s+/).map((word) => word[0]).join("").slice(0, 3);
    const first = this.#channels()[0]?.id;
    reconcile(this.#rail, [{ key: guild.id, stamp: [guild.name, first], make: () => el("a", { class: "guild", href: `#/${first}`, "aria-label": guild.name, "aria-current": "true" }, initials) }]);
    reconcile(this.#title, [{ key: guild.id, stamp: [guild.name], make: () => el("h1", {}, guild.name) }]);
    reconcile(this.#list, this.#rows());
    reconcile(this.#foot, [{ key: me.id, stamp: [people.size], make: () => myself(this.world) }]);
  }

  /** The text channels in the order Discord gives them: those without a category first. */
  #channels() {
    const all = [...this.world.channels.values()];
    const place = (channel) => this.world.channels.get(channel.parent_id)?.position ?? -1;
    const order = (one, other) => place(one) - place(other) || (one.position ?? 0) - (other.position ?? 0) || byId(one.id, other.id);
    return all.filter((channel) => TEXT.has(channel.type)).sort(order);
  }

  #rows() {
    const rows = [];
    let category = null;
    for (const channel of this.#channels()) {
      const parent = this.world.channels.get(channel.parent_id);
      if (parent?.type === CATEGORY && parent.id !== category) rows.push(headingRow(parent));
      category = parent?.id ?? null;
      rows.push(this.#row(channel, "channel", "hash"));
      this.world.threadsOf(channel.id).forEach((thread) => rows.push(this.#row(thread, "thread", null)));
    }
    return rows;
  }

  #row(channel, kind, symbol) {
    const { looking, unread } = this.world;
    const current = looking.includes(channel.id);
    const mentions = unread.get(channel.id);
    const make = () => {
      const label = mentions === undefined ? channel.name : `${channel.name}, unread${mentions ? `, ${mentions} mentions` : ""}`;
      const badge = mentions > 0 && el("span", { class: "badge", "aria-hidden": "true" }, mentions);
      const state = mentions === undefined ? "" : " unread";
      return el("a", { class: `row ${kind}${state}`, href: `#/${channel.id}`, "aria-current": current && "page", "aria-label": label, title: channel.name }, symbol && icon(symbol), el("span", { class: "row-name" }, channel.name), badge);
    };
    return { key: channel.id, stamp: [channel.name, current, mentions, kind], make };
  }
}

function headingRow(category) {
  return { key: category.id, stamp: [category.name], make: () => el("h2", { class: "category" }, category.name) };
}
