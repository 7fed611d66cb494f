"""Whether a server offers the model and the agent that people chose; and if not, what comes nearest, in words.

A server takes a prompt to any model and to any agent, and never answers where it does not have them. So it is looked
for first, wherever somebody chose: what the operator configured is seen to when a server starts.
"""

from app.opencode import apologies
from app.opencode.catalogue import entries_of, offers
from app.opencode.client import Client
from app.opencode.config import AGENT
from app.turns.catalogue import Kind, nearest
from app.turns.errors import Refused


async def check_model(client: Client, model: str) -> None:
    """Raises Refused."""
    providers = await client.providers()
    if not offers(providers, model):
        raise Refused(apologies.unknown(Kind.MODEL, model, nearest(model, entries_of(providers, (), ()))))


async def check_agent(client: Client, agent: str) -> None:
    """Raises Refused."""
    agents = await client.agents()
    if agent != AGENT and all(one.get("name") != agent for one in agents):
        raise Refused(apologies.unknown(Kind.AGENT, agent, nearest(agent, entries_of((), agents, ()))))
