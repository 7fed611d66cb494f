"""What the fake OpenCode tells of a session so that another server can have it, and what it makes of that.

The real one keeps events, and numbers them; here they are made of what there is. It is as strict as the real one: a gap
in the numbers, or a session of a project that it does not know, is an error without a reason.
"""

from copy import deepcopy
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.opencode_turns import Json, Session, Turns

BROKEN: Json = {"name": "UnknownError", "data": {"message": "Unexpected server error.", "ref": "err_1"}}


class Moves(Turns):
    def __init__(self, workspace: Path, config: Json) -> None:
        super().__init__(workspace, config)
        self.moves = True  # the routes are there
        self.takes_replays = True
        self._taken: dict[str, list[Json]] = {}  # events, by their session

    def moving(self) -> list[Route]:
        if not self.moves:
            return []
        session = "/session/{session}"
        return [
            Route("/path", self._path),
            Route("/project/current", self._project),
            Route("/sync/history", self._history, methods=["POST"]),
            Route("/sync/replay", self._replay, methods=["POST"]),
            Route(f"{session}/fork", self._fork, methods=["POST"]),
            Route(session, self._describe, methods=["PATCH"]),
            Route(session, self._discard, methods=["DELETE"]),
        ]

    async def _path(self, request: Request) -> Response:
        return JSONResponse({"directory": str(self._workspace), "worktree": str(self._workspace)})

    async def _project(self, request: Request) -> Response:
        return JSONResponse({"id": self._project_id})

    @property
    def _project_id(self) -> str:
        return f"project of {self._workspace}"

    async def _history(self, request: Request) -> Response:
        known = await request.json()
        events = [event for one in self.sessions.values() for event in self._events_of(one)]
        return JSONResponse([event for event in events if event["seq"] > known.get(event["aggregate_id"], -1)])

    def _events_of(self, session: Session) -> list[Json]:
        info = {**session.shown(), "directory": str(self._workspace), "projectID": self._project_id}
        told: list[Json] = [{"type": "session.created.1", "data": {"info": info}}]
        for message in session.messages:
            told.append({"type": "message.updated.1", "data": {"info": message["info"]}})
            parts = [{**part, "messageID": message["info"]["id"]} for part in message["parts"]]
            told += [{"type": "message.part.updated.1", "data": {"part": part}} for part in parts]
        told.append({"type": "session.updated.1", "data": {"info": info}})
        ids = [{"id": f"evt_{session.id}_{number}", "seq": number} for number in range(len(told))]
        return [{**id, **one, "aggregate_id": session.id} for id, one in zip(ids, told, strict=True)]

    async def _replay(self, request: Request) -> Response:
        body = await request.json()
        events: list[Json] = body["events"]
        session = events[0]["aggregateID"]
        taken = self._taken.setdefault(session, [])
        fresh = [event for event in events if event["seq"] >= len(taken)]
        homes = {event["data"]["info"]["projectID"] for event in events if event["type"].startswith("session.")}
        is_whole = [event["seq"] for event in fresh] == list(range(len(taken), len(taken) + len(fresh)))
        if not self.takes_replays or not is_whole or homes - {self._project_id}:
            return JSONResponse(BROKEN, 500)
        taken += fresh
        self.sessions[session] = _made_of(session, taken)
        return JSONResponse({"sessionID": session})

    async def _fork(self, request: Request) -> Response:
        session, before = self._named(request), (await request.json()).get("messageID")
        if session is None:
            return JSONResponse({"name": "NotFoundError", "data": {"message": "Session not found"}}, 404)
        ids = [message["info"]["id"] for message in session.messages]
        kept = deepcopy(session.messages[: ids.index(before) if before in ids else len(ids)])
        made = self._new_session(f"{session.title} (fork #1)", session.metadata)
        names = {message["info"]["id"]: self._id("msg") for message in kept}
        for message in kept:
            info = message["info"]
            info |= {"id": names[info["id"]]} | ({"parentID": names[info["parentID"]]} if "parentID" in info else {})
        made.messages = kept
        return JSONResponse(made.shown())

    async def _describe(self, request: Request) -> Response:
        session, body = self._named(request), await request.json()
        if session is None:
            return JSONResponse({"name": "NotFoundError", "data": {"message": "Session not found"}}, 404)
        session.title, session.metadata = body.get("title", session.title), body.get("metadata", session.metadata)
        return JSONResponse(session.shown())

    async def _discard(self, request: Request) -> Response:
        session = self._named(request)
        if session is not None:
            del self.sessions[session.id]
        return JSONResponse(True)

    def _named(self, request: Request) -> Session | None:
        return self.sessions.get(request.path_params["session"])


def _made_of(session: str, events: list[Json]) -> Session:
    info = next(event["data"]["info"] for event in reversed(events) if event["type"].startswith("session."))
    made = Session(session, info["title"], info["metadata"])
    made.revert = (info.get("revert") or {}).get("messageID")
    for event in events:
        if event["type"].startswith("message.updated"):
            made.messages.append({"info": event["data"]["info"], "parts": []})
        elif event["type"].startswith("message.part.updated"):
            message = made.message(event["data"]["part"]["messageID"])
            assert message is not None
            message["parts"].append(event["data"]["part"])
    return made
