"""Train the English model that the project bundles, and score it.

Run by scripts/train-bundled-model. Several networks with different seeds learn from CoNLL-2003 and
the open corpora; the model learns from the mean of their scores, on these and on unlabelled text.
Each training is a separate process with one thread, so that the figures do not depend on the
processors of the machine.
"""

import argparse
import gzip
import lzma
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import windowclf
from windowclf import load_corpus
from windowclf.training.first_pass import train_first_pass

CROSSNER = [f"crossner_{name}" for name in ("ai", "literature", "music", "politics", "science")]
OPEN = ["wnut17", "btc", "tweebank", "wikigold", *CROSSNER, "uner_ewt"]
FILINGS = "sec"
"""Loan agreements, in which Lender and Borrower are persons; only ORG and LOC are used."""
LACKS = {"btc": ["MISC"], "uner_ewt": ["MISC"], FILINGS: ["PER", "MISC"]}
"""Types that a corpus does not annotate, or annotates differently from CoNLL-2003."""
HELD_OUT = ["wnut17", "wikigold", "tweebank"]
"""Corpora whose dev split chooses the epoch of the model, and calibrates it."""
NEWS_DOCUMENTS = 3
"""Every third document of eng.testa is added, so that news does not outweigh other text."""
UNLABELLED = ["litbank", "multiner"]
"""Corpora whose labels differ in kind from CoNLL-2003's; only their text is used."""
CLUSTERS = {"rcv1": "brown-rcv1-c1000-glove.tsv", "bllip": "brown-bllip-c1000.tsv"}
LEAST_COUNT = 3
"""Words with fewer occurrences in the text of the clusters are dropped, to keep the model small."""
SETTINGS = [
    *("--epochs", "10", "--case-augmentation", "0.1"),
    *("--name-augmentation", "0.15", "--template-augmentation", "0.05"),
]
SMALL = ["--min-count", "3", "--vocabulary", "82000"]
"""Options that keep the model under 16 MB; its teachers may be larger."""


class Network(NamedTuple):
    """A network to train: its seed, and its settings besides `SETTINGS`.

    The teachers differ in more than their seeds, because a more diverse ensemble teaches better.
    """

    seed: int
    filings: bool = False
    weight: float = 1.0
    more: Sequence[str] = ()


TEACHERS = [
    Network(1, more=["--case-augmentation", "0.05"]),
    Network(3),
    Network(4, filings=True, weight=2),
]
STUDENT = Network(1, filings=True, weight=1.5, more=[*SMALL, "--gold-bonus", "3"])
TEACHERS_WITHOUT = [Network(1), Network(2), Network(3)]
STUDENT_WITHOUT = Network(1, filings=True, more=SMALL)


def unpack(folder: Path, work: Path) -> list[str]:
    """Decompress the clusters into `work`, without rare words; return their options."""
    options = []
    for name, file in CLUSTERS.items():
        with (
            lzma.open(folder / f"{file}.xz", "rt", encoding="utf-8") as lines,
            (work / f"{name}.tsv").open("w", encoding="utf-8") as to,
        ):
            for line in lines:
                columns = line.rstrip("\n").split("\t")
                if len(columns) < 3 or int(columns[2]) >= LEAST_COUNT:
                    to.write("\t".join(columns[:2]) + "\n")
        options += ["--clusters", f"{name}={work / f'{name}.tsv'}"]
    return options


def names(folder: Path, work: Path) -> list[str]:
    """Write the names for augmentation, by type; return their options."""

    def columns(file: str, most: int | None = None) -> list[list[str]]:
        with gzip.open(folder / f"{file}.gz", "rt", encoding="utf-8") as lines:
            return [line.rstrip("\n").split("\t") for line in lines][:most]

    rng = random.Random(1)
    surnames: dict[str, list[str]] = {}
    for name, country in columns("surnames-by-country.tsv"):
        surnames.setdefault(country, []).append(name)
    persons = [
        f"{forename} {rng.choice(surnames[country])}"
        for forename, country in columns("forenames-by-country.tsv")
        if country in surnames
        for _ in range(5)
    ]
    lists = {
        "PER": [*persons, *(row[0] for row in columns("wikidata-persons.txt", 10_000))],
        "ORG": [
            *(row[0] for row in columns("wikidata-companynames.txt", 6_000)),
            *(row[0] for row in columns("index-companies.txt")),
            *(row[0] for row in columns("wikidata-sportsteams.txt")),
            *rng.sample([row[0] for row in columns("universities.tsv")], 1_000),
        ],
        "LOC": [
            *(row[0] for row in columns("wikidata-cities.txt", 5_000)),
            *(row[0] for row in columns("cities15000.tsv") if int(row[2]) > 200_000),
            *(row[0] for row in columns("countries-demonyms.tsv")),
        ],
    }
    options = []
    for label, listed in lists.items():
        (work / f"{label}.txt").write_text("\n".join(listed) + "\n", "utf-8")
        options += ["--names", f"{label}={work / f'{label}.txt'}"]
    return options


def gather(corpus: Path, to: Path, *, dev: bool) -> None:
    """Make a training corpus, with its dev split separate or joined to the train split."""
    to.mkdir()
    for split in ("test", *(["dev"] if dev else [])):
        if (corpus / f"{split}.txt").exists():  # training leaves out its sentences
            (to / f"{split}.txt").symlink_to((corpus / f"{split}.txt").resolve())
    texts = [corpus / f"{split}.txt" for split in ("train", *([] if dev else ["dev"]))]
    joined = "".join(path.read_text("utf-8") for path in texts if path.exists())
    (to / "train.txt").write_text(joined, "utf-8")


