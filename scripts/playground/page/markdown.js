/* Discord's Markdown as a tree: `parse(text)` gives blocks, blocks hold inline nodes. Pure, no page needed.
 *
 * It follows what Discord shows, which is less than CommonMark: no tables, no rules, no images; a single line break is
 * a line break; fences may stand in the middle of a line. https://support.discord.com/hc/en-us/articles/210298617 */

const FENCE = /^ *```(?:([\w+#.-]+)\n)?\n*([\s\S]*?)\n*```(?: *\n)?/;
const QUOTE = /^(?:> [^\n]*(?:\n|$))+/;
const QUOTE_REST = /^>>> ([\s\S]*)$/;
const HEADING = /^(#{1,3}) +([^\n]+?) *#*(?:\n|$)/;
const SUBTEXT = /^-# +([^\n]+)(?:\n|$)/;
const ITEM = /^( *)([-*]|\d{1,9}\.) +([^\n]+)(?:\n|$)/;
const INDENTED = /^ {2,}(?! *(?:[-*]|\d{1,9}\.) )(?! *```)(\S[^\n]*)(?:\n|$)/;

/** [{type: "paragraph" | "heading" | "subtext" | "quote" | "list" | "code", …}] */
export function parse(text, quoted = false) {
  const found = [];
  let rest = text;
  while (rest) {
    const [block, length] = blockAt(rest, quoted) ?? paragraphAt(rest);
    found.push(block);
    rest = rest.slice(length);
  }
  return found;
}

function blockAt(rest, quoted) {
  let match;
  if ((match = FENCE.exec(rest)) && match[2].trim()) return [{ type: "code", language: match[1] ?? "", text: match[2] }, match[0].length];
  if (!quoted && (match = QUOTE_REST.exec(rest))) return [{ type: "quote", blocks: parse(match[1], true) }, match[0].length];
  if (!quoted && (match = QUOTE.exec(rest))) {
    const inner = match[0].replace(/^> /gm, "").replace(/\n$/, "");
    return [{ type: "quote", blocks: parse(inner, true) }, match[0].length];
  }
  if ((match = HEADING.exec(rest))) return [{ type: "heading", level: match[1].length, inline: inline(match[2]) }, match[0].length];
  if ((match = SUBTEXT.exec(rest))) return [{ type: "subtext", inline: inline(match[1]) }, match[0].length];
  if (ITEM.test(rest)) return listAt(rest);
  return null;
}

/** Everything up to the next line, or fence, that begins a block of its own. */
function paragraphAt(rest) {
  let end = 0;
  while (end < rest.length) {
    const newline = rest.indexOf("\n", end);
    const line = rest.slice(end, newline < 0 ? rest.length : newline);
    const tick = line.indexOf("```");
    if (tick >= 0 && end + tick > 0 && FENCE.test(rest.slice(end + tick))) {
      end += tick;
      break;
    }
    end = newline < 0 ? rest.length : newline + 1;
    if (blockAt(rest.slice(end), false)) break;
  }
  return [{ type: "paragraph", inline: inline(rest.slice(0, end).replace(/\n$/, "")) }, end];
}

function listAt(text) {
  const lines = [];
  let length = 0;
  for (let match; ; length += match[0].length) {
    const rest = text.slice(length);
    if ((match = ITEM.exec(rest)) && !turns(lines[0], match)) lines.push({ indent: match[1].length, mark: match[2], text: match[3] });
    else if (lines.length && (match = INDENTED.exec(rest))) lines.at(-1).text += `\n${match[1]}`;
    else break;
  }
  return [nest(lines), length];
}

/** A bullet after numbers, or the other way round, begins another list. */
const turns = (first, match) => first && match[1].length <= first.indent && /\d/.test(first.mark) !== /\d/.test(match[2]);

function nest(lines) {
  const list = { type: "list", start: startOf(lines[0]), items: [] };
  for (let at = 0; at < lines.length; ) {
    let next = at + 1;
    while (next < lines.length && lines[next].indent > lines[0].indent) next += 1;
    const below = lines.slice(at + 1, next);
    list.items.push({ inline: inline(lines[at].text), list: below.length ? nest(below) : null });
    at = next;
  }
  return list;
}

