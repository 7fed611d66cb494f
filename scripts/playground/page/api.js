/* What the page asks of the simulator, and what it hears. Every method rejects with an Error that can be shown. */

export class Play {
  constructor(person) {
    this.person = person;
  }

  state() {
    return this.#get("/play/state");
  }

  messages(channel, before) {
    return this.#get(`/play/channels/${channel}/messages`, { limit: 100, ...(before && { before }) });
  }

  write(channel, content, { replyTo = null, ping = true, files = [] } = {}) {
    const payload = { channel_id: channel, content, ...(replyTo && { reply_to: replyTo, ping }) };
    return this.#send("POST", "messages", withFiles(payload, files));
  }

  edit(message, content) {
    return this.#send("PATCH", `messages/${message.channel_id}/${message.id}`, { content });
  }

  remove(message) {
    return this.#send("DELETE", `messages/${message.channel_id}/${message.id}`);
  }

  changeThread(thread, change) {
    return this.#send("PATCH", `threads/${thread}`, change);
  }

  removeThread(thread) {
    return this.#send("DELETE", `threads/${thread}`);
  }

  /** "authorize", "remove_bot"…: what the server's owner does. */
  own(verb) {
    return this.#send("POST", `owner/${verb}`);
  }

  /** An option that is a file holds its number. */
  command(channel, name, options, files) {
    return this.#send("POST", "commands", withFiles({ channel_id: channel, name, options }, files));
  }

  /** A command for messages, on this one. */
  runOn(message, name) {
    return this.#send("POST", "commands", { channel_id: message.channel_id, name, type: 3, target_id: message.id });
  }

  press(message, customId, values) {
    const pressed = { channel_id: message.channel_id, message_id: message.id, custom_id: customId };
    return this.#send("POST", "components", values ? { ...pressed, values } : pressed);
  }

  submit(modal, components) {
    return this.#send("POST", "modals", { interaction_id: modal.interaction_id, custom_id: modal.custom_id, components });
  }

  complete(channel, name, options) {
    return this.#send("POST", "autocomplete", { channel_id: channel, name, options });
  }

  /** Calls `heard(event)` for each event and `opened()` on each connection. The browser reconnects by itself, but what
   * happened before is not replayed: whoever listens reads anew whenever a connection is open. */
  listen({ heard, opened, lost }) {
    const source = new EventSource(this.#address("/play/events"));
    source.onopen = opened;
    source.onmessage = (event) => heard(JSON.parse(event.data));
    source.onerror = () => {
      lost();
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.listen({ heard, opened, lost }), 2000);
    };
  }

  #address(path, query = {}) {
    const all = new URLSearchParams({ ...(this.person && { user: this.person }), ...query });
    return `${path}?${all}`;
  }

  async #get(path, query) {
    return read(await reach(this.#address(path, query)));
  }

  async #send(method, path, body) {
    const json = body !== undefined && !(body instanceof FormData);
    const request = { method, body: json ? JSON.stringify(body) : body, headers: json ? { "Content-Type": "application/json" } : {} };
    return read(await reach(`/play/users/${this.person}/${path}`, request));
  }
}

function withFiles(payload, files) {
  if (!files.length) return payload;
  const form = new FormData();
  form.append("payload_json", JSON.stringify(payload));
  files.forEach((file, at) => form.append(`files[${at}]`, file, file.name));
  return form;
}

async function reach(address, request) {
  try {
    return await fetch(address, request);
  } catch {
    throw new Error("The playground cannot be reached. Is it still running?");
  }
}

async function read(response) {
  const text = await response.text();
  const body = response.headers.get("content-type")?.includes("json") && text ? JSON.parse(text) : null;
  if (!response.ok) throw new Error(body?.message ?? `The playground answered ${response.status}.`);
  return body;
}
