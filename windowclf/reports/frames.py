"""Tagged texts and labelled sentences as a pandas data frame."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from windowclf.corpora.corpus import Corpus
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError, described
from windowclf.system.arguments import check_iterable
from windowclf.tagging.tagged_text import Entity, TaggedText

if TYPE_CHECKING:
    from pandas import DataFrame

_WANTED = (
    "a result of tag, tag_text, tag_tokens or pipe, a Corpus, or a list of Sentence or of pairs "
    "of tokens and tags"
)
_ENTITIES = ("document", *Entity.__struct_fields__)
_TOKENS = ("sentence", "token", "tag")


def to_dataframe(found: Any) -> "DataFrame":
    """Make a data frame of entities or of labelled sentences.

    Parameters
    ----------
    found : entities, tagged texts or labelled sentences
        One or several lists of `Entity`, as returned by `WindowClassifier.tag` and `tag_tokens`;
        one or several `TaggedText`, such as the result of `WindowClassifier.pipe`, with or without
        contexts; a `Corpus`, or a list of `Sentence` or of pairs of tokens and tags.

    Returns
    -------
    pandas.DataFrame
        For entities, a row for each, with the columns document (the number of its text, from 0),
        text, label, start, end and score, and context for the results of `pipe` with
        ``as_tuples``. For sentences, a row for each token, with the columns sentence (its number,
        from 0), token and tag; for a corpus also split as the first column.

    Raises
    ------
    UsageError
        If the argument has another type.
    DataError
        If an item has another type; the message has its number, from 1.

    Examples
    --------
    >>> from windowclf import Entity, to_dataframe
    >>> to_dataframe([Entity("Oslo", "LOC", 0, 4, 0.98)])
       document  text label  start  end  score
    0         0  Oslo   LOC      0    4   0.98
    """
    try:
        from pandas import DataFrame
    except ImportError:
        raise UsageError("to_dataframe needs pandas: pip install pandas") from None
    columns, rows = _table(found)
    frame = DataFrame(rows, columns=list(columns))
    whole = {"document": int, "start": int, "end": int, "score": float, "sentence": int}
    return frame.astype({name: kind for name, kind in whole.items() if name in columns})


def _table(found: Any) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    if isinstance(found, Corpus):
        rows = [
            (split, *row)
            for split, sentences in found.splits.items()
            for row in _token_rows(sentences)
        ]
        return ("split", *_TOKENS), rows
    if isinstance(found, TaggedText):
        found = [found]
    items = list(check_iterable(found, "found", _WANTED))
    first = items[0] if items else None
    if isinstance(first, Entity):
        items, first = [items], None
    if isinstance(first, Sentence) or _is_pair_of(first, list, list):
        return _TOKENS, [*_token_rows(items)]
    has_context = _is_pair_of(first, TaggedText, object)
    columns = (*_ENTITIES, "context") if has_context else _ENTITIES
    return columns, [*_entity_rows(items, has_context=has_context)]


def _is_pair_of(item: Any, first: type, second: type) -> bool:
    if not (isinstance(item, tuple) and len(item) == 2):
        return False
    return isinstance(item[0], first) and isinstance(item[1], second)


def _token_rows(sentences: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for number, item in enumerate(sentences):
        tokens: Sequence[str]
        tags: Sequence[str | None] | None
        if isinstance(item, Sentence):
            tokens, tags = item.tokens, item.tags
        elif _is_pair_of(item, list, list):
            tokens, tags = item
        else:
            raise _unexpected(number, "a Sentence or a pair of tokens and tags", item)
        tags = [None] * len(tokens) if tags is None else tags
        if len(tags) != len(tokens):
            raise DataError(
                f"found: sentence {number + 1}: {len(tokens)} tokens but {len(tags)} tags; "
                f"expected a tag for each token"
            )
        yield from ((number, token, tag) for token, tag in zip(tokens, tags, strict=True))


def _entity_rows(items: Iterable[Any], *, has_context: bool) -> Iterator[tuple[Any, ...]]:
    for number, item in enumerate(items):
        tagged, context = item, ()
        if has_context:
            if not _is_pair_of(item, TaggedText, object):
                raise _unexpected(number, "a pair of a TaggedText and its context", item)
            tagged, context = item[0], item[1:]
        entities = tagged.entities if isinstance(tagged, TaggedText) else tagged
        is_list = isinstance(entities, list | tuple)
        if not is_list or not all(isinstance(entity, Entity) for entity in entities):
            raise _unexpected(number, "a TaggedText or a list of Entity", item)
        for entity in entities:
            yield (number, *entity._asdict().values(), *context)


def _unexpected(number: int, wanted: str, item: Any) -> DataError:
    return DataError(f"found: item {number + 1}: expected {wanted}, got {described(item)}")
