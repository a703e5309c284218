"""The results as tables."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.names import DETAILS, NUMPY, OURS, TWO
from benchmarks.shows import Show


def print_results(results: dict[str, Any], shows: list[Show]) -> None:
    """Print all measurements."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    console.print(_heading(results))
    for group, competitors in results.get("groups", {}).items():
        console.print(_group(group, competitors))
    for make, key in (
        (_accuracy, "accuracy"),
        (_start, "start"),
        (_memory, "memory"),
        (_streams, "streams"),
        (_sizes, "sizes"),
    ):
        if results.get(key):
            console.print(make(results[key]))
    if "quick_model" in results:
        found = results["quick_model"]
        console.print(
            f"windowclf train {' '.join(found['options'])}: dev F1 {found['dev_f1']:.2f} in "
            f"{found['seconds']:.1f} s of training, {found['threads']} threads\n"
        )
    if shows:
        console.print(_shows(shows))


def _heading(results: dict[str, Any]) -> str:
    machine, text = results["machine"], results["text"]
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, {machine['date']}\n"
        f"Python {machine['python']}, {versions}\n"
        f"text: {text['data']}, {text['tokens']:,} tokens (the corpus {text['repeats']} times); "
        f"training: {text['training_tokens']:,} tokens (the train split "
        f"{text['training_repeats']} times); median of {results['runs']}\n"
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _group(name: str, competitors: list[dict[str, Any]]) -> Table:
    threads = competitors[0]["threads"]
    title = f"{name} ({DETAILS[name]}; {threads} thread{'s' * (threads > 1)})"
    table = _table(title, "", "tokens/s", "windowclf to it", "slowest", "fastest", "peak MB")
    ours = next(one["tokens_per_second"] for one in competitors if one["name"] in (OURS, TWO))
    for one in competitors:
        speeds = [run["tokens"] / run["seconds"] for run in one["runs"]]
        table.add_row(
            one["name"],
            f"{one['tokens_per_second']:,.0f}",
            "" if one["name"] in (OURS, TWO) else f"{ours / one['tokens_per_second']:.2f}",
            f"{min(speeds):,.0f}",
            f"{max(speeds):,.0f}",
            f"{one['peak_mb']:.0f}",
        )
    return table


def _accuracy(found: list[dict[str, Any]]) -> Table:
    table = _table("the same network: F1 on the dev split", "", "batches of", "epochs", "dev F1")
    for one in found:
        table.add_row(one["name"], f"{one['batch_size']:,}", str(one["epochs"]), f"{one['f1']:.2f}")
    return table


def _start(commands: list[dict[str, Any]]) -> Table:
    table = _table("start to first tagged sentence, whole process", "", "s", "ratio", "peak MB")
    base = next(command["seconds"] for command in commands if command["name"] == NUMPY)
    for one in commands:
        ratio = f"{one['seconds'] / base:.2f}"
        table.add_row(one["name"], f"{one['seconds']:.3f}", ratio, f"{one['peak_mb']:.0f}")
    return table


def _memory(found: list[dict[str, Any]]) -> Table:
    table = _table("peak memory while tagging, the text included", "", "", "MB")
    for one in found:
        table.add_row(one["group"], one["name"], f"{one['peak_mb']:.0f}")
    return table


def _streams(found: list[dict[str, Any]]) -> Table:
    columns = ("tokens", "peak MB", "µs a token", "in the first tenth", "in the last tenth")
    table = _table("windowclf: raw text as a stream", *columns)
    for one in found:
        parts = one["seconds"] / one["tokens"], one["first_tenth"], one["last_tenth"]
        times = (f"{1e6 * part:.2f}" for part in parts)
        table.add_row(f"{one['tokens']:,}", f"{one['peak_mb']:.0f}", *times)
    return table


def _sizes(found: list[dict[str, Any]]) -> Table:
    table = _table("windowclf: one size at a time", "", "training, µs a token", "tagging")
    for one in found:
        training, tagging = one["training_us_per_token"], one["tagging_us_per_token"]
        table.add_row(one["what"], f"{training:.2f}", f"{tagging:.2f}")
    return table


def _shows(shows: list[Show]) -> Table:
    table = _table("claims", "", "measured", "bound", "")
    for show in shows:
        sign = "≥" if show.at_least else "≤"
        table.add_row(
            show.name,
            f"{show.figure:.2f} {show.unit}",
            f"{sign} {show.bound:g} {show.unit}",
            "reached" if show.reached else "missed",
        )
    return table
