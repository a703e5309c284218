"""``windowclf pretrain``."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import to_builtins

from windowclf.cli.console import note, print_table
from windowclf.cli.groups import NETWORK, REGULARISATION, RUNNING, TRAINING, Group, GroupedCommand
from windowclf.cli.options import given_settings, json_option, record_options
from windowclf.cli.progress import TrainingProgress
from windowclf.errors import UsageError
from windowclf.pretraining.settings import PretrainSettings

if TYPE_CHECKING:
    from windowclf.pretraining.result import Pretrained, PretrainEpoch

_EPOCH_HEADER = "epoch    loss  held-out  tokens/s"


_TEXT = Group("Text and vectors", ("output", "pretokenized", "vectors"))
_RESULT = Group("Evaluation", ("held_out", "show", "neighbours"))


@click.command(
    cls=GroupedCommand,
    groups=(_TEXT, _RESULT, NETWORK, TRAINING, REGULARISATION, RUNNING),
    short_help="Learn word vectors from unlabelled text.",
)
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...")
@click.option(
    "--output",
    required=True,
    metavar="FILE",
    help="File to write the vectors to, in word2vec text format.",
)
@click.option(
    "--pretokenized", is_flag=True, help="The tokens of a line are separated by spaces already."
)
@click.option(
    "--vectors",
    metavar="NAME|FILE",
    help="Vectors to start from, as in 'windowclf train'.  [default: random]",
)
@click.option(
    "--held-out",
    metavar="TEXT",
    help="A text on which to measure how many windows score above their corrupted copies.",
)
@click.option(
    "--show",
    metavar="WORD,WORD,...",
    help="Words whose nearest neighbours are shown.  [default: ten of middle frequency]",
)
@click.option(
    "--neighbours",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    metavar="N",
    help="Number of neighbours to show for each word.",
)
@record_options(PretrainSettings)
@json_option
@click.option("--quiet", is_flag=True, help="Do not print a line for each epoch.")
def pretrain(
    texts: tuple[str, ...],
    output: str,
    pretokenized: bool,
    vectors: str | None,
    held_out: str | None,
    show: str | None,
    neighbours: int,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Learn word vectors from unlabelled text files.

    The network learns to score a window of words higher than the same window with another word in
    its centre. Each line of a file is a sentence or a paragraph; files may be gzipped, and larger
    than memory.

    \b
    windowclf pretrain news.txt --output vectors.txt
    windowclf pretrain a.txt b.txt.gz --pretokenized --held-out c.txt --output vectors.txt
    windowclf train --data conll2003 --vectors vectors.txt
    """
    from windowclf.lexicon.features import lower_zero_digits
    from windowclf.pretraining.pretrain import pretrain as learn
    from windowclf.pretraining.result import middle_words

    file = Path(output)
    _check_output(file, texts)
    with TrainingProgress("counting words", _EPOCH_HEADER, _epoch_line, quiet=quiet) as progress:
        found = learn(
            texts,
            pretokenized=pretokenized,
            vectors=vectors,
            held_out=held_out,
            listener=progress,
            **given_settings(options, PretrainSettings),
        )
    found.save(file)
    note(f"vectors: {file}, {len(found.words):,} words of {found.last.shape[1]} numbers")
    words = middle_words(found.words)
    if show:
        named = [lower_zero_digits(word) for word in show.split(",")]
        words = [word for word in named if word in found.words]
        if unknown := [word for word in named if word not in found.words]:
            note(f"no vector to show: {', '.join(unknown)}")
    _report(found, found.neighbours(words, neighbours), file, as_json=as_json)


def _check_output(file: Path, texts: tuple[str, ...]) -> None:
    """Raise an error before the work starts if the output could not be written at its end."""
    if file.is_dir():
        raise UsageError(f"--output {file}: is a folder; expected a file")
    if not file.parent.is_dir():
        raise UsageError(f"--output {file}: no folder {file.parent}; make it first")
    if file.exists() and any(Path(text).exists() and file.samefile(text) for text in texts):
        raise UsageError(f"--output {file}: would overwrite a text; expected another file")
    if file.suffix == ".gz":
        raise UsageError(f"--output {file}: the file is not zipped; leave out .gz")
    try:
        tempfile.TemporaryFile(dir=file.parent).close()
    except OSError as error:
        raise UsageError(f"--output {file}: cannot write there: {error.strerror}") from error


def _epoch_line(epoch: "PretrainEpoch") -> str:
    held_out = "-" if epoch.held_out is None else f"{100 * epoch.held_out:.2f}"
    return f"{epoch.epoch:5d}  {epoch.loss:6.4f}  {held_out:>8}  {epoch.tokens_per_second:8,.0f}"


def _report(
    found: "Pretrained",
    nearest: dict[str, tuple[list[str], list[str]]],
    file: Path,
    *,
    as_json: bool,
) -> None:
    """Print the result on the held-out text and the neighbours of words."""
    after = found.epochs[-1].held_out
    if as_json:
        facts = {
            "vectors": str(file),
            "words": len(found.words),
            "dimensions": found.last.shape[1],
            "held_out": {"before": found.held_out_first, "after": after},
            "neighbours": {
                word: {"before": first, "after": last} for word, (first, last) in nearest.items()
            },
            "epochs": to_builtins(found.epochs),
        }
        click.echo(json.dumps(facts))
        return
    if found.held_out_first is not None and after is not None:
        click.echo(
            f"held-out windows above their corrupted twins: {100 * after:.2f} % "
            f"(before: {100 * found.held_out_first:.2f} %)"
        )
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("word", "before", "after", box=SIMPLE_HEAD)
    for word, (first, last) in nearest.items():
        table.add_row(word, " ".join(first), " ".join(last))
    print_table(table)
