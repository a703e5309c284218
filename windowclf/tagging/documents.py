"""Documents in, the same documents with what was found in them out, as a stream."""

from collections.abc import Iterable, Iterator
from itertools import chain, starmap

from msgspec.structs import replace

from windowclf.documents.document import Document, join_words
from windowclf.documents.formats.registry import Format
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.texts import Splitter, SplitTexts, TaggedText, cut, tag_split
from windowclf.text.tokenizer import split_words

Answer = list[tuple[Document, TaggedText]]
"""Documents, and what was found in each."""


def tag_documents(
    tagger: Tagger,
    batches: Iterable[list[Document]],
    *,
    split: Splitter = split_words,
    threads: int = 1,
) -> Iterator[Answer]:
    """Tag batches of documents as they come.

    Parameters
    ----------
    tagger : Tagger
    batches : iterable of list of Document
        Each is tagged by itself, and in parts if it has long texts.
    split : callable
        Splits the text of a document that has no words.
    threads : int
        Share the work; with more than one, batches are taken before their turn.

    Yields
    ------
    list of tuple of Document and TaggedText
        In the order of the documents.
    """
    for tagged, documents in tag_split(tagger, _split(batches, split), threads=threads):
        yield list(zip(documents, tagged, strict=True))


def _split(
    batches: Iterable[list[Document]], split: Splitter
) -> Iterator[SplitTexts[list[Document]]]:
    for batch in batches:
        for documents in cut(batch, lambda document: len(document.text), len(batch) or 1):
            yield SplitTexts(
                [document.text for document in documents],
                [split(d.text) if d.words is None else d.words for d in documents],
                documents,
            )


def documents_of(answer: Answer, form: Format) -> list[Document]:
    """Put what was found in the place of what a document was labelled with.

    Parameters
    ----------
    answer : list of tuple of Document and TaggedText
    form : Format
        Of the file that they are for. One of words has those that were tagged; others have
        the words that the document came with.
    """
    if form.name == "conll":
        return [*chain.from_iterable(starmap(_rows, answer))]
    if form.name == "docbin":
        return [
            Document(document.text, tagged.words, None, tagged.entities, document.fields)
            for document, tagged in answer
        ]
    return [
        Document(document.text, document.words, None, tagged.entities, document.fields)
        for document, tagged in answer
    ]


def _rows(document: Document, tagged: TaggedText) -> list[Document]:
    """Give a text that is nothing else as sentences, whose rows are all that is written of it."""
    if document.fields or document.words is not None:
        return [replace(document, words=tagged.words, tags=tagged.tags, spans=None)]
    return [
        Document(join_words([words]), [words], [tags])
        for words, tags in zip(tagged.words, tagged.tags, strict=True)
    ]
