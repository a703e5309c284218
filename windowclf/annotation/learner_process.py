"""The server's side of the learner: start the process, read its events, restart it if it dies."""

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
"""Seconds before each restart of a learner that ended. After the last one it is not restarted. A
completed round resets the count."""
_END = 5.0
"""Seconds that the learner has to exit before it is killed."""

Event = dict[str, Any]


class LearnerProcess:
    """Runs a learner while it is open, and passes its events on.

    Parameters
    ----------
    folder : Path
        The folder of the project.
    on_event : callable
        Called in the event loop with each event of `Learner`. This class adds the events
        "starting" and, when the learner is not restarted any more, "error" with the reason.
    command : sequence of str, optional
        Command to run in place of the learner.
    """

    def __init__(
        self, folder: Path, on_event: Callable[[Event], None], command: Sequence[str] | None = None
    ) -> None:
        # -P: no module is imported from the working directory.
        program = (sys.executable, "-P", "-m", "windowclf.annotation.learner", str(folder))
        self._command = [*(command or program)]
        self._on_event = on_event
        self._failures = 0
        self._message = ""  # the last error that the learner reported
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
        """End the learner by closing its input."""
        self._is_open = False
        if self._restart:
            self._restart.cancel()
        await asyncio.to_thread(self._end)

    def wake(self) -> None:
        """Notify the learner of new decisions, without waiting."""
        if self._process and self._process.stdin:
            # A full pipe means that it was notified already; a broken one, that it ended.
            with suppress(OSError, ValueError):
                os.write(self._process.stdin.fileno(), b"go\n")

    def _start(self) -> None:
        self._on_event({"event": "starting"})
        self._message = ""
        try:
            self._process = process = subprocess.Popen(  # noqa: S603  # a module of this package
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
            with suppress(OSError, AttributeError):  # on systems without non-blocking pipes
                os.set_blocking(process.stdin.fileno(), False)
        self._listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._listener.start()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        """Read the reports of the process until it ends; runs in a thread."""
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
        if not other.is_alive():  # otherwise a child of the process holds the pipe open
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
        self._on_event(event)

    def _lost(self, reason: str) -> None:
        if not self._is_open:
            return
        if self._process and self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        self._process = None
        reason = self._message or f"its process ended: {reason}"
        if self._failures == len(PAUSES):
            self._on_event({"event": "error", "message": reason})
            return
        self._on_event({"event": "starting", "message": reason})
        self._restart = self._loop.call_later(PAUSES[self._failures], self._start)
        self._failures += 1
