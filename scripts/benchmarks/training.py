"""Training: the same network in windowclf and PyTorch, and windowclf alone up to a good F1."""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.names import GLOVE, OURS, TRAINING
from benchmarks.setup import VOCABULARY, Setup
from benchmarks.start import windowclf_command
from benchmarks.turns import Competitor, environment, say, take_turns

EPOCHS = 3
"""Number of epochs of a run, of which the first does not count; one less with --quick."""
ACCURACY_EPOCHS = 5
GLOVE_WORDS, GLOVE_BATCHES = 400_000, 4
QUICK_OPTIONS = ["--epochs", "4"]
"""Options of `windowclf train` for a sentence-level model in a minute."""
_VARIANTS = {
    "PyTorch, sparse": ("sparse", VOCABULARY),
    "PyTorch, dense, fused Adam": ("fused", VOCABULARY),
    "PyTorch, dense": ("dense", VOCABULARY),
    GLOVE: ("dense", GLOVE_WORDS),
}


def training(setup: Setup) -> dict[str, list[Competitor]]:
    """Measure the trainers at each batch size."""
    epochs = EPOCHS - setup.options.quick
    groups = {
        group: [
            *(_competitor(setup, name, batch_size=size, epochs=epochs) for name in _everyone()),
            _competitor(setup, GLOVE, batch_size=size, epochs=2, batches=GLOVE_BATCHES),
        ]
        for size, group in TRAINING.items()
    }
    take_turns([one for group in groups.values() for one in group], setup.options.runs)
    return groups


def accuracy(setup: Setup, groups: dict[str, list[Competitor]]) -> list[dict[str, Any]]:
    """Measure the F1 of windowclf and the fastest PyTorch after the same number of epochs."""
    learners = {}
    epochs = 1 if setup.options.quick else ACCURACY_EPOCHS
    for size, group in TRAINING.items():
        fastest = max((one for one in groups[group] if one.name != OURS), key=lambda c: c.speed)
        learners[size] = [
            _competitor(setup, name, batch_size=size, epochs=epochs, score=True)
            for name in (OURS, fastest.name)
        ]
    take_turns([one for pair in learners.values() for one in pair], 1)
    return [
        {
            "batch_size": size,
            "name": one.name,
            "epochs": epochs,
            "f1": 100 * one.runs[0]["f1"],
        }
        for size, pair in learners.items()
        for one in pair
    ]


def quick_model(setup: Setup) -> dict[str, Any]:
    """Train a sentence-level model with the command line; return its F1 and time."""
    say(f"  windowclf train {' '.join(QUICK_OPTIONS)}")
    runs = [_train(setup) for _ in range(setup.options.runs)]
    return {
        "options": QUICK_OPTIONS,
        "threads": setup.options.threads,
        "dev_f1": 100 * runs[0]["dev"]["f1"],
        "seconds": statistics.median(run["training"]["seconds"] for run in runs),
        "runs": [run["training"]["seconds"] for run in runs],
    }


def _everyone() -> list[str]:
    return [OURS, *(name for name in _VARIANTS if name != GLOVE)]


def _competitor(setup: Setup, name: str, **run: Any) -> Competitor:
    texts = {"train": setup.learnt, "dev": setup.dev}
    if name == OURS:
        where, options = "windowclf_peer:Trainer", {**texts, "vocabulary": VOCABULARY}
    else:
        variant, vocabulary = _VARIANTS[name]
        where = "torch_peer:Trainer"
        options = {**texts, "variant": variant, "vocabulary": vocabulary}
    return Competitor(name, where, options, run, setup.options.threads)


def _train(setup: Setup) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as work:
        command = [*windowclf_command(), "train", "--data", setup.options.data, *QUICK_OPTIONS]
        done = subprocess.run(
            [*command, "--json", "--quiet", "--output", str(Path(work, "model"))],
            env=environment(setup.options.threads),
            stdout=subprocess.PIPE,
            check=False,
        )
    if done.returncode:
        sys.exit(done.returncode)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
