/* A form that the app opened: text inputs, selects, choices, each in a Label; and the older rows of text inputs.
 * https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal */

import { SELECTS, choose } from "./components.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown-view.js";

const KIND = { ROW: 1, TEXT_INPUT: 4, TEXT: 10, LABEL: 18, RADIO: 21, CHECKBOXES: 22, CHECKBOX: 23 };

/** Opens `modal` in a dialog; Escape and Cancel close it, Submit hands the mirrored components to `actions`. */
export function openModal(modal, { world, actions }) {
  const parts = modal.components.map((component) => part(component, world));
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    await actions.submit(modal, parts.map((it) => it.read()).filter(Boolean));
    button.disabled = false;
  };
  const button = el("button", { type: "submit", class: "button primary" }, "Submit");
  const cancel = el("button", { type: "button", class: "button plain", onclick: () => dialog.close() }, "Cancel");
  const close = el("button", { type: "button", class: "tool", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
  const heading = el("h2", { id: "modal-title" }, modal.title);
  const form = el("form", { onsubmit: submit }, el("header", {}, heading, close), el("div", { class: "modal-parts" }, parts.map((it) => it.view)), el("footer", {}, cancel, button));
  const dialog = el("dialog", { class: "modal", "aria-labelledby": "modal-title", onclose: () => world.closeModal() }, form);
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("textarea, input")?.focus();
  return dialog;
}

/** {view, read}: `read` gives the component as Discord sends it back, null for mere text. */
function part(component, world) {
  if (component.type === KIND.TEXT) return { view: markdown(component.content, world), read: () => null };
  const row = component.type === KIND.ROW;
  const inner = row ? component.components[0] : component.component;
  const field = fieldOf(inner, world);
  const label = row ? inner.label : component.label;
  const required = inner.required !== false && inner.type !== KIND.CHECKBOX;
  const tag = inner.type === KIND.TEXT_INPUT || inner.type === KIND.CHECKBOX ? "label" : "div";
  const view = el(tag, { class: "modal-part" }, el("span", { class: "modal-label" }, label, required && el("span", { class: "star", title: "required" }, " *")), component.description && el("small", {}, component.description), field.view);
  const answer = () => ({ type: inner.type, custom_id: inner.custom_id, ...field.read() });
  return { view, read: () => (row ? { type: KIND.ROW, components: [answer()] } : { type: KIND.LABEL, component: answer() }) };
}

function fieldOf(inner, world) {
  if (inner.type === KIND.TEXT_INPUT) return textField(inner);
  if (SELECTS.has(inner.type)) return selectField(inner, world);
  if (inner.type === KIND.CHECKBOX) {
    const box = el("input", { type: "checkbox", checked: inner.default });
    return { view: box, read: () => ({ value: box.checked }) };
  }
  if (inner.type === KIND.RADIO || inner.type === KIND.CHECKBOXES) return choiceField(inner);
  return { view: el("em", {}, "This page cannot show this field."), read: () => ({}) };
}

function textField(inner) {
  const limits = { minlength: inner.min_length, maxlength: inner.max_length ?? 4000, required: inner.required !== false, placeholder: inner.placeholder };
  const field = inner.style === 2 ? el("textarea", { rows: 5, ...limits }) : el("input", { type: "text", ...limits });
  field.value = inner.value ?? "";
  return { view: field, read: () => ({ value: field.value }) };
}

function selectField(inner, world) {
  let values = (inner.options ?? []).filter((option) => option.default).map((option) => option.value);
  return { view: choose(inner, world, { chosen: (picked) => (values = picked) }), read: () => ({ values }) };
}

function choiceField(inner) {
  const single = inner.type === KIND.RADIO;
  const boxes = inner.options.map((option) => el("input", { type: single ? "radio" : "checkbox", name: inner.custom_id, value: option.value, checked: option.default, required: single && inner.required !== false }));
  const rows = inner.options.map((option, at) => el("label", { class: "choice" }, boxes[at], option.label));
  const values = () => boxes.filter((box) => box.checked).map((box) => box.value);
  return { view: el("div", { role: "group" }, rows), read: () => (single ? { value: values()[0] ?? null } : { values: values() }) };
}
