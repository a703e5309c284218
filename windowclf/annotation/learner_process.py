"""The process that learns, as the server sees it: what it reports, and that it is started again."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from windowclf.errors import shortened

PAUSES = (1.0, 5.0, 30.0)
"""Seconds from the end of a process to the start of the one in its place; after the last of them
it is given up. A round that is done counts as a fresh beginning."""
_END = 5.0
"""Seconds that it has to end by itself."""

Event = dict[str, Any]


class LearnerProcess:
    """Keeps a learner while it is open, and listens to it.

    Parameters
    ----------
    folder : Path
        Of the project.
    heard : callable
        Is called in the event loop with each event; see the module `learner` for their kinds. Here
        "starting" is added, and "error" with the reason, when it has been given up.
    command : sequence of str, optional
        Another program.
    """

    def __init__(
        self, folder: Path, heard: Callable[[Event], None], command: Sequence[str] | None = None
    ) -> None:
        # -P: what lies in the working directory is not imported.
        program = (sys.executable, "-P", "-m", "windowclf.annotation.learner", str(folder))
        self._command = [*(command or program)]
        self._heard = heard
        self._failures = 0
        self._message = ""  # of the last error that it reported itself
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._is_open = False

    async def __aenter__(self) -> "LearnerProcess":
        self._loop = asyncio.get_running_loop()
        self._is_open = True
        self._start()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Let it end: it does when its input closes."""
        self._is_open = False
        if self._restart:
            self._restart.cancel()
        await asyncio.to_thread(self._end)

    def wake(self) -> None:
        """Let it look for new decisions; it never has to be waited for."""
        if self._process and self._process.stdin:
            # A pipe that is full means that it has been woken; one that is broken, that it ended.
            with suppress(OSError, ValueError):
                os.write(self._process.stdin.fileno(), b"go\n")

    def _start(self) -> None:
        self._heard({"event": "starting"})
        self._message = ""
        try:
            self._process = process = subprocess.Popen(  # noqa: S603  # a program of this package
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the server, which closes the input
            )
        except OSError as error:
            self._lost(error.strerror or str(error))
            return
        if process.stdin:
            with suppress(OSError, AttributeError):  # where pipes cannot do it
                os.set_blocking(process.stdin.fileno(), False)
        self._listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._listener.start()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        """Read what the process reports until it ends, in a thread."""
        said = bytearray()

        def keep_last() -> None:
            for line in process.stderr or ():
                if line.strip():
                    said[:] = line.strip()

        other = threading.Thread(target=keep_last, daemon=True)
        other.start()
        for line in process.stdout or ():
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                event = msgspec.json.decode(line, type=dict[str, Any])
                self._call(self._report, event)
        status = process.wait()
        other.join(_END)
        if not other.is_alive():  # else something that it has started holds the pipe open
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        reason = shortened(said.decode(errors="replace"), 200)
        how = f"signal {-status}" if status < 0 else f"exit code {status}"
        self._call(self._lost, f"{reason} ({how})" if reason else how)

    def _end(self) -> None:
        process, listener = self._process, self._listener
        if process is None or listener is None:
            return
        if process.stdin:
            with suppress(OSError):
                process.stdin.close()
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            process.kill()
        listener.join(2 * _END)

    def _call(self, function: Callable[..., None], *given: Any) -> None:
        with suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(function, *given)

    def _report(self, event: Event) -> None:
        if event.get("event") == "round":
            self._failures = 0
        self._message = str(event.get("message", "")) if event.get("event") == "error" else ""
        self._heard(event)

    def _lost(self, reason: str) -> None:
        if not self._is_open:
            return
        if self._process and self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        self._process = None
        reason = self._message or f"it has ended: {reason}"
        if self._failures == len(PAUSES):
            self._heard({"event": "error", "message": reason})
            return
        self._heard({"event": "starting", "message": reason})
        self._restart = self._loop.call_later(PAUSES[self._failures], self._start)
        self._failures += 1
