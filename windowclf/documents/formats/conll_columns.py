"""The roles of the columns of a file: from the options, or detected from its first rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from windowclf.documents.formats.conll_head import (
    WORD_NAMES,
    Cells,
    Head,
    Row,
    column_number,
    header_of,
    read_head,
    split_row,
    tags_name,
)
from windowclf.documents.formats.conll_notation import (
    MISC_KEYS,
    TagCells,
    is_blank_cell,
    is_label,
    is_prefixed,
    key_of,
    look_at,
)
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, UsageError, join_names, quoted

SKIPPED_ID = re.compile(r"([0-9]{1,9})[-.]([0-9]{1,9})")
"""Numbers of CoNLL-U rows that are not one word: a range of words, or an empty node."""

_CONLL_U = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_FEW = 3  # rows: too few to conclude that all tags have prefixes
_CONLL_2012_NAMES = 10  # its column of names, whatever columns follow


@dataclass(frozen=True, slots=True)
class Columns:
    """The roles of the columns of a file, which are numbered from 0.

    Parameters
    ----------
    width : int
        Number of cells in a row.
    tags : int, optional
        None: the file has no tags.
    delimiter : str, optional
        The delimiter of the options. None: a tab if the line contains one, else spaces.
    tabbed : bool
        Whether the first row has tabs.
    notation : {"tags", "brackets", "misc"}
        The notation of tags in the cells of `tags`.
    key : str, optional
        The key of the tag in MISC. None: it is not known yet.
    mention_field : int, optional
        Number of the part of a CorefUD mention that is its type.
    index : int, optional
        The column with the numbers of words.
    varying : bool
        Whether the number of columns varies between sentences, as in CoNLL-2012.
    header : int, optional
        Number of the line that names the columns.
    first : int
        Number of the line with the first row.
    replaced : bool
        Whether new tags replace the column `tags`; if not, a column is added for them.
    inventory : frozenset of str, optional
        Tags of the first rows. None: all of them have prefixes, so later tags must have them, too.
    """

    width: int
    words: int
    tags: int | None
    delimiter: str | None
    tabbed: bool
    notation: Literal["tags", "brackets", "misc"]
    key: str | None
    mention_field: int | None
    index: int | None
    varying: bool
    header: int | None
    first: int
    replaced: bool
    inventory: frozenset[str] | None

    @property
    def others(self) -> int:
        """Number of columns with neither words nor tags."""
        return self.width - 1 - (self.replaced and self.notation != "misc")

    @property
    def has_more(self) -> bool:
        """Whether a row has more than a word and its tag."""
        is_marked = bool(self.delimiter) or (self.width == 1 and self.tabbed)
        return self.others > 0 or self.words > 0 or self.notation != "tags" or is_marked

    def fits(self, line: str) -> bool:
        """Whether a line has as many cells as a row."""
        try:
            return len(split_row(line, self.delimiter)) == self.width
        except DataError:
            return False

    def is_row(self, line: str, *, begins: bool = True) -> bool:
        """Whether a line that begins with ``#`` is a row and not a comment.

        Parameters
        ----------
        begins : bool
            Whether the line is at the start of a sentence, where comments are usual.
        """
        if self.index is not None or not self.fits(line):
            return False
        cells = split_row(line, self.delimiter)
        if self.tags is not None and is_prefixed(cells[self.tags]):
            return True
        if self.delimiter is None and self.tabbed != ("\t" in line):
            return not (begins or self.tabbed)
        if not begins:
            return True
        if self.tags is None:
            if self.width > 1:
                return is_blank_cell(cells[-1])
            return "=" not in line and ":" not in line
        tag = cells[self.tags]
        if self.inventory is None:
            return False
        is_hash = cells[0] == "#" or cells[0].startswith("# ")
        return tag in self.inventory or tag == "#" or (is_label(tag) and not is_hash)


def find_columns(
    sentences: list[list[tuple[int, str]]],
    comments: list[tuple[int, str]],
    name: str,
    options: ReadOptions,
) -> Columns | None:
    """Detect the roles of the columns of a file, and report guesses.

    Parameters
    ----------
    sentences : list of list of tuple of int and str
        The numbered lines of the first sentences, without comments.
    comments : list of tuple of int and str
        Lines among them that begin with ``#``. They are rows if there are no others and they have
        tags.

    Returns
    -------
    Columns or None
        None if there is no row.

    Raises
    ------
    DataError
        If the file has another layout, or a row has too many columns.
    UsageError
        If the file lacks a column that the options name.
    """
    head = read_head(sentences, comments, name, options)
    if not head.sentences:
        return None
    header = header_of(head, options)
    if header:
        first_sentence = head.sentences[0][1:]
        sentences_left = [s for s in (first_sentence, *head.sentences[1:]) if s]
        head = head._replace(sentences=sentences_left, names=header.cells)
    return _Finder(head, name, options, header.number if header else None).columns()


class _Finder:
    """Detects the roles of columns from complete rows."""

    def __init__(self, head: Head, name: str, options: ReadOptions, header: int | None) -> None:
        self.head, self.name, self.options, self.header = head, name, options, header
        self.first = head.sentences[0][0]
        self.width = len(self.first.cells)
        self.sentences = [
            cells
            for sentence in head.sentences
            if (cells := [row.cells for row in sentence if len(row.cells) >= self.width])
        ]
        self.where = f"{name}:{self.first.number}"
        self.names = head.names if head.names and len(head.names) == self.width else None

    def columns(self) -> Columns:
        self._refuse_others()
        index = self._index()
        if index is not None:
            self.sentences = [
                [cells for cells in sentence if not SKIPPED_ID.fullmatch(cells[index])]
                for sentence in self.sentences
            ]
        if self.names is None and self.width == len(_CONLL_U) and index == 0:
            self.names = list(_CONLL_U)
        names = self.names
        words = self._given("tokens_column", names)
        tags = self._given("tags_column", names)
        looks = [look_at(self._cells(column)) for column in range(self.width)]
        guessed_words, guessed_tags = words is None, tags is None
        if words is None:
            words = self._words(index, names, looks, tags)
        if tags is None:
            tags = self._tags(index, names, looks, words)
        if tags == words:
            if self.width > 1 and not guessed_tags:
                raise UsageError(
                    f"{self.name}: column {words} cannot be both token and tag of its "
                    f"{count(self.width)}"
                )
            tags = None
        notation, key = self._notation(tags, names, looks)
        if guessed_words and guessed_tags:
            self._refuse_texts(words, tags, looks)
        self._report(index, words, tags, notation, guessed_words, guessed_tags)
        if key is not None and key not in MISC_KEYS and self.options.labels:
            add = self.options.report.add
            add(f"files whose tags are read from {key!r} in MISC", self.where)
        entities = tags is not None and (
            notation != "tags" or self._are_entities(tags, names, looks[tags])
        )
        prefixed = (
            tags is not None
            and notation == "tags"
            and looks[tags].prefixed
            and len(self._cells(tags)) > _FEW
            and not self.first.cells[0].startswith("#")  # it may be a comment
        )
        labels = frozenset(self._cells(tags)) if tags is not None and not prefixed else None
        return Columns(
            self.width,
            words,
            tags,
            self.options.delimiter,
            self.first.tabbed,
            notation,
            key,
            self.head.mention_field,
            index,
            self._is_conll_2012(),
            self.header,
            self.first.number,
            tags is not None and (entities or self.options.labels or not guessed_tags),
            labels,
        )

    def _cells(self, column: int) -> Cells:
        return [cells[column] for sentence in self.sentences for cells in sentence]

    def _is_conll_2012(self) -> bool:
        return self.width > _CONLL_2012_NAMES and (
            self.head.is_conll_2012 or (self._is_constant(0) and self._is_constant(1))
        )

    def _refuse_others(self) -> None:
        """Raise an error for files without columns, or with another separator."""
        where = f"{self.name}:{self.first.number}"
        if self.width > 2 and all(
            re.fullmatch(r"\d+-\d+", cell) for column in (0, 1) for cell in self._cells(column)
        ):
            raise DataError(f"{where}: this is WebAnno's TSV; export CoNLL 2002 from there instead")
        if self.width == 1 and self.options.delimiter is None:
            for mark in ",;|":
                ends = [cell.rpartition(mark)[2] for cell in self._cells(0) if mark in cell[1:]]
                look = look_at(ends)
                if len(ends) == len(self._cells(0)) and (look.prefixed or look.outside):
                    raise DataError(
                        f"{where}: the columns are separated by {quoted(mark)}, which is neither "
                        "a tab nor a space; give it as `delimiter`"
                    )

    def _refuse_texts(self, words: int, tags: int | None, looks: list[TagCells]) -> None:
        """Raise an error for a table without a header whose first column has texts, not tokens."""
        cells = self._cells(words)
        texts = [cell for cell in cells if cell.count(" ") > 1]
        tagged = tags is not None and (looks[tags].prefixed or looks[tags].outside)
        if 2 * len(texts) > len(cells) and not tagged and not self.names:
            raise DataError(
                f"{self.where}: column {words} has texts such as {quoted(texts[0])}, not tokens; "
                "expected a table of texts to begin with the names of its columns"
            )

    def _index(self) -> int | None:
        """Find the column of running numbers before the words, if there is one."""
        for column in range(self.width - 1):
            if self._runs(column):
                return column if self._is_index(column) else None
            if not self._is_constant(column) and not (column < 2 and self._is_conll_2012()):
                return None
        return None

    def _is_index(self, column: int) -> bool:
        longest = max(map(len, self.sentences))
        if self.width == 2:  # numbers and words, rather than numeric tokens and tags
            look, words = look_at(self._cells(1)), self._cells(1)
            labelled = look.prefixed or look.outside or look.bare
            spelled = sum(any(map(str.isalpha, word)) for word in words)
            enough = longest > 2 or (longest == 2 and len({*words}) == len(words))
            return enough and not labelled and 2 * spelled > len(words)
        return (
            longest > 1
            or len(self.sentences) > 1
            or self.width == len(_CONLL_U)
            or (column == 2 and self._is_conll_2012())
        )

    def _is_constant(self, column: int) -> bool:
        """Whether a column is constant in each sentence, such as the name of its document."""
        if self.width < 3 or max(map(len, self.sentences)) < 3:
            return False
        return all(len({cells[column] for cells in s}) < 2 for s in self.sentences)

    def _runs(self, column: int) -> bool:
        before = None
        first = rows = 0
        for sentence in self.head.sentences:
            cells = [row.cells[column] for row in sentence if self._is_numbered(row, column)]
            for place, cell in enumerate(cells):
                if SKIPPED_ID.fullmatch(cell):
                    continue
                if not (cell.isascii() and cell.isdigit() and len(cell) < 10):
                    return False
                number = int(cell)
                if before is None:
                    first = number
                elif number != before + 1 and (number > 1 or place > 0):
                    return False
                before = number
                rows += 1
        # Numeric words may be consecutive, but rarely from 0 or 1, or for long.
        return rows > 0 and (first < 2 or (self.width > 2 and rows >= _FEW))

    def _is_numbered(self, row: Row, column: int) -> bool:
        """Whether the cell of a row is a number, also in a row that is short for its empty end."""
        if len(row.cells) >= self.width:
            return True
        return len(row.cells) > column and row.cells[column].isdecimal()

    def _given(self, option: str, names: Sequence[str] | None) -> int | None:
        """Return the number of a column that the options name; None if they do not."""
        asked: int | str | None = getattr(self.options, option)
        if asked is None:
            return None
        number = column_number(asked)
        if number is None:
            lower = [name.lower() for name in names or ()]
            if names is not None and asked in names:
                return [*names].index(str(asked))
            if str(asked).lower() in lower:
                return lower.index(str(asked).lower())
            known = names or self.first.cells
            raise UsageError(
                f"{self.name}: `{option}`: no column {quoted(asked)}; its first row has "
                f"{join_names([*map(quoted, known)])}; expected a name there, or a number, from 0, "
                "or from the end by -1"
            )
        if not -self.width <= number < self.width:
            raise UsageError(
                f"{self.name}: `{option}`: no column {number}: its rows have {count(self.width)}, "
                "counted from 0, or from the end by -1"
            )
        return number % self.width

    def _words(
        self,
        index: int | None,
        names: Sequence[str] | None,
        looks: list[TagCells],
        tags: int | None,
    ) -> int:
        for place, name in enumerate(names or ()):
            if name.lower() in WORD_NAMES:
                return place
        if index is not None:
            return index + 1
        if self.width == 2 and (tags == 0 or (tags is None and self._is_swapped(looks))):
            return 1
        constant = 0
        while constant < self.width - 2 and self._is_constant(constant):
            constant += 1
        return constant

    def _is_swapped(self, looks: list[TagCells]) -> bool:
        """Whether tags come before words, as in the MIT corpora."""
        cells, others = self._cells(0), looks[1]
        return (
            all(map(is_prefixed, cells))
            and "O" in cells
            and len(cells) > 3
            and not (others.prefixed or others.outside or others.bare)
        )

    def _tags(
        self, index: int | None, names: Sequence[str] | None, looks: list[TagCells], words: int
    ) -> int | None:
        if self._is_conll_2012():
            return _CONLL_2012_NAMES
        if names and not self._is_conll_u(names):
            named = tags_name(names)
            if named is not None and named not in (words, index):
                return named
        free = [c for c in range(self.width) if c not in (words, index)]
        prefixed = [c for c in free if looks[c].prefixed and not looks[c].chunks]
        if prefixed:
            chosen = prefixed[-1]
            # The first column has the outer names (GermEval), or the gold tags before predictions.
            while chosen - 1 in prefixed and (
                index is not None or looks[chosen - 1].labels & looks[chosen].labels
            ):
                chosen -= 1
            return chosen
        if names and "MISC" in names:
            return [*names].index("MISC")
        if bare := [c for c in free if looks[c].bare and not looks[c].outside]:
            return bare[-1]
        if outside := [c for c in free if looks[c].outside]:
            chosen = outside[-1]
            while index is not None and chosen - 1 in outside:
                chosen -= 1
            return chosen
        if bracketed := [c for c in free if looks[c].bracketed]:
            return bracketed[-1]
        if not free or (self.width > 2 and all(map(is_blank_cell, self._cells(free[-1])))):
            return None
        return free[-1]

    @staticmethod
    def _is_conll_u(names: Sequence[str]) -> bool:
        return tuple(names) == _CONLL_U

    def _notation(
        self, tags: int | None, names: Sequence[str] | None, looks: list[TagCells]
    ) -> tuple[Literal["tags", "brackets", "misc"], str | None]:
        if tags is None or looks[tags].prefixed:
            return "tags", None
        if (self._is_conll_2012() and tags == _CONLL_2012_NAMES) or looks[tags].bracketed:
            return "brackets", None
        if names and names[tags] == "MISC":
            return "misc", key_of(self._cells(tags))
        return "tags", None

    def _are_entities(self, tags: int, names: Sequence[str] | None, look: TagCells) -> bool:
        named = names is not None and tags_name(names[tags : tags + 1]) is not None
        return (look.prefixed and not look.chunks) or look.outside or look.bare or named

    def _report(
        self,
        index: int | None,
        words: int,
        tags: int | None,
        notation: str,
        guessed_words: bool,
        guessed_tags: bool,
    ) -> None:
        add = self.options.report.add
        known = self.names is not None or self._is_conll_2012()
        of_all = f"of its {count(self.width)}"
        if self.header is not None:
            line = f"{self.name}:{self.header}"
            add("files whose first row names the columns (it is not read as a token)", line)
        if not guessed_words and words == index:
            add("files with running numbers in the column given as that of tokens", self.where)
        elif guessed_words and index is not None and not known:
            what = f"files with a column of running numbers (tokens are read from column {words})"
            add(what, f"{self.where}, column {index} {of_all}")
        elif guessed_words and words != 0 and not known:
            add(f"files whose tokens are read from column {words}", f"{self.where}, {of_all}")
        if not (guessed_tags and self.options.labels):
            return
        if tags is None and self.width - (index is not None) > 1:
            add("files without a column of tags", f"{self.where}, {of_all}")
        elif tags is not None and tags != self.width - 1 and notation != "misc" and not known:
            add(f"files whose tags are read from column {tags}", f"{self.where}, {of_all}")


def count(columns: int) -> str:
    """Return a number of columns in words."""
    return "1 column" if columns == 1 else f"{columns} columns"