const startOf = (line) => (/\d/.test(line.mark) ? parseInt(line.mark, 10) : null);

const span = (type) => (match) => ({ type, inline: inline(match[1]) });
const INLINE = [
  [/^\\([^0-9A-Za-z\s])/, (match) => match[1]],
  [/^(`+)([\s\S]*?[^`])\1(?!`)/, (match) => ({ type: "code", text: match[2].replace(/^ (?=`)|(?<=`) $/g, "") })],
  [/^<(https?:\/\/[^ >\n]+)>/, (match) => ({ type: "link", url: match[1], inline: [match[1]] })],
  [/^https?:\/\/[^\s<]*[^\s<.,:;"'\])*_~|`]/, (match) => ({ type: "link", url: match[0], inline: [match[0]] })],
  [
    /^\[([^\]\n]+)\]\(<?(https?:\/\/[^\s)>]+)>?(?: "[^"\n]*")?\)/,
    (match) => ({ type: "link", url: match[2], inline: inline(match[1]) }),
  ],
  [/^<@!?(\d{1,20})>/, (match) => ({ type: "user", id: match[1] })],
  [/^<@&(\d{1,20})>/, (match) => ({ type: "role", id: match[1] })],
  [/^<#(\d{1,20})>/, (match) => ({ type: "channel", id: match[1] })],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (match) => ({ type: "time", seconds: Number(match[1]), style: match[2] ?? "f" })],
  [/^<\/([^:>\n]+):(\d{1,20})>/, (match) => ({ type: "command", name: match[1] })],
  [/^<a?:(\w+):\d{1,20}>/, (match) => ({ type: "emoji", name: match[1] })],
  [/^@(everyone|here)\b/, (match) => ({ type: "everyone", name: match[1] })],
  [/^\|\|([\s\S]+?)\|\|/, span("spoiler")],
  [/^\*\*([\s\S]+?)\*\*(?!\*)/, span("strong")],
  [/^__([\s\S]+?)__(?!_)/, span("underline")],
  [/^~~([\s\S]+?)~~/, span("strike")],
  [/^\*(?![\s*])([\s\S]*?[^\s*])\*(?!\*)/, span("emphasis")],
  [/^_(?!_)((?:[^_\\]|\\[\s\S]|__)+?)_(?![A-Za-z0-9_])/, span("emphasis"), /[A-Za-z0-9_]$/],
];
const PLAIN = /^(?:[A-Za-z0-9 ]+?(?=https?:\/\/)|[^\\`<h[@|*_~]+|[\s\S])/;

/** Strings and nodes ({type: "strong" | "emphasis" | "underline" | "strike" | "spoiler" | "link" | "code" | …}). */
export function inline(text) {
  const found = [];
  let rest = text;
  while (rest) {
    const before = text.slice(0, text.length - rest.length);
    const [node, length] = nodeAt(rest, before);
    if (typeof node === "string" && typeof found.at(-1) === "string") found.push(found.pop() + node);
    else found.push(node);
    rest = rest.slice(length);
  }
  return found;
}

function nodeAt(rest, before) {
  for (const [pattern, make, notAfter] of INLINE) {
    const match = pattern.exec(rest);
    if (match && !notAfter?.test(before)) return [make(match), match[0].length];
  }
  const plain = PLAIN.exec(rest)[0];
  return [plain, plain.length];
}

const BARE = new Set(["time", "user", "role", "channel"]); // nodes that have no words of their own

/** All of it on one line, for a preview: strings, and the nodes that stand for a time or a name. */
export function flat(text) {
  const words = (node) => (typeof node === "string" || BARE.has(node.type) ? [node] : node.inline ? node.inline.flatMap(words) : [node.text ?? node.name ?? ""]);
  const block = (it) => (it.type === "code" ? [it.text] : [...(it.inline ?? []).flatMap(words), ...(it.blocks ?? it.items ?? it.list?.items ?? []).flatMap(spaced)]);
  const spaced = (it) => [" ", ...block(it)];
  return parse(text).flatMap(spaced).map((node) => (typeof node === "string" ? node.replace(/\s+/g, " ") : node));
}
