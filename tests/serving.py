"""The service on a port of this machine, in a thread."""

import asyncio
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, TypeVar

import httpx
from starlette.types import ASGIApp

from windowclf.service.app import create_app
from windowclf.service.limits import Limits
from windowclf.service.server import address_of, hosts_of, listen, make_server

HOST = "127.0.0.1"
T = TypeVar("T")


@contextmanager
def command_serving(name: str, *options: object) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """Run a command that serves a page, in a process; yield the process and its address."""
    command = [sys.executable, "-m", "windowclf", name, "--port", "0", *map(str, options)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            lines = iter(process.stderr.readline, "")
            yield process, next(found[0] for x in lines if (found := re.search(r"http://[^;]+", x)))
        finally:
            process.kill()


def serving(classifier: Any, **limits: Any) -> AbstractContextManager[str]:
    """Run a service; give its address."""
    bounds = Limits(**limits)
    return running(partial(create_app, classifier, "tiny", limits=bounds), bounds)


@contextmanager
def running(make_app: Callable[..., ASGIApp], bounds: Limits, port: int = 0) -> Iterator[str]:
    """Run an application, which is made with the hosts it may be called by; give its address."""
    with listen(HOST, port) as listening:
        server = make_server(make_app(hosts=hosts_of(HOST, listening)), bounds)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield address_of(listening)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def while_serving(
    classifier: Any, ask: Callable[[httpx.Client], T], *, workers: int, **limits: Any
) -> T:
    """Run a service in this thread, which may be copied, and ask it in another one.

    `ask` takes a client of it; what it returns is returned.
    """
    bounds = Limits(**limits)

    async def run() -> T:
        with (
            listen(HOST, 0) as listening,
            httpx.Client(base_url=address_of(listening), timeout=20, trust_env=False) as client,
        ):
            app = create_app(classifier, "tiny", limits=bounds, workers=workers)
            server = make_server(app, bounds)
            served = asyncio.create_task(server.serve([listening]))
            try:
                await asyncio.to_thread(client.get, "/health")  # it has begun
                return await asyncio.to_thread(ask, client)
            finally:
                server.should_exit = True
                await served

    return asyncio.run(run())


class Held:
    """A classifier that tags when it is let, and notes how many texts it is given at once."""

    def __init__(self, classifier: Any) -> None:
        self._classifier = classifier
        self.labels, self.tags = classifier.labels, classifier.tags
        self.begun, self.let = threading.Event(), threading.Event()
        self.batches: list[int] = []

    def pipe(self, texts: list[str], **settings: Any) -> Iterator[Any]:
        self.batches.append(len(texts))
        self.begun.set()
        assert self.let.wait(30)
        return self._classifier.pipe(texts, **settings)

    def explain(self, text: str, token: int) -> Any:
        return self._classifier.explain(text, token)


@contextmanager
def connection(address: str) -> Iterator[socket.socket]:
    """Open a raw connection to a service."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as opened:
        yield opened


def read_all(opened: socket.socket) -> bytes:
    """Read what comes until the other side closes."""
    parts = []
    try:
        while part := opened.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)
