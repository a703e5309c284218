"""The growth of windowclf's cost with the text and the network sizes, on one thread."""

import statistics
from typing import Any

from benchmarks.setup import Setup
from benchmarks.turns import Competitor, run_once, say, take_turns

STREAMS = (10_000, 100_000, 1_000_000, 10_000_000)
SIZES: dict[str, tuple[int, ...]] = {
    "vocabulary": (10_000, 100_000, 400_000),
    "window": (1, 3, 5, 7, 9, 11),
    "hidden": (50, 100, 200, 300, 500, 1000),
    "labels": (2, 5, 9, 17, 33, 65),
}
TOKENS = 50_000


def streams(setup: Setup) -> list[dict[str, Any]]:
    """Tag streams of increasing length, each in a separate process."""
    sizes = STREAMS[:2] if setup.options.quick else STREAMS
    found = []
    for tokens in sizes:
        found.append(run_once("growth_peer:Stream", {"text": setup.corpus}, tokens=tokens))
        say(f"  {tokens:,} tokens: {found[-1]['seconds']:.2f} s, {found[-1]['peak_mb']:.0f} MB")
    return found


def sizes(setup: Setup) -> list[dict[str, Any]]:
    """Train and tag with one size changed at a time, the others at windowclf's defaults."""
    options = {"text": setup.learnt, "tokens": 5_000 if setup.options.quick else TOKENS}
    competitors = [
        Competitor(f"{name} {value:,}", "growth_peer:Size", options, {name: value})
        for name, values in SIZES.items()
        for value in (values[:2] if setup.options.quick else values)
    ]
    take_turns(competitors, setup.options.runs)
    return [
        {
            "what": one.name,
            "training_us_per_token": _microseconds(one, "training_seconds"),
            "tagging_us_per_token": _microseconds(one, "seconds"),
            "runs": one.runs,
        }
        for one in competitors
    ]


def _microseconds(one: Competitor, time: str) -> float:
    return 1e6 * statistics.median(run[time] / run["tokens"] for run in one.runs)
