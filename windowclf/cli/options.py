"""Options that several commands share; those of the network are generated from `Config`."""

import typing
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from windowclf.cli.console import note
from windowclf.config.check import option_name
from windowclf.config.config import Config, current_names
from windowclf.config.presets import PRESETS
from windowclf.documents.reading import ReadOptions, parse_label_names
from windowclf.errors import UsageError
from windowclf.tags.schemes import Scheme

if TYPE_CHECKING:
    from windowclf.classifier import WindowClassifier
    from windowclf.corpora.corpus import Corpus
    from windowclf.corpora.unlabelled import UnlabelledText
    from windowclf.model.default import Choice

Command = Callable[..., Any]

NONE = "none"
"""Value of a repeatable option that stands for an empty list."""


class SchemeChoice(click.Choice[str]):
    """Accepts the name of a tag scheme, or an alias of it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the library's name of a scheme."""
        with suppress(ValueError):
            value = Scheme(value).value
        return super().convert(value, param, ctx)


def config_options(function: Command) -> Command:
    """Add an option for each field of `Config`, and one for a preset."""
    return _preset_option(record_options(Config)(function))


def current_config_options(function: Command) -> Command:
    """Add the options of `Config` without those of earlier versions, for newer commands."""
    return _preset_option(record_options(Config, old_names=False)(function))


_preset_option = click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    help="Named settings that other options override; see 'windowclf presets'.",
)


def record_options(
    record: type[msgspec.Struct], *, old_names: bool = True
) -> Callable[[Command], Command]:
    """Add an option for each field of a record, with its description, choices and default.

    The options have no default values of their own, so that the defaults of the library apply.
    """
    hints = typing.get_type_hints(record, include_extras=True)

    def add_options(function: Command) -> Command:
        for field in reversed(msgspec.structs.fields(record)):
            kind, description = _unwrap(hints[field.name])
            settings: dict[str, Any] = {"default": None, "help": description}
            default = field.default
            name = option_name(field.name)
            if kind is bool:
                name = f"{name}/--no-{name.removeprefix('--')}"
                default = "on" if default else "off"
            elif typing.get_origin(kind) is tuple:
                settings["multiple"] = True
                item = _unwrap(typing.get_args(kind)[0])[0]
                words = typing.get_args(item)
                settings["type"] = click.Choice([*words, NONE]) if words else item
                default = " ".join(map(str, default))
            elif typing.get_origin(kind) is typing.Literal:
                settings["type"] = click.Choice(typing.get_args(kind))
            elif typing.get_origin(kind) is None:
                settings["type"] = kind
            if default is not None:
                settings["help"] += f"  [default: {default}]"
            function = click.option(name, field.name, **settings)(function)
            if old_names and field.encode_name != field.name:  # the spelling of an earlier version
                old = name.replace(option_name(field.name)[2:], option_name(field.encode_name)[2:])
                function = click.option(old, field.encode_name, **settings, hidden=True)(function)
        return function

    return add_options


def given_settings(
    options: dict[str, Any], record: type[msgspec.Struct] = Config
) -> dict[str, Any]:
    """Select the fields of a record, and the preset, that were set among a command's options."""
    fields = msgspec.structs.fields(record)
    names = {"preset", *(name for field in fields for name in (field.name, field.encode_name))}
    given = {name: value for name, value in options.items() if name in names}
    given = {name: value for name, value in given.items() if value not in (None, ())}
    return current_names({name: _value(value) for name, value in given.items()})


READING = (
    *("text_column", "tokens_column", "tags_column", "delimiter", "encoding", "text_unit"),
    *("on_error", "overlaps", "spans", "label_names"),
)
"""Fields of `ReadOptions` that a command may have as options."""


def reading_options(function: Command) -> Command:
    """Add the options for reading labelled files."""
    return text_options(
        _add(
            function,
            [
                click.option(
                    "--tags-column",
                    metavar="NAME|N",
                    help="Column or key with the tags or the spans.  [default: detected]",
                ),
                click.option(
                    "--label-names",
                    metavar="NAMES|FILE",
                    help="Names for numeric labels, in the order of the numbers: O,B-PER,I-PER, or "
                    "a file with one name per line.",
                ),
                click.option(
                    "--overlaps",
                    type=click.Choice(["refuse", "longest", "first"]),
                    help="Which one of overlapping spans to keep.  [default: refuse, an error]",
                ),
                click.option(
                    "--spans",
                    type=click.Choice(["as-is", "utf16", "inclusive", "refuse"]),
                    help="Unit of span offsets: characters (as-is), UTF-16 code units as in "
                    "JavaScript, or characters with an inclusive end; refuse: as as-is, but a span "
                    "that cuts a word is an error.  [default: as-is]",
                ),
            ],
        )
    )


