/* Markdown as nodes. `world` answers what an id is called; everything else is in the tree. */

import { announce, el, reconcile } from "./dom.js";
import { tokens } from "./highlight.js";
import { leading } from "./links.js";
import { flat, inline, parse } from "./markdown.js";
import { full, styled } from "./time.js";

export function markdown(text, world) {
  const node = el("div", { class: "markdown" });
  showMarkdown(node, text, world);
  return node;
}

/** Bring what `markdown` made to another text: the blocks that are the same stay as they are. */
export function showMarkdown(node, text, world) {
  const row = (block, at) => ({ key: at, stamp: [JSON.stringify(block), world.people.size], make: () => blockView(block, world) });
  reconcile(node, parse(text).map(row));
}

/** Times that say how long ago or how far off something is go on while nothing else changes. */
export function tick() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const words = styled(Number(time.dataset.relative), "R");
    if (time.textContent !== words) time.textContent = words;
  }
}

/** All of it on one line, without marks. */
export const preview = (text, world) => flat(text).map((node) => inlineView(node, world));

/** Without blocks: for a label or a placeholder. */
export const oneLine = (text, world) => inline(text).map((node) => inlineView(node, world));

function blockView(block, world) {
  const words = () => block.inline.map((node) => inlineView(node, world));
  switch (block.type) {
    case "heading":
      return el(`h${block.level + 2}`, { class: `heading-${block.level}` }, words());
    case "subtext":
      return el("small", { class: "subtext" }, words());
    case "quote":
      return el("blockquote", {}, block.blocks.map((inner) => blockView(inner, world)));
    case "code":
      return codeView(block);
    case "list":
      return listView(block, world);
    default:
      return el("p", {}, words());
  }
}

function listView(list, world) {
  const items = list.items.map((item) =>
    el("li", {}, item.inline.map((node) => inlineView(node, world)), item.list && listView(item.list, world)),
  );
  return list.start === null ? el("ul", {}, items) : el("ol", { start: list.start }, items);
}

function codeView({ language, text }) {
  const code = el("code", {}, tokens(text, language).map(({ kind, text: part }) => (kind ? el("span", { class: `code-${kind}` }, part) : part)));
  const copy = el("button", { class: "copy", type: "button", onclick: () => copyText(text) }, "Copy");
  return el("div", { class: "code-block" }, copy, el("pre", { tabindex: "0", "aria-label": `${language} code`.trim() }, code));
}

async function copyText(text) {
  await navigator.clipboard.writeText(text);
  announce("Copied");
}

const TAGS = { strong: "strong", emphasis: "em", underline: "u", strike: "s" };

function inlineView(node, world) {
  if (typeof node === "string") return node;
  const words = () => node.inline.map((inner) => inlineView(inner, world));
  if (node.type in TAGS) return el(TAGS[node.type], {}, words());
  switch (node.type) {
    case "code":
      return el("code", { class: "inline" }, node.text);
    case "link":
      return el("a", { ...leading(node.url, world), title: node.url }, words());
    case "spoiler":
      return spoilerView(words());
    case "time":
      return el("time", { class: "stamp", title: full(node.seconds * 1000), "data-relative": node.style === "R" && node.seconds }, styled(node.seconds, node.style));
    case "emoji":
      return `:${node.name}:`;
    default:
      return mentionView(node, world);
  }
}

function spoilerView(children) {
  const reveal = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.currentTarget.classList.add("revealed");
    event.currentTarget.removeAttribute("aria-label");
  };
  return el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Spoiler", onclick: reveal, onkeydown: reveal }, children);
}

function mentionView(node, world) {
  switch (node.type) {
    case "user":
      return el("span", { class: "mention" }, `@${world.personName(node.id)}`);
    case "role":
      return el("span", { class: "mention" }, `@${world.roles.get(node.id)?.name ?? "deleted-role"}`);
    case "everyone":
      return el("span", { class: "mention" }, `@${node.name}`);
    case "command":
      return el("span", { class: "mention" }, `/${node.name}`);
    default: {
      const channel = world.channels.get(node.id);
      if (!channel) return el("span", { class: "mention" }, "#unknown");
      return el("a", { class: "mention", href: `#/${node.id}` }, `#${channel.name}`);
    }
  }
}
