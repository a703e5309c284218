"""A progress bar for training, in a notebook or on stderr."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from windowclf.model.record import Epoch
from windowclf.training.fit import Listener
from windowclf.training.loop import BatchDone, NetworkBegins


@contextmanager
def with_progress(
    listener: Listener | None, epochs: int, *, wanted: bool | None
) -> Iterator[Listener | None]:
    """Wrap a listener so that a progress bar is shown as well.

    Parameters
    ----------
    listener : callable, optional
        Called with each event, too.
    epochs : int
        Largest number of epochs of the training.
    wanted : bool, optional
        Whether to show a bar; by default only in a notebook.

    Yields
    ------
    callable or None
        The listener for the training.
    """
    if not (in_notebook() if wanted is None else wanted):
        yield listener
        return
    bar = TrainingBar(epochs)

    def show(event: BatchDone | Epoch | NetworkBegins) -> None:
        bar(event)
        if listener:
            listener(event)

    try:
        yield show
    finally:
        bar.close()


def in_notebook() -> bool:
    """Detect whether this is a notebook kernel, without importing IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class TrainingBar:
    """A bar over all batches, labelled with the epoch, the loss and the F1 on the dev text."""

    _make: Callable[..., Any]
    _bar: Any

    def __init__(self, epochs: int) -> None:
        with warnings.catch_warnings():  # without ipywidgets, tqdm warns and draws a text bar
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm

        self._epochs, self._network = epochs, ""
        self._shown: dict[str, str] = {}
        self._make, self._bar = tqdm, None  # the bar begins with the first batch

    def __call__(self, event: BatchDone | Epoch | NetworkBegins) -> None:
        """Show a batch, the record of an epoch, or the start of a network."""
        if isinstance(event, NetworkBegins):
            self.close()
            self._network, self._shown = f"{event.name}, ", {}
        elif isinstance(event, BatchDone):
            total = self._epochs * event.batches
            if self._bar is None:
                self._bar = self._make(total=total, unit="batch", dynamic_ncols=True)
            bar = self._bar
            bar.total = total
            bar.set_description_str(
                f"{self._network}epoch {event.epoch} of {self._epochs}", refresh=False
            )
            self._show({"loss": f"{event.loss:.4f}"}, refresh=False)
            bar.update((event.epoch - 1) * event.batches + event.batch - bar.n)
        else:
            shown = {"loss": f"{event.loss:.4f}"}
            if event.f1 is not None:
                shown["dev F1"] = f"{100 * event.f1:.2f} %"
            self._show(shown)

    def _show(self, values: dict[str, str], *, refresh: bool = True) -> None:
        self._shown |= values
        if self._bar is not None:
            self._bar.set_postfix(self._shown, refresh=refresh)

    def close(self) -> None:
        """Close the bar of a network and leave it on the screen."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None
