"""From what the user names to a corpus: the sample, a folder, single files or the hub."""

import random
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from windowclf.corpora.files import read_sentences
from windowclf.documents.formats.registry import FORMATS, ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError, described, join_names, shortened
from windowclf.system.arguments import check_count, check_path
from windowclf.system.markup import Mark, caption, marked, table
from windowclf.system.resources import data_path
from windowclf.system.streams import COMPRESSED, is_url
from windowclf.tags.schemes import OUTSIDE, Scheme, convert, recognise, spans

SAMPLE = "sample"
CONLL2003 = "conll2003"
_HUB = "hub:"
_KNOWN = "sample, conll2003, owner/name of the Hugging Face hub, or a folder"

_SUFFIXES = [suffix for form in FORMATS.values() if form.name != "csv" for suffix in form.suffixes]
_SUFFIX = rf"(?:{'|'.join(map(re.escape, _SUFFIXES))})"
_PACKED = rf"(?:{'|'.join(map(re.escape, COMPRESSED))})"
_FILE = re.compile(rf".*(?:{_SUFFIX}{_PACKED}?|\.train|\.test[ab]|{_PACKED})", re.IGNORECASE)
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(?:[:@].+)?")
_SPLIT_FILES = {
    "train": re.compile(rf"(?:train{_SUFFIX}|[a-z]{{3}}\.train(?:{_SUFFIX})?){_PACKED}?"),
    "dev": re.compile(
        rf"(?:(?:dev|valid|validation){_SUFFIX}|[a-z]{{3}}\.testa(?:{_SUFFIX})?){_PACKED}?"
    ),
    "test": re.compile(rf"(?:test{_SUFFIX}|[a-z]{{3}}\.testb(?:{_SUFFIX})?){_PACKED}?"),
}
_LOOKED_FOR = (
    "eng.train, eng.testa, eng.testb; or train, dev (valid, validation), test with "
    f"{', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}; {' or '.join(COMPRESSED)} may follow"
)


_SHOWN = 3
"""Sentences of a corpus that a notebook shows."""


@dataclass(frozen=True, repr=False)
class Corpus:
    """Labelled sentences, by split.

    Parameters
    ----------
    name : str
        What the user called it.
    splits : dict of str to list of Sentence
        Those there are among ``"train"``, ``"dev"`` and ``"test"``.
    scheme : Scheme
        Of the tags as they are here: ``IOB2``, or ``PLAIN``.
    original_scheme : Scheme
        Of the tags as they were read.

    Examples
    --------
    >>> from windowclf import load_corpus
    >>> load_corpus("sample")
    Corpus('sample': train 643, dev 139, test 170 sentences; LOC, MISC, ORG, PER; iob2)
    """

    def __post_init__(self) -> None:
        if not isinstance(self.splits, Mapping):
            raise UsageError(
                f"splits: expected sentences by split, such as {{'train': […]}}, "
                f"got {described(self.splits)}"
            )
        for split in self.splits:
            if split not in _SPLIT_FILES:
                raise UsageError(
                    f"splits: expected {', '.join(_SPLIT_FILES)}, got {described(split)}"
                )
        for name in ("scheme", "original_scheme"):
            try:
                object.__setattr__(self, name, Scheme(getattr(self, name)))
            except ValueError:
                raise UsageError(
                    f"{name}: expected one of {', '.join(Scheme)}, "
                    f"got {described(getattr(self, name))}"
                ) from None

    def __repr__(self) -> str:
        sizes = [f"{split} {len(sentences):,}" for split, sentences in self.splits.items()]
        splits = f"{', '.join(sizes)} sentences" if sizes else "no split"
        parts = [splits, join_names(self._labels()), str(self.scheme)]
        return f"Corpus({shortened(self.name)!r}: {'; '.join(parts)})"

    def _labels(self) -> list[str]:
        tags: set[str] = set()
        for sentences in self.splits.values():
            tags.update(*(sentence.tags or () for sentence in sentences))
        plain = self.scheme is Scheme.PLAIN
        return sorted({tag if plain else tag.partition("-")[2] for tag in tags - {OUTSIDE}})

    def _repr_html_(self) -> str:
        """Show the counts of the splits, and the first sentences with their entities marked."""
        labels = self._labels()
        rows = []
        for split, sentences in self.splits.items():
            counts = Counter(
                span.label for one in sentences for span in spans(one.tags or (), self.scheme)
            )
            numbers = [len(sentences), sum(map(len, sentences)), *(counts[each] for each in labels)]
            rows.append([split, *(f"{number:,}" for number in numbers)])
        first = next(iter(self.splits.items()), ("", []))
        shown = [marked(*_marks(sentence, self.scheme), labels) for sentence in first[1][:_SHOWN]]
        head = f"Corpus {self.name}, {self.scheme}"
        examples = [caption(f"The first sentences of {first[0]}")] if shown else []
        counted = table(["split", "sentences", "tokens", *labels], rows)
        return "".join([caption(head), counted, *examples, *shown])

    name: str
    splits: dict[str, list[Sentence]]
    scheme: Scheme
    original_scheme: Scheme

    def with_train_fraction(self, fraction: float, seed: int) -> "Corpus":
        """Keep a part of the train split, drawn at random but in its order.

        Parameters
        ----------
        fraction : float
            Above 0, at most 1.
        seed : int
            Fixes the draw.

        Raises
        ------
        UsageError
            For a fraction that is not in its range.
        DataError
            If there is no train split.
        """
        check_count(seed, "seed", least=0)
        if not isinstance(fraction, int | float) or not 0 < fraction <= 1:
            raise UsageError(f"`train_fraction`: expected more than 0, at most 1, got {fraction!r}")
        if "train" not in self.splits:
            raise DataError(f"{self.name}: has no train split: name the file with `train`")
        sentences = self.splits["train"]
        kept = max(1, round(fraction * len(sentences)))
        drawn = sorted(random.Random(seed).sample(range(len(sentences)), kept))  # noqa: S311
        return replace(self, splits=self.splits | {"train": [sentences[i] for i in drawn]})


