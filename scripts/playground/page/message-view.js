/* One message. What it shows depends on its own record and on the few values that `stampOf` names; the list brings it up to
 * date only when one of them changed, and then part by part. */

import { showComponents } from "./components.js";
import { el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { oneLine, preview, showMarkdown } from "./markdown-view.js";
import { embedView, showAttachments } from "./media.js";
import { decoded, encoded } from "./mentions.js";
import { appTag, avatar } from "./people.js";
import { EPHEMERAL, LOADING, THREADS, interactionOf, isSilent, nameOf, sentAt } from "./state.js";
import { clock, full, moment } from "./time.js";

const TYPE = { ADDED: 1, RENAMED: 4, JOIN: 7, THREAD_CREATED: 18, REPLY: 19, COMMAND: 20, STARTER: 21, CONTEXT: 23 };
const SPOKEN = new Set([0, TYPE.REPLY, TYPE.COMMAND, TYPE.CONTEXT]);
const MENU = 3; // the type of a command that a message's menu has
const V2 = 1 << 15;
const GROUP_MS = 7 * 60_000;

/** Whether it goes on under the name of the one before. */
export function continues(message, before) {
  if (!before || !SPOKEN.has(message.type) || !SPOKEN.has(before.type)) return false;
  const led = message.type === TYPE.REPLY || message.type === TYPE.COMMAND || interactionOf(message);
  const near = sentAt(message) - sentAt(before) < GROUP_MS;
  return !led && near && message.author.id === before.author.id && hidden(message) === hidden(before);
}

export const stampOf = (message, { compact, world, editing }) => {
  const thread = threadOf(message, world);
  return [message, compact, editing === message.id, thread?.name, thread?.message_count, thread && world.latest(thread.id), world.pressed(message.id), world.people.size];
};

export function messageView(message, context) {
  const article = el("article", { tabindex: "-1" });
  showMessage(article, message, context);
  return article;
}

/** Bring what `messageView` made up to date. What is the same as before is not touched: a list that is open stays open,
 * what is selected stays selected, and nothing flickers while the app edits its message. */
export function showMessage(article, message, context) {
  if (message.type === TYPE.STARTER) return showStarter(article, message, context);
  if (!SPOKEN.has(message.type)) return showSystem(article, message, context);
  return showSpoken(article, message, context);
}

const hidden = (message) => Boolean(message.flags & EPHEMERAL);
const threadOf = (message, world) => {
  const thread = world.channels.get(message.id);
  return thread && THREADS.has(thread.type) && message.channel_id !== thread.id ? thread : null;
};

function showSpoken(article, message, context) {
  const { compact, world, starter } = context;
  const name = world.authorName(message);
  article.className = ["message", compact && "compact", world.mentions(message) && "mentioned", hidden(message) && "ephemeral", starter && "starter"].filter(Boolean).join(" ");
  article.setAttribute("aria-label", `${name}, ${moment(sentAt(message))}`);
  const side = () => (compact ? el("time", { class: "side-time", "aria-hidden": "true" }, clock(sentAt(message))) : avatar(message.author));
  const rows = [{ key: "side", stamp: [compact], make: () => el("div", { class: "message-side" }, side()) }, part("main", "div", "message-main", (main) => reconcile(main, bodyOf(message, context)))];
  reconcile(article, [
    { key: "lead", stamp: [JSON.stringify([message.interaction_metadata, message.referenced_message]), world.people.size], make: () => leadView(message, world) ?? el("div", { hidden: true }) },
    part("row", "div", "message-row", (row) => reconcile(row, rows)),
    !isSilent(message) && world.mentions(message) && { key: "you", stamp: [], make: () => el("span", { class: "you", role: "img", "aria-label": "mentioned you", title: "This message mentioned you" }, "@") },
    toolable(message, context) && { key: "tools", stamp: [message.id], make: () => toolsView(message, context) },
  ]);
}

/** A part that is made once and then brought up to date whenever its message is. */
function part(key, tag, name, show) {
  const make = () => {
    const node = el(tag, { class: name });
    show(node);
    return node;
  };
  return { key, stamp: [{}], make, update: show };
}

function headerView(message, world) {
  const time = el("time", { datetime: message.timestamp, title: full(sentAt(message)) }, moment(sentAt(message)));
  const silent = isSilent(message) && el("span", { class: "silent", role: "img", "aria-label": "Silent message", title: "Silent: nobody was notified of this message" }, icon("silent", 14));
  return el("header", { class: "message-head" }, el("span", { class: "author" }, world.authorName(message)), message.author.bot && appTag(), time, silent);
}

/** The parts of a message below its lead, for `reconcile`. */
function bodyOf(message, context) {
  const { world, actions, compact } = context;
  const { content, attachments, embeds, components } = message;
  const head = !compact && { key: "head", stamp: [world.authorName(message), message.flags], make: () => headerView(message, world) };
  const note = hidden(message) && { key: "note", stamp: [], make: () => noteView(message, context) };
  if (context.editing === message.id) return [head, { key: "edit", stamp: [], make: () => editView(message, context) }];
  if (message.flags & LOADING) return [head, { key: "thinking", stamp: [world.people.size], make: () => thinkingView(message, world) }, note];
  const failed = world.pressed(message.id)?.why;
  const thread = threadOf(message, world);
  const threadStamp = thread && [thread.name, thread.message_count, world.latest(thread.id)];
  return [
    head,
    content && part("text", "div", "markdown", (node) => showText(node, message, world)),
    attachments?.length && part("files", "div", "attachments", (node) => showAttachments(node, message)),
    ...(embeds ?? []).map((embed, at) => ({ key: `embed-${at}`, stamp: [JSON.stringify(embed)], make: () => embedView(embed, world) })),
    components?.length && !context.starter && part("components", "div", message.flags & V2 ? "components modern" : "components", (node) => showComponents(node, message, { world, actions })),
    failed && { key: "failed", stamp: [], make: () => el("p", { class: "failed", role: "alert" }, icon("warn", 14), "This interaction failed") },
    thread && !context.starter && { key: "thread", stamp: threadStamp, make: () => threadView(message, thread, world) },
    note,
  ];
}

function showText(node, message, world) {
  showMarkdown(node, message.content, world);
  node.querySelector(".edited")?.remove();
  if (!message.edited_timestamp) return;
  const last = node.lastElementChild;
  const edited = el("span", { class: "edited", title: full(new Date(message.edited_timestamp)) }, " (edited)");
  (["P", "SMALL"].includes(last?.tagName) ? last : node).append(edited);
}

/** The line above: what this replies to, or which command it answers. */
function leadView(message, world) {
  const asked = interactionOf(message);
  const replied = message.referenced_message;
  const first = asked?.triggering_interaction_metadata ?? asked; // of what was written in a form: who opened it, and how
  if (first && (message.type === TYPE.COMMAND || first.name)) {
    const command = first.name ?? first.command_name ?? world.application?.name ?? "a command";
    return el("div", { class: "lead" }, avatar(asked.user, 16), el("strong", {}, nameOf(asked.user)), " used ", el("span", { class: "mention" }, first.command_type !== MENU && icon("command", 12), el("span", { class: "lead-text", title: command }, command)));
  }
  if (message.type !== TYPE.REPLY) return null;
  if (!replied) return el("div", { class: "lead" }, el("em", {}, "Original message was deleted"));
  return el("div", { class: "lead" }, avatar(replied.author, 16), el("strong", {}, `@${nameOf(replied.author)}`), " ", el("span", { class: "lead-text" }, replied.content.trim() ? preview(replied.content, world) : "Click to see attachment"));
}

function thinkingView(message, world) {
  const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  return el("p", { class: "thinking" }, dots, `${world.authorName(message)} is thinking…`);
}

function noteView(message, { world, actions }) {
  const dismiss = () => {
    world.forget(message);
    actions.remove(message);
  };
  return el("p", { class: "note" }, icon("eye", 14), "Only you can see this · ", el("button", { type: "button", class: "link", onclick: dismiss }, "Dismiss message"));
}

function threadView(message, thread, world) {
  const count = thread.message_count ?? 0;
  const last = world.latest(thread.id);
  const words = last && (last.flags & LOADING ? "is thinking…" : last.content.trim() ? preview(last.content, world) : "sent a file");
  const newest = last && SPOKEN.has(last.type) ? [el("strong", {}, world.authorName(last)), " ", words] : "Open the thread to follow along.";
  return el(
    "a",
    { class: "thread-card", href: `#/${message.channel_id}/${thread.id}`, "aria-label": `Thread: ${thread.name}` },
    el("span", { class: "thread-card-head" }, icon("thread", 16), el("strong", {}, thread.name), el("span", { class: "thread-count" }, count ? `${count} Message${count === 1 ? "" : "s"} ›` : "See thread ›")),
    el("span", { class: "thread-card-text" }, newest),
  );
}

function showSystem(article, message, { world }) {
  const who = el("strong", {}, world.authorName(message));
  const said = [who, ...saidBy(message, world)];
  const symbol = message.type === TYPE.THREAD_CREATED ? "thread" : "out";
  const main = el("div", { class: "message-main" }, said.flat(), " ", el("time", {}, moment(sentAt(message))));
  article.className = "message system";
  article.replaceChildren(el("div", { class: "message-row" }, el("div", { class: "message-side" }, icon(symbol, 18)), main));
}

/** What Discord says about what somebody did. */
function saidBy(message, world) {
  const thread = message.message_reference?.channel_id ?? message.id;
  switch (message.type) {
    case TYPE.ADDED:
      return [" added ", (message.mentions ?? []).map(nameOf).join(", "), " to the thread."];
    case TYPE.RENAMED:
      return [" changed the thread’s name: ", el("strong", {}, message.content), "."];
    case TYPE.JOIN:
      return [" just joined."];
    case TYPE.THREAD_CREATED:
      return [" started a thread: ", el("a", { href: `#/${message.channel_id}/${thread}` }, el("strong", {}, message.content)), "."];
    default:
      return [" ", oneLine(message.content || "did something this page does not know.", world)];
  }
}

/** The message that a thread hangs on, shown at its beginning. */
function showStarter(article, message, context) {
  const { world } = context;
  const origin = message.message_reference;
  const starter = world.messages.get(origin?.channel_id)?.get(origin?.message_id) ?? message.referenced_message;
  if (starter) return showSpoken(article, starter, { ...context, compact: false, starter: true });
  article.className = "message system";
  article.replaceChildren(el("p", { class: "note" }, "The message this thread began with is not here any more."));
}

const toolable = (message, { starter }) => !(message.flags & LOADING || hidden(message) || starter);

function toolsView(message, { world, reply, edit, actions, menu }) {
  const mine = message.author.id === world.me.id;
  // One stop for the Tab key in every message: what the others do is in the menu as well.
  const tool = (name, label, act) => el("button", { type: "button", class: "tool", tabindex: name === "more" ? "0" : "-1", "aria-label": label, title: label, onclick: act }, icon(name, 18));
  return el(
    "div",
    { class: "tools", role: "toolbar", "aria-label": "Message actions" },
    tool("reply", "Reply", () => reply(message)),
    mine && tool("pencil", "Edit", () => edit(message.id)),
    mine && tool("trash", "Delete", () => actions.remove(message)),
    tool("more", "More", ({ currentTarget }) => menu(message.id, below(currentTarget))),
  );
}

function below(button) {
  const { left, bottom } = button.getBoundingClientRect();
  return { x: left, y: bottom + 4 };
}

function editView(message, { edit, actions, world }) {
  const before = decoded(message.content, world.people.values());
  const field = el("textarea", { class: "edit-field", "aria-label": "Edit message", rows: before.split("\n").length, maxlength: 2000 });
  field.value = before;
  const save = () => {
    edit(null);
    if (field.value.trim() && field.value !== before) actions.edit(message, encoded(field.value, world.people.values()));
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") edit(null);
    if (event.key === "Enter" && !event.shiftKey) save();
    if (event.key === "Enter" && !event.shiftKey) event.preventDefault();
  });
  queueMicrotask(() => field.focus());
  return el("div", { class: "edit" }, field, el("small", {}, "escape to cancel · enter to save"));
}