def write_dev(conll2003: Path, corpora: Path, to: Path) -> None:
    """Write the dev text of the model; see `HELD_OUT` and `NEWS_DOCUMENTS`."""
    news = load_corpus(test=conll2003 / "eng.testa").splits["test"]
    documents = [list(these) for _, these in groupby(news, lambda sentence: sentence.document)]
    with to.open("w", encoding="utf-8") as file:
        for sentences in documents[::NEWS_DOCUMENTS]:
            file.write("-DOCSTART- O\n\n")
            for sentence in sentences:
                pairs = zip(sentence.tokens, sentence.tags or (), strict=True)
                file.write("".join(f"{token} {tag}\n" for token, tag in pairs) + "\n")
        for name in HELD_OUT:
            file.write(f"-DOCSTART- O\n\n{(corpora / name / 'dev.txt').read_text('utf-8')}\n")


def data_options(network: Network, folder: str, *, without: bool) -> list[str]:
    """Return the options for a network's corpora, which `gather` has made in a folder."""
    options = []
    if not without:
        options += ["--data", "./conll2003", "--weight", f"conll2003={network.weight}"]
    for name in [*OPEN, *([FILINGS] if network.filings else [])]:
        options += ["--data", f"./{folder}/{name}"]
        for label in LACKS.get(name, []):
            options += ["--lacks", f"{name}:{label}"]
    if network.filings:
        for label in LACKS[FILINGS]:
            options += ["--map", f"{FILINGS}:{label}="]
    return options


def run(command: list[str], work: Path) -> None:
    """Run windowclf with one thread; exit if it fails."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "windowclf", *command]
    if code := subprocess.run(command, cwd=work, env=environment, check=False).returncode:
        sys.exit(code)


def train_first_pass_anew(model: Path, work: Path) -> None:
    """Train the first pass of an existing model again, on its training text."""
    classifier = windowclf.load(model)
    corpora = [work / "conll2003", *(work / "student" / name for name in [*OPEN, FILINGS])]
    texts = [load_corpus(corpus).splits["train"] for corpus in corpora]
    dev = load_corpus(test=work / "dev.txt").splits["test"]
    classifier.model.first_pass = train_first_pass(
        classifier.model,
        [sentence.tokens for text in texts for sentence in text],
        [
            None if one.document is None else (number, one.document)
            for number, text in enumerate(texts)
            for one in text
        ],
        dev,
    )
    classifier.save(model)
    (model / "times.json").unlink(missing_ok=True)


def main() -> None:
    """Train the teachers, then the model; print its figures and its size."""
    parser = argparse.ArgumentParser(
        prog="scripts/train-bundled-model", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--conll2003", type=Path, required=True, help="eng.train, .testa, .testb")
    parser.add_argument("--open", type=Path, required=True, help="folder of the open corpora")
    parser.add_argument("--clusters", type=Path, required=True, help="folder of word clusters")
    parser.add_argument("--names", type=Path, required=True, help="folder of lists of names")
    parser.add_argument("--vectors", type=Path, required=True, help="GloVe 6B, 100 dimensions")
    parser.add_argument(
        "--without-conll2003", action="store_true", help="learn from the open corpora alone"
    )
    parser.add_argument("--output", type=Path, default=Path("data/model"))
    parser.add_argument("--jobs", type=int, default=2, help="concurrent trainings (default 2)")
    parser.add_argument("--epochs", type=int, help="fewer epochs, to try the script")
    parser.add_argument(
        "--first-pass", action="store_true", help="train only the first pass of --output"
    )
    given = parser.parse_args()
    without = given.without_conll2003
    teachers = TEACHERS_WITHOUT if without else TEACHERS
    student = STUDENT_WITHOUT if without else STUDENT
    output, vectors = given.output.resolve(), given.vectors.resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "conll2003").symlink_to(given.conll2003.resolve())
        for role in ("teacher", "student"):
            (work / role).mkdir()
            for name in [*OPEN, FILINGS]:
                has_dev = name in HELD_OUT and (without or role == "student")
                gather(given.open / name, work / role / name, dev=has_dev)
        write_dev(given.conll2003, given.open, work / "dev.txt")
        if given.first_pass:
            train_first_pass_anew(output, work)
            return
        common = [*unpack(given.clusters, work), *names(given.names, work)]
        (work / vectors.name).symlink_to(vectors)  # the record has its name without the path
        common += ["--vectors", vectors.name, "--vocabulary", "88000", *SETTINGS]
        common += ["--threads", "1", "--quiet", "--compress"]

        def train(network: Network, to: str, role: str = "teacher", *more: str) -> None:
            options = data_options(network, role, without=without)
            options += [*common, *network.more, *more]
            if given.epochs:
                options += ["--epochs", str(given.epochs)]
            run(["train", *options, "--seed", str(network.seed), "--output", to], work)

        folders = [f"teacher-{teacher.seed}" for teacher in teachers]
        with ThreadPoolExecutor(given.jobs) as pool:
            list(pool.map(train, teachers, folders))
        lessons = [option for name in folders for option in ("--teacher", name)]
        for name in UNLABELLED:
            (work / f"{name}.conll").symlink_to((given.open / name / "train.txt").resolve())
            lessons += ["--unlabelled", f"{name}.conll"]
        if not without:
            lessons += ["--dev", "dev.txt"]
        train(student, str(output), "student", "--overwrite", *lessons)
        for case in ("", "lower", "upper"):
            options = ["--case", case] if case else []
            run(["evaluate", "--model", str(output), "--data", "./conll2003", *options], work)
    for name in ("report.html", "times.json"):  # report.html contains sentences of the dev text
        (output / name).unlink(missing_ok=True)
    size = sum(path.stat().st_size for path in output.iterdir())
    print(f"{output}: {size:,} bytes")


if __name__ == "__main__":
    main()
