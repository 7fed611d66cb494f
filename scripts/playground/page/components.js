/* Buttons, selects and the layout components of messages.
 * https://discord.com/developers/docs/components/reference */

import { el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { leading } from "./links.js";
import { markdown } from "./markdown-view.js";
import { fileView, pictureView, safe } from "./media.js";
import { nameOf } from "./state.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link-out", 6: "secondary" };
const ROW = 1;
export const SELECTS = new Set([3, 5, 6, 7, 8]);

/** In `node`, which stays: of a row too only the button that changed is made anew. */
export function showComponents(node, message, context) {
  const inside = { ...context, message };
  reconcile(node, message.components.map((component, at) => (component.type === ROW ? rowOf(component, at, inside) : wholeOf(component, at, inside))));
}

function rowOf(row, at, context) {
  const show = (node) => reconcile(node, row.components.map((it, place) => wholeOf(it, it.custom_id ?? place, context)));
  const make = () => {
    const node = el("div", { class: "component-row" });
    show(node);
    return node;
  };
  return { key: `row-${at}`, stamp: [{}], make, update: show };
}

/** The ids of components are counted anew whenever one more stands before them: they change nothing that is seen. */
function wholeOf(component, key, context) {
  const asked = context.world.pressed(context.message.id);
  const busy = asked?.why === null;
  const seen = JSON.stringify(component, (name, value) => (name === "id" ? undefined : value));
  return { key, stamp: [seen, busy, busy && asked.custom_id], make: () => view(component, context) ?? el("span", {}) };
}

const VIEWS = {
  [ROW]: (row, context) => el("div", { class: "component-row" }, row.components.map((it) => view(it, context))),
  2: buttonView,
  3: selectView,
  5: selectView,
  6: selectView,
  7: selectView,
  8: selectView,
  9: (section, context) => el("div", { class: "section" }, el("div", {}, section.components.map((it) => view(it, context))), view(section.accessory, context)),
  10: (text, { world }) => markdown(text.content, world),
  11: (thumbnail) => el("div", { class: "thumbnail" }, pictureView({ url: thumbnail.media.url, description: thumbnail.description })),
  12: (gallery) => el("div", { class: "gallery" }, gallery.items.map((item) => pictureView({ ...item.media, description: item.description }))),
  13: (file, { message }) => fileView(attached(file, message)),
  14: (separator) => el("hr", { class: separator.divider === false ? "gap" : "rule" }),
  17: containerView,
};

function view(component, context) {
  return VIEWS[component.type]?.(component, context) ?? null;
}

function containerView(container, context) {
  const colour = container.accent_color === undefined || container.accent_color === null ? "transparent" : `#${container.accent_color.toString(16).padStart(6, "0")}`;
  return el("div", { class: "container", style: { "border-left-color": colour } }, container.components.map((it) => view(it, context)));
}

function attached(file, message) {
  const name = file.file.url.replace("attachment://", "");
  return message.attachments?.find((it) => it.filename === name || it.url === file.file.url) ?? { filename: file.name ?? name, url: safe(file.file.url), size: file.size ?? 0 };
}

function buttonView(button, { world, actions, message }) {
  const face = [button.emoji?.name && el("span", {}, button.emoji.name), button.label, button.style === 5 && icon("out", 14)];
  if (button.style === 5) return el("a", { class: "button link-out", ...leading(safe(button.url), world) }, face);
  const asked = world.pressed(message.id);
  const busy = asked?.why === null;
  const mine = busy && asked.custom_id === button.custom_id;
  // What is busy is not disabled: that would take the focus from it.
  const attributes = { type: "button", class: `button ${STYLES[button.style]}`, disabled: button.disabled, "aria-disabled": busy && "true", "aria-busy": mine && "true" };
  const press = () => actions.press(message, button.custom_id);
  return el("button", { ...attributes, onclick: press }, mine ? el("span", { class: "dots", "aria-label": "Waiting" }, el("i"), el("i"), el("i")) : face);
}

