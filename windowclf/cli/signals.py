"""Ctrl-C and SIGTERM during work that can be resumed later."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from windowclf.training.checkpoints import Checkpoints


class Signals:
    """The signals that the process has received.

    Attributes
    ----------
    number : int
        Number of the first signal; 0 before it.
    again : bool
        Whether a second signal has come.
    """

    def __init__(self) -> None:
        self.number = 0
        self.again = False

    def exit_code(self) -> int:
        """Return the exit code by the shell's convention: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.number or signal.SIGINT)


@contextmanager
def stops(checkpoints: Checkpoints | None = None) -> Iterator[Signals]:
    """Stop a training after its batch at the first signal, and at once at the second.

    The training raises KeyboardInterrupt in both cases. Before and after the training, and without
    checkpoints, the first signal already raises it.

    Parameters
    ----------
    checkpoints : Checkpoints, optional
        The checkpoints of the training, which are requested to stop.
    """
    found = Signals()

    def handle(number: int, _: FrameType | None) -> None:
        found.again = bool(found.number)
        found.number = found.number or number
        if found.again or checkpoints is None or not checkpoints.under_way:
            raise KeyboardInterrupt
        checkpoints.stop()

    if threading.current_thread() is not threading.main_thread():  # other threads receive no signal
        yield found
        return
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        if (
            signal.getsignal(number) is not signal.SIG_IGN
        ):  # a shell makes background jobs ignore Ctrl-C
            before[number] = signal.signal(number, handle)
    try:
        yield found
    finally:
        for number, old in before.items():
            signal.signal(number, old)
