/* Faces and names: avatars, the member list, and the corner that says who one is. */

import { el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { nameOf } from "./state.js";

const COLOURS = ["#3f8f72", "#b0566b", "#8a63c4", "#c07a2c", "#3a7fb8", "#a64fa0", "#5f8a2f", "#b85c38"];

export function avatar(person, size = 40) {
  const colour = person.bot ? "var(--accent)" : COLOURS[Number(BigInt(person.id) % BigInt(COLOURS.length))];
  const style = { "--size": `${size}px`, background: colour };
  return el("span", { class: person.bot ? "avatar bot" : "avatar", "aria-hidden": "true", style }, person.bot ? ">_" : nameOf(person)[0].toUpperCase());
}

export const appTag = () => el("span", { class: "app-tag" }, "APP");

export class Members {
  root = el("aside", { class: "members", "aria-label": "Members" });

  constructor(world, actions) {
    Object.assign(this, { world, actions });
  }

  render() {
    const people = [...this.world.people.values()].sort((one, other) => nameOf(one).localeCompare(nameOf(other)));
    const groups = [["Apps", people.filter((it) => it.bot)], ["Online", people.filter((it) => !it.bot)]];
    const rows = groups.filter(([, list]) => list.length).flatMap(([title, list]) => [
      { key: title, stamp: [list.length], make: () => el("h2", {}, `${title} — ${list.length}`) },
      ...list.map((person) => ({ key: person.id, stamp: [nameOf(person)], make: () => memberView(person) })),
    ]);
    reconcile(this.root, [...rows, this.#door()]);
  }

  /** Where the server's owner lets the app in, or shows it out. */
  #door() {
    const { bot, name } = this.world.application;
    const inside = this.world.people.has(bot.id);
    const label = inside ? `Remove ${name} from the server` : `Add ${name} to the server`;
    const make = () => el("button", { type: "button", class: "link door", onclick: () => this.actions.own(inside ? "remove_bot" : "authorize") }, label);
    return { key: "door", stamp: [inside], make };
  }
}

function memberView(person) {
  return el("div", { class: "member" }, el("span", { class: "present" }, avatar(person, 32)), el("span", { class: "member-name" }, nameOf(person)), person.bot && appTag());
}

/** Who one is, and a menu to be somebody else. */
export function myself(world) {
  const others = [...world.people.values()].filter((person) => !person.bot);
  const become = (event) => location.assign(`?user=${event.target.value}${location.hash}`);
  const options = others.map((person) => el("option", { value: person.id, selected: person.id === world.me.id }, nameOf(person)));
  const select = el("select", { "aria-label": "Play as", title: "Play as somebody else", onchange: become }, options);
  const menu = others.length > 1 && el("span", { class: "become tool" }, icon("people", 18), select);
  return el("div", { class: "myself" }, el("span", { class: "present" }, avatar(world.me, 32)), el("div", { class: "my-name" }, el("strong", {}, nameOf(world.me)), el("small", {}, "Online")), menu);
}
