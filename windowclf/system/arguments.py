"""Checks of arguments from Python; messages name the argument and the place in it.

They are cheap for valid arguments: the types of many values are compared at once, and the wrong
value is searched for only if there is one.
"""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import index, ne
from pathlib import Path
from typing import Any, TypeGuard

from windowclf.errors import DataError, UsageError, described

_LABEL_CURE = "; if these are ids, replace each by its name"


def check_text(text: object, name: str) -> str:
    """Return a text unchanged.

    Raises
    ------
    UsageError
        If it is not a string; for a list, the message suggests `pipe`.
    """
    if isinstance(text, str):
        return text
    cure = ""
    if isinstance(text, bytes | bytearray):
        cure = "; decode it first, as with .decode('utf-8')"
    elif isinstance(text, os.PathLike):
        cure = "; read the file first, as with .read_text(encoding='utf-8')"
    elif isinstance(text, Mapping):
        cure = "; give the value with the text"
    elif isinstance(text, tuple):
        cure = "; pipe takes pairs of a text and a context with as_tuples=True"
    elif isinstance(text, Iterable):
        cure = "; pipe takes several texts, and methods with 'tokens' in their name take tokens"
    raise UsageError(f"{name}: expected a string, got {described(text)}{cure}")


def check_iterable(given: object, name: str, wanted: str, cure: str = "") -> Iterable[Any]:
    """Return an iterable of items; an Arrow array becomes a list of Python objects.

    Parameters
    ----------
    wanted : str
        The expected argument, such as "an iterable of texts", for messages.
    cure : str
        Advice for a single string, which is not accepted because its items are its characters.

    Raises
    ------
    UsageError
        If the argument is not iterable, or is a string, a mapping or a table. Iterating over the
        last two would yield keys and column names.
    """
    if hasattr(given, "to_pylist") and not hasattr(given, "column_names"):
        items: list[Any] = given.to_pylist()
        return items
    refused = (str, bytes, bytearray, memoryview, os.PathLike, Mapping)
    is_table = hasattr(given, "columns")
    if isinstance(given, refused) or is_table or not _has_items(given):
        if is_table or isinstance(given, Mapping):
            cure = "; give one column or value of it"
        elif not isinstance(given, str):
            cure = ""
        raise UsageError(f"{name}: expected {wanted}, got {described(given)}{cure}")
    iterable: Iterable[Any] = given
    return iterable


def _has_items(given: object) -> TypeGuard[Iterable[Any]]:
    """Whether an object is iterable; classes and arrays without dimensions are not."""
    is_single = isinstance(given, type) or getattr(given, "ndim", 1) == 0
    return hasattr(given, "__iter__") and not is_single


def check_texts(texts: object, name: str) -> Iterator[str]:
    """Check that an argument is an iterable of texts, and yield them; see `check_iterable`."""
    given = check_iterable(
        texts, name, "an iterable of texts", "; give a list, or call tag for a single text"
    )
    return _texts(given, name)


def _texts(given: Iterable[Any], name: str) -> Iterator[str]:
    for number, text in enumerate(given, 1):
        if not isinstance(text, str):
            raise DataError(f"{name}: item {number}: {_expected_text(text)}")
        yield text


def check_pairs(pairs: object, name: str) -> Iterator[tuple[str, Any]]:
    """Check that an argument is an iterable of pairs of a text and a context, and yield them."""
    return _pairs(check_iterable(pairs, name, "an iterable of pairs of a text and a context"), name)


def _pairs(given: Iterable[Any], name: str) -> Iterator[tuple[str, Any]]:
    for number, pair in enumerate(given, 1):
        if not (isinstance(pair, tuple | list) and len(pair) == 2):
            raise DataError(
                f"{name}: item {number}: expected a pair of a text and a context, "
                f"got {described(pair)}"
                f"{'; leave out as_tuples for texts alone' if isinstance(pair, str) else ''}"
            )
        if not isinstance(pair[0], str):
            raise DataError(f"{name}: item {number}: {_expected_text(pair[0])}")
        yield pair[0], pair[1]


def _expected_text(given: object) -> str:
    try:
        check_text(given, "text")
    except UsageError as error:
        missing = given is None or _is_missing(given)
        cure = "; leave it out, or replace it by ''" if missing else ""
        return str(error).removeprefix("text: ") + cure
    raise AssertionError


def as_list(given: object, name: str, wanted: str) -> Sequence[Any]:
    """Return a list or a tuple unchanged, and any other ordered iterable as a list.

    Raises
    ------
    UsageError
        If the argument is a string, a mapping, a set or a table, or is not iterable.
    """
    if isinstance(given, list | tuple):
        return given
    if hasattr(given, "as_py"):  # an Arrow scalar
        given = given.as_py()
    if isinstance(given, set | frozenset):
        raise UsageError(f"{name}: expected {wanted}, got {described(given)}, which has no order")
    if getattr(given, "ndim", 0) == 1 and hasattr(given, "tolist"):
        given = given.tolist()  # converts NumPy's strings to Python's
    return list(check_iterable(given, name, wanted))


