/* Times as Discord shows them. Pure, but for the reader's locale. */

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** A `<t:seconds:style>` of a message. https://discord.com/developers/docs/reference#message-formatting */
export function styled(seconds, style, now = Date.now()) {
  if (style !== "R") return new Intl.DateTimeFormat(undefined, STYLES[style]).format(seconds * 1000);
  const away = Math.round(seconds - now / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(away) >= length) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.trunc(away / size), unit);
}

export const clock = (date) => styled(date / 1000, "t");

/** Beside an author's name. */
export function moment(date, now = new Date()) {
  const days = Math.round((midnight(now) - midnight(date)) / 86400000);
  if (days === 0) return `Today at ${clock(date)}`;
  if (days === 1) return `Yesterday at ${clock(date)}`;
  return `${styled(date / 1000, "d")}, ${clock(date)}`;
}

export const day = (date) => styled(date / 1000, "D");
export const full = (date) => styled(date / 1000, "F");

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
