"""Several corpora in one training: the values of --data, --weight, --map and --lacks."""

import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from windowclf.corpora.sources import SAMPLE, corpus_name, expand
from windowclf.documents.paths import project_file
from windowclf.documents.reading import ReadOptions, ReadReport
from windowclf.errors import UsageError, join_names

if TYPE_CHECKING:
    from windowclf.corpora.corpus import Corpus

MIXING = ("weights", "maps", "lacks")
"""Options that say how a training uses a corpus."""


class Mixture(NamedTuple):
    """The corpora of a training, by name.

    Attributes
    ----------
    data : dict of str to str
        The source of each corpus: a value that `load_corpus` takes, or a file.
    weights, maps, lacks : dict
        See `windowclf.mix_corpora`.
    """

    data: dict[str, str]
    weights: dict[str, float]
    maps: dict[str, dict[str, str]]
    lacks: dict[str, list[str]]


MIXTURE_OPTIONS = [
    click.option(
        "--weight",
        "weights",
        multiple=True,
        metavar="NAME=NUMBER",
        help="How many times, on average, an epoch reads each sentence of a corpus; 0.5: half of "
        "the sentences, a new random half in each epoch.  [default: 1]",
    ),
    click.option(
        "--map",
        "maps",
        multiple=True,
        metavar="NAME:LABEL=[LABEL]",
        help="Rename a label of a corpus, such as wnut:corporation=ORG; with nothing after =, drop "
        "the label.",
    ),
    click.option(
        "--lacks",
        "lacks",
        multiple=True,
        metavar="NAME:LABEL",
        help="A label that a corpus does not annotate, so that an O there may hide such a span.",
    ),
]


def parse_mixture(options: Mapping[str, Any]) -> Mixture | None:
    """Read the options of a training that name its corpora.

    Returns
    -------
    Mixture or None
        None for a single corpus without a name, weight, map or missing label.

    Raises
    ------
    UsageError
        If two corpora have the same name, an option names an unknown corpus or is malformed, or
        there is a train file besides several corpora.
    """
    values: Sequence[str] = options["data"] or ()
    named = [_split_name(value) for value in values]
    mixes = any(options.get(option) for option in MIXING)
    if len(named) < 2 and not mixes and not any(name for name, _ in named):
        return None
    train = options["train_file"]
    if train and (len(named) > 1 or any(map(is_file, (source for _, source in named)))):
        raise UsageError(
            "`train_file`: the corpora of --data have train splits of their own: give the file as "
            "one of them, such as --data NAME=FILE"
        )
    if not named:
        named = [(None, train or SAMPLE)]
    data: dict[str, str] = {}
    for given, source in named:
        name = given or corpus_name(source)
        if name in data:
            raise UsageError(
                f"--data: two corpora have the name {name!r}: name one of them yourself, such as "
                f"--data {name}2={source}"
            )
        data[name] = str(expand(source)) if is_file(source) else source
    return Mixture(data, _weights(options, data), _maps(options, data), _lacks(options, data))


def _split_name(value: str) -> tuple[str | None, str]:
    """Split ``NAME=FOLDER``; a path may contain "=" itself."""
    name, separator, source = value.partition("=")
    if not separator or os.path.lexists(value) or "/" in name or os.sep in name:
        return None, value
    if not source or name.split() != [name]:
        raise UsageError(
            f"--data {value}: expected a corpus, or NAME=CORPUS with a name without white space"
        )
    return name, source


def is_file(source: str) -> bool:
    """Whether a corpus is a single file without splits, and so not a project."""
    path = expand(source)
    return source != SAMPLE and path.is_file() and not project_file(path)


def _weights(options: Mapping[str, Any], names: Collection[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for value in options.get("weights") or ():
        name, _, number = value.rpartition("=")
        _check_name("--weight", value, name, names)
        try:
            weight = float(number)
        except ValueError:
            raise UsageError(
                f"--weight {value}: expected NAME=NUMBER, such as {name}=0.5"
            ) from None
        if found.setdefault(name, weight) != weight:
            raise UsageError(f"--weight: {name} has two weights: expected one")
    return found


def _maps(options: Mapping[str, Any], names: Collection[str]) -> dict[str, dict[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for value in options.get("maps") or ():
        name, rest = _split_label("--map", value, names)
        label, separator, new = rest.rpartition("=")
        if not separator or not label:
            raise UsageError(
                f"--map {value}: expected NAME:LABEL=LABEL, such as {name}:corporation=ORG, or "
                f"NAME:LABEL= to drop the label"
            )
        if found[name].setdefault(label, new) != new:
            raise UsageError(f"--map: {label} of {name} has two new names: expected one")
    return dict(found)


def _lacks(options: Mapping[str, Any], names: Collection[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for value in options.get("lacks") or ():
        name, label = _split_label("--lacks", value, names)
        if not label:
            raise UsageError(f"--lacks {value}: expected NAME:LABEL, such as {name}:MISC")
        if label not in found[name]:
            found[name].append(label)
    return dict(found)


def _split_label(option: str, value: str, names: Collection[str]) -> tuple[str, str]:
    """Split ``NAME:REST``; a name may contain a colon itself."""
    known = max((n for n in names if value.startswith(f"{n}:")), key=len, default=None)
    name = value.partition(":")[0] if known is None else known
    _check_name(option, value, name, names)
    return name, value[len(name) + 1 :]


def _check_name(option: str, value: str, name: str, names: Collection[str]) -> None:
    if name not in names:
        raise UsageError(
            f"{option} {value}: expected one of the corpora {join_names(list(names))} first"
        )


def read_mixture(mixture: Mixture, options: Mapping[str, Any], reading: ReadOptions) -> "Corpus":
    """Read the corpora of a training and join them.

    Dev and test files replace the splits of a single corpus, or the joined splits of several.
    """
    from windowclf.corpora.mixture import mix_corpora
    from windowclf.corpora.sources import load_corpus

    def anew() -> ReadOptions:  # a report of its own for each corpus
        return replace(reading, report=ReadReport())

    scheme = options["scheme"]
    files = {split: options[f"{split}_file"] for split in ("train", "dev", "test")}
    files = {split: file for split, file in files.items() if file is not None}
    single = len(mixture.data) == 1
    corpora = {}
    for name, source in mixture.data.items():
        own = dict(files) if single else {}
        data: str | None = source
        if is_file(source):
            own, data = {"train": source, **own}, None
        elif not options["data"] and "train" in files:
            data = None
        corpora[name] = load_corpus(data, **own, scheme=scheme, reading=anew())
    held_out = None
    if files and not single:
        held_out = load_corpus(**files, scheme=scheme, reading=anew())
    return mix_corpora(
        corpora,
        weights=mixture.weights,
        maps=mixture.maps,
        lacks=mixture.lacks,
        held_out=held_out,
    )
