"""Options that several commands share; those of the network are read off `Config`."""

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
"""What a repeated option is given for an empty list."""


class SchemeChoice(click.Choice[str]):
    """Takes the name of a scheme, or another of its usual names."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the name that the library has for a scheme."""
        with suppress(ValueError):
            value = Scheme(value).value
        return super().convert(value, param, ctx)


def config_options(function: Command) -> Command:
    """Add an option for each field of `Config`, and one for a preset."""
    return _preset_option(record_options(Config)(function))


def current_config_options(function: Command) -> Command:
    """Add the same, without the names of earlier versions, which a new command uses otherwise."""
    return _preset_option(record_options(Config, old_names=False)(function))


_preset_option = click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    help="Settings by name, which the other options change; see 'windowclf presets'.",
)


def record_options(
    record: type[msgspec.Struct], *, old_names: bool = True
) -> Callable[[Command], Command]:
    """Add an option for each field of a record, with its description, choices and default.

    The options themselves have no defaults, so that those of the library hold.
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
    """Take the fields of a record, and a preset, out of a command's options, if they were given."""
    fields = msgspec.structs.fields(record)
    names = {"preset", *(name for field in fields for name in (field.name, field.encode_name))}
    given = {name: value for name, value in options.items() if name in names}
    given = {name: value for name, value in given.items() if value not in (None, ())}
    return current_names({name: _value(value) for name, value in given.items()})


READING = (
    *("text_column", "tokens_column", "tags_column", "delimiter", "encoding", "text_unit"),
    *("on_error", "overlaps", "spans", "label_names"),
)
"""Options of `ReadOptions` that a command may have."""


def reading_options(function: Command) -> Command:
    """Add the options that say how labelled files are read."""
    return text_options(
        _add(
            function,
            [
                click.option(
                    "--tags-column",
                    metavar="NAME|N",
                    help="Column or key of the tags, or of the spans.  [default: detected]",
                ),
                click.option(
                    "--label-names",
                    metavar="NAMES|FILE",
                    help="Names of labels that are numbers, in the order of the numbers: "
                    "O,B-PER,I-PER, or a file with a name a line.",
                ),
                click.option(
                    "--overlaps",
                    type=click.Choice(["refuse", "longest", "first"]),
                    help="Which of overlapping spans is kept.  [default: refuse, an error]",
                ),
                click.option(
                    "--spans",
                    type=click.Choice(["as-is", "utf16", "inclusive", "refuse"]),
                    help="What the offsets of spans count: characters, units of UTF-16 as in "
                    "JavaScript, or characters with an inclusive end; refuse: a span that cuts a "
                    "word is an error.  [default: as-is]",
                ),
            ],
        )
    )


def text_options(function: Command) -> Command:
    """Add the options that say how files are read, labelled or not."""
    return _add(
        function,
        [
            click.option(
                "--text-column", metavar="NAME", help="Column or key of the text.  [default: text]"
            ),
            click.option(
                "--tokens-column",
                metavar="NAME|N",
                help="Column or key of the tokens; of a column file its number, from 0, or from "
                "the end by -1.  [default: detected]",
            ),
            click.option(
                "--delimiter",
                metavar="CHARACTER",
                help="What separates columns; tab and space may be written so.  "
                "[default: detected]",
            ),
            click.option(
                "--encoding", metavar="NAME", help="Encoding of the files.  [default: utf-8]"
            ),
            click.option(
                "--text-unit",
                type=click.Choice(["line", "paragraph", "file"]),
                help="What is one text of a plain-text file. Names never cross the end of a line "
                "(line) or of a paragraph (paragraph, file).  [default: a line is a text; in "
                "longer texts, names cross line ends where the text looks wrapped]",
            ),
            click.option(
                "--on-error",
                type=click.Choice(["stop", "skip"]),
                help="What happens at a record that cannot be read: an error, or it is left out "
                "and counted.  [default: stop]",
            ),
        ],
    )


def read_options(options: dict[str, Any], *, labels: bool = True) -> ReadOptions:
    """Take the values of `text_options` and `reading_options` out of a command's options.

    Raises
    ------
    UsageError
        For a value that cannot be used.
    """
    found = {name: options[name] for name in READING if options.get(name) is not None}
    if names := found.get("label_names"):
        found["label_names"] = parse_label_names(names)
    return ReadOptions(**found, labels=labels)


def report_reading(options: ReadOptions) -> None:
    """Report on stderr what was not read as it stands."""
    if line := options.report.line():
        note(f"read with changes: {line}")


def reading_json(options: ReadOptions) -> dict[str, object]:
    """Give the same for a JSON result: nothing if all was read as it stands."""
    found = options.report.to_json()
    return {"reading": found} if found else {}


def notes_json(corpus: "Corpus") -> dict[str, list[str]]:
    """Give the notes of a corpus for a JSON result: nothing if there are none."""
    return {"notes": list(corpus.notes)} if corpus.notes else {}


_DATA = (
    "sample (bundled), conll2003, owner/name of a hub data set, or a folder: of CoNLL, JSONL, "
    "Parquet or DocBin files, or a project of 'windowclf annotate'"
)


def data_options(function: Command) -> Command:
    """Add the options that say which corpus is read, and how."""
    return _data_options(function, [_data_option("NAME|FOLDER", _DATA)])


def corpora_options(function: Command) -> Command:
    """Add the options that say which corpora a training reads, and how."""
    from windowclf.cli.mixture import MIXTURE_OPTIONS

    several = "; again for another corpus, which may also be a file of training text"
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
            click.option("--train", "train_file", metavar="FILE", help="A train split."),
            click.option("--dev", "dev_file", metavar="FILE", help="A dev split."),
            click.option("--test", "test_file", metavar="FILE", help="A test split."),
            click.option(
                "--scheme",
                default=AUTO,
                show_default=True,
                type=SchemeChoice(SCHEMES),
                help="How the tags spell spans; plain: each token has a label of its own.",
            ),
        ],
    )


