"""The limits of a request, and the reading of a body that may be too large or never end."""

import asyncio
import math

import msgspec
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope

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


async def read_body(scope: Scope, receive: Receive, limits: Limits) -> bytes:
    """Read the body of a request, which must be JSON.

    Raises
    ------
    HTTPException
        415 if its headers do not say that it is JSON, 413 as soon as it is too large, 408 if it
        does not come in time.
    """
    headers = dict(reversed(scope["headers"]))  # of a name that comes again, the first
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(
            415, f"Content-Type: expected application/json, got {kind[:80] or 'none'}"
        )
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise HTTPException(415, "Content-Encoding: expected none; send the JSON as it is")
    if int(headers.get(b"content-length", 0)) > limits.bytes:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise HTTPException(400, "the connection ended within the body")
                body += message.get("body", b"")
                if len(body) > limits.bytes:
                    raise _too_large(limits)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise HTTPException(
            408, f"the body did not come within {limits.seconds:g} seconds"
        ) from None


def _too_large(limits: Limits) -> HTTPException:
    return HTTPException(413, f"the body is too large: the limit is {limits.bytes:,} bytes")


async def in_time(answer: "asyncio.Future[bytes]", limits: Limits) -> bytes:
    """Wait for an answer no longer than the limit.

    Raises
    ------
    HTTPException
        503 if it takes longer.
    """
    # As `asyncio.timeout` does, which takes several times as long.
    timer = asyncio.get_running_loop().call_later(limits.seconds, _give_up, answer, limits)
    try:
        return await answer
    finally:
        timer.cancel()


def _give_up(answer: "asyncio.Future[bytes]", limits: Limits) -> None:
    if not answer.done():
        reason = f"not done within {limits.seconds:g} seconds; send less, or later"
        answer.set_exception(HTTPException(503, reason, WAIT))
