"""The world as text, for people: in assertion messages, in a terminal."""

from scripts.playground.discord.components import walk
from scripts.playground.discord.errors import Json
from scripts.playground.discord.records import Channel, Flag, Message, MessageType
from scripts.playground.discord.world import World


def of_channel(world: World, channel: Channel) -> str:
    state = channel.thread and ("locked" if channel.thread.locked else "archived" if channel.thread.archived else "")
    title = f"── {'thread' if channel.thread else '#'}{' ' if channel.thread else ''}{channel.name}"
    lines = [title + (f" ({state})" if state else "")]
    for message in sorted(channel.messages.values(), key=lambda m: int(m.id)):
        lines += of_message(world, message)
    return "\n".join(lines)


def of_message(world: World, message: Message) -> list[str]:
    if message.type == MessageType.THREAD_STARTER:
        return []
    notes = [f"only {world.users[message.visible_to].name} sees this"] if message.visible_to else []
    notes += ["edited"] if message.edited_at else []
    notes += [f"notifies {', '.join(world.users[id].name for id in message.notified)}"] if message.notified else []
    name = message.author.name + (f" ({', '.join(notes)})" if notes else "")
    text = "is thinking…" if message.flags & Flag.LOADING else message.content
    lines = [f"{name}: {text}"]
    lines += [f"    [{embed.get('title', '')}] {embed.get('description', '')}" for embed in message.embeds]
    lines += [f"    file {a.upload.filename} ({len(a.upload.content)} bytes)" for a in message.attachments]
    shown = [words for _, component in walk(message.components) if (words := _words(component))]
    lines += [f"    {' '.join(f'[{words}]' for words in shown)}"] if shown else []
    marks = [f"{emoji}×{len(users)}" for emoji, users in message.reactions.items()]
    return lines + ([f"    {' '.join(marks)}"] if marks else [])


def _words(component: Json) -> str:
    """What can be read on it; of a select also what can be chosen."""
    words = str(component.get("label") or component.get("placeholder") or component.get("content") or "")
    options = " | ".join(option["label"] for option in component.get("options") or [])
    return f"{words}: {options}" if options else words


def of_world(world: World) -> str:
    """Every channel in which something was said, and what is held against the bot."""
    parts = [of_channel(world, channel) for channel in world.channels.values() if channel.messages]
    if world.violations:
        parts.append("\n".join(["── violations", *world.violations[-20:]]))
    return "\n".join(parts) or "nobody said anything"
