/* Whom one means: `@Ada` while one types, `<@id>` when it is sent. Pure, no page needed. */

import { nameOf } from "./state.js";

const CODE = /(```[\s\S]*?```|`[^`\n]+`)/;
const TYPED = /(?:^|[\s(])@([\p{L}\p{N}_ .-]{0,32})$/u;

/** What stands of a name at the end of `text`; undefined when no name is being typed. */
export const typedAtEnd = (text) => TYPED.exec(text)?.[1];

/** Those whose name begins like this, apps first: they are who one talks to here. */
export function namedLike(people, typed) {
  const found = [...people].filter((person) => nameOf(person).toLowerCase().startsWith(typed.toLowerCase()));
  return found.sort((one, other) => Number(Boolean(other.bot)) - Number(Boolean(one.bot)) || nameOf(one).localeCompare(nameOf(other)));
}

/** Names become ids, but not in code; the longest name that fits is meant. */
export function encoded(text, people) {
  const ids = new Map([...people].map((person) => [nameOf(person).toLowerCase(), person.id]));
  if (!ids.size) return text;
  const names = [...ids.keys()].sort((one, other) => other.length - one.length).map(escaped);
  const mention = new RegExp(`(?<![\\p{L}\\p{N}_@<])@(${names.join("|")})(?![\\p{L}\\p{N}_])`, "giu");
  const outside = (part) => part.replace(mention, (_, name) => `<@${ids.get(name.toLowerCase())}>`);
  return text.split(CODE).map((part, at) => (at % 2 ? part : outside(part))).join("");
}

/** The other way round, to be edited. */
export function decoded(text, people) {
  const names = new Map([...people].map((person) => [person.id, nameOf(person)]));
  return text.replace(/<@!?(\d+)>/g, (whole, id) => (names.has(id) ? `@${names.get(id)}` : whole));
}

const escaped = (name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
