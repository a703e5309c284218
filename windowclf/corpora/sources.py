"""From what the user names to a corpus: the sample, a folder, single files or the hub."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from windowclf.corpora.files import read_sentences
from windowclf.corpora.splits import SPLITS, splits_of_folder
from windowclf.documents.formats.registry import FORMATS
from windowclf.documents.reading import ReadOptions, make_options
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError
from windowclf.system.resources import data_path
from windowclf.system.streams import COMPRESSED, is_url
from windowclf.tags.schemes import Scheme, convert, recognise

SAMPLE = "sample"
CONLL2003 = "conll2003"
_HUB = "hub:"
_KNOWN = "sample, conll2003, owner/name of the Hugging Face hub, or a folder"

_SUFFIXES = [suffix for form in FORMATS.values() for suffix in form.suffixes]
_SUFFIX = rf"(?:{'|'.join(map(re.escape, _SUFFIXES))})"
_PACKED = rf"(?:{'|'.join(map(re.escape, COMPRESSED))})"
_FILE = re.compile(rf".*(?:{_SUFFIX}{_PACKED}?|\.train|\.test[ab]|{_PACKED})", re.IGNORECASE)
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(?:[:@].+)?")


@dataclass(frozen=True)
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
    notes : tuple of str
        What a user should know of the reading, such as files that are not used; each a line.
    """

    name: str
    splits: dict[str, list[Sentence]]
    scheme: Scheme
    original_scheme: Scheme
    notes: tuple[str, ...] = ()

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
        if not 0 < fraction <= 1:
            raise UsageError(f"--train-fraction: expected more than 0, at most 1, got {fraction}")
        if "train" not in self.splits:
            raise DataError(f"{self.name}: has no train split: name the file with --train")
        sentences = self.splits["train"]
        kept = max(1, round(fraction * len(sentences)))
        drawn = sorted(random.Random(seed).sample(range(len(sentences)), kept))  # noqa: S311
        return replace(self, splits=self.splits | {"train": [sentences[i] for i in drawn]})


def load_corpus(
    data: str | Path | None = None,
    *,
    train: str | Path | None = None,
    dev: str | Path | None = None,
    test: str | Path | None = None,
    scheme: str = "auto",
    reading: ReadOptions | None = None,
    **options: Any,
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
    reading : ReadOptions, optional
        How files are read, and what was not read as it stands.
    **options
        Fields of `ReadOptions`, if `reading` is not given: `text_column`, `tokens_column`,
        `tags_column`, `delimiter`, `encoding`, `on_error`, `overlaps`, `spans`, `label_names`.

    Raises
    ------
    UsageError
        For a name, a scheme or a column that does not exist.
    DataError
        For files that cannot be read, or sentences without tags.
    """
    if scheme != "auto" and scheme not in set(Scheme):
        raise UsageError(f"unknown scheme {scheme!r}; known are auto, {', '.join(Scheme)}")
    reading = make_options(options) if reading is None else reading
    files: dict[str, Sequence[str | Path]] = {
        split: [file if is_url(file) else _expand(file)]
        for split, file in (("train", train), ("dev", dev), ("test", test))
        if file is not None
    }
    if data is None and not files:
        data = SAMPLE

    splits: dict[str, list[Sentence]] = {}
    note = ""
    if data is not None:
        folder = _folder(data)
        if folder is None:
            splits = _load_hub(str(data), reading)
        else:
            found, note = splits_of_folder(folder, given=files)
            files = found | files
    for split, parts in files.items():
        splits[split] = _read_parts(parts, reading)
    splits = {split: splits[split] for split in SPLITS if split in splits}

    name = str(next(iter(files.values()))[0] if data is None else data)
    corpus = _with_iob2(name, splits, scheme)
    line = reading.report.line()
    notes = (note, f"read with changes: {line}" if line else "")
    return replace(corpus, notes=(*corpus.notes, *filter(None, notes)))


def _folder(data: str | Path) -> Path | None:
    """Give the folder that `data` names, or None if it names a data set of the hub."""
    if data == SAMPLE:
        return data_path(SAMPLE)
    name = str(data)
    folder = _expand(data)
    if name and folder.is_dir():
        return folder
    if name and folder.is_file():
        raise UsageError(f"{name} is a file, not a folder; give it with --train, --dev or --test")
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


def _read_parts(parts: Sequence[str | Path], options: ReadOptions) -> list[Sentence]:
    """Read the files of a split; documents of each have numbers of their own."""
    sentences: list[Sentence] = []
    documents = 0
    for path in parts:
        found = _read(path, options)
        sentences += [
            s if s.document is None else replace(s, document=s.document + documents) for s in found
        ]
        documents += max((s.document + 1 for s in found if s.document is not None), default=0)
    return sentences


def _read(path: str | Path, options: ReadOptions) -> list[Sentence]:
    found = list(read_sentences(path, options))
    bare = next((sentence for sentence in found if sentence.tags is None), None)
    if bare:
        raise DataError(
            f"{path}: no tags beside {' '.join(bare.tokens)[:40]!r}; expected a tag for each "
            "token: a column or a key of tags or of spans, which `tags_column` names"
        )
    return found


def _load_hub(name: str, options: ReadOptions) -> dict[str, list[Sentence]]:
    from windowclf.corpora.hub import load_hub  # what it needs is slow to import

    tokens_column, tags_column = options.tokens_column, options.tags_column
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
