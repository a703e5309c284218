"""The claims about windowclf's speed, compared with the measurements."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.names import (
    CORES,
    CRFSUITE,
    FORMER,
    FORMER_KNOWN,
    NUMPY,
    ONE,
    OURS,
    OURS_KNOWN,
    RAW,
    SENTENCE_LEVEL,
    SPACY,
    TAG,
    TORCH,
    TRAINING,
    TWO,
    WORD_LEVEL,
)

STEADY = 1.1
"""Largest ratio that counts as equal: a tenth more is noise."""
ENG_TESTA = 51_362
"""Tokens of the dev split of CoNLL-2003, the only corpus with a claimed F1."""


class Show(NamedTuple):
    """One claim.

    Attributes
    ----------
    name : str
        The subject of the claim.
    figure : float
        The measured value.
    bound : float
        The claimed value.
    at_least : bool
        Whether the figure must be at or above the bound; otherwise at or below it.
    unit : str
    """

    name: str
    figure: float
    bound: float
    at_least: bool
    unit: str = "times"

    @property
    def reached(self) -> bool:
        """Whether the figure satisfies the claim."""
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound


def shows(results: dict[str, Any]) -> list[Show]:
    """Check the claims for which there are measurements.

    Parameters
    ----------
    results : dict
        The content of the JSON file.
    """
    return [
        *_tagging(results.get("groups", {})),
        *_training(results.get("groups", {})),
        *_quick_model(results.get("quick_model"), results["text"]),
        *_start(results.get("start", [])),
        *_streams(results.get("streams", [])),
    ]


def _tagging(groups: dict[str, Any]) -> Iterator[Show]:
    for group, ours, name, bound in (
        (SENTENCE_LEVEL, OURS, SPACY, 50),
        (SENTENCE_LEVEL, OURS, CRFSUITE, 2),
        (SENTENCE_LEVEL, OURS_KNOWN, CRFSUITE, 4),
        (SENTENCE_LEVEL, OURS, FORMER, 1.7),
        (SENTENCE_LEVEL, OURS_KNOWN, FORMER_KNOWN, 1.7),
        (WORD_LEVEL, OURS, TORCH, 1.5),
        (RAW, OURS, SPACY, 20),
        (RAW, OURS, FORMER, 1.5),
        (RAW, OURS_KNOWN, FORMER_KNOWN, 1.5),
        (CORES, TWO, ONE, 1.8),
    ):
        speeds = _speeds(groups.get(group, []))
        if name in speeds:
            ratio = speeds[ours] / speeds[name]
            yield Show(f"{group}: {ours}, speed of {name}", ratio, bound, at_least=True)


def _training(groups: dict[str, Any]) -> Iterator[Show]:
    for group, bound in zip(TRAINING.values(), (1.6, 1.9, 2), strict=True):
        if group in groups:
            speeds = _speeds(groups[group])
            ours = speeds.pop(OURS)
            fastest = max(speeds, key=speeds.__getitem__)
            yield Show(f"{group}: speed of {fastest}", ours / speeds[fastest], bound, at_least=True)


def _quick_model(found: dict[str, Any] | None, text: dict[str, Any]) -> Iterator[Show]:
    if found and text["dev_tokens"] == ENG_TESTA:
        name = f"windowclf train {' '.join(found['options'])}"
        yield Show(f"{name}: dev F1", found["dev_f1"], 92.0, at_least=True, unit="")
        yield Show(f"{name}: training", found["seconds"], 60, at_least=False, unit="s")


def _start(commands: list[dict[str, Any]]) -> Iterator[Show]:
    found = {command["name"]: command for command in commands}
    if found:
        ratio = found[TAG]["seconds"] / found[NUMPY]["seconds"]
        yield Show(f"{TAG}: wall time of {NUMPY}", ratio, 2, at_least=False)
        yield Show(f"{TAG}: peak memory", found[TAG]["peak_mb"], 100, at_least=False, unit="MB")


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
