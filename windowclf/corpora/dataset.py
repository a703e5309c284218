"""Data sets of the library ``datasets`` as sentences.

Columns are read through Arrow, not row by row: CoNLL-2003 takes a fraction of a second.
"""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from windowclf.corpora.splits import USUAL_NAMES, splits_of_names
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError, join_names

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

TOKENS_COLUMNS = ("tokens", "words")
TAGS_COLUMNS = ("ner_tags", "tags", "labels", "ner")


def is_dataset(given: object) -> bool:
    """Whether an object is a data set of the library, determined without importing it."""
    datasets = sys.modules.get("datasets")
    if datasets is None:
        return False
    streamed = (datasets.IterableDataset, datasets.IterableDatasetDict)
    return isinstance(given, (datasets.Dataset, datasets.DatasetDict, *streamed))


def from_dataset(
    dataset: "Dataset | DatasetDict",
    *,
    tokens_column: str | None = None,
    tags_column: str | None = None,
) -> dict[str, list[Sentence]] | list[Sentence]:
    """Read a ``datasets.Dataset`` or ``datasets.DatasetDict`` that is already in memory.

    Parameters
    ----------
    dataset : datasets.Dataset or datasets.DatasetDict
        One split, or several by name.
    tokens_column, tags_column : str, optional
        The columns to read; by default, columns with the usual names.

    Returns
    -------
    list of Sentence, or dict of str to list of Sentence
        A list for one split; for several, the result of `read_splits`.

    Raises
    ------
    UsageError
        If the object has another class, or a column does not exist.
    DataError
        If the columns do not contain tokens and tags.
    """
    import datasets

    if isinstance(dataset, datasets.DatasetDict):
        return read_splits(dataset, tokens_column, tags_column, "the data set")
    if isinstance(dataset, datasets.Dataset):
        return _sentences(dataset, tokens_column, tags_column, "the data set")
    raise UsageError(
        f"expected a datasets.Dataset or DatasetDict, not {type(dataset).__name__}; "
        "load a streaming data set without streaming=True"
    )


def read_splits(
    dataset: Mapping[str, Any], tokens_column: str | None, tags_column: str | None, where: str
) -> dict[str, list[Sentence]]:
    """Read the splits of a data set.

    Parameters
    ----------
    dataset : datasets.DatasetDict
        The splits by name.
    tokens_column, tags_column : str or None
        The columns to read; None guesses them.
    where : str
        Name of the data set in error messages.

    Returns
    -------
    dict of str to list of Sentence
        Its splits among ``"train"``, ``"dev"`` and ``"test"``, with their original tags; the logger
        ``windowclf`` reports the others.

    Raises
    ------
    UsageError, DataError
        As `from_dataset` does.
    """
    found = splits_of_names(dataset)
    if not found.splits:
        raise DataError(
            f"{where}: no split is called train, validation or test, only {', '.join(dataset)}"
        )
    if found.others:
        logging.getLogger("windowclf").warning(
            "%s: not used: the splits %s; expected %s",
            where,
            join_names(found.others),
            USUAL_NAMES,
        )
    return {
        split: _sentences(dataset[name], tokens_column, tags_column, f"{where}, split {name}")
        for split, [name] in found.splits.items()
    }


def _sentences(
    dataset: Any, tokens_column: str | None, tags_column: str | None, where: str
) -> list[Sentence]:
    tokens_column = _column(dataset, tokens_column, TOKENS_COLUMNS, "tokens", where)
    tags_column = _column(dataset, tags_column, TAGS_COLUMNS, "tags", where)
    # Through Arrow, with the rows and the order that select, filter and shuffle have produced.
    table = dataset.select_columns(list({tokens_column, tags_column})).with_format("arrow")[:]
    label = dataset.features[tags_column]
    label = label[0] if isinstance(label, list) else getattr(label, "feature", None)
    tokens = _rows(table.column(tokens_column), None, f"{where}, column {tokens_column}")
    tags = _rows(
        table.column(tags_column), getattr(label, "names", None), f"{where}, column {tags_column}"
    )
    sentences = [Sentence(*pair) for pair in zip(tokens, tags, strict=True)]
    for row, sentence in enumerate(sentences):
        if len(sentence.tokens) != len(sentence.tags or ()):
            raise DataError(
                f"{where}, row {row}: {len(sentence.tokens)} tokens in {tokens_column} "
                f"but {len(sentence.tags or ())} tags in {tags_column}"
            )
    return [sentence for sentence in sentences if sentence.tokens]


def _column(dataset: Any, name: str | None, usual: Sequence[str], content: str, where: str) -> str:
    names = dataset.column_names
    if name is None:
        name = next((guess for guess in usual if guess in names), None)
        if name is None:
            raise DataError(
                f"{where}: no column is called {' or '.join(usual)}, only {', '.join(names)}; "
                f"rename the column of {content}, or name it with `{content}_column`"
            )
    elif name not in names:
        raise UsageError(
            f"{where}: no column {name!r} for `{content}_column`; there are {', '.join(names)}"
        )
    return name


def _rows(column: Any, names: Sequence[str] | None, where: str) -> Iterator[list[str]]:
    """Yield the strings of each row, with names for label ids."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not hasattr(column.type, "value_type") or pa.types.is_dictionary(column.type):
        raise DataError(f"{where}: expected a list in each row, found {column.type}")
    item = column.type.value_type
    if names is None and not (pa.types.is_string(item) or pa.types.is_large_string(item)):
        raise DataError(
            f"{where}: expected words or labels with names, found {item}; name another column, "
            "or cast this one to ClassLabel and pass the data set from Python"
        )
    for chunk in column.chunks:
        values = chunk.flatten()
        if values.null_count:
            row = next(row for row, items in enumerate(column.to_pylist()) if None in (items or ()))
            raise DataError(f"{where}, row {row}: null where a word or a label is expected")
        if names is None:
            # Equal strings share one object, which saves memory in a large corpus.
            values = values.dictionary_encode()
            words, ids = values.dictionary.to_pylist(), values.indices.to_pylist()
        else:
            words, ids = names, values.to_pylist()
            if ids and not 0 <= min(ids) <= max(ids) < len(words):
                raise DataError(
                    f"{where}: label ids run from {min(ids)} to {max(ids)}, "
                    f"but there are names only for 0 to {len(words) - 1}"
                )
        strings = [words[index] for index in ids]
        start = 0
        for length in pc.list_value_length(chunk).fill_null(0).to_pylist():
            yield strings[start : start + length]
            start += length
