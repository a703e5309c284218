"""Groups of options: a long ``--help`` shows each group under a heading, the usual ones first.

A group lists its options by parameter name. A command skips the names that it does not have, so
commands can share groups. Each option carries the heading of its group as the attribute ``group``.

click-option-group and rich-click group options too, but with them each start of the command line
would import 12 and 20 more modules.
"""

from collections.abc import Sequence
from typing import Any

import click
import msgspec

_WIDEST = 30
"""Widest column of option names: click starts a new line after a longer name (`col_max`)."""


class Group(msgspec.Struct, frozen=True):
    """Options that the help of a command shows together.

    Attributes
    ----------
    heading : str
        Shown above the options.
    names : tuple of str
        Parameter names of the options, in the order of the help text.
    note : str
        A sentence below the heading that says when the options apply.
    """

    heading: str
    names: tuple[str, ...]
    note: str = ""


class GroupedCommand(click.Command):
    """A command whose help shows its options in groups.

    Attributes
    ----------
    groups : tuple of Group
        The groups in the order of the help text; options outside all groups come last.
    """

    def __init__(self, *arguments: Any, groups: Sequence[Group], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.groups = tuple(groups)
        for group, options in self.options_by_group(self.params):
            for option in options:
                vars(option)["group"] = group.heading

    def options_by_group(
        self, parameters: Sequence[click.Parameter]
    ) -> list[tuple[Group, list[click.Option]]]:
        """Sort options into the groups, without empty groups and hidden options."""
        options = [option for option in parameters if isinstance(option, click.Option)]
        by_name = {
            "help" if "--help" in option.opts else option.name: option
            for option in options
            if not option.hidden
        }
        pairs = [
            (group, [by_name.pop(name) for name in group.names if name in by_name])
            for group in self.groups
        ]
        pairs.append((Group("Other options", ()), list(by_name.values())))
        return [(group, members) for group, members in pairs if members]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each group as a section, with the columns of all sections aligned."""
        sections = [
            (group, [record for option in options if (record := option.get_help_record(ctx))])
            for group, options in self.options_by_group(self.get_params(ctx))
        ]
        lengths = [len(name) for _, records in sections for name, _ in records]
        width = min(max(lengths), _WIDEST)
        for group, records in sections:
            with formatter.section(group.heading):
                if group.note:
                    formatter.write_text(group.note)
                    formatter.write_paragraph()
                formatter.write_dl([(name.ljust(width), text) for name, text in records])


DATA = Group(
    "Data",
    ("data", "train_file", "dev_file", "test_file", "split", "scheme", "train_fraction"),
)
CORPORA = Group("Several corpora", ("weights", "maps", "lacks"))
READING = Group(
    "Reading files",
    (
        *("text_column", "tokens_column", "tags_column", "delimiter", "encoding", "text_unit"),
        *("label_names", "overlaps", "spans", "on_error"),
    ),
)
OUTPUT = Group("Output", ("output", "overwrite", "compress", "resume", "every"))
MODEL = Group(
    "Model",
    ("preset", "base_model", "keep_labels", "vectors", "gazetteers", "clusters", "names"),
)
NETWORK = Group(
    "Network",
    (
        *("level", "dimensions", "window", "hidden", "activation", "features"),
        *("feature_dimensions", "cluster_prefixes", "vocabulary", "min_count"),
        *("sentence_mean", "document_context", "constrained", "init"),
    ),
)
TRAINING = Group(
    "Training",
    (
        *("epochs", "patience", "batch_size", "batch_of", "optimizer", "rate", "schedule"),
        *("momentum", "loss", "positive", "corruptions", "freeze_vectors", "folds", "seed"),
    ),
)
REGULARISATION = Group(
    "Regularisation and augmentation",
    (
        *("dropout", "hidden_dropout", "word_dropout", "cluster_dropout"),
        *("case_augmentation", "name_augmentation", "template_augmentation"),
    ),
)
TEACHERS = Group("Teachers", ("teachers", "trained_teachers", "unlabelled", "gold_bonus"))
RUNNING = Group("Running", ("threads", "processes", "quiet", "as_json", "help"))
"""The last group of each command."""

OF_TRAINING = (MODEL, NETWORK, TRAINING, REGULARISATION, TEACHERS)
"""The groups for the options of `Config` and for the inputs of a training besides its corpus."""