def check_strings(lists: Iterable[Sequence[Any]], where: Callable[[int, int], str]) -> None:
    """Check that all items of lists are strings.

    Parameters
    ----------
    where : callable
        Takes the indices of a list and of an item in it, and returns the place for messages.

    Raises
    ------
    DataError
        If an item is not a string.
    """
    lists = lists if isinstance(lists, Sequence) else list(lists)
    if all(issubclass(kind, str) for kind in set(map(type, chain.from_iterable(lists)))):
        return
    for number, items in enumerate(lists):
        for place, item in enumerate(items):
            if not isinstance(item, str):
                cure = _LABEL_CURE if _is_number(item) else ""
                here = where(number, place)
                raise DataError(f"{here}: expected a string, got {described(item)}{cure}")


def _is_missing(value: Any) -> bool:
    """Whether a value is NaN, NaT or NA, which do not equal themselves."""
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # pandas' NA has no truth value, and neither has an array
        return type(value).__name__ == "NAType"


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _is_number(item: object) -> bool:
    try:
        index(item)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def check_tokens(tokens: object, name: str) -> Sequence[str]:
    """Return the tokens of one sentence.

    Raises
    ------
    UsageError
        If they are not a list of tokens.
    DataError
        If a token is not a string.
    """
    if isinstance(tokens, str):
        raise UsageError(
            f"{name}: expected the tokens of a sentence as a list, not a text: got "
            f"{described(tokens)}; the method without 'tokens' in its name takes texts"
        )
    words = as_list(tokens, name, "the tokens of a sentence as a list")
    check_strings([words], lambda _, place: f"{name}: token {place + 1}")
    return words


def check_sentences(sentences: object, name: str) -> list[Sequence[str]]:
    """List the tokens of sentences.

    Raises
    ------
    UsageError
        If they are not an iterable of sentences.
    DataError
        If a sentence is not a list of tokens, or a token is not a string.
    """
    wanted = "a list of sentences, each a list of tokens"
    listed = list(check_iterable(sentences, name, wanted, "; tag takes texts"))
    if not all(type(tokens) is list for tokens in listed):
        for number, tokens in enumerate(listed):
            cure = ""
            if isinstance(tokens, str):
                cure = "; tag takes texts, and a single sentence is a list in a list"
            elif hasattr(tokens, "tokens"):
                cure = "; give its tokens"
            try:
                words = as_list(tokens, f"{name}: sentence {number + 1}", "a list of tokens")
            except UsageError as error:
                raise DataError(f"{error}{cure}") from None
            listed[number] = words
    check_strings(listed, lambda number, place: f"{name}: sentence {number + 1}, token {place + 1}")
    return listed


def check_documents(documents: object, name: str) -> list[Hashable | None] | None:
    """Return the document of each sentence as a list; None without documents.

    Raises
    ------
    UsageError
        If the argument is not iterable.
    DataError
        If a document is neither a number, a name nor None.
    """
    if documents is None:
        return None
    wanted = "a number or a name for each sentence"
    listed = list(check_iterable(documents, name, wanted))
    try:
        set(listed)  # a tuple may have unhashable items
        fine = not any(map(ne, listed, listed))
    except (TypeError, ValueError):
        fine = False
    if not fine:
        for number, document in enumerate(listed, 1):
            if not _is_hashable(document) or _is_missing(document):
                raise DataError(
                    f"{name}: item {number}: expected a number or a name, or None for a sentence "
                    f"by itself, got {described(document)}"
                )
    return listed


def check_path(path: object, name: str, wanted: str = "a path") -> str | Path:
    """Return a path as a string or a `Path`.

    Raises
    ------
    UsageError
        If it is neither, or is empty.
    """
    if isinstance(path, str):
        if path:
            return path
        raise UsageError(f"{name}: expected {wanted}, got an empty string")
    if isinstance(path, os.PathLike) and isinstance(plain := os.fspath(path), str):
        return path if isinstance(path, Path) else Path(plain)
    raise UsageError(f"{name}: expected {wanted}, as a string or a Path, got {described(path)}")


def check_count(number: object, name: str, least: int = 1) -> int:
    """Return a whole number.

    Raises
    ------
    UsageError
        If it is not one, or less than `least`.
    """
    if not _is_number(number):
        raise UsageError(f"{name}: expected a whole number, got {described(number)}")
    if (count := index(number)) < least:  # type: ignore[arg-type]
        raise UsageError(f"{name}: expected at least {least}, got {count}")
    return count


def check_flag(value: object, name: str) -> bool:
    """Return a bool.

    Raises
    ------
    UsageError
        If the value is not True or False; other values, such as an array, may have no truth value.
    """
    if value is True or value is False:
        return value
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):  # a NumPy bool
        return check_flag(value.item(), name)
    raise UsageError(f"{name}: expected True or False, got {described(value)}")


def check_callable(function: object, name: str) -> None:
    """Raise an error for an object that is neither callable nor None.

    Raises
    ------
    UsageError
    """
    if function is not None and not callable(function):
        raise UsageError(f"{name}: expected a function, got {described(function)}")
