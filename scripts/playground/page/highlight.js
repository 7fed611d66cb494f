/* A light highlighter: enough to make a snippet readable, for the languages that people and models paste most.
 * `tokens(text, language)` gives [{kind, text}]; together they are the text again. Pure. */

const WORDS = {
  c: "auto break case char class const constexpr continue default delete do double else enum extern false float for if include inline int long namespace new nullptr private public return short signed sizeof static struct switch template this throw true try typedef typename union unsigned using virtual void while",
  go: "break case chan const continue default defer else false for func go if import interface map nil package range return select struct switch true type var",
  java: "abstract boolean break case catch class const double else enum extends false final finally float for fun if implements import int interface long new null override package private protected public return static super switch this throw throws true try val var void when while",
  js: "as async await break case catch class const continue default delete else export extends false finally for from function if implements import in instanceof interface let new null of private public readonly return static super switch this throw true try type typeof undefined var void while yield",
  python: "and as assert async await break case class continue def del elif else except False finally for from global if import in is lambda match None nonlocal not or pass raise return self True try while with yield",
  ruby: "begin class def do else elsif end ensure false for if in module nil not or require rescue return self then true unless until when while yield",
  rust: "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while",
  shell: "case do done echo elif else esac exit export fi for function if in local return set source then until while",
  sql: "alter and as asc begin by commit create delete desc distinct drop exists from group having in index insert into is join left limit not null on or order primary rollback select set table unique update values where",
};
const NAMES = {
  bash: "shell", console: "shell", cpp: "c", cs: "java", golang: "go", h: "c", javascript: "js", jsx: "js", kotlin: "java", kt: "java",
  py: "python", rb: "ruby", rs: "rust", sh: "shell", ts: "js", tsx: "js", typescript: "js", zsh: "shell",
};
const HASH_COMMENTS = new Set(["python", "ruby", "shell", "yaml", "yml", "toml", "dockerfile", "makefile"]);
const STRING = String.raw`"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|` + "`(?:\\\\.|[^`\\\\])*`";
const REST = String.raw`(?<number>\b\d[\w.]*)|(?<call>[A-Za-z_]\w*(?=\())|(?<word>[A-Za-z_]\w*)`;

export function tokens(text, language) {
  const name = NAMES[language.toLowerCase()] ?? language.toLowerCase();
  if (name === "diff") return lines(text);
  if (name === "json") return scan(text, grammar("(?!)"), new Set(["true", "false", "null"]));
  if (!(name in WORDS) && !HASH_COMMENTS.has(name)) return [{ kind: null, text }];
  const comment = HASH_COMMENTS.has(name) ? String.raw`#[^\n]*` : name === "sql" ? String.raw`--[^\n]*` : String.raw`//[^\n]*|/\*[\s\S]*?\*/`;
  return scan(text, grammar(comment), new Set((WORDS[name] ?? "true false null").split(" ")));
}

const grammar = (comment) => new RegExp(`(?<comment>${comment})|(?<string>${STRING})|${REST}`, "g");

function scan(text, pattern, words) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) found.push({ kind: null, text: text.slice(end, match.index) });
    const kind = Object.keys(match.groups).find((group) => match.groups[group] !== undefined);
    const known = words.has(match[0]) || words.has(match[0].toLowerCase());
    found.push({ kind: kind === "word" || kind === "call" ? (known ? "keyword" : kind === "call" ? "call" : null) : kind, text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ kind: null, text: text.slice(end) });
  return found;
}

function lines(text) {
  const kinds = { "+": "added", "-": "removed", "@": "keyword" };
  return text.split(/(?<=\n)/).map((line) => ({ kind: kinds[line[0]] ?? null, text: line }));
}
