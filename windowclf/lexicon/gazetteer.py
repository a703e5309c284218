"""Gazetteers: lists of names, found in a sentence by longest match."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from windowclf.errors import DataError, UsageError, quoted
from windowclf.text.lines import read_lines
from windowclf.text.tokenizer import tokenize
from windowclf.text.typography import plain_word

_JSON = re.compile(r"\s*(?:\[\s*(?:[\"\[{]|$)|\{\s*(?:\"|$))")
_COLUMNS = (
    # As in the lists distributed with CoNLL-2003: "LOC Oslo".
    (
        re.compile(r"(?:PER|PERSON|LOC|LOCATION|ORG|ORGANIZATION|MISC|GPE)\s\s*\S"),
        "a label before them",
        "cut -d' ' -f2-",
    ),
    (re.compile(r".*\S\t+\s*\S"), "a tab and more after them", "cut -f1"),
    # As in "Oslo,LOC", but not "Salem, OR".
    *(
        (
            re.compile(rf".*\S[{mark}](?:[BI]-)?[A-Z][A-Z_]+\s*$"),
            "a label after them",
            f"cut -d{quoted} -f1",
        )
        for mark, quoted in ((",", ","), (";", "';'"), ("|", "'|'"))
    ),
)
_MOST_WORDS = 20


class Gazetteer:
    """A list of names, each of one or more words, in any letter case.

    Parameters
    ----------
    names : iterable of str
        The names. Each is split at white space, and by `tokenize` as written, in lower case and in
        capitals: "St. John's" is found as ``St. John's``, as ``St. John 's`` and as
        ``st . john 's``. Blank names are left out.

    Attributes
    ----------
    names : list of str
        Distinct names as written, with single spaces between words, in order. A gazetteer made
        from this list matches the same names.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(dict.fromkeys(filter(None, (" ".join(name.split()) for name in names))))
        self._known: set[tuple[str, ...]] = set()
        self._sizes: dict[str, tuple[int, ...]] = {}  # lengths by first word, the longest first
        for name in self.names:
            for words in _splits(name):
                # Names share words; a single copy of each saves a third of the memory.
                known = tuple(sys.intern(plain_word(word).casefold()) for word in words)
                self._known.add(known)
                sizes = self._sizes.get(known[0], ())
                if len(known) not in sizes:
                    self._sizes[known[0]] = tuple(sorted((*sizes, len(known)), reverse=True))

    def match(self, tokens: Sequence[str]) -> list[str]:
        """Mark the names in a sentence.

        Of the names that begin at a token, the longest one is marked, and the search continues
        after it.

        Returns
        -------
        list of str, n of them
            The position of each token in a name, as in IOBES: "B" begins a name, "I" is inside,
            "E" ends it, "S" is a whole name, and "O" is outside of names.
        """
        words = [plain_word(token).casefold() for token in tokens]
        marks = ["O"] * len(words)
        start = 0
        while start < len(words):
            size = self._longest(words, start)
            if size:
                marks[start : start + size] = "S" if size == 1 else f"B{'I' * (size - 2)}E"
            start += size or 1
        return marks

    def _longest(self, words: list[str], start: int) -> int:
        """Count the words of the longest name that begins at a position; 0 if none does."""
        left = len(words) - start
        for size in self._sizes.get(words[start], ()):
            if size <= left and tuple(words[start : start + size]) in self._known:
                return size
        return 0


def read_gazetteer(path: str | Path) -> Gazetteer:
    """Read a gazetteer from a file with one name per line; see `read_names`."""
    return Gazetteer(read_names(path))


def read_names(path: str | Path) -> list[str]:
    """Read a file with one name per line.

    Parameters
    ----------
    path : str or Path
        UTF-8 text, gzipped if the name ends in ``.gz``. Blank lines and lines that begin with
        ``#`` are skipped; put a space before a name that begins with ``#``. Lines that seem to
        contain more than a name are reported as a warning of the logger ``windowclf``.

    Raises
    ------
    DataError
        If the file cannot be read, is not UTF-8, is JSON or has no names.
    """
    lines = {
        number: line
        for number, line in read_lines(path)
        if line.strip() and not line.startswith("#")
    }
    if not lines:
        raise DataError(f"{path}: no name; expected one per line")
    first = next(iter(lines))
    if _JSON.match(lines[first]):
        raise DataError(
            f"{path}:{first}: this is JSON; expected one name per line, as from: jq -r '.[]'"
        )
    doubt = _doubt(lines)
    if doubt:
        import logging

        logging.getLogger("windowclf").warning("%s:%s", path, doubt)
    return [*lines.values()]


def _doubt(lines: Mapping[int, str]) -> str | None:
    """Describe lines that contain more than a name and therefore match no text."""
    for pattern, what, cure in _COLUMNS:
        found = [number for number, line in lines.items() if pattern.match(line)]
        if 2 * len(found) > len(lines):
            return (
                f"{found[0]}: {len(found):,} of {len(lines):,} names have {what}, such "
                f"as {quoted(lines[found[0]])}, and will not be found; expected names alone, as "
                f"from: {cure}"
            )
    number = max(lines, key=lambda number: len(lines[number].split()))
    if len(lines[number].split()) > _MOST_WORDS:
        return (
            f"{number}: a name of {len(lines[number].split()):,} words, {quoted(lines[number])}, "
            "will hardly be found; expected one name per line"
        )
    return None


def parse_gazetteer_option(value: str, option: str = "gazetteer") -> tuple[str, Path]:
    """Split an option ``TYPE=FILE``.

    Parameters
    ----------
    value : str
        Value of the option.
    option : str
        Name of the option, for messages.

    Returns
    -------
    kind : str
        The type of the file's names, such as "LOC".
    path : Path
        Path of the file.

    Raises
    ------
    UsageError
        If one of the two is missing, or the type contains white space.
    """
    kind, _, file = value.partition("=")
    if kind.split() != [kind] or not file.strip():
        raise UsageError(
            f"{option} {value!r}: expected TYPE=FILE, a type without white space and a file "
            "with a name per line, such as LOC=cities.txt"
        )
    return kind, Path(file)


def _splits(name: str) -> Iterator[list[str]]:
    """Split a name in each way that a corpus or the tokenizer may split it."""
    yield name.split(" ")
    if name.isascii() and name.replace(" ", "").isalpha():
        return  # true of most names; the slow tokenizer would only find the same words
    # Capitals mark abbreviations, so each case may be split differently. The space is for names
    # such as "1. FC Köln": only at the beginning of a text are a number and its period one token.
    for form in (name, name.lower(), name.upper()):
        yield [token.text for token in tokenize(f" {form}")]
