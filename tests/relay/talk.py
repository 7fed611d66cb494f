"""People who talk, to the bot and past it, and what the bot must have said in the end.

What is asked of the bot mentions it and says which words the answer has; everything else must be left alone: talk in
channels and in other people's threads, and in the bot's own threads what is small talk or meant for somebody else.
"""

from collections import defaultdict
from random import Random

from tests.peers.discordlike import Discordlike, Json
from tests.samples import spoken

PEOPLE = ("Ada", "Grace", "Edsger", "Barbara")
CHATTER = ("thanks!", "ok", "great, thank you", "lol", "perfect", "good morning")
TALK = ("What is for lunch?", "Fix the coffee machine, please", "I was away yesterday", "Show me the photos")
THREADS, JOINED = 6, 2  # of the bot; each is a process
ASKING, ASIDE = 0.3, 0.5  # how often

Said = tuple[str, str | None]  # the words, and the message that they reply to


class Talk:
    """`answers` is what must stand in each thread: every answer in the order of the questions, and nothing else."""

    def __init__(self, discord: Discordlike, chance: Random) -> None:
        self.said = 0
        self.answers: defaultdict[str, list[Said]] = defaultdict(list)
        self.channels = [discord.add_channel(name) for name in ("general", "dev")]
        self._discord, self._chance = discord, chance
        self._people = [discord.add_person(name) for name in PEOPLE]
        self._others: list[str] = []  # threads that are not the bot's
        self._threads: list[str] = []  # that are

    async def begin(self) -> None:
        """Two threads of other people: one stays theirs, the other does not."""
        for name in ("lunch", "plans"):
            thread = await self._people[0].start_thread(self.channels[0], name)
            self._others.append(str(thread["id"]))

    async def open(self, channel: str | None = None) -> str:
        """Ask in a channel. The thread that this opens."""
        asked = await self._ask(channel or self._chance.choice(self.channels))
        thread = str(asked["id"])
        self.answers[thread].append((self._words, None))
        self._threads.append(thread)
        return thread

    async def begin_another(self) -> None:
        """While there is room: a thread in a channel, and the third time in a thread of somebody else."""
        if len(self._threads) == JOINED:
            self._threads.append(self._others.pop())
            await self._ask_in(self._threads[-1])
        elif len(self._threads) < THREADS:
            await self.open()

    async def go_on(self, messages: int) -> None:
        """Of any kind that fits. A thread that is not open yet can be written in by nobody."""
        for _ in range(messages):
            there = self._discord.threads()
            threads = [thread for thread in self._threads if thread in there]
            if threads and self._chance.random() < ASKING:
                await self._ask_in(self._chance.choice(threads))
            elif threads and self._chance.random() < ASIDE:
                aside = f"<@{self._chance.choice(self._people).id}> can you have a look at this?"
                await self._write(self._chance.choice(threads), self._chance.choice([*CHATTER, aside]))
            else:
                await self._write(self._chance.choice([*self.channels, *self._others]), self._chance.choice(TALK))

    async def close(self) -> None:
        """Ask a last time, everywhere. Once this is answered, nothing from before is still to come."""
        for thread in self._threads:
            await self._ask_in(thread)
        for channel in self.channels:
            await self.open(channel)

    def expected(self) -> dict[str, list[Said]]:
        """What the bot must have said in every thread there is."""
        return {thread: self.answers[thread] for thread in [*self._others, *self._threads]}

    async def _ask_in(self, thread: str) -> None:
        asked = await self._ask(thread)
        self.answers[thread].append((self._words, str(asked["id"])))

    async def _ask(self, place: str) -> Json:
        self._words = f"answer-{self.said}"
        return await self._write(place, f"<@{self._discord.bot}> !say {self._words}")

    async def _write(self, place: str, content: str) -> Json:
        self.said += 1
        return await self._chance.choice(self._people).write(place, content)


def said_by_bot(discord: Discordlike, place: str) -> list[Said]:
    """In order, without what Discord says in its name, and without our own small print."""
    mine = [m for m in discord.messages(place) if m["author"]["id"] == discord.bot and m["type"] in (0, 19)]
    said = [(spoken(m["content"]), (m.get("message_reference") or {}).get("message_id")) for m in mine]
    return [(words, question) for words, question in said if words]
