"""The control plane's routes for sandboxes.

Statuses are exact, since the SDK takes any other success for an answer without a body.
"""

import base64
import json
import secrets
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from scripts.playground.daytona import payloads
from scripts.playground.daytona.cloud import Cloud
from scripts.playground.daytona.errors import Refusal
from scripts.playground.daytona.life import Life
from scripts.playground.daytona.preview import Previews
from scripts.playground.daytona.records import Json, Sandbox, State
from scripts.playground.daytona.routes import body_of, number

DEFAULT_SNAPSHOT = "daytona-small"
INTERVALS = {"autostop": "auto_stop", "autoarchive": "auto_archive", "autodelete": "auto_delete", "ttl": "ttl"}
PAGE = 100
LONGEST_LINK = 86_400  # seconds


class Control:
    def __init__(self, cloud: Cloud, life: Life, previews: Previews) -> None:
        self.cloud, self.life, self.previews = cloud, life, previews

    def routes(self) -> list[Route]:
        one = "/sandbox/{sandbox}"
        return [
            Route("/sandbox", self.create, methods=["POST"]),
            Route("/sandbox", self.list, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(one + "/labels", self.label, methods=["PUT"]),
            Route(one + "/last-activity", self.refresh, methods=["POST"]),
            Route(one + "/ports/{port}/preview-url", self.preview, methods=["GET"]),
            Route(one + "/ports/{port}/signed-preview-url", self.sign, methods=["GET"]),
            Route(one + "/ssh-access", self.give_access, methods=["POST"]),
            Route(one + "/toolbox-proxy-url", self.toolbox, methods=["GET"]),
            Route(one + "/build-logs-url", self.build_logs_url, methods=["GET"]),
            Route(one + "/build-logs", self.build_logs, methods=["GET"]),
            Route(one + "/public/{public}", self.publish, methods=["POST"]),
            Route(one + "/{verb:str}", self.change, methods=["POST"]),
            Route(one + "/{interval:str}/{minutes}", self.set_interval, methods=["POST"]),
        ]

    def _shown(self, sandbox: Sandbox) -> Response:
        return JSONResponse(payloads.sandbox(sandbox, self.cloud.toolbox_url))

    def _asked(self, request: Request) -> Sandbox:
        return self.cloud.find(request.path_params["sandbox"])

    async def create(self, request: Request) -> Response:
        sandbox = self._made(await body_of(request))
        await self.life.create(sandbox)
        return self._shown(sandbox)

    def _made(self, body: Json) -> Sandbox:
        """Raises Refusal for all that Daytona would not make."""
        id = str(uuid.uuid4())
        name = body.get("name") or f"sandbox-{id[:8]}"
        sandbox = Sandbox(id, name, self.cloud.root / id, _strings(body, "labels"), _strings(body, "env"), 0.0)
        self._give_image(sandbox, body)
        if self.cloud.limit is not None and len(self.cloud.sandboxes) >= self.cloud.limit:
            raise Refusal(400, f"Total CPU limit exceeded. Maximum allowed: {self.cloud.limit}")
        if self.cloud.named(name) is not None:
            raise Refusal(409, f"Sandbox with name {name} already exists")
        for key, attribute in (
            ("autoStop", "auto_stop"),
            ("autoArchive", "auto_archive"),
            ("autoDelete", "auto_delete"),
        ):
            if (minutes := body.get(f"{key}Interval")) is not None:
                setattr(sandbox, attribute, minutes)
        sandbox.ttl = body.get("ttlMinutes") or 0
        sandbox.public = bool(body.get("public"))
        sandbox.target = body.get("target") or sandbox.target
        sandbox.created = self.cloud.now()
        return sandbox

    def _give_image(self, sandbox: Sandbox, body: Json) -> None:
        if (build := body.get("buildInfo")) is not None:
            dockerfile = str(build.get("dockerfileContent") or "")
            sandbox.build_info = payloads.build_info(dockerfile, f"daytona-{uuid.uuid4().hex}", self.cloud.now())
            sandbox.build_log = dockerfile
            if dockerfile not in self.cloud.built:
                sandbox.state = State.PENDING_BUILD
            for key in ("cpu", "memory", "disk"):
                setattr(sandbox, key, body.get(key) or getattr(sandbox, key))
            return
        if any(body.get(key) for key in ("cpu", "memory", "disk", "gpu")):
            raise Refusal(400, "Cannot specify Sandbox resources when using a snapshot")
        sandbox.snapshot = body.get("snapshot") or DEFAULT_SNAPSHOT
        if sandbox.snapshot != DEFAULT_SNAPSHOT:
            self._check_snapshot(sandbox.snapshot)

    def _check_snapshot(self, name: str) -> None:
        found = [each for each in self.cloud.snapshots.values() if name in (each.id, each.name)]
        if not found:
            raise Refusal(400, f"Snapshot {name} not found. Did you add it through the Daytona Dashboard?")
        if found[0].state == "inactive":
            raise Refusal(400, f"Snapshot {name} is inactive")
        if found[0].state != "active":
            raise Refusal(400, f"Snapshot {name} is {found[0].state}")

    async def list(self, request: Request) -> Response:
        """Newest first. The cursor is the number of those that were listed before."""
        query = request.query_params
        labels = json.loads(query.get("labels") or "{}")
        states = query.getlist("states")
        found = [each for each in reversed(self.cloud.records.values()) if _matches(each, labels, states)]
        if name := query.get("name"):
            found = [each for each in found if each.name.startswith(name)]
        start = int(base64.b64decode(query["cursor"])) if query.get("cursor") else 0
        end = start + number(query.get("limit") or str(PAGE))
        cursor = base64.b64encode(str(end).encode()).decode() if end < len(found) else None
        items = [payloads.listed(each, self.cloud.toolbox_url) for each in found[start:end]]
        return JSONResponse({"items": items, "nextCursor": cursor})

    async def get(self, request: Request) -> Response:
        return self._shown(self._asked(request))

    async def delete(self, request: Request) -> Response:
        sandbox = self._asked(request)
        self.life.delete(sandbox)
        return self._shown(sandbox)

    async def change(self, request: Request) -> Response:
        verbs = {
            "start": self.life.start,
            "stop": self.life.stop,
            "recover": self.life.recover,
            "archive": self.life.archive,
        }
        sandbox, verb = self._asked(request), request.path_params["verb"]
        if verb in ("fork", "pause"):
            raise Refusal(422, f"Sandboxes of this class do not support {verb}")
        if verb not in verbs:
            raise Refusal(404, f"Cannot POST {request.url.path}")
        verbs[verb](sandbox)
        return self._shown(sandbox)

    async def set_interval(self, request: Request) -> Response:
        sandbox, attribute = self._asked(request), INTERVALS.get(request.path_params["interval"])
        if attribute is None:
            raise Refusal(404, f"Cannot POST {request.url.path}")
        setattr(sandbox, attribute, number(request.path_params["minutes"]))
        return self._shown(sandbox)

    async def publish(self, request: Request) -> Response:
        sandbox = self._asked(request)
        sandbox.public = request.path_params["public"] == "true"
        return self._shown(sandbox)

    async def label(self, request: Request) -> Response:
        sandbox = self._asked(request)
        sandbox.labels = _strings(await body_of(request), "labels")
        return JSONResponse({"labels": sandbox.labels})

    async def refresh(self, request: Request) -> Response:
        self._asked(request).last_activity = self.cloud.now()
        return Response(status_code=201)

    async def preview(self, request: Request) -> Response:
        sandbox, port = self._asked(request), _port(request)
        url = await self.previews.url(sandbox, port)
        return JSONResponse({"sandboxId": sandbox.id, "url": url, "token": sandbox.token})

    async def sign(self, request: Request) -> Response:
        sandbox, port = self._asked(request), _port(request)
        seconds = number(request.query_params.get("expiresInSeconds", "60"))
        if not 0 < seconds <= LONGEST_LINK:
            raise Refusal(400, f"expiresInSeconds must be between 1 and {LONGEST_LINK}")
        token = secrets.token_hex(8)
        url = await self.previews.signed(sandbox, port, token, self.cloud.now() + seconds)
        return JSONResponse({"sandboxId": sandbox.id, "port": port, "token": token, "url": url})

    async def give_access(self, request: Request) -> Response:
        """Nobody is let in by it."""
        sandbox = self._asked(request)
        minutes = number(request.query_params.get("expiresInMinutes", "60"))
        return JSONResponse(payloads.access(sandbox, secrets.token_urlsafe(24), self.cloud.now(), minutes))

    async def toolbox(self, request: Request) -> Response:
        self._asked(request)
        return JSONResponse({"url": self.cloud.toolbox_url})

    async def build_logs_url(self, request: Request) -> Response:
        return JSONResponse({"url": f"{self.cloud.api_url}/sandbox/{self._asked(request).id}/build-logs"})

    async def build_logs(self, request: Request) -> Response:
        return PlainTextResponse(self._asked(request).build_log)


def _port(request: Request) -> int:
    """Raises Refusal (400)."""
    port = number(request.path_params["port"])
    if not 0 < port < 65536:
        raise Refusal(400, "Invalid port")
    return port


def _strings(body: Json, key: str) -> dict[str, str]:
    """Raises Refusal (400)."""
    found: Any = body.get(key) or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Refusal(400, f"{key} must be an object of strings")
    return dict(found)


def _matches(sandbox: Sandbox, labels: dict[str, str], states: list[str]) -> bool:
    labelled = all(sandbox.labels.get(key) == value for key, value in labels.items())
    return labelled and (not states or sandbox.state in states)
