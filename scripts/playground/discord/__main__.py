"""`python -m scripts.playground.discord`: the simulator by itself, until it is interrupted."""

import argparse
import asyncio
import contextlib

from scripts.playground.discord import Simulator


async def serve(port: int, interactions_url: str | None) -> None:
    async with Simulator(port) as discord:
        discord.interactions_url = interactions_url
        people = [discord.add_person(name) for name in ("Ada", "Grace")]
        print(f"Discord, as it were, is at {discord.url}")
        for person in people:
            print(f"  {person.name} is user {person.id}")
        # A token of this simulator opens nothing else, so it may be shown.
        for name, value in environment(discord).items():
            print(f"  {name}={value}")
        await asyncio.Event().wait()


def environment(discord: Simulator) -> dict[str, str]:
    """What the app needs to talk to it."""
    return {
        "DISCORD_API_BASE_URL": discord.api_url,
        "DISCORD_TOKEN": discord.token,
        "DISCORD_APPLICATION_ID": discord.application_id,
        "DISCORD_PUBLIC_KEY": discord.public_key,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.playground.discord", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--interactions-url", help="where interactions are POSTed; without it the Gateway gets them")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, given.interactions_url))


if __name__ == "__main__":
    main()
