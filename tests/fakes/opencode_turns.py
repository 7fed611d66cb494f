"""How the fake OpenCode works on a turn: it asks a real (scripted) model, step by step, runs the tools that the model
calls, and waits for people where the configuration says so.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx

from app.opencode.config import VERSION
from tests.fakes.opencode_files import Files, change, changes, run, snapshot

Json = dict[str, Any]

COST = 0.001  # US dollars, of a step
SUM_UP = "Here is the conversation so far. Sum it up."
ABORTED: Json = {"name": "MessageAbortedError", "data": {"message": "Aborted"}}


class ToolError(Exception):
    """The model is told, and goes on."""


class TurnedDown(ToolError):
    """By a person: the turn ends."""


@dataclass(slots=True)
class Session:
    id: str
    title: str
    metadata: Json
    messages: list[Json] = field(default_factory=list)
    parent: str | None = None
    created: int = field(default_factory=lambda: now())
    revert: str | None = None  # the first message that is undone
    todos: list[Json] = field(default_factory=list)
    kept: Files | None = None  # the files as they were before anything was undone
    before: dict[str, Files] = field(default_factory=dict)  # by prompt, when its turn began
    after: dict[str, Files] = field(default_factory=dict)  # by prompt, when its last step was finished

    def shown(self) -> Json:
        answers = [one["info"] for one in self.messages if one["info"]["role"] == "assistant"]
        return {
            "id": self.id,
            "title": self.title,
            "metadata": self.metadata,
            "version": VERSION,
            "time": {"created": self.created},
            "cost": sum(one["cost"] for one in answers),
            "tokens": {key: sum(one["tokens"][key] for one in answers) for key in ("input", "output")},
            **({"parentID": self.parent} if self.parent else {}),
            **({"revert": {"messageID": self.revert}} if self.revert else {}),
        }

    def message(self, message_id: str) -> Json | None:
        return next((one for one in self.messages if one["info"]["id"] == message_id), None)

    def truncate(self) -> None:
        """What was undone is gone for good."""
        place = next((n for n, one in enumerate(self.messages) if one["info"]["id"] == self.revert), None)
        if place is not None:
            del self.messages[place:]
        self.revert = self.kept = None


class Turns:
    def __init__(self, workspace: Path, config: Json) -> None:
        self.compactions = 0  # so many steps are followed by one
        self.endless = False  # begin every turn, and never go on
        self.secretive = False  # tell nobody that something is asked
        self.retry_seconds = 0.05  # before the model is asked again, unless it says when
        self.most_retries = 5
        self.sessions: dict[str, Session] = {}
        self.asked: dict[str, Json] = {}  # what people have to answer; aborted turns leave theirs behind
        self._replies: dict[str, asyncio.Future[Json]] = {}
        self._always: set[tuple[str, str]] = set()  # actions and patterns
        self._workspace = workspace
        self._config = config
        self._status: dict[str, Json] = {}
        self._work: dict[str, asyncio.Task[None]] = {}
        self._listeners: set[asyncio.Queue[Json]] = set()
        self._files: dict[str, Files] = {}  # by session, when its last step began
        self._ids = 0

    def _id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}_{time.time_ns() // 1000:015x}{self._ids:05}"

    def _new_session(self, title: str, metadata: Json, parent: str | None = None) -> Session:
        session = Session(self._id("ses"), title, metadata, parent=parent)
        self.sessions[session.id] = session
        return session

    # --- a turn

    async def _run(self, session: Session) -> None:
        self._status[session.id] = {"type": "busy"}
        self._tell("session.status", session.id, status={"type": "busy"})
        while True:
            prompt = next(one["info"] for one in reversed(session.messages) if one["info"]["role"] == "user")
            answer = self._begin(session, prompt["id"], prompt["model"])
            if self.endless:
                await asyncio.Event().wait()
            go_on = await self._step(session, answer, prompt["model"])
            answer["info"]["time"]["completed"] = now()
            self._tell("message.updated", session.id, info=answer["info"])
            newer = any(one["info"]["role"] == "user" for one in session.messages[session.messages.index(answer) :])
            if not go_on and not newer:
                break
            if self.compactions:
                self.compactions -= 1
                self._compact(session, prompt["model"])
        self._work.pop(session.id, None)
        self._rest(session.id)

    def _compact(self, session: Session, model: Json) -> None:
        """What comes next answers a message of the server's own."""
        for part in ({"type": "compaction"}, {"type": "text", "text": "Continue if you have next steps"}):
            info: Json = {"id": self._id("msg"), "role": "user", "time": {"created": now()}, "model": model}
            session.messages.append({"info": info, "parts": [{**part, "synthetic": True}]})
            if part["type"] == "compaction":
                summary = self._begin(session, info["id"])
                summary["info"].update(summary=True, finish="stop")
                summary["info"]["time"]["completed"] = now()

    async def _sum_up(self, session: Session, model: Json) -> None:
        """Because somebody wants it."""
        info: Json = {"id": self._id("msg"), "role": "user", "time": {"created": now()}, "model": model}
        session.messages.append({"info": info, "parts": [{"type": "compaction", "auto": False}]})
        summary = self._begin(session, info["id"], model)
        summary["info"]["summary"] = True
        info = summary["info"]
        is_known = model["modelID"] in self._config["provider"][model["providerID"]]["models"]
        response = await self._asked(session, model, SUM_UP) if is_known else None
        if response is not None and response.status_code == 200:
            self._count(info, response.json()["usage"])
            info["finish"] = "stop"
        else:
            info["error"] = {"name": "APIError", "data": {"message": "It does not work"}}
        info["time"]["completed"] = now()
        self._work.pop(session.id, None)
        self._rest(session.id)

    def _count(self, info: Json, usage: Json) -> None:
        info["cost"] = COST
        info["tokens"] = {"input": usage["prompt_tokens"], "output": usage["completion_tokens"]}

    def _begin(self, session: Session, prompt: str, model: Json | None = None) -> Json:
        session.before.setdefault(prompt, snapshot(self._workspace))
        info: Json = {
            "id": self._id("msg"),
            "role": "assistant",
            "agent": "build",
            **(model or {}),
            "parentID": prompt,
            "time": {"created": now()},
            "path": {"cwd": str(self._workspace), "root": str(self._workspace)},
            "cost": 0,
            "tokens": {"input": 0, "output": 0},
        }
        answer: Json = {"info": info, "parts": []}
        session.messages.append(answer)
        return answer

    async def _step(self, session: Session, answer: Json, model: Json) -> bool:
        """Whether the model is asked once more."""
        response = await self._asked(session, model)
        info = answer["info"]
        if response.status_code != 200:
            details = {"message": response.json()["error"]["message"], "statusCode": response.status_code}
            error = {"name": "APIError", "data": {**details, "responseBody": "a secret", "metadata": {"url": "secret"}}}
            info["error"] = error
            self._tell("session.error", session.id, error=error)
            return False
        choice, usage = response.json()["choices"][0], response.json()["usage"]
        self._files[session.id] = snapshot(self._workspace)
        if text := choice["message"]["content"]:
            self._add(session, answer, {"type": "text", "text": text, "time": {"start": now(), "end": now()}})
        go_on = bool(choice["finish_reason"] == "tool_calls")
        for call in choice["message"].get("tool_calls", []):
            go_on = await self._use(session, answer, call) and go_on
        info["finish"] = {"tool_calls": "tool-calls"}.get(choice["finish_reason"], "stop")
        self._count(info, usage)
        self._add(session, answer, {"type": "step-finish", "reason": info["finish"]})
        session.after[info["parentID"]] = snapshot(self._workspace)
        self._patch(session, answer)
        return go_on

    def _patch(self, session: Session, answer: Json) -> None:
        after = snapshot(self._workspace)
        if changed := changes(self._files.pop(session.id, after), after):
            paths = [str(self._workspace / row["file"]) for row in changed]
            self._add(session, answer, {"type": "patch", "files": paths})

    def _add(self, session: Session, answer: Json, part: Json) -> Json:
        part["id"] = self._id("prt")
        answer["parts"].append(part)
        self._tell("message.part.updated", session.id, part=part)
        return part

    # --- the model

    async def _asked(self, session: Session, model: Json, also: str = "") -> httpx.Response:
        provider = self._config["provider"][model["providerID"]]
        url = f"{provider['options']['baseURL']}/chat/completions"
        more = [{"role": "user", "content": also}] if also else []
        body = {"model": model["modelID"], "messages": [*self._conversation(session), *more]}
        # Certificates would take a tenth of a second to load, for every step.
        async with httpx.AsyncClient(timeout=None, verify=False) as http:
            for attempt in range(1, self.most_retries + 2):
                response = await http.post(url, json=body)
                if response.status_code < 429 or attempt > self.most_retries:
                    break
                pause = float(response.headers.get("retry-after", self.retry_seconds))
                upcoming = (time.time() + pause) * 1000
                self._status[session.id] = {"type": "retry", "attempt": attempt, "message": "?", "next": upcoming}
                self._tell("session.status", session.id, status=self._status[session.id])
                await asyncio.sleep(pause)
                self._status[session.id] = {"type": "busy"}
        return response

    def _conversation(self, session: Session) -> list[Json]:
        system = f"Working directory: {self._workspace}\n"
        messages: list[Json] = [{"role": "system", "content": system}]
        for message in session.messages[:-1]:
            if all(part.get("synthetic") or part["type"] == "compaction" for part in message["parts"]):
                continue  # a script goes on as if nothing had been compacted
            text = "\n".join(part["text"] for part in message["parts"] if part["type"] == "text")
            if message["info"]["role"] == "user":
                messages.append({"role": "user", "content": _prompt_shown(message)})
            elif "error" not in message["info"]:
                messages += _answer_shown(message, text)
        return messages

    # --- tools

    async def _use(self, session: Session, answer: Json, call: Json) -> bool:
        """Whether the model may go on."""
        name, given = call["function"]["name"], json.loads(call["function"]["arguments"])
        state: Json = {"status": "running", "input": given, "metadata": {}}
        tool = {"type": "tool", "tool": name, "callID": call["id"], "call": call, "state": state}
        part = self._add(session, answer, tool)
        try:
            state["output"] = await self._do(session, answer, part, given)
            state["status"] = "completed"
        except ToolError as error:
            state.update(status="error", error=str(error))
            return not isinstance(error, TurnedDown)
        finally:
            self._tell("message.part.updated", session.id, part=part)
        return True

    async def _do(self, session: Session, answer: Json, part: Json, given: Json) -> str:
        match part["tool"]:
            case "bash":
                metadata = {"command": given["command"]}
                await self._permit(session, answer, part, "bash", [given["command"]], metadata)
                part["state"]["metadata"]["output"] = ""
                return (await run(given["command"], self._workspace, {})).output or "(no output)"
            case "write" | "edit":
                return await self._write(session, answer, part, given)
            case "todowrite":
                session.todos = given["todos"]
                self._tell("todo.updated", session.id, todos=given["todos"])
                return json.dumps(given["todos"])
            case "question":
                return await self._question(session, answer, part, given)
            case "task":
                return await self._task(session, part, given)
        return "(nothing)"

    async def _write(self, session: Session, answer: Json, part: Json, given: Json) -> str:
        path = self._workspace / given["filePath"]
        name = str(path.relative_to(self._workspace))
        old = path.read_text() if path.exists() else None
        new = (
            given["content"] if part["tool"] == "write" else (old or "").replace(given["oldString"], given["newString"])
        )
        row = change(name, old, new)
        await self._permit(session, answer, part, "edit", [name], {"filepath": str(path), "diff": row["patch"]})
        path.write_text(new)
        known = part["state"]["metadata"]
        known.update({"exists": old is not None} if part["tool"] == "write" else {"filediff": row})
        return "Wrote file successfully."

    async def _question(self, session: Session, answer: Json, part: Json, given: Json) -> str:
        reply = await self._ask(session, answer, part, "que", {"questions": given["questions"]})
        if "answers" not in reply:
            raise TurnedDown("The user dismissed this question")
        part["state"]["metadata"]["answers"] = reply["answers"]
        pairs = zip(given["questions"], reply["answers"], strict=False)
        told = ", ".join(f'"{question["question"]}"="{", ".join(chosen)}"' for question, chosen in pairs)
        return f"User has answered your questions: {told}. You can now continue with the user's answers in mind."

    async def _task(self, session: Session, part: Json, given: Json) -> str:
        child = self._new_session(given["description"], {}, parent=session.id)
        part["state"]["metadata"]["sessionId"] = child.id
        model = next(one["info"]["model"] for one in reversed(session.messages) if one["info"]["role"] == "user")
        info = {"id": self._id("msg"), "role": "user", "time": {"created": now()}, "model": model}
        child.messages.append({"info": info, "parts": [{"type": "text", "text": given["prompt"]}]})
        await self._run(child)
        last = child.messages[-1]
        if any(one.get("state", {}).get("status") == "error" for one in last["parts"]):
            raise ToolError("Subagent failed")
        said = [one["text"] for one in last["parts"] if one["type"] == "text"]
        return f"<task_result>\n{said[-1] if said else ''}\n</task_result>"

    # --- people

    async def _permit(
        self, session: Session, answer: Json, part: Json, action: str, patterns: list[str], known: Json
    ) -> None:
        always = f"{patterns[0].split()[0]} *" if action == "bash" else "*"
        if (action, always) in self._always or self._rule(action, patterns[0]) != "ask":
            return
        row = {"permission": action, "patterns": patterns, "metadata": known, "always": [always]}
        reply = await self._ask(session, answer, part, "per", row)
        if reply["reply"] == "always":
            self._always.add((action, always))
        refusal = "The user rejected permission to use this specific tool call"
        if reply["reply"] == "reject" and reply.get("message"):
            raise ToolError(f"{refusal} with the following feedback: {reply['message']}")
        if reply["reply"] == "reject":
            raise TurnedDown(f"{refusal}.")

    def _rule(self, action: str, subject: str) -> str:
        """Of all that fit the last one counts."""
        result = "allow"
        for name, rule in self._config.get("permission", {}).items():
            rules = rule if isinstance(rule, dict) else {"*": rule}
            if fnmatch(action, name):
                result = [result, *(verdict for pattern, verdict in rules.items() if fnmatch(subject, pattern))][-1]
        return result

    async def _ask(self, session: Session, answer: Json, part: Json, kind: str, row: Json) -> Json:
        id, tool = self._id(kind), {"messageID": answer["info"]["id"], "callID": part["callID"]}
        self.asked[id] = {"id": id, "sessionID": session.id, **row, "tool": tool}
        self._replies[id] = asyncio.get_running_loop().create_future()
        if not self.secretive:
            self._tell(f"{ {'per': 'permission', 'que': 'question'}[kind] }.asked", session.id, **row)
        return await self._replies[id]

    def _take_reply(self, id: str, reply: Json) -> bool:
        """False when there is no such request. One whose turn is over takes a reply too, once."""
        row = self.asked.pop(id, None)
        if row is None:
            return False
        if not self._replies[id].done():
            self._replies[id].set_result(reply)
        kind = "permission" if id.startswith("per") else "question"
        self._tell(f"{kind}.replied", row["sessionID"], requestID=id)
        return True

    # --- the end

    async def _stop_work(self, session_id: str) -> None:
        task = self._work.pop(session_id, None)
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        children = [one.id for one in self.sessions.values() if one.parent == session_id]
        for one in (session_id, *children):
            self._end(self.sessions[one])

    def _end(self, session: Session) -> None:
        if session.id not in self._status:
            return
        last = session.messages[-1]
        if last["info"]["role"] == "assistant" and "completed" not in last["info"]["time"]:
            last["info"].update(error=ABORTED)
            last["info"]["time"]["completed"] = now()
            for part in last["parts"]:
                if part.get("state", {}).get("status") == "running":
                    part["state"].update(status="error", error="Tool execution aborted")
            self._patch(session, last)
        self._tell("session.error", session.id, error=ABORTED)
        self._rest(session.id)

    def _tell(self, kind: str, session: str, **properties: Any) -> None:
        for queue in self._listeners:
            queue.put_nowait({"type": kind, "properties": {"sessionID": session, **properties}})

    def _rest(self, session: str) -> None:
        self._status.pop(session, None)
        self._tell("session.status", session, status={"type": "idle"})
        self._tell("session.idle", session)


def _prompt_shown(message: Json) -> str | list[Json]:
    texts = [{"type": "text", "text": part["text"]} for part in message["parts"] if part["type"] == "text"]
    files = [part for part in message["parts"] if part["type"] == "file" and part["mime"].startswith("image/")]
    images = [{"type": "image_url", "image_url": {"url": part["url"]}} for part in files]
    return [*texts, *images] if images or len(texts) > 1 else texts[0]["text"]


def _answer_shown(message: Json, text: str) -> list[Json]:
    tools = [part for part in message["parts"] if part["type"] == "tool"]
    if not tools:
        return [{"role": "assistant", "content": text}] if text else []
    cut = "[Tool execution was interrupted]"
    results = [
        {
            "role": "tool",
            "tool_call_id": part["callID"],
            "content": part["state"].get("output") or part["state"].get("error") or cut,
        }
        for part in tools
    ]
    return [{"role": "assistant", "content": text, "tool_calls": [part["call"] for part in tools]}, *results]


def now() -> int:
    return int(time.time() * 1000)
