"""What a server lists as to be chosen from, as entries of the catalogue. Pure.

Bodies of these lists hold keys: nothing but names and descriptions is taken out of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.opencode.config import split_model
from app.turns.catalogue import Entry, Kind

Row = Mapping[str, Any]


def entries_of(providers: Sequence[Row], agents: Sequence[Row], commands: Sequence[Row]) -> list[Entry]:
    return [*_models(providers), *_agents(agents), *_commands(commands)]


def offers(providers: Sequence[Row], model: str) -> bool:
    provider, name = split_model(model)
    return any(one["id"] == provider and name in one["models"] for one in providers)


def _models(providers: Sequence[Row]) -> Iterator[Entry]:
    for provider in providers:
        models = provider.get("models")
        for name, model in sorted(models.items()) if isinstance(models, Mapping) else ():
            about = model.get("name") if isinstance(model, Mapping) else ""
            yield Entry(Kind.MODEL, f"{provider.get('id')}/{name}", _line(about))


def _agents(agents: Sequence[Row]) -> Iterator[Entry]:
    """Those that people can talk to: others are begun by them."""
    for agent in agents:
        if agent.get("mode") in ("primary", "all") and not agent.get("hidden") and agent.get("name"):
            yield Entry(Kind.AGENT, str(agent["name"]), _line(agent.get("description")))


def _commands(commands: Sequence[Row]) -> Iterator[Entry]:
    """Without its skills, which the same list holds: they are for the model, which is told when to use them."""
    for command in commands:
        if command.get("name") and command.get("source") != "skill":
            yield Entry(Kind.COMMAND, str(command["name"]), _line(command.get("description")))


def _line(text: object) -> str:
    return " ".join(str(text or "").split())
