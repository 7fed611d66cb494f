"""OpenCode as the keeper sees it: it boots by launching a program, and answers while that runs."""

from dataclasses import dataclass, field

from app.sandboxes.ports import Note, Project
from app.sandboxes.provider import PORT, Endpoint, Program, Provider
from app.turns.errors import Refused


@dataclass(slots=True)
class FakeServer:
    boots: list[str] = field(default_factory=list)  # the passwords, in order
    projects: list[Project] = field(default_factory=list)
    refuse: str | None = None
    mute: bool = False  # it runs, and answers nobody
    unsaved: bool = False
    _passwords: dict[str, str] = field(default_factory=dict)  # of what was last started in each instance

    async def boot(
        self,
        provider: Provider,
        ref: str,
        password: str,
        *,
        project: Project,
        within: float,
        fresh: bool,
        note: Note,
    ) -> Endpoint:
        if self.refuse is not None:
            raise Refused(self.refuse)
        self.boots.append(password)
        self.projects.append(project)
        self._passwords[ref] = password
        await provider.launch(ref, Program("opencode", "opencode serve", {}, PORT))
        return await provider.endpoint(ref, PORT)

    async def answers(self, endpoint: Endpoint, password: str) -> bool:
        return not self.mute and password in self._passwords.values()

    async def has_unsaved(self, provider: Provider, ref: str) -> bool:
        await provider.exec(ref, "git status", within=10)
        return self.unsaved
