"""Detection of the splits of a folder or a data set by the names in it.

The names are those that the Hugging Face hub documents, and those of CoNLL-2003's files.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from windowclf.documents.formats.registry import FORMATS, format_of
from windowclf.errors import DataError, join_names
from windowclf.system.streams import COMPRESSED

SPLITS = {
    "train": ("train", "training"),
    "dev": ("validation", "dev", "valid", "val", "development", "devel", "testa"),
    "test": ("test", "testing", "eval", "evaluation", "testb"),
}
"""Words in the name of each split; earlier words take precedence."""

USUAL_NAMES = "train; dev, val or validation; test"
"""The usual names, for messages."""

_WORD = re.compile(r"[^\W\d_]+")
_SHARD = re.compile(r"(.*)-(\d{5})-of-(\d{5})")
_SPLIT_OF_WORD = {word: split for split, words in SPLITS.items() for word in words}
_DOCUMENTS = frozenset({"readme", "license", "licence", "copying", "notice", "changelog"})
_SUFFIXES = [suffix for form in FORMATS.values() for suffix in form.suffixes]
_LOOKED_FOR = (
    f"eng.train, eng.testa, eng.testb; or names with {USUAL_NAMES} in them, and "
    f"{', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}; {' or '.join(COMPRESSED)} may follow"
)


class Found(NamedTuple):
    """The splits of a folder or a data set.

    Attributes
    ----------
    splits : dict of str to list
        The names or files of each split found among ``"train"``, ``"dev"`` and ``"test"``.
    others : list of str
        Names that are not used.
    """

    splits: dict[str, list[str]]
    others: list[str]


def split_of(name: str) -> tuple[str, int] | None:
    """Return the split of a name without suffixes, and its number of other words.

    None if there is no split or several, as in ``train_dev``.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    splits = {_SPLIT_OF_WORD[word] for word in words if word in _SPLIT_OF_WORD}
    return (splits.pop(), len(words) - 1) if len(splits) == 1 else None


def splits_of_names(names: Iterable[str]) -> Found:
    """Find the splits of a data set; if several names match a split, the plainest is used."""
    ranked: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    others = []
    for name in names:
        found = split_of(name)
        if found is None:
            others.append(name)
            continue
        split, more = found
        usual = SPLITS[split]
        place = usual.index(name.lower()) if name.lower() in usual else len(usual)
        ranked[split].append((more, place, name))
    splits = {}
    for split in SPLITS:
        if ranked[split]:
            (*_, best), *rest = sorted(ranked[split])
            splits[split] = [best]
            others += [name for *_, name in rest]
    return Found(splits, others)


def splits_of_folder(folder: Path, given: Collection[str]) -> tuple[dict[str, list[Path]], str]:
    """Find the files of a folder's splits, except for the splits in `given`.

    A split without a file may have a folder of files, such as ``train/``. If there is no split in
    the folder, ``data/`` is searched.

    Returns
    -------
    splits : dict of str to list of Path
        The files of each split; several are the parts of one.
    note : str
        A line about the files that are not used; empty if there are none.

    Raises
    ------
    DataError
        If the folder cannot be read or has no split, or two files could be the same split.
    """
    files, folders = _entries(folder)
    splits, others = _of_files(folder, files, given)
    for split, inside in _of_folders(folders):
        is_free = split not in splits and split not in given
        if is_free and any(map(format_of, _entries(inside)[0])):
            splits[split] = [inside]
    if not splits and folder / "data" in folders:
        return splits_of_folder(folder / "data", given)
    if not splits and not given:
        raise DataError(f"{folder}: no file of a split; expected {_LOOKED_FOR}")
    note = ""
    if others:
        verb = "is" if len(others) == 1 else "are"
        note = (
            f"{folder}: {join_names(others)} {verb} not used: expected names with one of "
            f"{USUAL_NAMES}; give another file with `train`, `dev` or `test`"
        )
    return {split: splits[split] for split in SPLITS if split in splits}, note


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """List the files and the folders in a folder, without hidden ones."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from error
    return [p for p in entries if p.is_file()], [p for p in entries if p.is_dir()]


def _of_files(
    folder: Path, files: Sequence[Path], given: Collection[str]
) -> tuple[dict[str, list[Path]], list[str]]:
    ranked: dict[str, dict[int, list[Path]]] = defaultdict(lambda: defaultdict(list))
    others: list[str] = []
    for path in files:
        name = stem(path.name)
        found = split_of(name)
        if found is None and (format_of(path) is None or name.lower() in _DOCUMENTS):
            continue
        if found is None or not (format_of(path) or _is_suffix(name)):
            others.append(path.name)
        elif found[0] not in given:
            ranked[found[0]][found[1]].append(path)
    splits = {}
    for split, by_rank in ranked.items():
        best, *rest = (by_rank[rank] for rank in sorted(by_rank))
        if len(best) > 1 and not _are_parts(best, folder):
            raise DataError(
                f"{folder}: {' and '.join(path.name for path in best)} could each be the {split} "
                f"split; name one with --{split}"
            )
        splits[split] = best
        others += [path.name for paths in rest for path in paths]
    return splits, sorted(others)


def _of_folders(folders: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    by_split: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path in folders:
        found = split_of(path.name)
        if found:
            by_split[found[0]].append((found[1], path))
    for split, ranked in by_split.items():
        ranked.sort()
        if len(ranked) > 1 and ranked[0][0] == ranked[1][0]:
            raise DataError(
                f"{ranked[0][1].parent}: the folders {ranked[0][1].name} and {ranked[1][1].name} "
                f"could each be the {split} split; name a file with --{split}"
            )
        yield split, ranked[0][1]


def stem(name: str) -> str:
    """Remove the suffixes of the format and of the compression from a name."""
    for suffix in COMPRESSED:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return PurePath(name).stem if format_of(name) else name


def _is_suffix(stem: str) -> bool:
    """Whether a name ends in the name of a split, such as ``eng.testa``."""
    return PurePath(stem).suffix.lower().removeprefix(".") in _SPLIT_OF_WORD


def _are_parts(files: Sequence[Path], folder: Path) -> bool:
    """Whether files are the parts of one, such as ``train-00000-of-00002.parquet``."""
    shards = [_SHARD.fullmatch(stem(path.name)) for path in files]
    if not all(shards) or len({(shard[1], shard[3]) for shard in shards if shard}) > 1:
        return False
    count = int(shards[0][3]) if shards[0] else 0
    if len(files) != count:
        raise DataError(
            f"{folder}: {len(files)} of the {count} parts of {files[0].name} are here; expected all"
        )
    return True
