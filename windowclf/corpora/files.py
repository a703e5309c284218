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
    """The files that a split was read from, so that a place in them can be named.

    Attributes
    ----------
    paths : sequence of str or Path
        Those that `read_tagged` was given, in order.
    sentences : int
        How many were read: a split that has another number is not what the files hold.
    known : sequence of (sequence of str, str), optional
        The tokens and the place of each sentence, where these are known without the files.
    """

    paths: Sequence[str | Path]
    options: ReadOptions
    sentences: int
    known: Sequence[tuple[Sequence[str], str]] | None = None

    def places(self, tokens: Sequence[str], token: int) -> Iterator[str]:
        """Name each place of a sentence, in order; see `find_sentence`.

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
                    return  # what it holds would be missing from the count of the places
                yield from find_sentence(name, form, self.options, tokens, token)


def read_sentences(path: str | Path, options: ReadOptions | None = None) -> Iterator[Sentence]:
    """Read the sentences of a file, or of the files of known formats in a folder.

    A text is split into sentences of words. A span that cuts through a word is widened to the
    whole of it, and its tags are IOB2. Tags of the file itself are as they are there.

    Parameters
    ----------
    path : str or Path
        The format is that of the name, or of what the file holds, see
        `windowclf.documents.opening`; "-" is CoNLL columns from stdin.

    Yields
    ------
    Sentence
        Without tags if the file has none. Those of a document with several have its number.

    Raises
    ------
    UsageError
        For a column that does not exist.
    DataError
        If a file cannot be read, or there is no sentence.
    """
    return (sentence for sentence, _ in read_tagged(path, options))


def read_tagged(
    path: str | Path, options: ReadOptions | None = None
) -> Iterator[tuple[Sentence, bool]]:
    """Read the sentences of a file as `read_sentences` does, and where their tags come from.

    Yields
    ------
    sentence : Sentence
    is_written : bool
        Whether its tags are as the file has them, in any scheme; else they are IOB2, for spans.
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
    """Name the place of a tag in files that `read_tagged` has read, see `find_tag`.

    Parameters
    ----------
    sentence : int
        The number of the tag's sentence, for what cannot be read twice.
    """
    for name, form in labelled_files(path, options):
        found = find_tag(name, form, options, search) if can_read_again(name) else None
        if found:
            return found
    return f"{'stdin' if str(path) == '-' else path}, sentence {sentence}"
