"""A strict Discord on loopback: REST, Gateway, interactions and the people, for tests and the demo."""

from scripts.playground.discord.errors import Refusal
from scripts.playground.discord.filling import Impossible
from scripts.playground.discord.herald import Notice
from scripts.playground.discord.interactions import Interaction, InteractionFailed
from scripts.playground.discord.owner import Owner
from scripts.playground.discord.people import Person
from scripts.playground.discord.permissions import USUAL, May
from scripts.playground.discord.records import Application, ChannelType, Flag, MessageType, Overwrite, Upload
from scripts.playground.discord.rules import Clock, Rate, Rules
from scripts.playground.discord.server import Simulator

__all__ = [
    "USUAL",
    "Application",
    "ChannelType",
    "Clock",
    "Flag",
    "Impossible",
    "Interaction",
    "InteractionFailed",
    "May",
    "MessageType",
    "Notice",
    "Overwrite",
    "Owner",
    "Person",
    "Rate",
    "Refusal",
    "Rules",
    "Simulator",
    "Upload",
]
