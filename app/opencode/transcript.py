"""What became of one prompt, read from the messages of its session.

OpenCode answers one user message with one assistant message per step of the model, each with `parentID` = the user
message. Three things make that less simple than it sounds:

* The server writes user messages of its own, for instance when it compacts a session that has grown too long. What
  follows them still belongs to our prompt. Ours are told apart by their ids (see `message_id`).
* A prompt that arrives while another runs joins it: both are then answered by what follows the later one.
* A server that dies leaves a half-written assistant message behind that never completes. Only together with an idle
  session does it mean that nothing more will come, and a server writes its last words up to a second after it
  reports idle: whoever reads UNFINISHED or WAITING must look again before believing it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from app.ids import TurnId
from app.turns.progress import Text

Message = Mapping[str, Any]

PREFIX, BEFORE = "msg_dc", "msg_db"
ABORTED = "MessageAbortedError"


class Fate(StrEnum):
    ABSENT = "absent"  # no such message
    WAITING = "waiting"  # stored, and nobody works on it
    RUNNING = "running"  # the session's status says so; messages alone cannot
    UNFINISHED = "unfinished"  # begun, and nobody works on it
    ANSWERED = "answered"
    FAILED = "failed"
    ABORTED = "aborted"


ENDED = frozenset({Fate.ANSWERED, Fate.FAILED, Fate.ABORTED})


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong at the model, without anything that must not be shown or logged."""

    name: str
    status: int | None = None  # of the provider's HTTP answer
    hint: str = ""  # the first line of the message; for telling faults apart, not for people


@dataclass(frozen=True, slots=True)
class Outcome:
    fate: Fate
    said: tuple[Text, ...] = ()  # so far, where it is of use
    last: int = 0  # so many of these may be the answer's end: nothing has followed them yet
    fault: Fault | None = None
    cut: bool = False  # the answer ends where the model's output limit is
    turned_down: bool = False  # it ends because a person said no
    overtaken: bool = False  # a newer prompt of ours is in the session: this one must not be sent again

    @property
    def settled(self) -> tuple[Text, ...]:
        """What was said and is not the answer's end, whatever comes."""
        return self.said[: len(self.said) - self.last]


def message_id(turn: TurnId) -> str:
    """Own ids make a repeat of a prompt the same message; they must be unique over all sessions of a server."""
    return f"{PREFIX}{turn}"


def part_id(turn: TurnId, ordinal: int) -> str:
    """Without own part ids a repeat would append its parts a second time."""
    return f"prt_dc{turn}_{ordinal}"


def preface_id(turn: TurnId) -> str:
    """Of what the session is told before the turn's prompt. It is no prompt, and comes before it in the session's
    order."""
    return f"{BEFORE}{turn}"


def outcome_of(messages: Sequence[Message], message: str) -> Outcome:
    """What became of the user message with the id `message` in a session that is idle. `messages` are in the session's
    order and reach back to it at least."""
    start = next((index for index, one in enumerate(messages) if one["info"]["id"] == message), None)
    if start is None:
        return Outcome(Fate.ABSENT)
    following = messages[start + 1 :]
    newer = next((one["info"]["id"] for one in following if is_prompt(one)), None)
    outcome = _outcome(_answers(message, following, newer))
    if newer is None:
        return outcome
    outcome = replace(outcome, overtaken=True)
    return outcome if outcome.fate in ENDED else _joined(outcome, outcome_of(following, newer))


def answers_to(messages: Sequence[Message], message: str) -> list[Message]:
    """The assistant messages that answer the user message with the id `message`, or one that the server wrote on its
    behalf."""
    start = next((index for index, one in enumerate(messages) if one["info"]["id"] == message), len(messages))
    following = messages[start + 1 :]
    return _answers(message, following, next((one["info"]["id"] for one in following if is_prompt(one)), None))


def _joined(earlier: Outcome, later: Outcome) -> Outcome:
    """A prompt that did not get its own end shares that of the one which overtook it."""
    fate = Fate.UNFINISHED if later.fate is Fate.WAITING else later.fate
    last = later.last if later.said else earlier.last
    return Outcome(fate, earlier.said + later.said, last, later.fault, overtaken=True)


