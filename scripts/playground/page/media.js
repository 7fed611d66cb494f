/* What hangs on a message besides its text: files, pictures, embeds. */

import { el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { leading } from "./links.js";
import { markdown, oneLine } from "./markdown-view.js";

const WIDEST = 400;
const HIGHEST = 300;
const END = 8; // characters of a long file name that are always seen
const LARGEST_PREVIEW = 200_000; // bytes

export function showAttachments(node, message) {
  reconcile(node, message.attachments.map((file) => ({ key: file.id, stamp: [file.url], make: () => fileView(file) })));
}

export function fileView(file) {
  if (file.content_type?.startsWith("image/")) return pictureView(file);
  const title = file.title ?? file.filename;
  const name = el("a", { href: safe(file.url), target: "_blank", rel: "noreferrer noopener", download: file.filename, "aria-label": title }, nameView(title));
  const card = el("div", { class: "file-card" }, icon("file", 28), el("div", { class: "file-words" }, name, el("small", {}, readable(file.size))));
  const text = file.content_type?.startsWith("text/") && file.size <= LARGEST_PREVIEW && new URL(file.url, location.href).origin === location.origin;
  return text ? el("div", { class: "file" }, card, previewView(file)) : card;
}

/** A file's name, of which, where there is no room, the middle is left out. */
export function nameView(name) {
  const [begin, end] = name.length > END + 4 ? [name.slice(0, -END), name.slice(-END)] : [name, ""];
  return el("span", { class: "file-name", title: name }, el("span", {}, begin), end && el("span", {}, end));
}

/** The beginning of a text file, fetched once somebody wants to see it. */
function previewView(file) {
  const pre = el("pre", { tabindex: "0" }, "…");
  const fetchOnce = async (event) => {
    event.currentTarget.removeEventListener("toggle", fetchOnce);
    const response = await fetch(file.url).catch(() => null);
    pre.textContent = response?.ok ? await response.text() : "This file could not be read.";
  };
  return el("details", { class: "preview", ontoggle: fetchOnce }, el("summary", {}, "Preview"), pre);
}

export function pictureView({ url, filename, description, width, height }) {
  const scale = width && height ? Math.min(1, WIDEST / width, HIGHEST / height) : 1;
  const size = width && height ? { width: Math.round(width * scale), height: Math.round(height * scale) } : {};
  const picture = el("img", { src: safe(url), alt: description ?? filename ?? "", loading: "lazy", ...size });
  return el("a", { class: "picture", href: safe(url), target: "_blank", rel: "noreferrer noopener" }, picture);
}

export function readable(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Only what a link may hold: never `javascript:`. */
export const safe = (url) => (/^(https?:\/\/|\/)/.test(url ?? "") ? url : "about:blank");

export function embedView(embed, world) {
  const colour = `#${(embed.color ?? 0x4e5058).toString(16).padStart(6, "0")}`;
  const title = embed.title && oneLine(embed.title, world);
  return el(
    "div",
    { class: "embed", style: { "border-left-color": colour } },
    embed.author?.name && el("small", { class: "embed-author" }, embed.author.name),
    title && el("strong", { class: "embed-title" }, embed.url ? el("a", leading(safe(embed.url), world), title) : title),
    embed.description && markdown(embed.description, world),
    embed.fields?.length && el("div", { class: "embed-fields" }, embed.fields.map((field) => fieldView(field, world))),
    embed.image?.url && pictureView(embed.image),
    embed.footer?.text && el("small", { class: "embed-footer" }, embed.footer.text),
  );
}

function fieldView(field, world) {
  return el("div", { class: field.inline ? "embed-field inline" : "embed-field" }, el("strong", {}, oneLine(field.name, world)), markdown(field.value, world));
}