def text_options(function: Command) -> Command:
    """Add the options for reading files with or without labels."""
    return _add(
        function,
        [
            click.option(
                "--text-column",
                metavar="NAME",
                help="Column or key with the text.  [default: text]",
            ),
            click.option(
                "--tokens-column",
                metavar="NAME|N",
                help="Column or key with the tokens; in a column file its number, from 0, or from "
                "-1 at the end.  [default: detected]",
            ),
            click.option(
                "--delimiter",
                metavar="CHARACTER",
                help="Column separator: a character, or the words tab or space.  "
                "[default: detected]",
            ),
            click.option(
                "--encoding", metavar="NAME", help="Encoding of the files.  [default: utf-8]"
            ),
            click.option(
                "--text-unit",
                type=click.Choice(["line", "paragraph", "file"]),
                help="What counts as one text in a plain-text file. Names never cross the end of a "
                "line (line) or of a paragraph (paragraph, file).  [default: each line is a text; "
                "in longer texts, names cross line ends where the text looks wrapped]",
            ),
            click.option(
                "--on-error",
                type=click.Choice(["stop", "skip"]),
                help="At an unreadable record, stop with an error, or skip and count it.  "
                "[default: stop]",
            ),
        ],
    )


def read_options(options: dict[str, Any], *, labels: bool = True) -> ReadOptions:
    """Make `ReadOptions` from the values of `text_options` and `reading_options`.

    Raises
    ------
    UsageError
        If a value is not valid.
    """
    found = {name: options[name] for name in READING if options.get(name) is not None}
    if names := found.get("label_names"):
        found["label_names"] = parse_label_names(names)
    return ReadOptions(**found, labels=labels)


def report_reading(options: ReadOptions) -> None:
    """Report on stderr the changes that were made while reading."""
    if line := options.report.line():
        note(f"read with changes: {line}")


def reading_json(options: ReadOptions) -> dict[str, object]:
    """Return these changes as a field of a JSON result; an empty dict if there were none."""
    found = options.report.to_json()
    return {"reading": found} if found else {}


def notes_json(corpus: "Corpus") -> dict[str, list[str]]:
    """Return the notes of a corpus as a field of a JSON result; an empty dict without notes."""
    return {"notes": list(corpus.notes)} if corpus.notes else {}


_DATA = (
    "Corpus: sample (bundled), conll2003, owner/name of a hub data set, or a folder with CoNLL, "
    "JSONL, Parquet or DocBin files or a project of 'windowclf annotate'"
)


def data_options(function: Command) -> Command:
    """Add the options for reading one corpus."""
    return _data_options(function, [_data_option("NAME|FOLDER", _DATA)])


def corpora_options(function: Command) -> Command:
    """Add the options for reading the corpora of a training."""
    from windowclf.cli.mixture import MIXTURE_OPTIONS

    several = ". Repeat for another corpus, which may also be a file of training text"
    return _data_options(
        function, [_data_option("[NAME=]FOLDER", _DATA + several), *MIXTURE_OPTIONS]
    )


def _data_option(metavar: str, description: str) -> Callable[[Command], Command]:
    return click.option(
        "--data", multiple=True, metavar=metavar, help=f"{description}.  [default: sample]"
    )


def _data_options(function: Command, first: list[Callable[[Command], Command]]) -> Command:
    from windowclf.tags.recognition import AUTO, SCHEMES

    return _add(
        reading_options(function),
        [
            *first,
            click.option(
                "--train", "train_file", metavar="FILE", help="File with the train split."
            ),
            click.option("--dev", "dev_file", metavar="FILE", help="File with the dev split."),
            click.option("--test", "test_file", metavar="FILE", help="File with the test split."),
            click.option(
                "--scheme",
                default=AUTO,
                show_default=True,
                type=SchemeChoice(SCHEMES),
                help="Tag scheme; plain: each token has its own label, and there are no spans.",
            ),
        ],
    )


