/* What the page knows of the world. `World` changes only by what the simulator says (`load`, `fill`, `hear`) and by what
 * the person does on this page alone (`await…`, `dismiss`, `look`); whoever shows it subscribes and is told afterwards,
 * once per turn of the event loop. Records are replaced, never changed: a view may compare them by identity. */

export const THREADS = new Set([10, 11, 12]);
export const LOADING = 1 << 7;
export const EPHEMERAL = 1 << 6;
export const SILENT = 1 << 12;
const STARTER = 21; // the message that a thread hangs on, shown once more at its beginning
const TYPING_MS = 10_000;

export class World {
  me = null;
  guild = null;
  application = null;
  commands = [];
  notes = []; // what a newcomer should know, in Markdown
  people = new Map();
  roles = new Map();
  channels = new Map();
  messages = new Map(); // channel → Map of id → message, oldest first
  complete = new Set(); // channels whose beginning is known
  typing = new Map(); // channel → Map of person → until, in epoch milliseconds
  unread = new Map(); // channel → number of mentions, 0 for merely unread
  waiting = new Map(); // interaction → what was asked and has not been answered
  failed = new Map(); // interaction → why
  asked = new Set(); // channels in which the person just used a command, by its name, a menu or a form
  answered = new Set(); // interactions of which an event told that before the answer to the press did
  forms = new Map(); // interaction → the form that it opened, where it was asked for elsewhere, or its answer is yet to come
  connected = true;
  modal = null;
  looking = []; // the channels on screen
  #subscribers = new Set();
  #scheduled = false;
  #reading = 0;
  #held = [];

  subscribe(tell) {
    this.#subscribers.add(tell);
  }

  changed() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      for (const tell of this.#subscribers) tell();
    });
  }

  load(state) {
    this.me = state.me;
    this.guild = state.guild;
    this.application = state.application;
    this.commands = state.commands;
    this.notes = state.notes ?? [];
    this.people = new Map(state.people.map((person) => [person.id, person]));
    this.roles = new Map(state.roles.map((role) => [role.id, role]));
    this.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
    this.changed();
  }

  /** A page of history, oldest first. `whole` says that nothing is older. */
  fill(channel, page, { whole, older = false }) {
    const known = older ? [...(this.messages.get(channel)?.values() ?? [])] : [];
    this.messages.set(channel, new Map([...page, ...known].map((message) => [message.id, message])));
    if (whole) this.complete.add(channel);
    page.forEach((message) => this.#settle(message));
    this.changed();
  }

  hear(event) {
    if (this.#reading) return void this.#held.push(event);
    HEARD[event.t]?.call(this, event.d);
    this.changed();
  }

  /** Do what asks the simulator and takes in what it says. Meanwhile what happens waits, or it could be overwritten by an
   * answer that was on its way before it. */
  async read(reading) {
    this.#reading += 1;
    try {
      return await reading();
    } finally {
      this.#reading -= 1;
      if (!this.#reading) this.#held.splice(0).forEach((event) => this.hear(event));
    }
  }

  look(channels) {
    this.looking = channels.filter(Boolean);
    this.looking.forEach((channel) => this.unread.delete(channel));
    this.changed();
  }

  /** Remember what was asked until it is answered or fails: {kind, channel, message?, custom_id?, name?}. */
  awaitAnswer(interaction, asked) {
    const form = this.forms.get(interaction);
    if (form) this.#openForm(form);
    const answered = this.answered.delete(interaction) || form || this.#isAnswered(interaction);
    if (asked.kind === "command") this.asked.add(asked.channel);
    if (!answered) this.waiting.set(interaction, { ...asked, interaction, why: this.failed.get(interaction) ?? null, at: Date.now() });
    this.changed();
  }

  dismiss(interaction) {
    this.waiting.delete(interaction);
    this.changed();
  }

  /** An ephemeral message leaves this page alone. */
  forget(message) {
    this.messages.get(message.channel_id)?.delete(message.id);
    this.changed();
  }

  #openForm(form) {
    this.forms.delete(form.interaction_id);
    this.waiting.delete(form.interaction_id);
    this.modal = form;
  }

  /** In this window only what was asked for here: the same person may have others. */
  offerForm(form) {
    if (this.waiting.has(form.interaction_id)) this.#openForm(form);
    else this.forms.set(form.interaction_id, form);
  }

  closeModal() {
    this.modal = null;
    this.changed();
  }

  personName(id) {
    const person = this.people.get(id) ?? (this.application?.bot?.id === id ? this.application.bot : null);
    return person ? nameOf(person) : "unknown-user";
  }

  /** A webhook is nobody in the server: its messages say what it is called. */
  authorName(message) {
    return nameOf(this.people.get(message.author.id) ?? message.author);
  }

  threadsOf(channel) {
    const threads = [...this.channels.values()].filter((it) => it.parent_id === channel && THREADS.has(it.type));
    return threads.filter((it) => !it.thread_metadata?.archived).sort((one, other) => byId(other.id, one.id));
  }

  typists(channel, now = Date.now()) {
    const typing = [...(this.typing.get(channel) ?? [])];
    return typing.filter(([id, until]) => until > now && id !== this.me?.id).map(([id]) => this.personName(id));
  }

  /** The app's commands for messages. */
  menus() {
    return this.commands.filter((command) => command.type === 3);
  }

  waitingIn(channel, kind) {
    return [...this.waiting.values()].filter((it) => it.channel === channel && it.kind === kind);
  }

  pressed(message) {
    return [...this.waiting.values()].find((it) => it.kind === "component" && it.message === message) ?? null;
  }

  #isAnswered(interaction) {
    for (const messages of this.messages.values())
      for (const message of messages.values()) if (interactionOf(message)?.id === interaction) return true;
    return false;
  }

  #settle(message) {
    this.waiting.delete(interactionOf(message)?.id);
    for (const asked of this.waiting.values()) if (asked.message === message.id && !asked.why) this.waiting.delete(asked.interaction);
  }

  put(message) {
    const messages = this.messages.get(message.channel_id);
    if (messages) messages.set(message.id, { ...messages.get(message.id), ...message });
    this.#settle(message);
  }

  drop(channel, id) {
    const message = this.messages.get(channel)?.get(id);
    if (!message) return;
    this.messages.get(channel).delete(id);
    this.count(message, -1);
  }

  /** Discord sends no event when a thread has one message more or less: its clients count. */
  count(message, by = 1) {
    const thread = this.channels.get(message.channel_id);
    if (!THREADS.has(thread?.type) || !counted(message)) return;
    this.channels.set(thread.id, { ...thread, message_count: (thread.message_count ?? 0) + by });
  }

  /** The last that everybody in the thread can read, as far as it is known here. */
  latest(thread) {
    return [...(this.messages.get(thread)?.values() ?? [])].findLast(counted) ?? null;
  }

  noteUnread(message) {
    if (message.author.id === this.me.id || isSilent(message) || this.looking.includes(message.channel_id)) return;
    this.unread.set(message.channel_id, (this.unread.get(message.channel_id) ?? 0) + (this.mentions(message) ? 1 : 0));
  }

  /** Whether it names whoever plays here. */
  mentions(message) {
    return Boolean((message.mentions ?? []).some((person) => person.id === this.me.id) || message.mention_everyone);
  }

  settleInteraction(id) {
    if (!this.waiting.has(id)) this.answered.add(id);
    else if (this.waiting.get(id).kind === "component") this.waiting.delete(id);
  }
}