def _marks(sentence: Sentence, scheme: Scheme) -> tuple[str, list[Mark]]:
    """Join the words of a sentence, and mark its spans there."""
    starts = [0, *accumulate(len(word) + 1 for word in sentence.tokens)]
    found = spans(sentence.tags or (), scheme)
    marks = [Mark(starts[span.start], starts[span.end] - 1, span.label) for span in found]
    return " ".join(sentence.tokens), marks


def load_corpus(
    data: str | Path | None = None,
    *,
    train: str | Path | None = None,
    dev: str | Path | None = None,
    test: str | Path | None = None,
    scheme: str = "auto",
    tokens_column: int | str | None = None,
    tags_column: int | str | None = None,
) -> Corpus:
    """Load a labelled corpus.

    Parameters
    ----------
    data : str or Path, optional
        ``"sample"``, the project's own corpus and the default where no file is given; a
        folder, whose splits are found by the usual file names; ``"conll2003"``; or
        ``"owner/name"`` of the Hugging Face hub. A folder comes before a data set of the
        same name, ``"hub:owner/name"`` is always the data set and ``"./sample"`` the folder.
    train, dev, test : str or Path, optional
        Single files, which take the place of the splits of `data` or add to them: JSONL,
        Parquet or spaCy's DocBin if so named, else CoNLL columns; each here or as a URL.
    scheme : str, optional
        ``"iob1"``, ``"iob2"``, ``"iobes"`` or ``"plain"`` (a label for each token by itself,
        such as parts of speech); ``"auto"`` tells the first three apart by the tags.
    tokens_column, tags_column : int or str, optional
        Column numbers of CoNLL files, from 0, or from the end by -1; names of the columns of
        other files and of a data set of the hub. First and last column, or the usual names,
        if not given.

    Raises
    ------
    UsageError
        For a name, a scheme or a column that does not exist.
    DataError
        For files that cannot be read, or sentences without tags.
    """
    if scheme != "auto" and scheme not in list(Scheme):
        raise UsageError(f"unknown scheme {scheme!r}; known are auto, {', '.join(Scheme)}")
    if data is not None and not isinstance(data, str):
        data = check_path(data, "data", _KNOWN)
    for name, file in (("train", train), ("dev", dev), ("test", test)):
        if file is not None:
            check_path(file, name, "a file")
    for name, column in (("tokens_column", tokens_column), ("tags_column", tags_column)):
        if not isinstance(column, int | str | None):
            raise UsageError(
                f"{name}: expected the number or the name of a column, got {described(column)}"
            )
    files: dict[str, str | Path] = {
        split: file if is_url(file) else _expand(file)
        for split, file in (("train", train), ("dev", dev), ("test", test))
        if file is not None
    }
    if data is None and not files:
        data = SAMPLE

    splits: dict[str, list[Sentence]] = {}
    if data is not None:
        folder = _folder(data)
        if folder is None:
            splits = _load_hub(str(data), tokens_column, tags_column)
        else:
            files = _split_files(folder, given=files) | files
    for split, file in files.items():
        splits[split] = _read(file, tokens_column, tags_column)
    splits = {split: splits[split] for split in _SPLIT_FILES if split in splits}

    name = str(next(iter(files.values())) if data is None else data)
    return _with_iob2(name, splits, scheme)


