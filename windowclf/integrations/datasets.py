"""Tagging data sets of the library ``datasets``: a new column for their texts or tokens."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from windowclf.classifier import WindowClassifier
from windowclf.corpora.dataset import is_dataset
from windowclf.errors import UsageError, described
from windowclf.system.packages import whole_install
from windowclf.text.units import TextUnit

with whole_install("windowclf.integrations.datasets"):
    from datasets import (
        ClassLabel,
        Dataset,
        DatasetDict,
        Features,
        IterableDatasetDict,
        List,
        Value,
    )

D = TypeVar("D")
TagBatch = Callable[[Any], dict[str, list[Any]]]

ENTITY = {
    "text": Value("string"),
    "label": Value("string"),
    "start": Value("int64"),
    "end": Value("int64"),
    "score": Value("float64"),
}
"""The features of an entity."""


def tag_dataset(
    tagger: WindowClassifier,
    dataset: D,
    *,
    text_column: str | None = "text",
    tokens_column: str | None = "tokens",
    text_unit: TextUnit = "auto",
    batch_size: int = 1000,
) -> D:
    """Tag a data set.

    Parameters
    ----------
    tagger : WindowClassifier
        A trained classifier.
    dataset : datasets.Dataset, DatasetDict, IterableDataset or IterableDatasetDict
        Streamed data sets are tagged while they are read.
    text_column, tokens_column : str, optional
        The columns with texts and with lists of tokens; None excludes a column. If both exist, the
        texts are tagged.
    text_unit : {"auto", "line", "paragraph", "file"}
        The line ends that entities cannot cross, see `WindowClassifier.tag`.
    batch_size : int
        Number of rows that are tagged together.

    Returns
    -------
    The same class as `dataset`
        A data set with one more column, which replaces a column of the same name. For texts it is
        "entities", lists of `ENTITY`; for tokens it is "tags", lists of ``ClassLabel`` with the
        names `WindowClassifier.tags`.

    Raises
    ------
    UsageError
        If an argument has another class, or neither column exists.
    DataError
        If a row is not a text or a list of tokens.
    """
    if not isinstance(tagger, WindowClassifier):
        raise UsageError(f"tagger: expected a WindowClassifier, got {described(tagger)}")
    if not is_dataset(dataset):
        raise UsageError(
            f"expected a datasets.Dataset, DatasetDict, IterableDataset or IterableDatasetDict, "
            f"not {type(dataset).__name__}"
        )
    tag_batch = partial(
        tagger.tag_batch,
        text_column=text_column,
        tokens_column=tokens_column,
        text_unit=text_unit,
    )
    tag = partial(_tag, tag_batch=tag_batch, tags=tagger.tags, batch_size=batch_size)
    tagged: D
    if isinstance(dataset, DatasetDict | IterableDatasetDict):
        tagged = type(dataset)({name: tag(split) for name, split in dataset.items()})
    else:
        tagged = tag(dataset)
    return tagged


def _tag(dataset: Any, *, tag_batch: TagBatch, tags: list[str], batch_size: int) -> Any:
    settings = {"batched": True, "batch_size": batch_size}
    if dataset.features is None:  # unknown for some streams, whose tags stay strings
        return dataset.map(tag_batch, **settings)
    [column] = tag_batch({name: [] for name in dataset.column_names})
    new = {"entities": List(ENTITY), "tags": List(ClassLabel(names=tags))}
    features = Features({**dataset.features, column: new[column]})
    if column == "tags":
        numbers = {tag: number for number, tag in enumerate(tags)}
        tag_batch = partial(_numbered, tag_batch=tag_batch, numbers=numbers)
    if not isinstance(dataset, Dataset):
        return dataset.map(tag_batch, features=features, **settings)
    # With the format of another library set, batches would lose their other columns.
    tagged = dataset.with_format(None).map(tag_batch, features=features, **settings)
    return tagged.with_format(dataset.format["type"], **dataset.format["format_kwargs"])


def _numbered(
    batch: Any, *, tag_batch: TagBatch, numbers: dict[str, int]
) -> dict[str, list[list[int]]]:
    return {"tags": [[numbers[tag] for tag in tags] for tags in tag_batch(batch)["tags"]]}
