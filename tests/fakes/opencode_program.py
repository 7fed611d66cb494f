"""The fake OpenCode as a program: what `opencode serve` is in the sandboxes of a simulated cloud.

It listens on PORT, takes password and configuration from its environment, and works where it was started. Its sessions
outlive it, in a file in HOME: what the real one keeps in its database.
"""

import asyncio
import json
import os
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.fakes.opencode import FakeOpenCode, Json, Session

ROOT = Path(__file__).resolve().parents[2]


def install(folder: Path) -> None:
    """Make it the `opencode` of a PATH that begins with this folder."""
    folder.mkdir(parents=True)
    program = folder / "opencode"
    lines = [f"#!{sys.executable} -B", "import sys", f"sys.path.insert(0, {str(ROOT)!r})"]
    program.write_text("\n".join([*lines, f"from {__name__} import main", "main()", ""]))
    program.chmod(0o755)


class LastingOpenCode(FakeOpenCode):
    def __init__(self, home: Path, password: str, config: Json) -> None:
        super().__init__(Path.cwd(), password, config)
        self._file = home / "sessions.json"
        if self._file.exists():
            self.sessions = {one["id"]: Session(**one) for one in json.loads(self._file.read_text())}

    async def _create(self, request: Request) -> Response:
        """Under an id that no other machine gives."""
        body = await request.json()
        session = Session(f"ses_{secrets.token_hex(8)}", body.get("title", ""), body.get("metadata", {}))
        self.sessions[session.id] = session
        self._save()
        return JSONResponse(session.shown())

    def _tell(self, kind: str, session: str, **properties: Any) -> None:
        self._save()
        super()._tell(kind, session, **properties)

    async def _asked(self, session: Session, model: Json, also: str = "") -> httpx.Response:
        self._save()
        return await super()._asked(session, model, also)

    def _save(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps([asdict(session) for session in self.sessions.values()]))
        draft.replace(self._file)


async def serve() -> None:
    environment = os.environ
    config = json.loads(environment["OPENCODE_CONFIG_CONTENT"])
    server = LastingOpenCode(Path(environment["HOME"]), environment["OPENCODE_SERVER_PASSWORD"], config)
    server.port = int(environment["PORT"])
    await server.start()
    await asyncio.Event().wait()


def main() -> None:
    asyncio.run(serve())
