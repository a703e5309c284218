"""What a model that a training begins with may have read of the text of the training."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from windowclf.model.record import TrainingRecord
from windowclf.model.sketch import SHORTEST, shared_sentences
from windowclf.training.fit import utf8_name

if TYPE_CHECKING:
    from windowclf.corpora.coerce import TrainingText
    from windowclf.corpora.corpus import Corpus

_FOUND, _SHARE = 2, 0.1  # fewer may come twice by chance, such as headings and closing words
_ENOUGH = 10
"""Sentences of a sample: if none is in the other text, that cannot hold most of them."""
_CONSEQUENCES = {
    "train": "the F1 that cross-validation expects is too high",
    "dev": "scores on it are too high",
    "test": "scores on it are too high",
}
_BASE = "the model that the training begins with"


def base_doubts(record: TrainingRecord, text: "Corpus | TrainingText") -> Iterator[str]:
    """Report text that was in the training text of a model to begin with.

    The sketch of the record decides, if there is one and it tells enough; else the names of data.

    Parameters
    ----------
    record : TrainingRecord
        That of the model.
    text : Corpus or TrainingText
        What is to be trained on, with its dev and test splits.

    Yields
    ------
    str
        A line.
    """
    unknown = []
    for split, consequence in _CONSEQUENCES.items():
        sentences = text.splits.get(split) or ()
        if not sentences or (split == "train" and text.splits.get("dev")):
            continue
        shared = shared_sentences(record, (sentence.tokens for sentence in sentences))
        if shared.found >= _FOUND and shared.share >= _SHARE:
            yield (
                f"about {100 * shared.share:.0f} % of the sentences of {SHORTEST} tokens or more "
                f"of the {split} split are in the training text of {_BASE} ({shared.found:,} of a "
                f"sample of {shared.looked_at:,}): {consequence}"
            )
        elif shared.looked_at < _ENOUGH and split != "train":
            unknown.append(split)
    yield from _same_names(record, text, unknown)


def _same_names(
    record: TrainingRecord, text: "Corpus | TrainingText", splits: list[str]
) -> Iterator[str]:
    """Report splits of files, or of corpora, that the record names."""
    trained_on = [*(part.data for part in record.corpora or ()), record.data]
    possible = []
    for split in splits:
        read = text.files.get(split)
        names = [str(path) for path in read.paths] if read else []
        if file := _first_shared(names, trained_on):
            yield f"{_BASE} was trained on {file}, the {split} split: scores on it are too high"
        else:
            possible.append(split)
    names = [*(part.data for part in text.parts), text.name]
    if possible and (name := _first_shared(names, trained_on)):
        which = " or the ".join(possible)
        yield (
            f"{_BASE} was trained on {name}: if what it read there holds the {which} split, "
            "scores on it are too high"
        )


def _first_shared(names: list[str], others: list[str]) -> str | None:
    known = {_source(name) for name in others if name}
    return next((name for name in names if name and _source(name) in known), None)


def _source(name: str) -> str:
    """Name a source in one way: a file or a folder by its whole path, as it may be relative."""
    name = utf8_name(name)  # as records have it
    try:
        return str(Path(name).expanduser().resolve(strict=True))
    except (OSError, RuntimeError, ValueError):  # it is not on the disk, or has no such name
        return name.removeprefix("hub:")
