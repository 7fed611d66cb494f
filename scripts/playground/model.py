"""A model that costs nothing: an OpenAI-compatible server on loopback whose answers follow a script.

For tests and the demo. What it says is decided in `model_script`, whose docstring lists the directives that a prompt
may contain; here are the HTTP, the server-sent events, and the mishaps. It checks no key.

It also stands in for OpenCode Zen where the app itself asks something (`model_quick`), if OPENCODE_ZEN_BASE_URL points
here. `/messages`, for the models called claude-*, is there for nothing else. Such questions are kept apart from the
agent's, in `questions`; `mishap` makes them fail as long as it is set.

    async with ScriptedModel() as model:
        ...  # model.url is the base URL for the provider, model.requests what was asked so far

`python -m scripts.playground.model --port 18080` runs it alone.
"""

import argparse
import asyncio
import contextlib
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from scripts.playground.model_quick import quick_reply
from scripts.playground.model_script import Message, calls_done, directory_of, prompts_of, reply, text_of
from scripts.playground.model_steps import Call, Cut, Fail, Hang, Pause, Say, Step, Think
from scripts.playground.serving import listen

MODEL = "scripted"
MISHAPS = {
    400: "This request makes no sense",
    401: "Invalid API key",
    402: "Your balance is used up",
    413: "The maximum context length of this model is exceeded",
    429: "Rate limit reached",
    500: "The model stumbled",
    503: "The model is overloaded",
}


class ScriptedModel:
    """`requests` holds the body of every completion that the agent asked for, in order, `questions` that of every one
    that the app asked for. `parts` may say, in directives, what a prompt in ordinary words stands for."""

    def __init__(self, port: int = 0, pace: float = 0.0) -> None:
        """`pace` is the number of seconds between two pieces of a text. Port 0: any."""
        self.requests: list[dict[str, Any]] = []
        self.questions: list[dict[str, Any]] = []
        self.parts: dict[str, str] = {}
        self.mishap: Fail | Hang | None = None
        self.url = ""
        self.app = Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._completions, methods=["POST"]),
                Route("/v1/messages", self._messages, methods=["POST"]),
            ]
        )
        self._port = port
        self._pace = pace
        self._seen: Counter[str] = Counter()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        port = await self._stack.enter_async_context(on_loopback(self.app, self._port))
        self.url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "playground"}]})

    async def _completions(self, request: Request) -> Response:
        body = await request.json()
        texts = [text_of(message) for message in body["messages"]]
        if len(texts) == 2 and (said := quick_reply(*texts)) is not None:
            return await self._quickly(body) or JSONResponse(await _whole(body, [Say(said)], ""))
        self.requests.append(body)
        seen = self._count(body["messages"])
        steps = [step for step in reply(body["messages"], self.parts) if not (isinstance(step, Cut) and seen > 1)]
        for step in steps:
            if isinstance(step, Fail) and (step.times is None or seen <= step.times):
                return _mishap(step)
        if any(isinstance(step, Hang) for step in steps):
            await asyncio.Event().wait()
        call_id = f"call_{len(self.requests)}_{time.time_ns():x}"
        if body.get("stream"):
            return StreamingResponse(_events(_stream(body, steps, call_id, self._pace)), media_type="text/event-stream")
        return JSONResponse(await _whole(body, steps, call_id))

    async def _messages(self, request: Request) -> Response:
        body = await request.json()
        said = quick_reply(str(body.get("system")), text_of(body["messages"][-1]))
        if said is None:
            return _mishap(Fail(400))
        content = [{"type": "text", "text": said}]
        answer = {"type": "message", "role": "assistant", "model": body["model"], "content": content}
        return await self._quickly(body) or JSONResponse({**answer, "stop_reason": "end_turn"})

    async def _quickly(self, body: dict[str, Any]) -> Response | None:
        """Note a question of the app's. What it is answered with if that is to fail."""
        self.questions.append(body)
        if isinstance(self.mishap, Hang):
            await asyncio.Event().wait()
        return _mishap(self.mishap) if isinstance(self.mishap, Fail) else None

    def _count(self, messages: Sequence[Message]) -> int:
        """How often this point of this turn has been asked about, now included."""
        point = (directory_of(messages), prompts_of(messages)[-1:], calls_done(messages))
        self._seen[repr(point)] += 1
        return self._seen[repr(point)]


