"""Columns of texts or tokens in, columns of entities or tags out: a batch of a data set."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from windowclf.errors import DataError, UsageError
from windowclf.tagging.arrow_columns import entity_type
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.texts import tag_texts


class _Column(list[Any]):
    """A list that knows its type in Arrow, so that empty rows have that of the others.

    Without it ``datasets`` guesses the type of a column from the first batch, and refuses the
    first entity that comes after a batch without any.
    """

    def __arrow_array__(self, type: Any = None) -> Any:  # noqa: A002 - Arrow's name
        import pyarrow as pa

        return pa.array(list(self), type=type or self._arrow_type())

    def _arrow_type(self) -> Any:
        raise NotImplementedError


class _EntityColumn(_Column):
    def _arrow_type(self) -> Any:
        import pyarrow as pa

        return pa.list_(entity_type())


class _TagsColumn(_Column):
    def _arrow_type(self) -> Any:
        import pyarrow as pa

        return pa.list_(pa.string())


def tag_columns(
    tagger: Tagger,
    batch: Mapping[str, Sequence[Any]],
    *,
    text_column: str | None = "text",
    tokens_column: str | None = "tokens",
) -> dict[str, list[Any]]:
    """Tag a batch of a data set; see `WindowClassifier.tag_batch`."""
    if not hasattr(batch, "keys"):
        raise UsageError(
            f"expected a batch as columns by name, not {type(batch).__name__}; take the format off "
            f"the data set: with_format(None)"
        )
    if text_column is not None and text_column in batch:
        texts = list(batch[text_column])
        for row, text in enumerate(texts):
            if not isinstance(text, str):
                raise _unexpected("a text", text, text_column, row)
        tagged = tag_texts(tagger, texts, batch_size=max(len(texts), 1))
        return {"entities": _EntityColumn(msgspec.to_builtins(t.entities) for t in tagged)}
    if tokens_column is not None and tokens_column in batch:
        sentences = [
            _tokens(tokens, tokens_column, row) for row, tokens in enumerate(batch[tokens_column])
        ]
        return {"tags": _TagsColumn(tagger.tags(sentences))}
    wanted = " or ".join(repr(name) for name in (text_column, tokens_column) if name is not None)
    raise UsageError(
        f"no column {wanted}, only {', '.join(map(str, batch)) or 'none'}; name one with "
        f"text_column or tokens_column"
    )


def _tokens(tokens: Any, column: str, row: int) -> list[str]:
    if tokens is None or isinstance(tokens, str) or not hasattr(tokens, "__iter__"):
        raise _unexpected("a list of tokens", tokens, column, row)
    words = list(tokens)
    for word in words:
        if not isinstance(word, str):
            raise _unexpected("tokens that are strings", word, column, row)
    return words


def _unexpected(wanted: str, found: Any, column: str, row: int) -> DataError:
    what = "none" if found is None else f"{type(found).__name__} {found!r:.40}"
    return DataError(f"row {row} of the batch, column {column}: expected {wanted}, found {what}")
