/* The page: puts the parts together, follows the address (see `links`), and listens. */

import { Actions, toast } from "./actions.js";
import { Play } from "./api.js";
import { el, writes } from "./dom.js";
import { placeIn } from "./links.js";
import { tick } from "./markdown-view.js";
import { openModal } from "./modal.js";
import { Pane } from "./pane.js";
import { Members } from "./people.js";
import { Sidebar } from "./sidebar.js";
import { World, byId } from "./state.js";

const RELOADING = new Set(["COMMANDS_UPDATE", "GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE"]);

const world = new World();
const play = new Play(new URLSearchParams(location.search).get("user"));
const actions = new Actions(play, world);

const members = new Members(world, actions);
const sidebar = new Sidebar(world);
const main = new Pane({ world, actions, side: false, members: () => app.classList.toggle("without-members"), channels: () => app.classList.toggle("with-sidebar") });
const side = new Pane({ world, actions, side: true });
const lost = el("div", { class: "lost", role: "status", hidden: true }, "Connection lost. Trying again…");
const app = el("div", { class: "app" }, sidebar.root, el("main", { class: "stage" }, main.root, side.root), members.root, lost);
sidebar.root.addEventListener("click", (event) => event.target.closest("a") && app.classList.remove("with-sidebar"));
app.addEventListener("click", (event) => event.target.closest('a[href^="#/"]')?.getAttribute("href") === location.hash && arrive()); // once more
let dialog = null;

function follow() {
  const place = placeIn(location.hash);
  const known = (id) => (world.channels.has(id) ? id : null);
  const channel = known(place.channel) ?? home();
  main.show(channel);
  side.show(known(place.thread));
  world.look([channel, known(place.thread)]);
}

/** The address is new, or somebody wants to go there again. */
function arrive() {
  const { channel, message } = placeIn(location.hash);
  follow();
  if (channel && !world.channels.has(channel)) toast("That channel or thread is deleted or archived.");
  else if (message) main.seek(message);
  // What is still hidden takes no focus: it is shown in a microtask that stands before this one.
  queueMicrotask(() => (side.channel ? side : main).composer.focus());
}

/** Where a newcomer lands: the first text channel. */
function home() {
  const texts = [...world.channels.values()].filter((channel) => channel.type === 0);
  return texts.sort((one, other) => (one.position ?? 0) - (other.position ?? 0) || byId(one.id, other.id))[0]?.id ?? null;
}

function render() {
  if (main.channel && !world.channels.has(main.channel)) follow(); // it was deleted
  sidebar.render();
  members.render();
  main.render();
  side.render();
  lost.hidden = world.connected;
  app.classList.toggle("split", Boolean(side.channel));
  document.title = `${unread()}${world.channels.get(main.channel)?.name ?? ""} · ${world.guild.name}`;
  renderModal();
}

function unread() {
  const mentions = [...world.unread.values()].reduce((sum, count) => sum + count, 0);
  return mentions ? `(${mentions}) ` : world.unread.size ? "• " : "";
}

function renderModal() {
  if (world.modal && !dialog) dialog = openModal(world.modal, { world, actions });
  if (world.modal || !dialog) return;
  const closing = dialog;
  dialog = null;
  closing.remove();
}

/** False when the playground was started again and knows nothing of what this page shows: the page starts again too. */
async function refresh() {
  return world.read(async () => takeIn(await play.state()));
}

function takeIn(state) {
  if (world.me && world.me.id !== state.me.id) {
    location.replace(location.pathname);
    return false;
  }
  play.person = state.me.id;
  world.load(state);
  return true;
}

/** Events are heard from now on: read again what is on screen, for what happened before, and forget what is not. */
async function catchUp() {
  world.connected = true;
  world.changed();
  if (!(await refresh())) return;
  [...world.messages.keys()].filter((channel) => !world.looking.includes(channel)).forEach((channel) => world.messages.delete(channel));
  await Promise.all(world.looking.map((channel) => actions.open(channel, { again: true })));
}

async function hear(event) {
  if (RELOADING.has(event.t)) return void ((await refresh()) && follow());
  world.hear(event);
}

function typeAnywhere(event) {
  if (writes(event) && !event.target.closest(".command-field")) (side.channel ? side : main).composer.type();
}

try {
  await refresh();
  document.getElementById("app").append(app);
  world.subscribe(render);
  window.addEventListener("hashchange", arrive);
  document.addEventListener("keydown", typeAnywhere);
  follow();
  setInterval(tick, 1000);
  play.listen({
    heard: (event) => hear(event).catch((error) => toast(error.message)),
    opened: () => catchUp().catch((error) => toast(error.message)),
    lost: () => {
      world.connected = false;
      world.changed();
    },
  });
  main.composer.focus();
} catch (error) {
  document.getElementById("app").append(el("p", { class: "broken", role: "alert" }, error.message));
}