def _mishap(fail: Fail) -> Response:
    message = MISHAPS.get(fail.status, "Something went wrong")
    headers = {} if fail.retry_after is None else {"Retry-After": str(fail.retry_after)}
    error = {"message": message, "type": "scripted", "code": str(fail.status)}
    return JSONResponse({"error": error}, fail.status, headers)


async def _stream(
    body: dict[str, Any], steps: Sequence[Step], call_id: str, pace: float
) -> AsyncIterator[dict[str, Any]]:
    yield _chunk(body, {"role": "assistant", "content": ""})
    for step in steps:
        match step:
            case Say(text):
                for piece in pieces(text):
                    yield _chunk(body, {"content": piece})
                    await asyncio.sleep(pace)
            case Think(text):
                yield _chunk(body, {"reasoning_content": text})
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Cut():
                yield _chunk(body, {"content": "In the middle of this sen"})
                raise ConnectionAbortedError("cut, as the script says")
            case Call():
                yield _chunk(body, {"tool_calls": [{"index": 0, **_call(step, call_id)}]})
    yield {**_chunk(body, {}, _finish(steps)), "usage": _usage(body, steps)}


async def _events(chunks: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    async for chunk in chunks:
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


async def _whole(body: dict[str, Any], steps: Sequence[Step], call_id: str) -> dict[str, Any]:
    await asyncio.sleep(sum(step.seconds for step in steps if isinstance(step, Pause)))
    message: dict[str, Any] = {"role": "assistant", "content": _text(steps)}
    if calls := [_call(step, call_id) for step in steps if isinstance(step, Call)]:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": _finish(steps)}
    return {**_envelope(body, "chat.completion"), "choices": [choice], "usage": _usage(body, steps)}


def _chunk(body: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**_envelope(body, "chat.completion.chunk"), "choices": [choice]}


def _envelope(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-scripted", "object": kind, "created": int(time.time()), "model": body.get("model", MODEL)}


def _call(call: Call, call_id: str) -> dict[str, Any]:
    function = {"name": call.tool, "arguments": json.dumps(call.arguments)}
    return {"id": call_id, "type": "function", "function": function}


def _finish(steps: Sequence[Step]) -> str:
    return "tool_calls" if any(isinstance(step, Call) for step in steps) else "stop"


def _text(steps: Sequence[Step]) -> str:
    return "".join(step.text for step in steps if isinstance(step, Say))


def _usage(body: dict[str, Any], steps: Sequence[Step]) -> dict[str, int]:
    asked, said = len(json.dumps(body["messages"])) // 4, len(_text(steps)) // 4 + 1
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def pieces(text: str) -> list[str]:
    """The text in deltas of a few words each; joined they are the text."""
    words = re.findall(r"\s*\S+\s*$|\s*\S+", text) or [text]
    return ["".join(words[start : start + 4]) for start in range(0, len(words), 4)]


class _Server(uvicorn.Server):
    """One of several in a process: what a signal means is for the process to decide, and when to stop for `stop`."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.stop.wait()


@asynccontextmanager
async def on_loopback(app: ASGIApp, port: int = 0) -> AsyncIterator[int]:
    """Serve `app` on 127.0.0.1 and yield the port. At the end open requests are cut off."""
    with listen(port) as listener:
        config = uvicorn.Config(app, lifespan="off", log_config=None, log_level="critical", timeout_graceful_shutdown=0)
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.stop.set()
            await serving


async def _run(port: int) -> None:
    async with ScriptedModel(port, pace=0.03) as model:
        print(model.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A scripted, OpenAI-compatible model on loopback.")
    parser.add_argument("--port", type=int, default=18080)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args().port))
