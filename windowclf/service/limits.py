"""The limits of a request, and the reading of a body that may be too large or never end."""

import asyncio
import math
from collections.abc import Awaitable
from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")

WAIT = {"Retry-After": "1"}
"""The header of an answer that asks to come again: a second is a long time for the tagger."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a request may ask for, and how long it may take.

    Parameters
    ----------
    bytes : int
        Of the body of a request.
    texts : int
        In one request.
    seconds : float
        In which a request must come in, and again in which it must be answered.
    waiting : int
        Requests that are read or wait for the tagger at the same time; each may hold `bytes`.
    """

    bytes: int = 1 << 20
    texts: int = 1024
    seconds: float = 30.0
    waiting: int = 256

    @property
    def whole_seconds(self) -> int:
        """The seconds, rounded up."""
        return math.ceil(self.seconds)


async def read_body(request: Request, limits: Limits) -> bytes:
    """Read the body of a request, which must be JSON.

    Raises
    ------
    HTTPException
        415 if its headers do not say that it is JSON, 413 as soon as it is too large, 408 if it
        does not come in time.
    """
    headers = request.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(
            415, f"Content-Type: expected application/json, got {kind[:80] or 'none'}"
        )
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "Content-Encoding: expected none; send the JSON as it is")
    too_large = HTTPException(413, f"the body is too large: the limit is {limits.bytes:,} bytes")
    if int(headers.get("content-length", 0)) > limits.bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in request.stream():
                body += part
                if len(body) > limits.bytes:
                    raise too_large
    except ClientDisconnect:
        raise HTTPException(400, "the connection ended within the body") from None
    except TimeoutError:
        raise HTTPException(
            408, f"the body did not come within {limits.seconds:g} seconds"
        ) from None
    return bytes(body)


async def in_time(answer: Awaitable[T], limits: Limits) -> T:
    """Wait for an answer no longer than the limit.

    Raises
    ------
    HTTPException
        503 if it takes longer.
    """
    try:
        async with asyncio.timeout(limits.seconds):
            return await answer
    except TimeoutError:
        raise HTTPException(
            503, f"not done within {limits.seconds:g} seconds; send less, or later", WAIT
        ) from None
