"""``windowclf annotate``."""

import getpass
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from windowclf.cli.console import count, note
from windowclf.cli.groups import READING, RUNNING, Group, GroupedCommand
from windowclf.cli.options import (
    base_option,
    json_option,
    listening_options,
    parse_gazetteers,
    read_options,
    reading_options,
    report_reading,
)
from windowclf.documents.formats.registry import DIALECTS, FORMATS
from windowclf.errors import UsageError, join_names, quoted

if TYPE_CHECKING:
    from windowclf.annotation.intake import Intake
    from windowclf.annotation.store import Store

_FORMATS = [name for name in FORMATS if name not in DIALECTS and name != "annotations"]
_SEED = 1


_GROUPS = (
    Group("Project", ("output", "labels", "imported", "form", "order", "pool", "status")),
    Group("Model", ("model", "maps", "gazetteers", "base_model")),
    Group("Page", ("host", "port", "who")),
    READING,
    RUNNING,
)


@click.command(
    cls=GroupedCommand,
    groups=_GROUPS,
    short_help="Label texts in the browser while a model learns and proposes.",
)
@click.argument("texts", nargs=-1, metavar="[FILE]...")
@click.option(
    "--output",
    metavar="FOLDER",
    help="Folder of the project: created, or continued if it exists.",
)
@click.option(
    "--labels",
    metavar="LABEL,LABEL,...",
    help="Labels of the project; more can be added, and all renamed, on the page.",
)
@click.option(
    "--import",
    "imported",
    multiple=True,
    metavar="FILE|FOLDER",
    help="Labelled files to correct or to continue, in any format that 'windowclf convert' reads; "
    "repeat for more.",
)
@click.option(
    "--order",
    type=click.Choice(["uncertain", "random", "given"]),
    help="Which passage comes next: the one that the model is least sure of, a random one, or the "
    "next in the file. Every fifth passage is a random one that measures the model.  "
    "[default: uncertain]",
)
@click.option(
    "--pool",
    default=20_000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Maximum number of documents in the project. From more, random ones are taken, or the "
    "first ones with --order given.",
)
@click.option(
    "--model",
    metavar="DIR",
    help="Model that proposes names until the project has its own: 'bundled', a model folder, or "
    "'none'.  [default: bundled]",
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="LABEL=LABEL",
    help="A label of --model and the project's label for it, such as PER=PATIENT; equal labels "
    "need no option; repeat for more.",
)
@click.option(
    "--gazetteer",
    "gazetteers",
    multiple=True,
    metavar="LABEL=FILE",
    help="List of names, one per line: they are proposed, and the model learns from the list; "
    "repeat for more.",
)
@base_option
@click.option("--status", metavar="FOLDER", help="Print the progress of a project and exit.")
@click.option(
    "--who",
    metavar="NAME",
    help="Name of the annotator; it can be changed on the page.  [default: the login name]",
)
@listening_options
@click.option("--input-format", "form", type=click.Choice(_FORMATS), help="Format of the files.")
@reading_options
@json_option
@click.pass_context
def annotate(
    context: click.Context,
    /,
    texts: tuple[str, ...],
    output: str | None,
    status: str | None,
    as_json: bool,
    host: str,
    port: int,
    who: str | None,
    **options: Any,
) -> None:
    """Label texts in the browser while a model learns and proposes.

    The project is a folder; 'train --data', 'evaluate --data' and 'convert' read it like any
    corpus. The page reports a decision as saved when it is on the disk, so the command can be
    stopped at any time with Ctrl-C and started again. A fifth of the texts is set aside to measure
    the model.

    \b
    windowclf annotate texts.jsonl --labels DRUG,DOSE --output drugs
    windowclf annotate --output drugs
    windowclf annotate --import labelled.conll --output checked
    windowclf annotate --status drugs
    windowclf train --data drugs
    """
    if status is not None:
        if output or texts or options["imported"]:
            raise UsageError("--status prints a project's progress: leave out texts and --output")
        _print_status(status, as_json=as_json)
        return
    if as_json:
        raise UsageError("--json needs --status")
    if output is None:
        raise UsageError("--output: expected the folder of the project")
    from windowclf.annotation.app import create_app
    from windowclf.service.limits import Limits
    from windowclf.service.server import address_of, hosts_of, listen, make_server

    given = {
        name: value
        for name, value in _settings(options).items()
        if context.get_parameter_source(_parameter(name)) is click.core.ParameterSource.COMMANDLINE
    }
    with ExitStack() as stack:
        listening = stack.enter_context(listen(host, port))
        store = stack.enter_context(_open(Path(output), texts, options, given))
        limits = Limits()
        app = create_app(store, who=who or _user(), hosts=hosts_of(host, listening), limits=limits)
        note(f"labelling at {address_of(listening)}; Ctrl-C ends it")
        make_server(app, limits).run([listening])


def _parameter(setting: str) -> str:
    """Return the name of the option's parameter for a setting."""
    return {"map": "maps", "base": "base_model"}.get(setting, setting)


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """Convert the options to settings of a project, as JSON."""
    gazetteers = parse_gazetteers(options["gazetteers"])
    base = options["base_model"]
    return {
        "order": options["order"],
        "model": _model(options["model"]),
        "map": dict(map(_parse_map, options["maps"])),
        "gazetteers": {label: str(file.absolute()) for label, file in gazetteers.items()},
        "base": "none" if base is None else _model(base),
        "text_unit": options["text_unit"],
    }


