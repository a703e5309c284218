"""Unlabelled text, on which a network learns the scores of its teachers."""

import logging
import os
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from windowclf.documents.opening import read_documents
from windowclf.documents.paths import find_inputs
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError, quoted
from windowclf.system.arguments import as_list, check_iterable, check_path, check_strings
from windowclf.text.tokenizer import split_words

_EXPECTED = "a path, or an iterable of texts, lists of tokens and Path objects"


class UnlabelledText(NamedTuple):
    """Sentences without tags.

    Attributes
    ----------
    names : list of str
        Names of the files as the user wrote them; empty for text that is not from files.
    sentences : list of Sentence
        Sentences with at least one token; those of the same text or document share its number.
    """

    names: list[str]
    sentences: list[Sentence]


Unlabelled = str | Path | UnlabelledText | Iterable[str | Path | Sentence | Sequence[str]]
"""The type of the argument of `as_unlabelled`."""


def read_unlabelled(names: Sequence[str], options: ReadOptions | None = None) -> UnlabelledText:
    """Read the text of files like ``windowclf tag --input``; tags are ignored.

    Parameters
    ----------
    names : sequence of str
        See `windowclf.documents.paths.find_inputs`.
    options : ReadOptions, optional
        Options with ``labels=False``.

    Raises
    ------
    DataError
        If a file is missing or cannot be read, or there is no sentence.
    UsageError
        If a column does not exist.
    """
    options = options or ReadOptions(labels=False)
    inputs, others = find_inputs(names, None, options)
    if others:
        options.report.add("files of unknown format skipped", names[0], others)
    split = partial(split_words, unit=options.text_unit or "auto")
    batches = (read_documents(found.path, found.form, options) for found in inputs)
    sentences: list[Sentence] = []
    for number, document in enumerate(chain.from_iterable(chain.from_iterable(batches))):
        words = split(document.text) if document.words is None else document.words
        sentences += [Sentence(tokens, None, number) for tokens in words if tokens]
    if not sentences:
        raise DataError(f"{', '.join(names)}: no sentence; expected text")
    return UnlabelledText([*names], sentences)


def as_unlabelled(given: Unlabelled | None) -> UnlabelledText:
    """Convert the unlabelled text that `WindowClassifier.fit` takes.

    Parameters
    ----------
    given : path, text that is read, or iterable of texts, lists of tokens, sentences and paths
        In an iterable, a string is a text, and a file is a `Path`.

    Raises
    ------
    UsageError
        If the argument has another type, or a text is the name of a file.
    DataError
        If a file cannot be read, a token is not a string, or there is no sentence.
    """
    if given is None:
        return UnlabelledText([], [])
    if isinstance(given, UnlabelledText):
        return given
    if isinstance(given, str | os.PathLike):
        given = [Path(check_path(given, "unlabelled"))]
    text = UnlabelledText([], [])
    for number, item in enumerate(check_iterable(given, "unlabelled", _EXPECTED)):
        found = _read_item(item, number)
        text.names.extend(found.names)
        text.sentences.extend(found.sentences)
    if not text.sentences:
        raise DataError("unlabelled: no sentence; expected text")
    return text


def _read_item(item: Any, number: int) -> UnlabelledText:
    where = f"unlabelled: item {number + 1}"
    if isinstance(item, os.PathLike):
        options = ReadOptions(labels=False)
        found = read_unlabelled([str(check_path(item, where))], options)
        if line := options.report.line():
            logging.getLogger("windowclf").warning("%s: read with changes: %s", where, line)
        return found
    if isinstance(item, str):
        # Path.is_file raises OSError for a text that is too long for a name.
        if os.path.isfile(item):  # noqa: PTH113
            raise UsageError(f"{where}: {quoted(item)} is the name of a file: give it as a Path")
        # Negative, because the next item may have any number that files and callers use.
        return UnlabelledText([], [Sentence(words, None, ~number) for words in split_words(item)])
    tokens = item.tokens if isinstance(item, Sentence) else item
    words = as_list(tokens, where, "a text, a list of tokens or a Path")
    check_strings([words], lambda _, place: f"{where}: token {place + 1}")
    document = item.document if isinstance(item, Sentence) else None
    return UnlabelledText([], [Sentence(words, None, document)] if words else [])