def training_options(function: Command) -> Command:
    """Add the options for the inputs of a training besides its corpus and its settings."""
    return _add(
        function,
        [
            click.option(
                "--vectors",
                default="bundled",
                show_default=True,
                metavar="NAME|FILE",
                help="Word vectors: bundled, glove-6b-50d (an extra), a gensim-data name such as "
                "glove-wiki-gigaword-100, a GloVe or word2vec file, or random.",
            ),
            click.option(
                "--gazetteer",
                "gazetteers",
                multiple=True,
                metavar="TYPE=FILE",
                help="File with names of a type, one per line, such as LOC=cities.txt. Repeat for "
                "another type.",
            ),
            click.option(
                "--clusters",
                "clusters",
                multiple=True,
                metavar="[NAME=]FILE",
                help="File with word clusters: Brown clusters (lines of bits TAB word) or others "
                "(word TAB cluster). Repeat for another file.",
            ),
            click.option(
                "--names",
                "names",
                multiple=True,
                metavar="TYPE=FILE",
                help="File with names of a type, one per line, for --name-augmentation and "
                "--template-augmentation. Repeat for another file, also of the same type.",
            ),
            click.option(
                "--train-fraction",
                type=float,
                default=1.0,
                show_default=True,
                help="Fraction of the train split to use, drawn at random.",
            ),
        ],
    )


compress_option = click.option(
    "--compress",
    is_flag=True,
    help="Round the parameters, so that the model takes a third of the space.",
)


def _add(function: Command, options: list[Callable[[Command], Command]]) -> Command:
    """Add options in their order."""
    for option in reversed(options):
        function = option(function)
    return function


def teaching_options(function: Command) -> Command:
    """Add the options for teachers of a network and their unlabelled text."""
    return _add(
        function,
        [
            click.option(
                "--teacher",
                "trained_teachers",
                multiple=True,
                metavar="DIR",
                help="Folder of a trained model with the same labels that teaches the network, in "
                "addition to those that --teachers trains. Repeat for another.",
            ),
            click.option(
                "--unlabelled",
                multiple=True,
                metavar="FILE",
                help="File without labels, in any format that 'windowclf tag' reads; the network "
                "learns its teachers' scores on it. Repeat for another.",
            ),
        ],
    )


base_option = click.option(
    "--from",
    "base_model",
    default="auto",
    show_default=True,
    metavar="MODEL",
    callback=lambda _, __, value: None if value == NONE else value,
    help="Model to start from: bundled, a model folder, or none. Its word vectors, tables and "
    "window layer are copied, and the scoring weights of labels that both have. auto: bundled "
    "for a corpus of at most 5,000 sentences.",
)


def read_corpus(options: dict[str, Any]) -> Any:
    """Load the corpus selected by `data_options` or `corpora_options`."""
    from windowclf.cli.mixture import parse_mixture, read_mixture
    from windowclf.corpora.sources import load_corpus

    reading = read_options(options.get("reading", options))
    if mixture := parse_mixture(options):
        corpus = read_mixture(mixture, options, reading)
    else:
        corpus = load_corpus(
            next(iter(options["data"]), None),
            train=options["train_file"],
            dev=options["dev_file"],
            test=options["test_file"],
            scheme=options["scheme"],
            reading=reading,
        )
    for line in corpus.notes:
        note(line)
    return corpus


def read_training_corpus(options: dict[str, Any], seed: int, *, expects_dev: bool = True) -> Any:
    """Load the corpus selected by `corpora_options`, with --train-fraction applied.

    Doubts about the corpus are reported and added to its notes; a missing dev split is one only if
    `expects_dev`.
    """
    from windowclf.corpora.doubts import find_doubts

    corpus = read_corpus(options)
    fraction = options["train_fraction"]
    if fraction != 1.0:
        corpus = corpus.with_train_fraction(fraction, seed)
    doubts = tuple(
        find_doubts(
            corpus.splits,
            corpus.scheme,
            expects_dev=expects_dev,
            parts=corpus.parts,
            files=corpus.files,
        )
    )
    for doubt in doubts:
        note(f"warning: {doubt}")
    return replace(corpus, notes=(*corpus.notes, *doubts))


