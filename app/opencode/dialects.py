"""The four ways in which OpenCode Zen can be asked for a short completion, by the family of the model. Pure.

Zen speaks to each family as its vendor does (https://opencode.ai/docs/zen/#endpoints). A dialect says where to post,
how the key travels, what the question looks like and where the answer stands. Models that think count their thoughts
as output: they are told to think little, and are given room for it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Json = Mapping[str, Any]
THOUGHTS = 400  # tokens


@dataclass(frozen=True, slots=True)
class Question:
    """`instruction` is ours; `material` is what people wrote, quoted."""

    instruction: str
    material: str
    most_tokens: int


@dataclass(frozen=True, slots=True)
class Dialect:
    """`text` finds the answer in the response; where there is none, it raises LookupError or TypeError."""

    path: Callable[[str], str]
    headers: Callable[[str], dict[str, str]]
    body: Callable[[str, Question], Json]
    text: Callable[[Any], str]


def dialect_of(model: str) -> Dialect:
    """As OpenCode's own catalogue of Zen's models has it."""
    prefixes = {
        ("claude-", "qwen3.5-plus", "qwen3.6-plus", "qwen3.8-flash"): MESSAGES,
        ("gpt-", "grok-", "muse-"): RESPONSES,
        ("gemini-",): GENERATE,
    }
    return next((dialect for families, dialect in prefixes.items() if model.startswith(families)), CHAT)


# --- https://platform.claude.com/docs/en/api/messages

# Later ones answer 400 to a temperature.
_TAKES_TEMPERATURE = re.compile(r"claude-(?:3|(?:haiku|sonnet|opus)-4)(?:-[0-6])?(?:-(?:haiku|sonnet|opus|\d{8}))?")


def _message(model: str, question: Question) -> Json:
    steady = {"temperature": 0} if _TAKES_TEMPERATURE.fullmatch(model) else {}
    return {
        "model": model,
        "max_tokens": question.most_tokens,
        "system": question.instruction,
        "messages": [{"role": "user", "content": question.material}],
        **steady,
    }


def _message_text(answer: Any) -> str:
    return "".join(block["text"] for block in answer["content"] if block["type"] == "text")


# --- https://platform.openai.com/docs/api-reference/responses; its models that think take no temperature


def _response(model: str, question: Question) -> Json:
    return {
        "model": model,
        "instructions": question.instruction,
        "input": question.material,
        "max_output_tokens": question.most_tokens + THOUGHTS,
        "reasoning": {"effort": "low"},
        "store": False,
    }


def _response_text(answer: Any) -> str:
    blocks = [block for item in answer["output"] if item["type"] == "message" for block in item["content"]]
    return "".join(block["text"] for block in blocks if block["type"] == "output_text")


# --- https://ai.google.dev/api/generate-content; its third generation, which is best left at its own temperature


def _content(model: str, question: Question) -> Json:
    most_tokens = question.most_tokens + THOUGHTS
    return {
        "systemInstruction": {"parts": [{"text": question.instruction}]},
        "contents": [{"role": "user", "parts": [{"text": question.material}]}],
        "generationConfig": {"maxOutputTokens": most_tokens, "thinkingConfig": {"thinkingLevel": "low"}},
    }


def _content_text(answer: Any) -> str:
    parts = answer["candidates"][0]["content"]["parts"]
    return "".join(part["text"] for part in parts if not part.get("thought"))


# --- https://platform.openai.com/docs/api-reference/chat, as everybody else speaks it


def _chat(model: str, question: Question) -> Json:
    messages = [("system", question.instruction), ("user", question.material)]
    return {
        "model": model,
        "messages": [{"role": role, "content": content} for role, content in messages],
        "max_tokens": question.most_tokens + THOUGHTS,
        "temperature": 0,
    }


def _chat_text(answer: Any) -> str:
    return str(answer["choices"][0]["message"]["content"] or "")


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


MESSAGES = Dialect(
    path=lambda model: "/messages",
    headers=lambda key: {"x-api-key": key, "anthropic-version": "2023-06-01"},
    body=_message,
    text=_message_text,
)
RESPONSES = Dialect(path=lambda model: "/responses", headers=_bearer, body=_response, text=_response_text)
GENERATE = Dialect(
    path=lambda model: f"/models/{quote(model, safe='')}:generateContent",
    headers=lambda key: {"x-goog-api-key": key},
    body=_content,
    text=_content_text,
)
CHAT = Dialect(path=lambda model: "/chat/completions", headers=_bearer, body=_chat, text=_chat_text)
