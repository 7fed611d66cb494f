/* Slash commands as a person types them: finding one, cutting what was typed into options, and Discord's option tree.
 * Pure. https://discord.com/developers/docs/interactions/application-commands */

export const TYPE = {
  SUBCOMMAND: 1, GROUP: 2, STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8, MENTIONABLE: 9, NUMBER: 10, ATTACHMENT: 11,
};

/** Everything that can be run: [{root, path: ["ask"], name: "opencord ask", description, options}]. */
export function runnable(commands) {
  return commands.filter((it) => (it.type ?? 1) === 1).flatMap((command) => descend(command, command.name, []));
}

function descend(node, root, path) {
  const below = (node.options ?? []).filter((option) => option.type <= TYPE.GROUP);
  if (below.length) return below.flatMap((option) => descend(option, root, [...path, { name: option.name, type: option.type }]));
  const name = [root, ...path.map((step) => step.name)].join(" ");
  return [{ root, path, name, description: node.description, options: node.options ?? [] }];
}

/** Those that `typed` (without the slash) may become, the best first. */
export function matching(all, typed) {
  const wanted = typed.toLowerCase().trim().split(/\s+/).filter(Boolean);
  const fits = all.filter((command) => wanted.every((word) => command.name.split(" ").some((part) => part.startsWith(word))));
  return fits.sort((one, other) => Number(other.name.startsWith(typed.trim())) - Number(one.name.startsWith(typed.trim())));
}

/** The command that a text such as "/opencord ask prompt: hello" names in full, and its options; null while it names none. */
export function parseTyped(all, text) {
  const named = all.filter((command) => text.startsWith(`/${command.name} `)).sort((one, other) => other.name.length - one.name.length)[0];
  return named ? { command: named, values: splitOptions(named, text.slice(named.name.length + 2)) } : null;
}

/** "a b limit: 3" → {prompt: "a b", limit: "3"}: what stands before the first name belongs to the first option. */
export function splitOptions(command, text) {
  if (!command.options.length) return {};
  const names = command.options.map((option) => option.name).join("|");
  const parts = text.split(new RegExp(`(?:^|(?<=\\s))(${names}):(?:\\s|$)`));
  const values = {};
  if (parts[0].trim()) values[command.options[0].name] = parts[0].trim();
  for (let at = 1; at < parts.length; at += 2) values[parts[at]] = parts[at + 1].trim();
  return values;
}

/** The value that Discord would send for what was typed, or why it cannot. → {value} | {error} */
export function coerce(option, text) {
  if (option.choices?.length) {
    const choice = option.choices.find((it) => it.name === text || String(it.value) === text);
    return choice ? { value: choice.value } : { error: "Choose one of the list" };
  }
  if (option.type === TYPE.STRING) return checkLength(option, text);
  if (option.type === TYPE.BOOLEAN) return /^(true|false)$/i.test(text) ? { value: /^t/i.test(text) } : { error: "True or False" };
  if (option.type === TYPE.INTEGER || option.type === TYPE.NUMBER) return checkNumber(option, text);
  return /^\d{1,20}$/.test(text) ? { value: text } : { error: option.type === TYPE.ATTACHMENT ? "Choose a file" : "Choose one of the list" };
}

function checkLength(option, text) {
  if (text.length < (option.min_length ?? 0)) return { error: `At least ${option.min_length} characters` };
  if (text.length > (option.max_length ?? 6000)) return { error: `At most ${option.max_length ?? 6000} characters` };
  return { value: text };
}

function checkNumber(option, text) {
  const value = Number(text);
  const whole = option.type === TYPE.INTEGER;
  if (!text.trim() || !Number.isFinite(value) || (whole && !Number.isInteger(value))) return { error: whole ? "A whole number" : "A number" };
  if (value < (option.min_value ?? -Infinity)) return { error: `Not less than ${option.min_value}` };
  if (value > (option.max_value ?? Infinity)) return { error: `Not more than ${option.max_value}` };
  return { value };
}

/** The first thing that is wrong with `values` (texts by option name): {option, error}, or null. */
export function problem(command, values) {
  for (const option of command.options) {
    const text = values[option.name] ?? "";
    if (!text.trim() && option.required) return { option: option.name, error: "This option is required" };
    const { error } = text.trim() ? coerce(option, text.trim()) : {};
    if (error) return { option: option.name, error };
  }
  return null;
}

/** Discord's option tree; `focused` marks the option that is asked to be completed, which may be half typed. */
export function tree(command, values, focused = null) {
  const leaves = command.options
    .filter((option) => (values[option.name] ?? "").trim() || option.name === focused)
    .map((option) => leaf(option, (values[option.name] ?? "").trim(), option.name === focused));
  return command.path.reduceRight((options, step) => [{ name: step.name, type: step.type, options }], leaves);
}

function leaf(option, text, focused) {
  const { value } = coerce(option, text);
  return { name: option.name, type: option.type, value: value ?? text, ...(focused && { focused: true }) };
}
