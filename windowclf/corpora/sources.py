"""Loading a corpus by its name: the sample, a folder, single files or a hub data set."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windowclf.corpora.corpus import Corpus, CorpusPart
from windowclf.corpora.files import SplitFiles, read_tagged, tag_place
from windowclf.corpora.spelling import Part, in_iob2, joined, numbered
from windowclf.corpora.splits import SPLITS, splits_of_folder, stem
from windowclf.documents.formats.registry import FORMATS
from windowclf.documents.paths import PROJECT_FILE, project_file
from windowclf.documents.places import Search
from windowclf.documents.reading import ReadOptions, make_options
from windowclf.errors import DataError, UsageError
from windowclf.system.arguments import check_path
from windowclf.system.packages import whole_install
from windowclf.system.resources import data_path
from windowclf.system.streams import COMPRESSED, is_url
from windowclf.tags.recognition import scheme_named

if TYPE_CHECKING:
    from windowclf.corpora.projects import ProjectSplit

SAMPLE = "sample"
CONLL2003 = "conll2003"
_HUB = "hub:"
_KNOWN = "sample, conll2003, owner/name of the Hugging Face hub, or a folder"

_SUFFIXES = [suffix for form in FORMATS.values() for suffix in form.suffixes]
_SUFFIX = rf"(?:{'|'.join(map(re.escape, _SUFFIXES))})"
_PACKED = rf"(?:{'|'.join(map(re.escape, COMPRESSED))})"
_FILE = re.compile(rf".*(?:{_SUFFIX}{_PACKED}?|\.train|\.test[ab]|{_PACKED})", re.IGNORECASE)
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(?:[:@].+)?")


@whole_install("load_corpus")
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
        ``"sample"``, the bundled corpus and the default without files; a folder, whose splits
        are found by the usual file names; a project folder of ``windowclf annotate``, whose
        set-aside passages are the test split; ``"conll2003"``; or ``"owner/name"`` of the Hugging
        Face hub. A folder takes precedence over a data set of the same name; ``"hub:owner/name"``
        is always the data set and ``"./sample"`` the folder.
    train, dev, test : str or Path, optional
        Files or URLs that replace the splits of `data` or add to them: JSONL, Parquet or spaCy's
        DocBin by their extension, else CoNLL columns. For a project, `train` takes the passages
        that are not set aside, and `dev` and `test` the set-aside ones.
    scheme : str, optional
        ``"iob1"``, ``"iob2"``, ``"iobes"``, ``"bilou"``, ``"bmes"``, ``"bmewo"``, ``"io"`` (with
        or without prefixes) or ``"plain"`` (independent labels of tokens, such as parts of
        speech); ``"auto"`` detects all but the last from the tags, see `Corpus.notes`.
    reading : ReadOptions, optional
        How files are read; its report counts the changes made while reading.
    **options
        Fields of `ReadOptions` in place of `reading`: `text_column`, `tokens_column`,
        `tags_column`, `delimiter`, `encoding`, `on_error`, `overlaps`, `spans`, `label_names`.

    Raises
    ------
    UsageError
        If a name, a scheme or a column does not exist.
    DataError
        If a file cannot be read, or sentences have no tags.
    """
    scheme_named(scheme)  # an unknown scheme is an error before reading
    if data is not None and not isinstance(data, str):
        data = check_path(data, "data", _KNOWN)
    for name, file in (("train", train), ("dev", dev), ("test", test)):
        if file is not None:
            check_path(file, name, "a file")
    reading = make_options(options) if reading is None else reading
    files: dict[str, Sequence[str | Path]] = {
        split: [file if is_url(file) else expand(file)]
        for split, file in (("train", train), ("dev", dev), ("test", test))
        if file is not None
    }
    given = {*files}
    if data is None and not files:
        data = SAMPLE

    parts: dict[str, Part] = {}
    note = ""
    if data is not None:
        folder = _folder(data)
        if folder is None:
            parts = _load_hub(str(data), reading)
        elif project := project_file(folder):
            files = {"train": [project], "test": [project]} | files
        else:
            found, note = splits_of_folder(folder, given)
            files = found | files
    labelled = _of_projects(files, reading)
    of_projects = [line for split in labelled.values() for line in split.notes]
    for split in [split for split, own in labelled.items() if not own.placed]:
        if split in given:
            raise DataError(
                f"{files[split][0]}: no accepted passage is in the {split} split yet; label more "
                "with 'windowclf annotate'"
            )
        del files[split], labelled[split]
    for split, paths in files.items():
        if split in labelled:
            parts[split] = labelled[split].part()
        else:
            parts[split] = joined([_read(path, reading) for path in paths])
    parts = {split: parts[split] for split in SPLITS if split in parts}

    name = str(next(iter(files.values()))[0] if data is None else data)
    splits, target, source, notes = in_iob2(name, parts, scheme)
    line = reading.report.line()
    more = (note, *of_projects, f"read with changes: {line}" if line else "")
    notes = (*notes, *filter(None, more))
    read = {
        s: labelled[s].files() if s in labelled else SplitFiles(paths, reading, len(splits[s]))
        for s, paths in files.items()
    }
    mixed: tuple[CorpusPart, ...] = ()
    if "train" in labelled:
        mixed = labelled["train"].parts(corpus_name(name), name, len(splits.get("test", ())))
    return Corpus(name, splits, target, source, notes, mixed, read)


