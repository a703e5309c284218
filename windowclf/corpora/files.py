"""Labelled sentences of a file of any format, or of all files in a folder."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from windowclf.documents.document import to_sentences
from windowclf.documents.opening import read_documents
from windowclf.documents.paths import labelled_files
from windowclf.documents.places import Search, can_read_again, find_sentence, find_tag
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError
from windowclf.text.tokenizer import split_words


class SplitFiles(NamedTuple):
    """The files of a split, for the places of its sentences.

    Attributes
    ----------
    paths : sequence of str or Path
        The arguments of `read_tagged`, in order.
    sentences : int
        Number of sentences that were read; a split with another number was changed since.
    known : sequence of (sequence of str, str), optional
        The tokens and the place of each sentence, if they are known without the files.
    """

    paths: Sequence[str | Path]
    options: ReadOptions
    sentences: int
    known: Sequence[tuple[Sequence[str], str]] | None = None

    def places(self, tokens: Sequence[str], token: int) -> Iterator[str]:
        """Yield each place of a sentence, in order; see `find_sentence`.

        Raises
        ------
        DataError
            If the files can no longer be read.
        """
        if self.known is not None:
            wanted = list(tokens)
            yield from (place for own, place in self.known if list(own) == wanted)
            return
        for path in self.paths:
            for name, form in labelled_files(path, self.options):
                if not can_read_again(name):
                    return  # without its sentences, the later places would be wrong
                yield from find_sentence(name, form, self.options, tokens, token)


def read_sentences(path: str | Path, options: ReadOptions | None = None) -> Iterator[Sentence]:
    """Read the sentences of a file, or of all files with known formats in a folder.

    Texts are split into sentences of words. Spans become IOB2 tags; a span that cuts a word is
    widened to the whole word. Tags of the file are returned unchanged.

    Parameters
    ----------
    path : str or Path
        The format is detected from the name and the content, see `windowclf.documents.opening`;
        "-" is CoNLL columns from stdin.

    Yields
    ------
    Sentence
        It has no tags if the file has none. Sentences of the same document share its number.

    Raises
    ------
    UsageError
        If a column does not exist.
    DataError
        If a file cannot be read, or there is no sentence.
    """
    return (sentence for sentence, _ in read_tagged(path, options))


def read_tagged(
    path: str | Path, options: ReadOptions | None = None
) -> Iterator[tuple[Sentence, bool]]:
    """Read the sentences of a file, like `read_sentences`, with the origin of their tags.

    Yields
    ------
    sentence : Sentence
    is_written : bool
        Whether its tags are from the file, in any scheme; otherwise they are IOB2 tags for spans.
    """
    options = options or ReadOptions()
    split = partial(split_words, unit=options.text_unit or "auto")
    number = 0
    empty = True
    for name, form in labelled_files(path, options):
        for document in chain.from_iterable(read_documents(name, form, options)):
            number += 1
            try:
                sentences = [s for s in to_sentences(document, number, split) if len(s)]
            except DataError as error:
                place = document.place or f"{name}, document {number}"
                options.failed(DataError(f"{place}: {error}"))
                continue
            if len(sentences) == 1:
                sentences = [Sentence(sentences[0].tokens, sentences[0].tags)]
            empty = empty and not sentences
            for sentence in sentences:
                yield sentence, document.tags is not None
    if empty:
        raise DataError(f"{path}: no sentence; expected documents with words")


def tag_place(path: str | Path, options: ReadOptions, search: Search, sentence: int) -> str:
    """Return the place of a tag in files that `read_tagged` has read, see `find_tag`.

    Parameters
    ----------
    sentence : int
        The number of the tag's sentence, which is the place if the file cannot be read twice.
    """
    for name, form in labelled_files(path, options):
        found = find_tag(name, form, options, search) if can_read_again(name) else None
        if found:
            return found
    return f"{'stdin' if str(path) == '-' else path}, sentence {sentence}"