def _model(named: str | None) -> str | None:
    """Make the path of a model absolute, so that it is found from another folder, too."""
    return named if named in (None, "bundled", "none", "auto") else str(Path(named).absolute())


def _parse_map(value: str) -> tuple[str, str]:
    label, equals, own = value.partition("=")
    if not (label and equals and own):
        raise UsageError(f"--map {value!r}: expected LABEL=LABEL, such as PER=PATIENT")
    return label, own


def _open(
    folder: Path, texts: tuple[str, ...], options: dict[str, Any], given: Mapping[str, Any]
) -> "Store":
    """Open or create the project, and take in new files."""
    from windowclf.annotation.store import Store
    from windowclf.documents.paths import PROJECT_FILE

    labels = [name.strip() for name in (options["labels"] or "").split(",") if name.strip()]
    if (folder / PROJECT_FILE).exists():
        store = Store.open(folder)
        if given.get("text_unit", store.text_unit) != store.text_unit:
            raise UsageError(
                f"--text-unit: the passages of {folder} are cut and split by {store.text_unit}, "
                "which cannot be changed: leave the option out"
            )
        known = {label.name.casefold() for label in store.labels()}
        for name in labels:
            if name.casefold() not in known:
                store.add_label(name)
                note(f"label added: {name}")
        _take_in(store, texts, options, given)
        store.change_settings(given)
        return store
    if not (texts or options["imported"]):
        raise UsageError(
            f"{folder}: no project; expected a file of texts to create one: windowclf annotate "
            f"FILE --labels LABEL,LABEL --output {folder}"
        )
    if not labels and not options["imported"]:
        raise UsageError("--labels: expected at least one label, such as DRUG,DOSE")
    return Store.create(
        folder, labels, given, _SEED, lambda store: _take_in(store, texts, options, given)
    )


def _check_labels(store: "Store", given: Mapping[str, Any]) -> None:
    """Refuse a label of --map or --gazetteer that the project lacks: nothing would be proposed."""
    labels = [label.name for label in store.labels()]
    named = {"map": given.get("map", {}).values(), "gazetteer": given.get("gazetteers", {})}
    for option, names in named.items():
        if unknown := [name for name in names if name not in labels]:
            raise UsageError(
                f"--{option}: the project has no label {quoted(unknown[0])}; expected one of "
                f"{join_names(labels)}"
            )


def _take_in(
    store: "Store", texts: tuple[str, ...], options: dict[str, Any], given: Mapping[str, Any]
) -> None:
    """Take in labelled files, check the labels that settings name, and take in texts."""
    from windowclf.annotation.intake import import_labelled, take_texts

    form = FORMATS[options["form"]] if options["form"] else None
    if options["imported"]:
        reading = read_options(options)
        taken = import_labelled(store, options["imported"], reading, form)
        for line in taken.notes:
            note(line)
        _report(", ".join(options["imported"]), taken)
        report_reading(reading)
    _check_labels(store, given)
    if texts:
        room = options["pool"] - store.counts().documents
        if room <= 0:
            note(
                f"{', '.join(texts)}: left out, because the project has {options['pool']:,} "
                "documents, see --pool"
            )
            return
        reading = read_options(options, labels=False)
        taken = take_texts(store, texts, reading, form, room)
        _report(", ".join(texts), taken)
        report_reading(reading)


def _report(names: str, taken: "Intake") -> None:
    """Report the documents that were taken in and left out."""
    parts = [f"{count(taken.documents, 'document')} in {count(taken.passages, 'passage')}"]
    if taken.accepted:
        parts.append(f"{count(taken.accepted, 'passage')} with labels")
    if taken.matched:
        parts.append(f"labels for {count(taken.matched, 'text')} already in the project")
    if taken.labels:
        parts.append(f"labels added: {', '.join(taken.labels)}")
    if taken.empty:
        parts.append(f"left out: {taken.empty:,} empty")
    if taken.duplicates:
        parts.append(f"left out: {taken.duplicates:,} whose text is in the project already")
    if taken.not_drawn:
        parts.append(f"not drawn: {taken.not_drawn:,}; --pool takes more")
    note(f"{names}: {'; '.join(parts)}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in some containers
        return "annotator"


def _print_status(folder: str, *, as_json: bool) -> None:
    import msgspec

    from windowclf.annotation.measure import advice
    from windowclf.annotation.store import Store

    with Store.open(folder, read_only=True) as store:
        counts, rounds = store.counts(), store.rounds()
    last = next((each for each in reversed(rounds) if each.f1 is not None), None)
    said = advice(rounds)
    if as_json:
        found = {
            "project": folder,
            **msgspec.structs.asdict(counts),
            "measure": last,
            "rounds": rounds,
            "advice": said,
        }
        click.echo(msgspec.json.encode(found))
        return
    click.echo(
        f"{folder}: {count(counts.passages, 'passage')} of {count(counts.documents, 'document')}: "
        f"{counts.accepted:,} accepted, {counts.skipped:,} skipped, {counts.flagged:,} flagged, "
        f"{counts.open:,} open"
    )
    names = ", ".join(f"{label} {number:,}" for label, number in counts.names.items())
    click.echo(f"names: {names}; in {count(counts.sentences, 'accepted sentence')}")
    if last is None:
        click.echo("F1: not measured yet")
        return
    click.echo(
        f"F1 {100 * (last.f1 or 0):.1f} ({100 * (last.low or 0):.1f} to "
        f"{100 * (last.high or 0):.1f}) on {count(last.measured, 'sentence')} set aside, after "
        f"{last.sentences:,}"
    )
    if said:
        click.echo(said)