def _of_projects(
    files: Mapping[str, Sequence[str | Path]], options: ReadOptions
) -> "dict[str, ProjectSplit]":
    """Read the splits whose file is a project: its train split, else its set-aside passages.

    Raises
    ------
    DataError
        See `project_splits`.
    """
    own = {
        split: project_file(Path(paths[0]))
        for split, paths in files.items()
        if not is_url(paths[0])
    }
    files_of = {split: path for split, path in own.items() if path}
    if not files_of:
        return {}
    from windowclf.corpora.projects import project_splits  # some Pythons have no SQLite

    read = {path: project_splits(path, options) for path in {*files_of.values()}}
    return {
        split: read[path]["train" if split == "train" else "test"]
        for split, path in files_of.items()
    }


def corpus_name(data: str) -> str:
    """Return a short name: the last part of the folder, file or hub data set of a corpus.

    Examples
    --------
    >>> corpus_name("hub:tner/wnut2017:default"), corpus_name("corpora/btc")
    ('wnut2017', 'btc')
    """
    path = expand(data)
    if path.name == PROJECT_FILE:
        path = path.parent
    if path.exists():
        return stem(path.absolute().name) if path.is_file() else path.absolute().name
    return re.split("[:@]", data.removeprefix(_HUB))[0].rpartition("/")[2]


def _folder(data: str | Path) -> Path | None:
    """Return the folder or project that `data` names; None if it names a hub data set."""
    if data == SAMPLE:
        return data_path(SAMPLE)
    name = str(data)
    folder = expand(data)
    if name and (folder.is_dir() or project_file(folder)):
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


def expand(path: str | Path) -> Path:
    """Expand ``~`` in a path and make it a `Path`.

    Raises
    ------
    UsageError
        If such a path cannot exist.
    """
    try:
        expanded = Path(path).expanduser()
        expanded.stat()
    except FileNotFoundError:
        pass
    except (OSError, RuntimeError, ValueError) as error:  # no such user; a name too long; NUL
        raise UsageError(f"{path}: cannot be found: {error}") from error
    return expanded


def _read(path: str | Path, options: ReadOptions) -> Part:
    found = list(read_tagged(path, options))
    bare = next((sentence for sentence, _ in found if sentence.tags is None), None)
    if bare:
        raise DataError(
            f"{path}: no tags beside {' '.join(bare.tokens)[:40]!r}; expected a tag for each "
            "token: a column or a key of tags or of spans, which `tags_column` names"
        )

    def place(number: int, search: Search) -> str:
        return tag_place(path, options, search, number)

    return Part([sentence for sentence, _ in found], place, [written for _, written in found])


def _load_hub(name: str, options: ReadOptions) -> dict[str, Part]:
    from windowclf.corpora.hub import load_hub  # its dependencies are slow to import

    tokens_column, tags_column = options.tokens_column, options.tags_column
    splits = load_hub(
        name.removeprefix(_HUB),
        tokens_column=None if tokens_column is None else str(tokens_column),
        tags_column=None if tags_column is None else str(tags_column),
    )
    return {split: numbered(found, f"{name}, {split}") for split, found in splits.items()}