def is_prompt(message: Message) -> bool:
    """Whether it is one of ours."""
    return message["info"]["role"] == "user" and str(message["info"]["id"]).startswith(PREFIX)


def _answers(message: str, following: Sequence[Message], newer: str | None) -> list[Message]:
    parents = {message}
    for one in following:
        if one["info"]["id"] == newer:
            break
        if one["info"]["role"] == "user":
            parents.add(one["info"]["id"])
    return [one for one in following if one["info"]["role"] == "assistant" and one["info"].get("parentID") in parents]


def _outcome(answers: Sequence[Message]) -> Outcome:
    if not answers:
        return Outcome(Fate.WAITING)
    said = tuple(text for answer in answers for text in _said(answer, last=answer is answers[-1]))
    final = answers[-1]
    outcome = Outcome(Fate.UNFINISHED, said, len(_unfollowed(final)))
    if error := final["info"].get("error"):
        fault = fault_of(error)
        return replace(outcome, fate=Fate.ABORTED if fault.name == ABORTED else Fate.FAILED, fault=fault)
    if not is_whole(final):
        return outcome
    fate, finish = _fate_of_completed(final), final["info"].get("finish")
    turned_down = fate is Fate.ANSWERED and finish == "tool-calls"
    return replace(outcome, fate=fate, cut=finish == "length", turned_down=turned_down)


def is_whole(message: Message) -> bool:
    """The server writes how a message finished after all of its text, and when it was completed a moment later. Killed
    in that moment, it takes the message for finished ever after, and so must we."""
    return bool(message["info"]["time"].get("completed") or message["info"].get("finish"))


def _fate_of_completed(last: Message) -> Fate:
    finish = last["info"].get("finish")
    if finish is None:  # aborted while it waited to ask the model again
        return Fate.ABORTED
    if finish not in ("tool-calls", "unknown") and not last["info"].get("summary"):
        return Fate.ANSWERED
    # After these three the server always asks the model once more.
    return Fate.ANSWERED if _turned_down(last) else Fate.UNFINISHED


def _turned_down(message: Message) -> bool:
    """Whether a person refused a tool, which ends the turn where it is."""
    errors = [str(part.get("state", {}).get("error", "")) for part in message["parts"] if part["type"] == "tool"]
    return any(error.startswith(("The user rejected", "The user dismissed")) for error in errors)


def _said(answer: Message, *, last: bool) -> list[Text]:
    """What was said to the person: no summary of a compaction, no text that the server put in, and no beginning of an
    answer that was cut off and then given again."""
    texts, unfollowed = _texts(answer["parts"]), _unfollowed(answer)
    if answer["info"].get("summary"):
        return []
    return texts if last or is_whole(answer) else texts[: len(texts) - len(unfollowed)]


def _unfollowed(answer: Message) -> list[Text]:
    """The texts behind its last tool."""
    if answer["info"].get("summary"):
        return []
    tools = [index for index, part in enumerate(answer["parts"]) if part["type"] == "tool"]
    return _texts(answer["parts"][tools[-1] + 1 if tools else 0 :])


def _texts(parts: Sequence[Mapping[str, Any]]) -> list[Text]:
    return [
        Text(str(part.get("id", "")), part["text"].strip())
        for part in parts
        if part["type"] == "text" and not part.get("synthetic") and not part.get("ignored") and part["text"].strip()
    ]


def fault_of(error: object) -> Fault:
    """Of the `error` of a message or of a `session.error` event, whatever its shape is."""
    known = fields(error)
    details = fields(known.get("data"))
    status = details.get("statusCode")
    lines = str(details.get("message") or "").splitlines()
    return Fault(str(known.get("name", "")), status if isinstance(status, int) else None, lines[0] if lines else "")


def fields(value: object) -> Mapping[str, Any]:
    """None at all where it is no object."""
    return value if isinstance(value, dict) else {}
