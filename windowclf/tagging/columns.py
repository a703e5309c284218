"""Tags and entities as columns of Arrow, or of a batch of a data set."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from windowclf.errors import DataError, UsageError, described
from windowclf.system.arguments import as_list, check_iterable
from windowclf.tagging.tagged_text import TaggedText
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.text_work import Splitter
from windowclf.tagging.texts import tag_texts
from windowclf.text.tokenizer import split_words

if TYPE_CHECKING:
    import pyarrow as pa


def entity_type() -> "pa.DataType":
    """Return the Arrow type of an `Entity`."""
    import pyarrow as pa

    return pa.struct(
        {
            "text": pa.string(),
            "label": pa.string(),
            "start": pa.int64(),
            "end": pa.int64(),
            "score": pa.float64(),
        }
    )


def entities_column(tagged: Sequence[TaggedText]) -> "pa.ListArray":
    """Make a column with the list of entities of each text."""
    import pyarrow as pa

    lists = [text.entities for text in tagged]
    kind = entity_type()
    ends = np.cumsum([0, *map(len, lists)], dtype=np.int32)
    entities = [*chain.from_iterable(lists)]
    values = [
        pa.array([getattr(entity, field.name) for entity in entities], field.type)
        for field in kind.fields
    ]
    return pa.ListArray.from_arrays(
        pa.array(ends), pa.StructArray.from_arrays(values, fields=kind.fields), pa.list_(kind)
    )


def tags_column(tagged: Sequence[TaggedText]) -> "pa.ListArray":
    """Make a column with one list of tags per text, over all its sentences."""
    import pyarrow as pa

    tags = [[*chain.from_iterable(text.tags)] for text in tagged]
    return pa.array(tags, pa.list_(pa.string()))


class _Column(list[Any]):
    """A list with an explicit Arrow type.

    Without the type, ``datasets`` infers the type of a column from the first batch; if that batch
    has no entities, it fails at the first entity of a later one.
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
    split: Splitter = split_words,
) -> dict[str, list[Any]]:
    """Tag a batch of a data set; see `WindowClassifier.tag_batch`."""
    if not hasattr(batch, "keys"):
        raise UsageError(
            f"batch: expected columns by name, got {described(batch)}; remove the format of "
            f"the data set: with_format(None)"
        )
    for column, argument in ((text_column, "text_column"), (tokens_column, "tokens_column")):
        if column is not None and not isinstance(column, str):
            raise UsageError(f"{argument}: expected the name of a column, got {described(column)}")
    if text_column is not None and text_column in batch:
        texts = _rows(batch, text_column)
        for row, text in enumerate(texts):
            if not isinstance(text, str):
                raise _unexpected("a text", text, text_column, row)
        tagged = tag_texts(tagger, texts, split=split, batch_size=max(len(texts), 1))
        return {"entities": _EntityColumn(msgspec.to_builtins(t.entities) for t in tagged)}
    if tokens_column is not None and tokens_column in batch:
        sentences = [
            _tokens(tokens, tokens_column, row)
            for row, tokens in enumerate(_rows(batch, tokens_column))
        ]
        return {"tags": _TagsColumn(tagger.tags(sentences))}
    if text_column is None and tokens_column is None:
        raise UsageError("text_column and tokens_column are None: name a column with one of them")
    wanted = " or ".join(repr(name) for name in (text_column, tokens_column) if name is not None)
    raise UsageError(
        f"no column {wanted}, only {', '.join(map(str, batch)) or 'none'}; name one with "
        f"text_column or tokens_column"
    )


def _rows(batch: Mapping[str, Sequence[Any]], column: str) -> list[Any]:
    return list(check_iterable(batch[column], f"batch: column {column}", "a list with its rows"))


def _tokens(tokens: Any, column: str, row: int) -> list[str]:
    try:
        words = list(as_list(tokens, "", "a list of tokens"))
    except UsageError:
        raise _unexpected("a list of tokens", tokens, column, row) from None
    for word in words:
        if not isinstance(word, str):
            raise _unexpected("tokens that are strings", word, column, row)
    return words


def _unexpected(wanted: str, value: Any, column: str, row: int) -> DataError:
    return DataError(
        f"row {row} of the batch, column {column}: expected {wanted}, got {described(value)}"
    )
