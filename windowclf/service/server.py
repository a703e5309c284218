"""The HTTP server of the application, which closes connections that take too long."""

import ipaddress
import signal
import socket
import threading
from asyncio import AbstractEventLoop, TimerHandle, Transport
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from windowclf.errors import WindowclfError
from windowclf.service.limits import Limits
from windowclf.service.pages import HEADERS

CONNECTIONS = 1000
"""Largest number of connections; further ones get the answer 503."""
IDLE_SECONDS = 15
"""Time for which an idle connection is kept open."""
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 means any free port.

    Raises
    ------
    WindowclfError
        If the host is not this machine, or the port is taken or not allowed.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
        raise WindowclfError(
            f"cannot listen at {host}, port {port}: {reason}; name another with --host or --port"
        ) from None


def address_of(listening: socket.socket) -> str:
    """Write the address of a listening socket, for a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def hosts_of(host: str, listening: socket.socket) -> tuple[str, ...]:
    """Return the host names that requests to a service may use.

    A service for this machine alone accepts only the names of this machine. This prevents DNS
    rebinding: a site whose name points to this machine could otherwise read answers through a local
    browser. A service for other machines accepts any name.
    """
    address = listening.getsockname()[0]
    return (*LOOPBACK, address, host) if ipaddress.ip_address(address).is_loopback else ("*",)


def make_server(app: ASGIApp, limits: Limits) -> uvicorn.Server:
    """Make the server of an application; its `run` takes the sockets."""
    config = uvicorn.Config(
        app,
        http=type("_BoundedConnection", (_Connection,), {"seconds": limits.seconds}),
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        headers=HEADERS,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=2 * limits.whole_seconds,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Stops cleanly at Ctrl-C and SIGTERM, at once at a second Ctrl-C; keeps signals ignored.

    uvicorn raises the signal again after its end; here the command continues and exits with 0.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    before[number] = signal.signal(number, self.handle_exit)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Joining:
    """A transport that writes the head and the body of an answer together.

    uvicorn writes them separately, which costs a system call, a packet and a wake-up of the client
    for each.
    """

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()


class _Connection(HttpToolsProtocol):
    """A connection that is closed if the head of a request or the reader takes too long.

    uvicorn has no time limit for a head, or for the client to read an answer; `read_body` has one
    for the body. This class uses private state of uvicorn, `cycle` and the `timeout_keep_alive`
    members, which is why pyproject.toml has an upper bound for its version.
    """

    seconds: float
    _head: TimerHandle | None = None
    _reader: TimerHandle | None = None
    _in_body = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("Transport", _Joining(transport, self.loop)))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Between two requests, or after an early answer to a request that is still arriving.
        at_rest = self.cycle is None or self.cycle.response_complete
        if at_rest and self.timeout_keep_alive_task is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._stop()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_body = False
        if self.cycle.response_complete:  # the request was rejected before it was complete
            self._stop()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def pause_writing(self) -> None:
        super().pause_writing()
        # The connection is aborted, because closing it would wait for the reader.
        self._reader = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reader is not None:
            self._reader.cancel()

    def _await_head(self) -> None:
        if self._head is None and not self.transport.is_closing():
            self._head = self.loop.call_later(self.seconds, self._late)

    def _stop(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _late(self) -> None:
        self._head = None
        if not self.transport.is_closing():
            if not self._in_body:  # within a body, the answer was already sent
                self.transport.write(_LATE)
            self.transport.close()


_REASON = b'{"error":"the head of the request did not come in time"}'
_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_REASON), _REASON)
)
