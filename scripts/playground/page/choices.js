/* What can be chosen for an option without asking the app: [{label, value}]. */

import { TYPE } from "./commands.js";
import { nameOf } from "./state.js";

/** Empty for what is typed freely. */
export function choicesOf(option, world) {
  if (option.choices?.length) return option.choices.map((it) => ({ label: it.name, value: it.value }));
  const people = () => [...world.people.values()].map((it) => ({ label: nameOf(it), value: it.id }));
  const roles = () => [...world.roles.values()].map((it) => ({ label: it.name, value: it.id }));
  const channels = () => [...world.channels.values()].map((it) => ({ label: it.name, value: it.id }));
  const kinds = {
    [TYPE.BOOLEAN]: () => ["True", "False"].map((it) => ({ label: it, value: it })),
    [TYPE.USER]: people,
    [TYPE.CHANNEL]: channels,
    [TYPE.ROLE]: roles,
    [TYPE.MENTIONABLE]: () => [...people(), ...roles()],
  };
  return kinds[option.type]?.() ?? [];
}