def training_options(function: Command) -> Command:
    """Add the options that say what a training is given besides its corpus and its settings."""
    return _add(
        function,
        [
            click.option(
                "--vectors",
                default="bundled",
                show_default=True,
                metavar="NAME|FILE",
                help="bundled, glove-6b-50d (an extra), a gensim-data name such as "
                "glove-wiki-gigaword-100, a GloVe or word2vec file, or random.",
            ),
            click.option(
                "--gazetteer",
                "gazetteers",
                multiple=True,
                metavar="TYPE=FILE",
                help="A list of names of a type, one a line, such as LOC=cities.txt; again for "
                "the next.",
            ),
            click.option(
                "--clusters",
                "clusters",
                multiple=True,
                metavar="[NAME=]FILE",
                help="Word clusters: Brown clusters (bits TAB word a line) or others (word TAB "
                "cluster); again for the next.",
            ),
            click.option(
                "--names",
                "names",
                multiple=True,
                metavar="TYPE=FILE",
                help="A list of names of a type, one a line, for --name-augmentation and "
                "--template-augmentation; again for the next, of the same type too.",
            ),
            click.option(
                "--train-fraction",
                type=float,
                default=1.0,
                show_default=True,
                help="Part of the train split that is used, drawn at random.",
            ),
        ],
    )


compress_option = click.option(
    "--compress", is_flag=True, help="Write the model in a third of its size."
)


def _add(function: Command, options: list[Callable[[Command], Command]]) -> Command:
    """Add options, the first one first."""
    for option in reversed(options):
        function = option(function)
    return function


def teaching_options(function: Command) -> Command:
    """Add the options that say who teaches a network, and on which text."""
    return _add(
        function,
        [
            click.option(
                "--teacher",
                "trained_teachers",
                multiple=True,
                metavar="DIR",
                help="A trained model with the same labels, which teaches the network besides "
                "those that --teachers trains; again for the next.",
            ),
            click.option(
                "--unlabelled",
                multiple=True,
                metavar="FILE",
                help="Text without labels, of any format that 'windowclf tag' reads: the network "
                "learns what its teachers say of it; again for the next.",
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
    help="The model whose word vectors, tables and window layer the training begins with: "
    "bundled, a model folder, or none; scores of labels that both have are kept. auto: the "
    "bundled one for a corpus of at most 5,000 sentences.",
)


def read_corpus(options: dict[str, Any]) -> Any:
    """Load the corpus that `data_options` or `corpora_options` name."""
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
    """Load the corpus that `corpora_options` name, or the fraction of it that is to train.

    What makes the training doubtful is reported, and is among the notes of the corpus; a missing
    dev split only if `expects_dev`.
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
    """Read the text that --unlabelled names, by the options of reading; None without it."""
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
        For one that is no type with a file, or a second file of a type.
    """
    from windowclf.lexicon.gazetteer import parse_gazetteer_option

    files = dict(map(parse_gazetteer_option, options))
    if len(files) < len(options):
        raise UsageError("--gazetteer: a type has two files: expected one; put both in one file")
    return files


def parse_names(options: Sequence[str]) -> dict[str, list[Path]]:
    """Read the values of --names: the files of each type.

    Raises
    ------
    UsageError
        For one that is no type with a file.
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
        For one that names no file, or a second file of a name.
    """
    from windowclf.lexicon.clusters import parse_clusters_option

    files = dict(map(parse_clusters_option, options))
    if len(files) < len(options):
        raise UsageError("--clusters: two files have the same name: give one as NAME=FILE")
    return files


split_option = click.option(
    "--split", default="test", show_default=True, type=click.Choice(["train", "dev", "test"])
)


def read_split(options: dict[str, Any], split: str) -> Any:
    """Load the corpus that `data_options` name, and take one of its splits; return both.

    Raises
    ------
    UsageError
        If it has no such split, or several corpora are named.
    """
    if len(options["data"]) > 1:
        raise UsageError("--data: expected one corpus, got several; run the command for each")
    corpus = read_corpus(options)
    if split not in corpus.splits:
        raise UsageError(
            f"{corpus.name} has no {split} split: expected one of {', '.join(corpus.splits)}"
        )
    return corpus, corpus.splits[split]


model_option = click.option(
    "--model",
    metavar="DIR",
    help="A model folder.  [default: WINDOWCLF_MODEL, else the last one trained in this folder, "
    "else the bundled one]",
)


def load_classifier(named: str | None) -> "tuple[WindowClassifier, Choice]":
    """Load the model that --model names, or the default one; report which.

    The bundled model is not reported.
    """
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
    help="How many work at the same time.  [default: one for each processor]",
)
processes_option = click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="How many tag at the same time once there is enough to tag, 1 for this one alone.  "
    "[default: one for each processor]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _unwrap(hint: Any) -> tuple[Any, str]:
    """Take the annotations off a type; return it with the description among them."""
    description = ""
    while typing.get_origin(hint) is typing.Annotated:
        for annotation in hint.__metadata__:
            if isinstance(annotation, msgspec.Meta) and annotation.description:
                description = annotation.description
        hint = typing.get_args(hint)[0]
    return hint, description


def _value(value: Any) -> Any:
    """Read what click leaves as text: "none" for an empty list, and a number or a word."""
    if value == (NONE,):
        return ()
    is_number = isinstance(value, str) and value.removeprefix("-").isdecimal()
    return int(value) if is_number else value