def read_unlabelled(options: dict[str, Any]) -> "UnlabelledText | None":
    """Read the files of --unlabelled with the reading options; None without --unlabelled."""
    from windowclf.corpora.unlabelled import read_unlabelled as read

    if not options["unlabelled"]:
        return None
    reading = read_options(options["reading"], labels=False)
    text = read(options["unlabelled"], reading)
    report_reading(reading)
    return text


def parse_gazetteers(options: Sequence[str]) -> dict[str, Path]:
    """Read the values of --gazetteer.

    Raises
    ------
    UsageError
        If a value is not TYPE=FILE, or a type has two files.
    """
    from windowclf.lexicon.gazetteer import parse_gazetteer_option

    files = dict(map(parse_gazetteer_option, options))
    if len(files) < len(options):
        raise UsageError("--gazetteer: a type has two files: expected one; join them into one file")
    return files


def parse_names(options: Sequence[str]) -> dict[str, list[Path]]:
    """Read the values of --names: the files of each type.

    Raises
    ------
    UsageError
        If a value is not TYPE=FILE.
    """
    from windowclf.lexicon.gazetteer import parse_gazetteer_option

    files: dict[str, list[Path]] = {}
    for value in options:
        kind, file = parse_gazetteer_option(value, "names")
        files.setdefault(kind, []).append(file)
    return files


def parse_clusters(options: Sequence[str]) -> dict[str, Path]:
    """Read the values of --clusters.

    Raises
    ------
    UsageError
        If a value does not name a file, or two files have the same name.
    """
    from windowclf.lexicon.clusters import parse_clusters_option

    files = dict(map(parse_clusters_option, options))
    if len(files) < len(options):
        raise UsageError("--clusters: two files have the same name: write one as NAME=FILE")
    return files


split_option = click.option(
    "--split",
    default="test",
    show_default=True,
    type=click.Choice(["train", "dev", "test"]),
    help="Split of the corpus to use.",
)


def read_split(options: dict[str, Any], split: str) -> Any:
    """Load the corpus selected by `data_options`; return it and one of its splits.

    Raises
    ------
    UsageError
        If the corpus has no such split, or --data is repeated.
    """
    if len(options["data"]) > 1:
        raise UsageError("--data: expected one corpus, got several; run the command once for each")
    corpus = read_corpus(options)
    if split not in corpus.splits:
        raise UsageError(
            f"{corpus.name} has no {split} split: expected one of {', '.join(corpus.splits)}"
        )
    return corpus, corpus.splits[split]


def listening_options(function: Command) -> Command:
    """Add the options of a command that serves a page."""
    return _add(
        function,
        [
            click.option(
                "--host",
                default="127.0.0.1",
                show_default=True,
                metavar="ADDRESS",
                help="Address to listen on; 0.0.0.0 lets other machines in, without a password.",
            ),
            click.option(
                "--port",
                default=8000,
                show_default=True,
                type=click.IntRange(0, 65535),
                help="Port to listen on; 0 chooses a free one.",
            ),
        ],
    )


model_option = click.option(
    "--model",
    metavar="DIR",
    help="Model folder, or bundled.  [default: WINDOWCLF_MODEL, else the last model trained in "
    "this folder, else the bundled model]",
)


def load_classifier(named: str | None) -> "tuple[WindowClassifier, Choice]":
    """Load the model of --model, or the default one; report its folder unless it is bundled."""
    from windowclf.classifier import WindowClassifier
    from windowclf.model.default import find_model

    chosen = find_model(named)
    classifier = WindowClassifier.load(chosen.folder)
    if chosen.report:
        note(chosen.report)
    return classifier, chosen


threads_option = click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Number of worker threads.  [default: one per processor]",
)
processes_option = click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="Number of processes that tag, once there is enough text; 1: no further process.  "
    "[default: one per processor]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def _unwrap(hint: Any) -> tuple[Any, str]:
    """Return a type without its annotations, and the description among them."""
    description = ""
    while typing.get_origin(hint) is typing.Annotated:
        for annotation in hint.__metadata__:
            if isinstance(annotation, msgspec.Meta) and annotation.description:
                description = annotation.description
        hint = typing.get_args(hint)[0]
    return hint, description


def _value(value: Any) -> Any:
    """Convert values that click leaves as text: "none" to an empty list, digits to a number."""
    if value == (NONE,):
        return ()
    is_number = isinstance(value, str) and value.removeprefix("-").isdecimal()
    return int(value) if is_number else value
