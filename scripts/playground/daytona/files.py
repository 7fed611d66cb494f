"""The toolbox's routes for files."""

import grp
import json
import pwd
import secrets
import shutil
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scripts.playground.daytona.errors import DAEMON, Refusal
from scripts.playground.daytona.records import Json, Sandbox
from scripts.playground.daytona.routes import body_of

Act = Callable[[Request, Sandbox], Awaitable[Response]]


class Files:
    def table(self) -> list[tuple[str, str, Act]]:
        return [
            ("GET", "/files", self.list),
            ("DELETE", "/files", self.delete),
            ("GET", "/files/info", self.info),
            ("POST", "/files/folder", self.make_folder),
            ("POST", "/files/permissions", self.permit),
            ("POST", "/files/move", self.move),
            ("POST", "/files/bulk-upload", self.upload),
            ("POST", "/files/bulk-download", self.download_many),
            ("GET", "/files/download", self.download),
        ]

    async def list(self, request: Request, sandbox: Sandbox) -> Response:
        folder = _there(sandbox, request.query_params.get("path") or "")
        if not folder.is_dir():
            raise Refusal(400, "path is not a directory", "INVALID_FILE_PATH", DAEMON)
        return JSONResponse([_info(path) for path in sorted(folder.iterdir())])

    async def info(self, request: Request, sandbox: Sandbox) -> Response:
        return JSONResponse(_info(_there(sandbox, _path(request))))

    async def make_folder(self, request: Request, sandbox: Sandbox) -> Response:
        folder = within(sandbox, _path(request))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(_mode(request))
        return Response(status_code=201)

    async def permit(self, request: Request, sandbox: Sandbox) -> Response:
        _there(sandbox, _path(request)).chmod(_mode(request))
        return Response(status_code=200)

    async def move(self, request: Request, sandbox: Sandbox) -> Response:
        source = _there(sandbox, request.query_params.get("source") or "")
        source.rename(within(sandbox, request.query_params.get("destination") or ""))
        return Response(status_code=200)

    async def delete(self, request: Request, sandbox: Sandbox) -> Response:
        path = _there(sandbox, _path(request))
        if not path.is_dir():
            path.unlink()
        elif request.query_params.get("recursive") == "true":
            shutil.rmtree(path)
        else:
            raise Refusal(400, "cannot delete a directory without recursive", "INVALID_FILE_PATH", DAEMON)
        return Response(status_code=204)

    async def upload(self, request: Request, sandbox: Sandbox) -> Response:
        """Pairs of `files[n].path` and `files[n].file`."""
        async with request.form() as form:
            for name, file in form.multi_items():
                if isinstance(file, UploadFile):
                    given = form.get(name.removesuffix(".file") + ".path") or file.filename
                    path = within(sandbox, str(given))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(await file.read())
        return JSONResponse({})

    async def download(self, request: Request, sandbox: Sandbox) -> Response:
        return Response(_read(sandbox, _path(request)), media_type="application/octet-stream")

    async def download_many(self, request: Request, sandbox: Sandbox) -> Response:
        """A part for each path as it was asked for: the file, or the error in JSON."""
        boundary = secrets.token_hex(16)
        parts = [_part(boundary, sandbox, str(path)) for path in (await body_of(request)).get("paths") or []]
        body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
        return Response(body, media_type=f"multipart/form-data; boundary={boundary}")


def within(sandbox: Sandbox, given: str) -> Path:
    """Raises Refusal (403) for what lies outside: it would be somebody else's."""
    path = (sandbox.home / given).resolve()
    if not path.is_relative_to(sandbox.path.resolve()):
        raise Refusal(403, f"{given} lies outside this sandbox", "FILE_ACCESS_DENIED", DAEMON)
    return path


def _there(sandbox: Sandbox, given: str) -> Path:
    """Raises Refusal (404)."""
    path = within(sandbox, given)
    if not path.exists():
        raise Refusal(404, f"stat {given}: no such file or directory", "FILE_NOT_FOUND", DAEMON)
    return path


def _read(sandbox: Sandbox, given: str) -> bytes:
    path = _there(sandbox, given)
    if path.is_dir():
        raise Refusal(400, "path is a directory", "INVALID_FILE_PATH", DAEMON)
    return path.read_bytes()


def _part(boundary: str, sandbox: Sandbox, given: str) -> bytes:
    name, kind = "file", "application/octet-stream"
    try:
        content = _read(sandbox, given)
    except Refusal as error:
        name, kind, content = "error", "application/json", json.dumps(error.body(given)).encode()
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{given}"\r\n'
        f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content + b"\r\n"


def _path(request: Request) -> str:
    """Raises Refusal (400)."""
    path = request.query_params.get("path")
    if not path:
        raise Refusal(400, "path is required", "INVALID_FILE_PATH", DAEMON)
    return path


def _mode(request: Request) -> int:
    """Raises Refusal (400)."""
    try:
        return int(request.query_params.get("mode") or "755", 8)
    except ValueError as error:
        raise Refusal(400, "invalid mode format", source=DAEMON) from error


def _info(path: Path) -> Json:
    status = path.lstat()
    owner, group = str(status.st_uid), str(status.st_gid)
    with suppress(KeyError):
        owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
    changed = datetime.fromtimestamp(status.st_mtime, UTC)
    return {
        "name": path.name,
        "path": str(path),
        "isDir": stat.S_ISDIR(status.st_mode),
        "size": status.st_size,
        "mode": stat.filemode(status.st_mode),
        "permissions": f"{stat.S_IMODE(status.st_mode):04o}",
        "modTime": str(changed),
        "modifiedAt": changed.isoformat(),
        "owner": owner,
        "group": group,
    }
