"""The guild, the people, the app itself, and the way to the Gateway.

https://docs.discord.com/developers/resources/guild, …/resources/application
"""

from scripts.playground.discord import render, render_guild
from scripts.playground.discord.errors import Code, Json, Refusal, invalid
from scripts.playground.discord.records import EVENTS_OFF, EVENTS_ON
from scripts.playground.discord.wire import Call, Reply, Routes
from scripts.playground.discord.world import World

ROUTES = Routes()
# https://docs.discord.com/developers/events/webhook-events#event-types
EVENT_TYPES = frozenset(
    [
        "APPLICATION_AUTHORIZED",
        "APPLICATION_DEAUTHORIZED",
        *(f"ENTITLEMENT_{what}" for what in ("CREATE", "UPDATE", "DELETE")),
        *(f"LOBBY_MESSAGE_{what}" for what in ("CREATE", "UPDATE", "DELETE")),
        *(f"GAME_DIRECT_MESSAGE_{what}" for what in ("CREATE", "UPDATE", "DELETE")),
        "QUEST_USER_ENROLLMENT",
    ]
)
# https://docs.discord.com/developers/resources/application#application-object-application-flags
MESSAGE_CONTENT_LIMITED, MEMBERS_LIMITED, COMMAND_BADGE = 1 << 19, 1 << 15, 1 << 23


def application_json(world: World) -> Json:
    application = world.application
    flags = COMMAND_BADGE if any(world.commands.values()) else 0
    flags |= MESSAGE_CONTENT_LIMITED if application.message_content else 0
    flags |= MEMBERS_LIMITED if application.members_intent else 0
    return {
        "id": application.id,
        "name": application.name,
        "icon": None,
        "description": application.description,
        "type": None,
        "verify_key": world.key.verify_key.encode().hex(),
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": application.interactions_url,
        "event_webhooks_url": application.events_url,
        "event_webhooks_status": application.events_status,
        "event_webhooks_types": list(application.event_types),
        "role_connections_verification_url": None,
        "owner": render.user(world.owner),
        "team": None,
        "bot": render.user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "summary": "",
        "approximate_guild_count": int(world.bot_in_guild),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
    }


@ROUTES.on("GET", "/applications/@me")
async def application(call: Call) -> Reply:
    return Reply(200, application_json(call.world))


@ROUTES.on("GET", "/oauth2/applications/@me")
async def application_too(call: Call) -> Reply:
    return Reply(200, application_json(call.world))


@ROUTES.on("PATCH", "/applications/@me")
async def change_application(call: Call) -> Reply:
    world = call.world
    if "interactions_endpoint_url" in call.body:
        url = call.body["interactions_endpoint_url"] or None
        if url and (why := await call.courier.probe(url)):
            words = f"The specified interactions endpoint url could not be verified. ({why})"
            raise invalid("interactions_endpoint_url", "APPLICATION_INTERACTIONS_ENDPOINT_URL_INVALID", words)
        world.application.interactions_url = url
    await _change_events(call)
    world.application.description = call.body.get("description", world.application.description)
    return Reply(200, application_json(world))


async def _change_events(call: Call) -> None:
    """Where webhook events go, which, and whether. Only Discord can set the status to "disabled by Discord"."""
    application, body = call.world.application, call.body
    url = body.get("event_webhooks_url") or None
    types, status = (
        body.get("event_webhooks_types") or [],
        body.get("event_webhooks_status") or application.events_status,
    )
    if status not in (EVENTS_OFF, EVENTS_ON):
        raise invalid("event_webhooks_status", "BASE_TYPE_CHOICES", f"Value {status!r} is not one of (1, 2).")
    if unknown := [kind for kind in types if kind not in EVENT_TYPES]:
        raise invalid("event_webhooks_types", "BASE_TYPE_CHOICES", f"Values {unknown} are no event types.")
    if url and (why := await call.courier.probe_events(url)):
        words = f"The specified event webhooks url could not be verified. ({why})"
        raise invalid("event_webhooks_url", "APPLICATION_EVENT_WEBHOOKS_URL_INVALID", words)
    if "event_webhooks_url" in body:
        application.events_url = url
    if "event_webhooks_types" in body:
        application.event_types = types
    application.events_status = status


@ROUTES.on("GET", "/users/@me")
async def me(call: Call) -> Reply:
    private = {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}
    return Reply(200, render.user(call.world.bot) | private)


@ROUTES.on("GET", "/users/@me/guilds")
async def guilds(call: Call) -> Reply:
    world = call.world
    if not world.bot_in_guild:
        return Reply(200, [])
    body = {"id": world.guild, "name": world.guild_name, "icon": None, "banner": None, "owner": False}
    return Reply(200, [body | {"permissions": str(int(world.granted(world.bot.id))), "features": []}])


@ROUTES.on("GET", "/users/{user}")
async def user(call: Call) -> Reply:
    member = call.world.members.get(call.params["user"])
    if member is None:
        raise Refusal(Code.UNKNOWN_USER)
    return Reply(200, render.user(member.user))


@ROUTES.on("GET", "/guilds/{guild}")
async def guild(call: Call) -> Reply:
    return Reply(200, render_guild.guild(call.guild))


@ROUTES.on("GET", "/guilds/{guild}/channels")
async def channels(call: Call) -> Reply:
    """All of them, also those that the bot cannot see; threads are listed elsewhere.

    https://docs.discord.com/developers/resources/guild#get-guild-channels
    """
    world = call.guild
    return Reply(200, [render.channel(world, c) for c in world.channels.values() if not c.thread])


@ROUTES.on("GET", "/guilds/{guild}/roles")
async def roles(call: Call) -> Reply:
    return Reply(200, [render.role(role) for role in call.guild.roles.values()])


@ROUTES.on("GET", "/guilds/{guild}/members/{user}")
async def member(call: Call) -> Reply:
    found = call.guild.members.get(call.params["user"])
    if found is None:
        raise Refusal(Code.UNKNOWN_MEMBER)
    return Reply(200, render.member(found))


@ROUTES.on("GET", "/gateway")
async def gateway(call: Call) -> Reply:
    return Reply(200, {"url": gateway_url(call.world)})


@ROUTES.on("GET", "/gateway/bot")
async def gateway_bot(call: Call) -> Reply:
    """https://docs.discord.com/developers/events/gateway#get-gateway-bot"""
    world = call.world
    limit = world.starts.limit(world.rules, world.clock.now())
    return Reply(200, {"url": gateway_url(world), "shards": world.rules.shards, "session_start_limit": limit})


def gateway_url(world: World) -> str:
    return world.url.replace("http", "ws", 1) + "/gateway"
