"""Whoever hangs up in the middle of a body costs nothing but a line."""

import pytest
from starlette.requests import Request
from starlette.types import Message

from app.web.body import read_body


@pytest.mark.anyio
async def test_a_body_whose_sender_hangs_up_did_not_come() -> None:
    pieces: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return pieces.pop(0)

    with pytest.raises(TimeoutError):
        await read_body(Request({"type": "http", "method": "POST", "headers": []}, receive))
