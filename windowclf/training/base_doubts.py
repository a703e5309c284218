"""Detection of text that the base model of a training may have been trained on."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from windowclf.model.record import TrainingRecord
from windowclf.model.sketch import SHORTEST, shared_sentences
from windowclf.training.fit import utf8_name

if TYPE_CHECKING:
    from windowclf.corpora.coerce import TrainingText
    from windowclf.corpora.corpus import Corpus

_FOUND, _SHARE = 2, 0.1  # below these, sentences may coincide by chance, such as headings
_ENOUGH = 10
"""Size of a sample that suffices: if none of it is in the other text, most of the text is not."""
_CONSEQUENCES = {
    "train": "the F1 that cross-validation estimates is too high",
    "dev": "scores on it are too high",
    "test": "scores on it are too high",
}
_BASE = "the base model"


def base_doubts(record: TrainingRecord, text: "Corpus | TrainingText") -> Iterator[str]:
    """Report splits that overlap with the training text of the base model.

    The sketch in the record decides if it is large enough; otherwise the names of the data do.

    Parameters
    ----------
    record : TrainingRecord
        The record of the base model.
    text : Corpus or TrainingText
        The new training text, with its dev and test splits.

    Yields
    ------
    str
        A warning of one line.
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
    """Report splits whose file or corpus the record names."""
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
            f"{_BASE} was trained on {name}: if that included the {which} split, "
            "scores on it are too high"
        )


def _first_shared(names: list[str], others: list[str]) -> str | None:
    known = {_source(name) for name in others if name}
    return next((name for name in names if name and _source(name) in known), None)


def _source(name: str) -> str:
    """Normalise the name of a source: files and folders get their absolute path."""
    name = utf8_name(name)  # records store names in this form
    try:
        return str(Path(name).expanduser().resolve(strict=True))
    except (OSError, RuntimeError, ValueError):  # not on the disk, or not a valid path
        return name.removeprefix("hub:")
