"""The guild, the people, the app itself, and the way to the Gateway.

https://docs.discord.com/developers/resources/guild, …/resources/application
"""

from scripts.playground.discord import render
from scripts.playground.discord.errors import Code, Json, Refusal, invalid
from scripts.playground.discord.wire import Call, Reply, Routes
from scripts.playground.discord.world import World

ROUTES = Routes()
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
        "role_connections_verification_url": None,
        "owner": render.user(world.owner),
        "team": None,
        "bot": render.user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "summary": "",
        "approximate_guild_count": 1,
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
    world.application.description = call.body.get("description", world.application.description)
    return Reply(200, application_json(world))


@ROUTES.on("GET", "/users/@me")
async def me(call: Call) -> Reply:
    private = {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}
    return Reply(200, render.user(call.world.bot) | private)


@ROUTES.on("GET", "/users/@me/guilds")
async def guilds(call: Call) -> Reply:
    world = call.world
    body = {"id": world.guild, "name": world.guild_name, "icon": None, "banner": None, "owner": False}
    return Reply(200, [body | {"permissions": str(int(world.granted(world.bot.id))), "features": []}])


@ROUTES.on("GET", "/users/{user}")
async def user(call: Call) -> Reply:
    member = call.world.members.get(call.params["user"])
    if member is None:
        raise Refusal(Code.UNKNOWN_USER)
    return Reply(200, render.user(member.user))


def _guild(call: Call) -> World:
    if call.params["guild"] != call.world.guild:
        raise Refusal(Code.UNKNOWN_GUILD)
    return call.world


@ROUTES.on("GET", "/guilds/{guild}")
async def guild(call: Call) -> Reply:
    return Reply(200, render.guild(_guild(call)))


@ROUTES.on("GET", "/guilds/{guild}/channels")
async def channels(call: Call) -> Reply:
    world = _guild(call)
    return Reply(200, [render.channel(world, c) for c in world.channels.values() if not c.thread])


@ROUTES.on("GET", "/guilds/{guild}/roles")
async def roles(call: Call) -> Reply:
    return Reply(200, [render.role(role) for role in _guild(call).roles.values()])


@ROUTES.on("GET", "/guilds/{guild}/members/{user}")
async def member(call: Call) -> Reply:
    found = _guild(call).members.get(call.params["user"])
    if found is None:
        raise Refusal(Code.UNKNOWN_MEMBER)
    return Reply(200, render.member(found))


@ROUTES.on("GET", "/gateway")
async def gateway(call: Call) -> Reply:
    return Reply(200, {"url": gateway_url(call.world)})


@ROUTES.on("GET", "/gateway/bot")
async def gateway_bot(call: Call) -> Reply:
    """https://docs.discord.com/developers/events/gateway#get-gateway-bot"""
    total = call.world.rules.sessions_per_day
    left = max(total - call.world.identifies, 0)
    limit = {"total": total, "remaining": left, "reset_after": 86_400_000, "max_concurrency": 1}
    return Reply(200, {"url": gateway_url(call.world), "shards": 1, "session_start_limit": limit})


def gateway_url(world: World) -> str:
    return world.url.replace("http", "ws", 1) + "/gateway"
