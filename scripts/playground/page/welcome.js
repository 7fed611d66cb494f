/* The beginning of a channel or a thread. In a channel with what a newcomer should know, and, where nothing was said yet,
 * what they can type. */

import { runnable } from "./commands.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { oneLine } from "./markdown-view.js";
import { THREADS, nameOf } from "./state.js";

const EXAMPLES = ["list the files and write hello.py", "make a plan, then write greet.js and run it", "ask me which colour I like"];

export function welcomeView(channel, { world, empty, begin }) {
  const thread = THREADS.has(channel.type);
  const owner = thread && channel.owner_id && el("p", {}, "Started by ", el("strong", {}, world.personName(channel.owner_id)));
  return el(
    "div",
    { class: "welcome" },
    el("span", { class: "welcome-icon" }, icon(thread ? "thread" : "hash", 40)),
    el("h3", {}, thread ? channel.name : `Welcome to #${channel.name}!`),
    owner || el("p", {}, `This is the start of the #${channel.name} channel.`),
    empty && !thread && hintView(world, begin),
    !thread && world.notes.length > 0 && el("ul", { class: "notes" }, world.notes.map((note) => el("li", {}, oneLine(note, world)))),
  );
}

function hintView(world, begin) {
  const app = nameOf(world.application.bot);
  const ask = runnable(world.commands).find((command) => command.path.at(-1)?.name === "ask");
  const other = ask && [" (or type ", el("code", { class: "inline" }, `/${ask.name}`), ")"];
  const example = (text) => el("button", { type: "button", class: "example", onclick: () => begin(`@${app} ${text}`) }, text);
  return el(
    "div",
    { class: "hint" },
    el("p", {}, "Mention ", el("span", { class: "mention" }, `@${app}`), other, ", say what you want done, and press Enter. The app opens a thread with its own sandbox, works there, and answers there; in the thread just write, it reads along. Or begin with one of these:"),
    el("div", { class: "examples" }, EXAMPLES.map(example)),
  );
}
