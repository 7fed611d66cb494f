"""The control plane's routes for snapshots: images by name, built or pulled once, put away when nobody uses them."""

import asyncio
import uuid
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from scripts.playground.daytona import payloads
from scripts.playground.daytona.cloud import Cloud
from scripts.playground.daytona.errors import Refusal
from scripts.playground.daytona.records import Json, Snapshot
from scripts.playground.daytona.routes import body_of, number

MOVING_TAGS = ("latest", "lts", "stable")
ENDED = ("active", "inactive", "error", "build_failed")
LOOK_EVERY = 0.02  # seconds


class Snapshots:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def routes(self) -> list[Route]:
        one = "/snapshots/{snapshot}"
        return [
            Route("/snapshots", self.create, methods=["POST"]),
            Route("/snapshots", self.list, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(one + "/activate", self.activate, methods=["POST"]),
            Route(one + "/deactivate", self.deactivate, methods=["POST"]),
            Route(one + "/build-logs-url", self.build_logs_url, methods=["GET"]),
            Route(one + "/build-logs", self.build_logs, methods=["GET"]),
        ]

    def _asked(self, request: Request) -> Snapshot:
        return self.cloud.find_snapshot(request.path_params["snapshot"])

    async def create(self, request: Request) -> Response:
        body = await body_of(request)
        snapshot = self._made(body)
        self.cloud.snapshots[snapshot.name] = snapshot
        self.cloud.spawn(self._build(snapshot))
        return JSONResponse(payloads.snapshot(snapshot))

    def _made(self, body: Json) -> Snapshot:
        """Raises Refusal."""
        name, image, build = body.get("name"), body.get("imageName"), body.get("buildInfo")
        if not name or not (image or build):
            raise Refusal(400, "A snapshot needs a name, and an image or a build")
        if name in self.cloud.snapshots:
            raise Refusal(409, f'Snapshot with name "{name}" already exists for this organization')
        if image and (":" not in image.rpartition("/")[2] or image.endswith(MOVING_TAGS)):
            raise Refusal(400, 'Images with tag ":latest", ":lts" or ":stable" are not allowed')
        snapshot = Snapshot(str(uuid.uuid4()), name, "building" if build else "pulling", self.cloud.now(), image=image)
        snapshot.entrypoint = body.get("entrypoint")
        for key in ("cpu", "memory", "disk"):
            setattr(snapshot, key, body.get(key) or getattr(snapshot, key))
        if build:
            reference = f"daytona-{uuid.uuid4().hex}"
            snapshot.build_info = payloads.build_info(build.get("dockerfileContent") or "", reference, self.cloud.now())
        return snapshot

    async def _build(self, snapshot: Snapshot) -> None:
        """Says every line of the Dockerfile, and at the end how it went."""
        lines = str((snapshot.build_info or {}).get("dockerfileContent") or "").splitlines()
        for step, line in enumerate(lines, 1):
            await asyncio.sleep(self.cloud.build_seconds / len(lines))
            snapshot.build_log += f"Step {step}/{len(lines)} : {line}\n"
            self.cloud.touch()
        if self.cloud.build_error is None:
            snapshot.state = "active"
        else:
            snapshot.build_log += f"{self.cloud.build_error}\n"
            snapshot.state, snapshot.error_reason = "build_failed", self.cloud.build_error
        self.cloud.touch()

    async def list(self, request: Request) -> Response:
        page = number(request.query_params.get("page") or "1")
        limit = number(request.query_params.get("limit") or "100")
        found = list(self.cloud.snapshots.values())
        items = [payloads.snapshot(each) for each in found[(page - 1) * limit : page * limit]]
        pages = max(1, -(-len(found) // limit))
        return JSONResponse({"items": items, "total": len(found), "page": page, "totalPages": pages})

    async def get(self, request: Request) -> Response:
        return JSONResponse(payloads.snapshot(self._asked(request)))

    async def delete(self, request: Request) -> Response:
        del self.cloud.snapshots[self._asked(request).name]
        return Response(status_code=200)

    async def activate(self, request: Request) -> Response:
        snapshot = self._asked(request)
        if snapshot.state != "inactive":
            raise Refusal(400, f"Snapshot {snapshot.id} cannot be activated - it is in a {snapshot.state} state")
        snapshot.state = "pending"
        self.cloud.spawn(self._wake(snapshot))
        return JSONResponse(payloads.snapshot(snapshot))

    async def _wake(self, snapshot: Snapshot) -> None:
        await asyncio.sleep(self.cloud.build_seconds)
        snapshot.state = "active"
        self.cloud.touch()

    async def deactivate(self, request: Request) -> Response:
        self._asked(request).state = "inactive"
        return Response(status_code=204)

    async def build_logs_url(self, request: Request) -> Response:
        return JSONResponse({"url": f"{self.cloud.api_url}/snapshots/{self._asked(request).id}/build-logs"})

    async def build_logs(self, request: Request) -> Response:
        snapshot = self._asked(request)
        follow = request.query_params.get("follow") == "true"
        return StreamingResponse(_lines(snapshot, follow), media_type="text/plain")


async def _lines(snapshot: Snapshot, follow: bool) -> AsyncIterator[str]:
    told = 0
    while follow and snapshot.state not in ENDED:
        if said := snapshot.build_log[told:]:
            told += len(said)
            yield said
        await asyncio.sleep(LOOK_EVERY)
    yield snapshot.build_log[told:]
