"""Answering interactions: the callback, and the webhook that the token opens.

https://docs.discord.com/developers/interactions/receiving-and-responding#endpoints
"""

from collections.abc import Callable

from scripts.playground.discord import deletions, render
from scripts.playground.discord.errors import Code, Json, Refusal
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.records import Message
from scripts.playground.discord.rest_messages import demand_mentions
from scripts.playground.discord.wire import NO_CONTENT, Call, Reply, Routes

ROUTES = Routes()
WEBHOOK = "/webhooks/{application}/{token}"


@ROUTES.on("POST", "/interactions/{interaction}/{token}/callback")
async def callback(call: Call) -> Reply:
    interaction = call.world.interactions.get(call.params["token"])
    if interaction is None or interaction.id != call.params["interaction"]:
        raise Refusal(Code.UNKNOWN_INTERACTION)
    judge_mentions(call.world.accuse, f"{call.method} callback", call.body)
    message = interaction.answer(call.body, call.files)
    if call.query.get("with_response", "false").lower() != "true":
        return NO_CONTENT
    summary: Json = {"id": interaction.id, "type": int(interaction.kind)}
    resource: Json = {"type": call.body["type"]}
    if message:
        summary |= {
            "response_message_id": message.id,
            "response_message_loading": bool(message.flags & 128),
            "response_message_ephemeral": message.ephemeral,
        }
        resource["message"] = render.message(call.world, message)
    return Reply(200, {"interaction": summary, "resource": resource})


def judge_mentions(accuse: Callable[[str], None], where: str, body: Json) -> None:
    """The house's rule for answers that speak."""
    data = body.get("data") or {}
    if body.get("type") in (4, 7) and "allowed_mentions" not in data:
        accuse(f"{where}: no allowed_mentions")


def _interaction(call: Call) -> Interaction:
    interaction = call.world.interactions.get(call.params["token"])
    if interaction is None or call.params["application"] != call.world.application.id:
        raise Refusal(Code.UNKNOWN_WEBHOOK)
    interaction.usable()
    return interaction


def _message(call: Call, interaction: Interaction) -> Message:
    wanted = call.params["message"]
    for message in interaction.messages():
        if message.id == wanted or (wanted == "@original" and message is interaction.original):
            return message
    raise Refusal(Code.UNKNOWN_MESSAGE)


@ROUTES.on("POST", WEBHOOK)
async def follow_up(call: Call) -> Reply:
    demand_mentions(call)
    message = _interaction(call).follow_up(call.body, call.files)
    return Reply(200, render.message(call.world, message))


@ROUTES.on("GET", WEBHOOK + "/messages/{message}")
async def read(call: Call) -> Reply:
    return Reply(200, render.message(call.world, _message(call, _interaction(call))))


@ROUTES.on("PATCH", WEBHOOK + "/messages/{message}")
async def edit(call: Call) -> Reply:
    demand_mentions(call)
    interaction = _interaction(call)
    message = _message(call, interaction)
    interaction.change(message, call.body, call.files)
    return Reply(200, render.message(call.world, message))


@ROUTES.on("DELETE", WEBHOOK + "/messages/{message}")
async def delete(call: Call) -> Reply:
    message = _message(call, _interaction(call))
    deletions.remove(call.world, call.world.channel(message.channel), message)
    return NO_CONTENT
