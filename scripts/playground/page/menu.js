/* The menu of a message: what one can do with it oneself, and below a line what the app does with messages (in Discord
 * under "Apps"). One at a time; it closes when anything else is done, and gives the focus back. */

import { toast } from "./actions.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";

const EDGE_PX = 8;
let close = null; // the menu that is open

/** At `at`: {x, y} in the window. An entry is {label, symbol?, note?, danger?, act}; null stands for a line. */
export function openMenu(at, label, entries) {
  close?.();
  const before = document.activeElement;
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label }, entries.map((entry) => entryView(entry, () => close?.())));
  const listening = new AbortController();
  close = () => {
    close = null;
    listening.abort();
    const held = menu.contains(document.activeElement);
    menu.remove();
    if (held && before?.isConnected) before.focus({ preventScroll: true });
  };
  const heard = { signal: listening.signal, capture: true };
  document.addEventListener("pointerdown", (event) => menu.contains(event.target) || close?.(), heard);
  document.addEventListener("wheel", (event) => menu.contains(event.target) || close?.(), heard);
  window.addEventListener("resize", () => close?.(), heard);
  window.addEventListener("hashchange", () => close?.(), heard);
  menu.addEventListener("keydown", (event) => steer(event, menu));
  menu.addEventListener("contextmenu", (event) => event.preventDefault());
  document.body.append(menu);
  place(menu, at);
  menu.querySelector("[role=menuitem]").focus({ preventScroll: true });
}

/** What the menu of `message` offers. */
export function entriesFor(message, { world, actions, reply, edit }) {
  const mine = message.author.id === world.me.id;
  const own = [
    { label: "Reply", symbol: "reply", act: () => reply(message) },
    message.content && { label: "Copy text", symbol: "copy", act: () => copy(message.content) },
    mine && { label: "Edit", symbol: "pencil", act: () => edit(message.id) },
    mine && { label: "Delete", symbol: "trash", danger: true, act: () => actions.remove(message) },
  ].filter(Boolean);
  const apps = world.menus().map((command) => ({ label: command.name, note: world.application.name, act: () => actions.runOn(message, command) }));
  return apps.length ? [...own, null, ...apps] : own;
}

function entryView(entry, leave) {
  if (!entry) return el("hr", { class: "menu-line", role: "separator" });
  const act = () => {
    leave();
    entry.act();
  };
  return el("button", { type: "button", role: "menuitem", tabindex: "-1", class: entry.danger ? "menu-entry dangerous" : "menu-entry", onclick: act }, el("span", { class: "menu-words" }, el("span", {}, entry.label), entry.note && el("small", { "aria-hidden": "true" }, entry.note)), entry.symbol && icon(entry.symbol, 18));
}

/** Whole in the window, wherever it was opened. */
function place(menu, { x, y }) {
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(EDGE_PX, Math.min(x, innerWidth - width - EDGE_PX))}px`;
  menu.style.top = `${Math.max(EDGE_PX, Math.min(y, innerHeight - height - EDGE_PX))}px`;
}

function steer(event, menu) {
  event.stopPropagation(); // or what is typed would be written into the composer
  const entries = [...menu.querySelectorAll("[role=menuitem]")];
  const at = entries.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (next !== undefined) entries[(next + entries.length) % entries.length].focus();
  else if (event.key === "Escape" || event.key === "Tab") close?.();
  else return;
  event.preventDefault();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    toast("The browser does not let this page copy.");
  }
}
