"""Tagging of streams of texts or documents, with character offsets."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from functools import partial
from itertools import chain, starmap
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Self, TypeVar

from msgspec.structs import replace

from windowclf.documents.document import Document, join_words
from windowclf.system.arguments import check_count, check_pairs, check_texts
from windowclf.system.shared_work import SharedWork, process_count, share
from windowclf.system.threads import one_blas_thread
from windowclf.tagging.packed_texts import PARTS
from windowclf.tagging.tagged_text import TaggedText
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.text_work import Answer, Splitter, TextWork
from windowclf.text.tokenizer import line_sentences, split_words
from windowclf.text.units import TEXT_UNITS, check_text_unit

if TYPE_CHECKING:
    from windowclf.documents.formats.registry import Format

C = TypeVar("C")
T = TypeVar("T")

BATCH_CHARACTERS = 1 << 16
"""Approximate number of characters that are tagged together, about ten thousand tokens."""


def given_tokens(text: str) -> list[list[str]]:
    """Split a text at white space into the tokens of one sentence."""
    words = text.split()
    return [words] if words else []


SPLITTERS: dict[str, Splitter] = {
    "text": split_words,
    **{unit: partial(split_words, unit=unit) for unit in TEXT_UNITS if unit != "auto"},
    "pretokenized": given_tokens,
    "lines": line_sentences,
}
"""Splitters by the names that jobs store: one for each text unit, where "text" stands for "auto";
"pretokenized" splits at white space; "lines" makes each line a sentence."""


def unit_splitter(text_unit: str) -> Splitter:
    """Return the splitter of a text unit, one of `TEXT_UNITS`.

    Raises
    ------
    UsageError
        If it is another value.
    """
    if isinstance(text_unit, str) and text_unit == "auto":
        return split_words
    return SPLITTERS[check_text_unit(text_unit)]


def tag_texts(
    tagger: Tagger,
    texts: Iterable[str],
    *,
    split: Splitter = split_words,
    batch_size: int = 512,
    processes: int | None = 1,
) -> Iterator[TaggedText]:
    """Tag texts as they arrive; only a few batches of them are in memory at a time.

    Parameters
    ----------
    split : callable
        Splits a text into sentences of tokens, each a stretch of the text, in order.
    batch_size : int
        Largest number of texts that are tagged together; fewer if they are long.
    processes : int, optional
        Number of processes that share the batches, see `process_count`; several processes read
        some batches ahead.

    Returns
    -------
    iterator of TaggedText
        One for each text, in order.

    Raises
    ------
    UsageError
        If `batch_size` is less than 1, or as for `process_count`.
    """
    batches = cut(check_texts(texts, "texts"), len, check_count(batch_size, "batch_size"))
    work: TextWork[str] = TextWork(tagger, str, split)
    answers = share(work, batches, process_count(processes))
    return (tagged for answer in answers for _, tagged in answer)


def tag_text(tagger: Tagger, text: str, split: Splitter = split_words) -> TaggedText:
    """Tag a text."""
    with one_blas_thread:
        [(_, tagged)] = TextWork(tagger, str, split).here([text])
    return tagged


def tag_with_contexts(
    tagger: Tagger,
    pairs: Iterable[tuple[str, C]],
    *,
    split: Splitter = split_words,
    batch_size: int = 512,
    processes: int | None = 1,
) -> Iterator[tuple[TaggedText, C]]:
    """Tag texts that each have a context, which is returned with the text; see `tag_texts`."""
    size = check_count(batch_size, "batch_size")
    batches = cut(check_pairs(pairs, "texts"), lambda pair: len(pair[0]), size)
    work: TextWork[tuple[str, C]] = TextWork(tagger, itemgetter(0), split)
    answers = share(work, batches, process_count(processes))
    return ((tagged, context) for answer in answers for (_, context), tagged in answer)


class DocumentTagger:
    """Tags batches of documents, one stream after another, as a context manager.

    Parameters
    ----------
    split : callable
        Splits the text of a document that has no words.
    processes : int
        Number of processes that share the work, see `windowclf.system.shared_work.SharedWork`;
        they are reused for all streams.
    """

    def __init__(self, tagger: Tagger, split: Splitter = split_words, processes: int = 1) -> None:
        self._work = TextWork(tagger, attrgetter("text"), split, words_of=attrgetter("words"))
        self._shared = SharedWork(self._work, processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._shared.end()

    def tag(
        self,
        batches: Iterable[list[Document]],
        wanted: Collection[str] = PARTS,
        waits: Callable[[], bool] | None = None,
    ) -> Generator[Answer[Document], None, None]:
        """Tag batches of documents as they arrive.

        Parameters
        ----------
        batches : iterable of list of Document
            Batches to tag independently; a batch with long texts is tagged in parts.
        wanted : collection of str
            The parts that the caller will read, see `TextWork`.
        waits : callable, optional
            Returns whether the next batch is not available yet.

        Returns
        -------
        iterator of list of tuple of Document and TaggedText
            The results, in the order of the documents.
        """
        self._work.wanted = wanted
        parts = chain.from_iterable(
            cut(batch, lambda document: len(document.text), len(batch) or 1) for batch in batches
        )
        return self._shared.map(parts, waits)


def tag_documents(
    tagger: Tagger,
    batches: Iterable[list[Document]],
    *,
    split: Splitter = split_words,
    processes: int = 1,
) -> Generator[Answer[Document], None, None]:
    """Tag one stream of batches of documents, see `DocumentTagger`."""
    with DocumentTagger(tagger, split, processes) as documents:
        yield from documents.tag(batches)


def cut(items: Iterable[T], length: Callable[[T], int], size: int) -> Iterator[list[T]]:
    """Group texts, or items that have one, into batches that are tagged together.

    Parameters
    ----------
    length : callable
        Counts the characters of an item.
    size : int
        Largest number of items in a batch. A batch also ends with the item that brings it to
        `BATCH_CHARACTERS`.
    """
    batch: list[T] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += length(item)
        if len(batch) == size or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def parts_written(form: "Format") -> tuple[str, ...]:
    """Return the parts of a tagged text that `documents_of` needs for a format."""
    return {"conll": ("words", "tags"), "docbin": ("words", "entities")}.get(
        form.name, ("entities",)
    )


def documents_of(answer: Answer[Document], form: "Format") -> list[Document]:
    """Replace the labels of documents by the results of tagging.

    Parameters
    ----------
    answer : list of tuple of Document and TaggedText
    form : Format
        The format of the file to write. If it has words, the tagged words are written; otherwise
        the document keeps its own words.
    """
    if form.name == "conll":
        return [*chain.from_iterable(starmap(_rows, answer))]
    if form.name == "docbin":
        return [
            replace(document, words=tagged.words, tags=None, spans=tagged.entities)
            for document, tagged in answer
        ]
    return [replace(document, tags=None, spans=tagged.entities) for document, tagged in answer]


def _rows(document: Document, tagged: TaggedText) -> list[Document]:
    """Split a document without words into sentences; only their rows are written."""
    if document.fields or document.words is not None:
        return [replace(document, words=tagged.words, tags=tagged.tags, spans=None)]
    return [
        Document(join_words([words]), [words], [tags])
        for words, tags in zip(tagged.words, tagged.tags, strict=True)
    ]
