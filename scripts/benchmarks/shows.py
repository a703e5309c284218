"""What windowclf claims about its speed, beside what was measured."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.names import (
    CRFSUITE,
    FLOOR,
    NUMPY,
    OURS,
    RAW,
    SENTENCE_LEVEL,
    SPACY,
    TAG,
    TORCH,
    TRAINING,
    WORD_LEVEL,
)

STEADY = 1.1
"""What counts as the same: a tenth more is noise."""
ENG_TESTA = 51_362
"""Tokens of the dev split of CoNLL-2003, for which alone a figure is claimed."""


class Show(NamedTuple):
    """One claim.

    Attributes
    ----------
    name : str
    figure : float
        As measured.
    bound : float
    at_least : bool
        Whether the figure is to be at or above the bound; else at or below it.
    unit : str
    """

    name: str
    figure: float
    bound: float
    at_least: bool
    unit: str = "times"

    @property
    def reached(self) -> bool:
        """Whether the figure is on the right side of the bound."""
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound


def shows(results: dict[str, Any]) -> list[Show]:
    """Judge whatever was measured.

    Parameters
    ----------
    results : dict
        As it is written to the JSON file.
    """
    return [
        *_tagging(results.get("groups", {})),
        *_training(results.get("groups", {})),
        *_quick_model(results.get("quick_model"), results["text"]),
        *_start(results.get("start", [])),
        *_streams(results.get("streams", [])),
    ]


def _tagging(groups: dict[str, Any]) -> Iterator[Show]:
    for group, name, bound in (
        (SENTENCE_LEVEL, SPACY, 50),
        (SENTENCE_LEVEL, CRFSUITE, 5),
        (WORD_LEVEL, TORCH, 1.5),
        (RAW, SPACY, 20),
    ):
        if group in groups:
            speeds = _speeds(groups[group])
            yield Show(
                f"{group}: speed of {name}", speeds[OURS] / speeds[name], bound, at_least=True
            )
        if name == CRFSUITE and group in groups:
            ratio = speeds[FLOOR] / speeds[OURS]
            yield Show(f"{group}: time of {FLOOR}", ratio, 2, at_least=False)


def _training(groups: dict[str, Any]) -> Iterator[Show]:
    for group in TRAINING.values():
        if group in groups:
            speeds = _speeds(groups[group])
            ours = speeds.pop(OURS)
            fastest = max(speeds, key=speeds.__getitem__)
            yield Show(f"{group}: speed of {fastest}", ours / speeds[fastest], 2, at_least=True)


def _quick_model(found: dict[str, Any] | None, text: dict[str, Any]) -> Iterator[Show]:
    if found and text["dev_tokens"] == ENG_TESTA:
        name = f"windowclf train {' '.join(found['options'])}"
        yield Show(f"{name}: dev F1", found["dev_f1"], 92.0, at_least=True, unit="")
        yield Show(f"{name}: training", found["seconds"], 60, at_least=False, unit="s")


def _start(commands: list[dict[str, Any]]) -> Iterator[Show]:
    found = {command["name"]: command for command in commands}
    if found:
        ratio = found[TAG]["seconds"] / found[NUMPY]["seconds"]
        yield Show(f"{TAG}: wall time of {NUMPY}", ratio, 3, at_least=False)
        yield Show(f"{TAG}: peak memory", found[TAG]["peak_mb"], 150, at_least=False, unit="MB")


def _streams(streams: list[dict[str, Any]]) -> Iterator[Show]:
    if len(streams) > 1:
        before, last = streams[-2:]
        name = f"a stream of {last['tokens']:,} tokens"
        growth = last["peak_mb"] / before["peak_mb"]
        yield Show(f"{name}: memory of a tenth of it", growth, STEADY, at_least=False)
        slowing = last["last_tenth"] / last["first_tenth"]
        yield Show(f"{name}: time of its first tenth in the last", slowing, STEADY, at_least=False)


def _speeds(group: list[dict[str, Any]]) -> dict[str, float]:
    return {one["name"]: one["tokens_per_second"] for one in group}