def _folder(data: str | Path) -> Path | None:
    """Give the folder that `data` names, or None if it names a data set of the hub."""
    if data == SAMPLE:
        return data_path(SAMPLE)
    name = str(data)
    folder = _expand(data)
    if name and folder.is_dir():
        return folder
    if name and folder.is_file():
        raise UsageError(f"{name} is a file, not a folder; give it with `train`, `dev` or `test`")
    if isinstance(data, str):
        if name == CONLL2003 or name.startswith(_HUB):
            return None
        is_path = name.startswith((".", "~", "/")) or _FILE.fullmatch(name)
        if not is_path and _REPOSITORY.fullmatch(name):
            return None
        if not is_path and "/" not in name:
            raise UsageError(f"unknown data set {name!r}; expected {_KNOWN}")
    raise UsageError(f"no folder {name}; expected {_KNOWN}")


def _expand(path: str | Path) -> Path:
    try:
        expanded = Path(path).expanduser()
        expanded.stat()
    except FileNotFoundError:
        pass
    except (OSError, RuntimeError, ValueError) as error:  # no such user; a name too long; NUL
        raise UsageError(f"{path}: cannot be found: {error}") from error
    return expanded


def _split_files(folder: Path, given: Collection[str]) -> dict[str, str | Path]:
    """Find the files of a folder's splits, but for those that the user has given."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from error
    found: dict[str, str | Path] = {}
    for split, pattern in _SPLIT_FILES.items():
        matches = [name for name in names if pattern.fullmatch(name.lower())]
        if split in given or not matches:
            continue
        if len(matches) > 1:
            raise DataError(
                f"{folder}: {' and '.join(matches)} could each be the {split} split; "
                f"name one with `{split}`"
            )
        found[split] = folder / matches[0]
    if not found and not given:
        raise DataError(f"{folder}: no file of a split; looked for {_LOOKED_FOR}")
    return found


def _read(
    path: str | Path, tokens_column: int | str | None, tags_column: int | str | None
) -> list[Sentence]:
    options = ReadOptions(tokens_column=tokens_column, tags_column=tags_column)
    found = list(read_sentences(path, options))
    bare = next((sentence for sentence in found if sentence.tags is None), None)
    if bare:
        raise DataError(
            f"{path}: no tags beside {' '.join(bare.tokens)[:40]!r}; expected a tag for each "
            "token: a column of them, or the JSON key tags, entities, spans or label"
        )
    return found


def _load_hub(
    name: str, tokens_column: int | str | None, tags_column: int | str | None
) -> dict[str, list[Sentence]]:
    from windowclf.corpora.hub import load_hub  # what it needs is slow to import

    return load_hub(
        name.removeprefix(_HUB),
        tokens_column=None if tokens_column is None else str(tokens_column),
        tags_column=None if tags_column is None else str(tags_column),
    )


def _with_iob2(name: str, splits: dict[str, list[Sentence]], scheme: str) -> Corpus:
    tags = (sentence.tags or () for split in splits.values() for sentence in split)
    try:
        source = recognise(tags) if scheme == "auto" else Scheme(scheme)
        target = Scheme.PLAIN if source is Scheme.PLAIN else Scheme.IOB2
        converted = {
            split: [replace(s, tags=convert(s.tags or (), source, target)) for s in sentences]
            for split, sentences in splits.items()
        }
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    return Corpus(name, converted, target, source)