/** Sent so that nobody is notified of it. */
export const isSilent = (message) => Boolean(message.flags & SILENT);

const counted = (message) => message.type !== STARTER && !(message.flags & EPHEMERAL);

/** All of a new thread is heard here. */
function beginThread(thread) {
  putChannel.call(this, thread);
  if (!thread.newly_created || this.messages.has(thread.id)) return;
  this.messages.set(thread.id, new Map());
  this.complete.add(thread.id);
}

function putChannel(channel) {
  this.channels.set(channel.id, { ...this.channels.get(channel.id), ...channel });
}

/** With its threads, of which no event tells. */
function dropChannel(channel) {
  for (const it of [...this.channels.values()]) if (THREADS.has(it.type) && it.parent_id === channel.id) this.channels.delete(it.id);
  this.channels.delete(channel.id);
}

/** Gateway events, and the few that only a client hears. */
const HEARD = {
  MESSAGE_CREATE(message) {
    const known = this.messages.get(message.channel_id)?.has(message.id);
    this.put(message);
    if (!known) this.count(message);
    this.noteUnread(message);
    this.typing.get(message.channel_id)?.delete(message.author.id);
  },
  MESSAGE_UPDATE(message) {
    this.put(message);
  },
  MESSAGE_DELETE({ id, channel_id: channel }) {
    this.drop(channel, id);
  },
  MESSAGE_DELETE_BULK({ ids, channel_id: channel }) {
    ids.forEach((id) => this.drop(channel, id));
  },
  CHANNEL_CREATE: putChannel,
  CHANNEL_UPDATE: putChannel,
  CHANNEL_DELETE: dropChannel,
  THREAD_CREATE: beginThread,
  THREAD_UPDATE: putChannel,
  THREAD_DELETE: dropChannel,
  TYPING_START({ channel_id: channel, user_id: person }) {
    const typing = this.typing.get(channel) ?? new Map();
    this.typing.set(channel, typing.set(person, Date.now() + TYPING_MS));
    setTimeout(() => this.changed(), TYPING_MS + 50);
  },
  INTERACTION_SUCCESS({ id }) {
    this.settleInteraction(id);
  },
  INTERACTION_FAILED({ id, why }) {
    this.failed.set(id, why);
    const asked = this.waiting.get(id);
    if (asked) this.waiting.set(id, { ...asked, why });
  },
  MODAL_OPEN(form) {
    this.offerForm(form);
  },
};

/** What a reply replies to, if it answers a command or a press. */
export const interactionOf = (message) => message.interaction_metadata ?? message.interaction ?? null;

export const nameOf = (person) => person.nick ?? person.global_name ?? person.username;

/** The order of snowflakes, which are too long for numbers. */
export const byId = (one, other) => one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);

export const sentAt = (message) => new Date(message.timestamp);
