/* Where a link leads: to a place in this server without leaving the page, as in Discord's client; anywhere else in a tab
 * of its own. A place is `#/channel`, `#/channel/thread` beside it, or `#/channel//message`. */

const JUMP = /^https:\/\/(?:(?:canary|ptb)\.)?discord(?:app)?\.com\/channels\/(\d{1,20})\/(\d{1,20})(?:\/(\d{1,20}))?\/?$/;

/** The attributes of an `a` that leads there. */
export function leading(url, world) {
  const [, guild, channel, message] = JUMP.exec(url) ?? [];
  if (guild !== world.guild.id) return { href: url, target: "_blank", rel: "noreferrer noopener" };
  return { href: message ? `#/${channel}//${message}` : `#/${channel}` };
}

/** {channel, thread, message}, each as the address says; what it does not say is missing or empty. */
export function placeIn(hash) {
  const [, channel, thread, message] = hash.split("/");
  return { channel, thread, message };
}
