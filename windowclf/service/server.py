"""The HTTP server around the application: it listens, and closes what takes too long."""

import ipaddress
import signal
import socket
import threading
from asyncio import TimerHandle, Transport
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from windowclf.errors import WindowclfError
from windowclf.service.limits import Limits
from windowclf.service.pages import HEADERS

CONNECTIONS = 1000
"""At the same time; those beyond are answered with 503."""
IDLE_SECONDS = 15
"""How long a connection is kept for its next request."""
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


def listen(host: str, port: int) -> socket.socket:
    """Open a socket that listens.

    Parameters
    ----------
    host : str
        A name or an address of this machine.
    port : int
        0 for any that is free.

    Raises
    ------
    WindowclfError
        If it is not to be had.
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
    """List the names that requests may call a service by.

    On this machine alone these are its own: a page of another site, whose name its owner lets
    point here, must not read what a browser on this machine may ask. Elsewhere it is any.

    Parameters
    ----------
    host : str
        As it was asked for.
    listening : socket
    """
    address = listening.getsockname()[0]
    return (*LOOPBACK, address, host) if ipaddress.ip_address(address).is_loopback else ("*",)


def make_server(app: FastAPI, limits: Limits) -> uvicorn.Server:
    """Make the server of an application; its `run` takes the sockets.

    Parameters
    ----------
    app : FastAPI
    limits : Limits
    """
    config = uvicorn.Config(
        app,
        http=_bounded(limits),
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
    """Ends well by Ctrl-C and SIGTERM, at once by a second Ctrl-C, and leaves what is ignored so.

    The signal is not raised again, as uvicorn does: the service has ended as it was asked to.
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


class _Bounded(HttpToolsProtocol):
    """A connection that is closed when the head of a request, or its reader, takes too long.

    uvicorn waits for a head for ever, and so does it for somebody to read an answer; the body of
    a request is `read_body`'s.
    """

    seconds: float
    _head: TimerHandle | None = None
    _reader: TimerHandle | None = None
    _in_body = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Between two requests, or after an answer to one that is still coming in.
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
        if self.cycle.response_complete:  # it was refused before it had come in
            self._stop()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def pause_writing(self) -> None:
        super().pause_writing()
        # Not closed, which would wait for the reader.
        self._reader = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

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
            if not self._in_body:  # else it was answered
                self.transport.write(_LATE)
            self.transport.close()


def _bounded(limits: Limits) -> type[_Bounded]:
    return type("_Bounded", (_Bounded,), {"seconds": limits.seconds})


_REASON = b'{"error":"the head of the request did not come in time"}'
_LATE = b"\r\n".join(
    [
        b"HTTP/1.1 408 Request Timeout",
        b"content-type: application/json",
        b"content-length: %d" % len(_REASON),
        b"connection: close",
        b"",
        _REASON,
    ]
)
