"""What the app is told about an interaction: Discord's payloads, and the option tree of a typed command.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scripts.playground.discord import cdn, commands, render
from scripts.playground.discord.errors import Json
from scripts.playground.discord.filling import Impossible, definition_of, focused_in, judge_options
from scripts.playground.discord.records import Channel, Message, Upload

if TYPE_CHECKING:
    from scripts.playground.discord.world import World

USER_OPTION, CHANNEL_OPTION, ROLE_OPTION, MENTIONABLE, ATTACHMENT_OPTION = 6, 7, 8, 9, 11


def envelope(world: "World", person: str, channel: Channel) -> Json:
    member = render.member(world.members[person])
    return {
        "application_id": world.application.id,
        "guild_id": world.guild,
        "guild": {"id": world.guild, "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "locale": "en-US",
        "channel_id": channel.id,
        "channel": render.channel(world, channel, viewer=person)
        | {"permissions": str(int(world.may(person, channel)))},
        "member": member | {"permissions": str(int(world.may(person, channel)))},
        "app_permissions": str(int(world.may(world.bot.id, channel))),
        "attachment_size_limit": world.rules.file_bytes,
        "authorizing_integration_owners": {"0": world.guild},
        "context": 0,
        "entitlements": [],
        "entitlement_sku_ids": [],
    }


def find_command(world: "World", name: str, kind: int = 1) -> Json:
    for command in commands.visible(world):
        if command["name"] == name and command["type"] == kind:
            return command
    raise Impossible(f"there is no command /{name}")


def option_tree(definition: Json | None, values: Mapping[str, Any], *, focused: str | None = None) -> list[Json]:
    """Nested mappings as Discord sends them: {"ask": {"prompt": "…"}}. Without a definition the types are guessed."""
    known = {option["name"]: option for option in (definition or {}).get("options") or []}
    tree: list[Json] = []
    for name, value in values.items():
        option = known.get(name)
        if definition is not None and option is None:
            raise Impossible(f"there is no option {name}")
        if isinstance(value, Mapping):
            kind = option["type"] if option else 1
            tree.append({"name": name, "type": kind, "options": option_tree(option, value, focused=focused)})
        else:
            kind = option["type"] if option else _guess(value)
            tree.append({"name": name, "type": kind, "value": value} | ({"focused": True} if name == focused else {}))
    return tree


def judge_command(definition: Json, tree: list[Json], found: Message | None) -> None:
    """What Discord's client checks of a command before it sends it; `found` is the message that a menu was opened on.
    Raises Impossible."""
    judge_options(definition, tree)
    if definition["type"] == commands.MESSAGE and (found is None or found.visible_to is not None):
        raise Impossible("a menu is opened on a message that everybody sees")


def judge_typing(definition: Json, tree: list[Json]) -> None:
    """Of a command that is still being typed: it must be about one option, which the app completes."""
    judge_options(definition, tree, whole=False)
    focused = focused_in(tree)
    if focused is None or not definition_of(definition, tree, focused["name"]).get("autocomplete"):
        raise Impossible("nothing is completed here")


def _guess(value: object) -> int:
    for type_, kind in ((bool, 5), (int, 4), (float, 10), (Upload, ATTACHMENT_OPTION)):
        if isinstance(value, type_):
            return kind
    return 3


def with_files(options: Sequence[Json], files: Sequence[Upload]) -> list[Json]:
    """A tree in which the files are where their numbers stood. Raises Impossible for a number without a file."""
    tree = []
    for option in options:
        changed = dict(option)
        if "options" in option:
            changed["options"] = with_files(option["options"], files)
        elif option["type"] == ATTACHMENT_OPTION:
            number = str(option.get("value"))
            if not number.isdigit() or int(number) >= len(files):
                raise Impossible(f"option {option['name']} has no file")
            changed["value"] = files[int(number)]
        tree.append(changed)
    return tree


def resolve(world: "World", options: list[Json], resolved: Json) -> Json:
    """Replace uploads by their ids and gather what the options point to."""
    for option in options:
        resolve(world, option.get("options") or [], resolved)
        value, kind = option.get("value"), option["type"]
        if isinstance(value, Upload):
            if len(value.content) > world.rules.file_bytes:
                raise Impossible(f"{value.filename} is too large")
            kept = cdn.keep(world, value, ephemeral=True)
            option["value"] = kept.id
            resolved.setdefault("attachments", {})[kept.id] = render.attachment(world, kept)
        if kind in (USER_OPTION, MENTIONABLE) and value in world.members:
            member = world.members[str(value)]
            resolved.setdefault("users", {})[value] = render.user(member.user)
            shown = render.member(member, with_user=False) | {"permissions": str(int(world.granted(str(value))))}
            resolved.setdefault("members", {})[value] = shown
        if kind in (ROLE_OPTION, MENTIONABLE) and value in world.roles:
            resolved.setdefault("roles", {})[value] = render.role(world.roles[str(value)])
        if kind == CHANNEL_OPTION and value in world.channels:
            channel = world.channels[str(value)]
            shown = render.channel(world, channel) | {"permissions": str(int(world.may(world.bot.id, channel)))}
            resolved.setdefault("channels", {})[value] = shown
    return resolved


def command_body(world: "World", command: Json, options: list[Json], target: str | None = None) -> Json:
    """The `data` of a command or of its autocomplete."""
    resolved = resolve(world, options, {})
    body: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    body |= {"options": options} if options else {}
    if command.get("guild_id"):
        body["guild_id"] = command["guild_id"]
    if target is not None:
        body["target_id"] = target
        _resolve_target(world, command["type"], target, resolved)
    return body | ({"resolved": resolved} if resolved else {})


def _resolve_target(world: "World", kind: int, target: str, resolved: Json) -> None:
    if kind == commands.USER and target in world.members:
        resolved["users"] = {target: render.user(world.members[target].user)}
        resolved["members"] = {target: render.member(world.members[target], with_user=False)}
    for channel in world.channels.values():
        if kind == commands.MESSAGE and target in channel.messages:
            resolved["messages"] = {target: render.message(world, channel.messages[target])}


def component_body(world: "World", component: Json, values: list[str]) -> Json:
    body: Json = {"component_type": component["type"], "custom_id": component["custom_id"]}
    if "id" in component:
        body["id"] = component["id"]
    if component["type"] == 2:
        return body
    body["values"] = values
    kinds = {5: USER_OPTION, 6: ROLE_OPTION, 7: MENTIONABLE, 8: CHANNEL_OPTION}
    pointing = [{"type": kinds.get(component["type"], 3), "value": value} for value in values]
    resolved = resolve(world, pointing, {})
    return body | ({"resolved": resolved} if resolved else {})
