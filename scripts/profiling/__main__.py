"""Profile tagging with the bundled model and training, stage by stage.

Run by scripts/profile.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from benchmarks.machine import count, machine, package_version
from benchmarks.text import from_corpus
from benchmarks.worker import pin
from threadpoolctl import threadpool_limits

from profiling.profiles import Profile
from profiling.tables import print_heading, print_profiles
from profiling.tagging import profile_tagging
from profiling.training import Training
from windowclf import UsageError, WindowclfError, load_corpus

PACKAGES = ("windowclf", "numpy", "scipy")


def main() -> None:
    """Run the selected profiles, and print a table of each."""
    parser = _parser()
    given, options = parser.parse_known_args()
    if options and given.what == "tag":
        parser.error(f"{options[0]}: tag has no such option; those of windowclf train need train")
    if given.json and not Path(given.json).parent.is_dir():
        parser.error(f"--json {given.json}: its folder does not exist")
    if given.threads == 1:
        pin()
    found = {
        "machine": machine(),
        "versions": {name: package_version(name) for name in PACKAGES},
        "threads": given.threads,
    }
    written: list[dict[str, object]] = []
    try:
        with threadpool_limits(given.threads, user_api="blas"):
            for title, text, profiles in _profiles(given, options):
                if not written:
                    print_heading(**found)
                print_profiles(f"{title}: {text}", profiles)
                stages = [profile.to_json() for profile in profiles]
                written.append({"title": title, "text": text, "profiles": stages})
    except click.ClickException as error:
        sys.exit(f"scripts/profile: {error.format_message()}")
    except WindowclfError as error:
        sys.exit(f"scripts/profile: {error}")
    if given.json:
        text = json.dumps({**found, "tables": written}, indent=1)
        Path(given.json).write_text(text + "\n", encoding="utf-8")


def _profiles(
    given: argparse.Namespace, options: Sequence[str]
) -> Iterator[tuple[str, str, list[Profile]]]:
    """Yield title, text and profiles of each table."""
    if given.what in (None, "tag"):
        corpus = load_corpus(given.data)
        text = from_corpus(corpus.splits, str(corpus.scheme))
        text = text.head(given.tokens or text.tokens)
        if not text.tokens:
            raise UsageError(f"--data {given.data}: there is no token to tag")
        words = len({token for sentence in text.sentences for token in sentence})
        named = f"{given.data}, {text.tokens:,} tokens, {words:,} different ones"
        for title, profiles in profile_tagging(text).items():
            yield title, named, profiles
    if given.what in (None, "train"):
        training = Training(["--data", given.data, *options], given.tokens, given.threads)
        sizes = (
            f"{sum(map(len, split)):,} in {name}" for name, split in training.corpus.splits.items()
        )
        named = f"{given.data}, tokens {', '.join(sizes)}"
        profile = training.profile()
        settings = " ".join([f"epochs: {training.settings['epochs']}", *options])
        yield "training", f"{named}; {settings}", [profile]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/profile",
        description=__doc__.splitlines()[0],
        epilog="All other options go to windowclf train, which has two epochs here by default.",
        allow_abbrev=False,
    )
    parser.add_argument("what", nargs="?", choices=("tag", "train"), help="both if not given")
    parser.add_argument("--data", default="sample", help="a corpus (default: sample)")
    parser.add_argument(
        "--tokens", type=count, help="of the corpus, or of each split to train on, at the most"
    )
    parser.add_argument(
        "--threads",
        type=count,
        default=1,
        help="of training (default 1): with more, their times are added up",
    )
    parser.add_argument("--json", metavar="FILE", help="also write all figures")
    return parser


if __name__ == "__main__":
    main()