function selectView(select, { world, actions, message }) {
  const busy = world.pressed(message.id)?.why === null;
  return choose(select, world, { disabled: select.disabled, busy, chosen: (values) => actions.press(message, select.custom_id, values) });
}

/** A select. `chosen(values)` is called when one is picked, or, where several may be, when the list closes. */
export function choose(select, world, { disabled = false, busy = false, chosen }) {
  const options = optionsOf(select, world);
  const most = select.max_values ?? 1;
  let picked = options.filter((option) => option.default).map((option) => option.value);
  let before = picked.join();
  const face = el("span", { class: "select-face" });
  const open = el("button", { type: "button", class: "select", disabled, "aria-disabled": busy && "true", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-label": select.placeholder ?? "Make a selection" }, face, icon("down", 18));
  const list = el("div", { class: "select-list", role: "listbox", "aria-multiselectable": most > 1 && "true", tabindex: "-1", hidden: true });
  const root = el("div", { class: "select-box" }, open, list);
  root.focus = () => open.focus(); // what is made anew in the place of one with the focus is given it

  const show = () => {
    face.textContent = options.filter((it) => picked.includes(it.value)).map((it) => it.label).join(", ") || (select.placeholder ?? "Make a selection");
    face.classList.toggle("empty", picked.length === 0);
    [...list.children].forEach((row, at) => row.setAttribute("aria-selected", picked.includes(options[at].value)));
  };
  const close = () => {
    if (list.hidden) return;
    if (list.contains(document.activeElement)) open.focus();
    list.hidden = true;
    open.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside);
    if (picked.join() !== before && picked.length >= (select.min_values ?? 1)) chosen(picked);
    before = picked.join();
  };
  const outside = (event) => root.contains(event.target) || close();
  const pick = (value) => {
    if (most === 1) picked = [value];
    else if (picked.includes(value)) picked = picked.filter((it) => it !== value);
    else if (picked.length < most) picked = [...picked, value];
    show();
    if (most === 1) close();
  };

  list.append(...options.map((option) => optionView(option, pick)));
  list.addEventListener("keydown", (event) => steer(event, list, close));
  open.addEventListener("click", () => {
    if (busy) return;
    if (!list.hidden) return close();
    list.hidden = false;
    open.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside);
    (list.querySelector("[aria-selected=true]") ?? list.firstElementChild)?.focus();
  });
  show();
  return root;
}

function optionView(option, pick) {
  const words = [option.emoji?.name && el("span", {}, option.emoji.name), el("span", { class: "option-words" }, el("strong", {}, option.label), option.description && el("small", {}, option.description))];
  return el("button", { type: "button", role: "option", class: "option", onclick: () => pick(option.value) }, words);
}

/** A letter goes to the next option that begins with it, and is not written into the composer. */
function steer(event, list, leave) {
  if (event.key === "Tab") return leave(); // and on from there
  const rows = [...list.children];
  const at = rows.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (next !== undefined) rows[(next + rows.length) % rows.length].focus();
  else if (event.key === "Escape") leave();
  else if (/^\S$/.test(event.key)) beginning(event.key, [...rows.slice(at + 1), ...rows])?.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function beginning(letter, rows) {
  return rows.find((row) => row.textContent.toLowerCase().startsWith(letter.toLowerCase()));
}

function optionsOf(select, world) {
  if (select.type === 3) return select.options;
  const people = [...world.people.values()].map((it) => ({ label: nameOf(it), value: it.id }));
  const roles = [...world.roles.values()].map((it) => ({ label: `@${it.name}`, value: it.id }));
  const channels = [...world.channels.values()].map((it) => ({ label: `#${it.name}`, value: it.id }));
  return { 5: people, 6: roles, 7: [...people, ...roles], 8: channels }[select.type];
}
