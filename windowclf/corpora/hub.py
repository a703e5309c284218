"""Data sets of the Hugging Face hub, loaded with the library ``datasets``."""

import logging
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from windowclf.corpora.dataset import read_splits
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError, WindowclfError

_FILES = "give the files: `data=FOLDER`"
_OFFLINE = "offline mode is on: unset HF_HUB_OFFLINE and HF_DATASETS_OFFLINE"
_TIMEOUT = 10.0  # seconds to wait for the first answer of the hub


@dataclass(frozen=True)
class _Source:
    """The address of a data set on the hub."""

    repository: str
    configuration: str | None = None
    revision: str | None = None

    @classmethod
    def parse(cls, name: str) -> "_Source":
        match = re.fullmatch(r"([\w.-]+/[\w.-]+)(?::([^@]+))?(?:@(.+))?", name)
        if match is None:
            raise UsageError(
                f"unknown data set {name!r}: expected conll2003 or a name of the Hugging Face hub, "
                "owner/name, owner/name:configuration or owner/name@revision"
            )
        return cls(*match.groups())

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        return f"{self.repository}{f':{self.configuration}' if self.configuration else ''}{at}"


# The original is a loading script, which `datasets` no longer runs; these are copies of its data.
CONLL2003 = (
    _Source("lhoestq/conll2003"),
    _Source("eriktks/conll2003", revision="refs/convert/parquet"),
)


def load_hub(
    name: str, *, tokens_column: str | None = None, tags_column: str | None = None
) -> dict[str, list[Sentence]]:
    """Load a data set of the Hugging Face hub.

    Parameters
    ----------
    name : str
        ``"conll2003"``, or ``"owner/name"``, followed by ``:configuration`` and ``@revision`` if
        needed.
    tokens_column, tags_column : str, optional
        The columns to read; by default, columns with the usual names.

    Returns
    -------
    dict of str to list of Sentence
        Its splits among ``"train"``, ``"dev"`` and ``"test"``, with their original tags and without
        empty sentences.

    Raises
    ------
    UsageError
        If the data set, configuration, revision or column does not exist.
    DataError
        If the hub cannot be reached, or the data are not tokens with tags.
    """
    sources = CONLL2003 if name == "conll2003" else (_Source.parse(name),)
    with _quiet():
        source, dataset = _fetch_first(name, sources)
    return read_splits(dataset, tokens_column, tags_column, f"data set {source}")


def _fetch_first(name: str, sources: Sequence[_Source]) -> tuple[_Source, Any]:
    """Load the first available source, from the hub, or from the cache without a connection."""
    import datasets

    no_hub = _OFFLINE if datasets.config.HF_HUB_OFFLINE else None
    refusals: list[WindowclfError] = []
    for source in sources:
        commit = None
        try:
            if no_hub is None:
                commit = _commit(source)
        except ConnectionError as error:
            no_hub = str(error)
        except WindowclfError as refusal:
            refusals.append(refusal)
            continue
        try:
            return source, _load(source, commit)
        except WindowclfError as refusal:
            refusals.append(refusal)
    if no_hub:
        raise DataError(f"data set {name} is not in the cache, and {no_hub}, or {_FILES}")
    if len(refusals) == 1:
        raise refusals[0]
    raise DataError(f"no copy of {name} is available ({'; '.join(map(str, refusals))}): {_FILES}")


def _commit(source: _Source) -> str:
    """Ask the hub for the commit, with a single attempt.

    `load_dataset` alone would retry for 23 seconds before it reports that there is no network.

    Raises
    ------
    ConnectionError
        If the hub cannot be reached; the message has the reason and the cure.
    UsageError, DataError
        If the hub refuses the request.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        info = HfApi().dataset_info(source.repository, revision=source.revision, timeout=_TIMEOUT)
    except RevisionNotFoundError:
        raise UsageError(
            f"data set {source.repository} has no revision {source.revision!r}"
        ) from None
    except (RepositoryNotFoundError, HFValidationError):
        raise UsageError(
            f"unknown data set {source.repository!r}: it is not on the Hugging Face hub, or it is "
            "private (then log in with 'hf auth login')"
        ) from None
    except OfflineModeIsEnabled:
        raise ConnectionError(_OFFLINE) from None
    except Exception as error:  # includes errors of the client's HTTP library
        reason = f"{constants.ENDPOINT}: {_one_line(error)}"
        if isinstance(error, HfHubHTTPError):
            status = error.response.status_code
            reason = f"{constants.ENDPOINT} answered {status}"
            if status in (401, 403):
                raise DataError(
                    f"the Hugging Face hub refused data set {source.repository} ({status}): "
                    "log in again with 'hf auth login', or unset HF_TOKEN"
                ) from None
        raise ConnectionError(
            f"the Hugging Face hub could not be reached ({reason}): "
            "check the network, set HF_ENDPOINT to a mirror"
        ) from None
    return str(info.sha)


def _load(source: _Source, commit: str | None) -> Any:
    """Load a data set at a commit, or from the cache if the commit is None."""
    import datasets

    offline = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = commit is None  # the only switch that keeps it off the network
    try:
        return datasets.load_dataset(source.repository, source.configuration, revision=commit)
    except Exception as error:  # untrusted files may cause any error
        text = _one_line(error)
        if " gated " in text:
            raise DataError(
                f"data set {source} is gated: accept its terms on its page at the hub and "
                f"log in with 'hf auth login', or {_FILES}"
            ) from None
        if "scripts are no longer supported" in text:
            raise DataError(
                f"data set {source} is a loading script, which is never run: "
                f"try {source.repository}@refs/convert/parquet, or {_FILES}"
            ) from None
        if "Config" in text and isinstance(error, ValueError):
            text = text.partition(" Example of usage")[0]
            raise UsageError(
                f"data set {source}: {text} (write it as {source.repository}:CONFIGURATION)"
            ) from None
        raise DataError(f"data set {source} cannot be loaded: {text}") from None
    finally:
        datasets.config.HF_HUB_OFFLINE = offline


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the hub client's advice and retries, and show progress bars only in a terminal.

    Warnings of `datasets` itself stay, such as that it uses a cached version.
    """
    import datasets
    from huggingface_hub import utils as hub

    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    shown = [library for library in (datasets, hub) if not library.are_progress_bars_disabled()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        if not sys.stderr.isatty():
            for library in shown:
                library.disable_progress_bars()
        try:
            yield
        finally:
            logger.setLevel(level)
            for library in shown:
                library.enable_progress_bars()


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
