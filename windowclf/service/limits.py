"""Limits of a request, and reading a body within them."""

import asyncio
import math

import msgspec
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope

WAIT = {"Retry-After": "1"}
"""Header that asks clients to retry after a second, in which the tagger does much work."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on the size and the time of a request.

    Parameters
    ----------
    bytes : int
        Largest size of the body.
    texts : int
        Largest number of texts.
    seconds : float
        Time limit for receiving a request, and again for answering it.
    waiting : int
        Largest number of requests in progress, each of which may take `bytes` of memory.
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
        415 if the headers do not declare JSON, 413 as soon as the body is too large, 408 if it does
        not arrive in time.
    """
    headers = dict(reversed(scope["headers"]))  # the first of headers with the same name
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
    # Faster than `asyncio.timeout` by several times.
    timer = asyncio.get_running_loop().call_later(limits.seconds, _give_up, answer, limits)
    try:
        return await answer
    finally:
        timer.cancel()


def _give_up(answer: "asyncio.Future[bytes]", limits: Limits) -> None:
    if not answer.done():
        reason = f"not done within {limits.seconds:g} seconds; send less, or later"
        answer.set_exception(HTTPException(503, reason, WAIT))
