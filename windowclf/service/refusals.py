"""JSON answers, including those to rejected requests."""

from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from windowclf.errors import DataError, UsageError, WindowclfError, one_line
from windowclf.service.bodies import Refusal

REFUSED = (HTTPException, WindowclfError, Exception)
"""Exceptions that `refused` handles, for Starlette's table of handlers."""

_REASONS = {
    "Not Found": "no such path; begin at /",
    "Method Not Allowed": "not with this method; the header Allow names the right one",
}


def json_response(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Make a JSON response."""
    return Response(body, status, headers, media_type="application/json")


def refusal(error: Exception) -> Response:
    """Explain in one line why a request was rejected or failed; unexpected errors are logged."""
    headers = None
    match error:
        case HTTPException():
            status, reason = error.status_code, _REASONS.get(error.detail, error.detail)
            headers = error.headers
        case UsageError() | DataError():
            status, reason = 422, one_line(error)
        case WindowclfError():
            status, reason = 500, one_line(error)
        case _:
            status, reason = 500, "an error in the service; see its log"
    return json_response(msgspec.json.encode(Refusal(reason)), status, headers)


async def refused(_: Request, error: Exception) -> Response:
    """Call `refusal` as a handler of Starlette."""
    return refusal(error)
