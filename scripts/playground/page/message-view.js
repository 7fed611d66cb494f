/* One message. What it shows depends on its own record and on the few values that `stampOf` names; the list renders it
 * again only when one of them changed. */

import { componentsView } from "./components.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { markdown, oneLine } from "./markdown-view.js";
import { plain } from "./markdown.js";
import { attachmentsView, embedView } from "./media.js";
import { decoded, encoded } from "./mentions.js";
import { appTag, avatar } from "./people.js";
import { EPHEMERAL, LOADING, THREADS, interactionOf, nameOf, sentAt } from "./state.js";
import { clock, full, moment } from "./time.js";

const TYPE = { ADDED: 1, RENAMED: 4, JOIN: 7, THREAD_CREATED: 18, REPLY: 19, COMMAND: 20, STARTER: 21, CONTEXT: 23 };
const SPOKEN = new Set([0, TYPE.REPLY, TYPE.COMMAND, TYPE.CONTEXT]);
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
  if (message.type === TYPE.STARTER) return starterView(message, context);
  if (!SPOKEN.has(message.type)) return systemView(message, context);
  return spokenView(message, context);
}

const hidden = (message) => Boolean(message.flags & EPHEMERAL);
const threadOf = (message, world) => {
  const thread = world.channels.get(message.id);
  return thread && THREADS.has(thread.type) && message.channel_id !== thread.id ? thread : null;
};

function spokenView(message, context) {
  const { compact, world } = context;
  const mentioned = (message.mentions ?? []).some((person) => person.id === world.me.id) || message.mention_everyone;
  const classes = ["message", compact && "compact", mentioned && "mentioned", hidden(message) && "ephemeral"].filter(Boolean).join(" ");
  const side = compact ? el("time", { class: "side-time", "aria-hidden": "true" }, clock(sentAt(message))) : avatar(message.author);
  const name = world.authorName(message);
  return el(
    "article",
    { class: classes, tabindex: "-1", "aria-label": `${name}, ${moment(sentAt(message))}` },
    leadView(message, world),
    el("div", { class: "message-row" }, el("div", { class: "message-side" }, side), el("div", { class: "message-main" }, !compact && headerView(message, world), bodyView(message, context))),
    toolsView(message, context),
  );
}

function headerView(message, world) {
  const time = el("time", { datetime: message.timestamp, title: full(sentAt(message)) }, moment(sentAt(message)));
  return el("header", { class: "message-head" }, el("span", { class: "author" }, world.authorName(message)), message.author.bot && appTag(), time);
}

function bodyView(message, context) {
  const { world, actions } = context;
  if (context.editing === message.id) return editView(message, context);
  if (message.flags & LOADING) return [thinkingView(message, world), hidden(message) && noteView(message, context)];
  const modern = message.flags & V2;
  const edited = message.edited_timestamp && el("span", { class: "edited", title: full(new Date(message.edited_timestamp)) }, "(edited)");
  const text = message.content ? markdown(message.content, world) : null;
  (text?.lastElementChild?.tagName === "P" ? text.lastElementChild : text)?.append(...(edited ? [" ", edited] : []));
  return [
    text,
    attachmentsView(message),
    (message.embeds ?? []).map((embed) => embedView(embed, world)),
    message.components?.length ? componentsView(message, { world, actions, modern }) : null,
    pressView(message, world),
    threadView(message, world),
    hidden(message) && noteView(message, context),
  ];
}

/** The line above: what this replies to, or which command it answers. */
function leadView(message, world) {
  const asked = interactionOf(message);
  const replied = message.referenced_message;
  if (asked && (message.type === TYPE.COMMAND || asked.name)) {
    const command = asked.name ?? asked.command_name ?? world.application?.name ?? "a command";
    return el("div", { class: "lead" }, avatar(asked.user, 16), el("strong", {}, nameOf(asked.user)), " used ", el("span", { class: "mention" }, icon("command", 12), command));
  }
  if (message.type !== TYPE.REPLY) return null;
  if (!replied) return el("div", { class: "lead" }, el("em", {}, "Original message was deleted"));
  return el("div", { class: "lead" }, avatar(replied.author, 16), el("strong", {}, `@${nameOf(replied.author)}`), " ", el("span", { class: "lead-text" }, plain(replied.content).slice(0, 120) || "Click to see attachment"));
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

function pressView(message, world) {
  const why = world.pressed(message.id)?.why;
  return why ? el("p", { class: "failed" }, icon("warn", 14), "This interaction failed") : null;
}

function threadView(message, world) {
  const thread = threadOf(message, world);
  if (!thread) return null;
  const count = thread.message_count ?? 0;
  const last = world.latest(thread.id);
  const words = last && (last.flags & LOADING ? "is thinking…" : plain(last.content).slice(0, 80) || "sent a file");
  const preview = last && SPOKEN.has(last.type) ? [el("strong", {}, world.authorName(last)), " ", words] : "Open the thread to follow along.";
  return el(
    "a",
    { class: "thread-card", href: `#/${message.channel_id}/${thread.id}`, "aria-label": `Thread: ${thread.name}` },
    el("span", { class: "thread-card-head" }, icon("thread", 16), el("strong", {}, thread.name), el("span", { class: "thread-count" }, count ? `${count} Message${count === 1 ? "" : "s"} ›` : "See thread ›")),
    el("span", { class: "thread-card-text" }, preview),
  );
}

function systemView(message, { world }) {
  const who = el("strong", {}, world.authorName(message));
  const said = [who, ...saidBy(message, world)];
  const symbol = message.type === TYPE.THREAD_CREATED ? "thread" : "out";
  return el("article", { class: "message system", tabindex: "-1" }, el("div", { class: "message-row" }, el("div", { class: "message-side" }, icon(symbol, 18)), el("div", { class: "message-main" }, said, " ", el("time", {}, moment(sentAt(message))))));
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
function starterView(message, context) {
  const { world } = context;
  const origin = message.message_reference;
  const starter = world.messages.get(origin?.channel_id)?.get(origin?.message_id) ?? message.referenced_message;
  if (!starter) return el("article", { class: "message system" }, el("p", { class: "note" }, "The message this thread began with is not here any more."));
  const view = spokenView({ ...starter, components: [] }, { ...context, compact: false, starter: true });
  view.classList.add("starter");
  view.querySelector(".thread-card")?.remove();
  return view;
}

function toolsView(message, { world, reply, edit, actions, starter }) {
  if (message.flags & LOADING || hidden(message) || starter) return null;
  const mine = message.author.id === world.me.id;
  const tool = (name, label, act) => el("button", { type: "button", class: "tool", "aria-label": label, title: label, onclick: act }, icon(name, 18));
  return el(
    "div",
    { class: "tools", role: "toolbar", "aria-label": "Message actions" },
    tool("reply", "Reply", () => reply(message)),
    mine && tool("pencil", "Edit", () => edit(message.id)),
    mine && tool("trash", "Delete", () => actions.remove(message)),
  );
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
