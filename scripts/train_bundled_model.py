"""Train the English model that the project bundles, and score it.

Run by scripts/train-bundled-model. Several networks of other seeds learn from CoNLL-2003 and the
open corpora; the model learns from the mean of their scores, on these and on text without labels.
Each training is a process of its own with one thread, so that the figures do not depend on the
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CROSSNER = [f"crossner_{name}" for name in ("ai", "literature", "music", "politics", "science")]
OPEN = ["wnut17", "btc", "tweebank", "wikigold", *CROSSNER, "uner_ewt"]
LACKS = {"btc": ["MISC"], "uner_ewt": ["MISC"]}
"""Types that a corpus does not annotate."""
UNLABELLED = ["litbank", "sec", "multiner"]
"""Corpora whose labels are of another kind than CoNLL-2003's: only their text is read."""
CLUSTERS = {"rcv1": "brown-rcv1-c1000-glove.tsv", "bllip": "brown-bllip-c1000.tsv"}
LEAST_COUNT = 3
"""Words that the text of the clusters has less often are left out, to keep the model small."""
SETTINGS = [
    *("--vocabulary", "88000", "--epochs", "10"),
    *("--name-augmentation", "0.15", "--template-augmentation", "0.05"),
]


def unpack(folder: Path, work: Path) -> list[str]:
    """Unpack the clusters into `work`, without rare words; return the options that name them."""
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
    """Write the names that augmentation takes, by type; return the options that name them."""

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


def gather(corpus: Path, to: Path) -> None:
    """Make a corpus whose train split is all labelled text but the test split.

    Settings are chosen by CoNLL-2003's dev text and by sources that are not trained on.
    """
    to.mkdir()
    texts = [corpus / f"{split}.txt" for split in ("train", "dev")]
    joined = "\n".join(path.read_text("utf-8") for path in texts if path.exists())
    (to / "train.txt").write_text(joined, "utf-8")
    if (corpus / "test.txt").exists():  # so that training leaves out sentences that stand there too
        (to / "test.txt").symlink_to((corpus / "test.txt").resolve())


def data_options(conll2003: Path, corpora: Path, work: Path, *, without: bool) -> list[str]:
    """Name the corpora, and the dev text that chooses the epoch."""
    (work / "conll2003").symlink_to(conll2003.resolve())
    options = [] if without else ["--data", "conll2003=./conll2003"]
    for name in OPEN:
        gather(corpora / name, work / name)
        options += ["--data", f"{name}=./{name}"]
        for label in LACKS.get(name, []):
            options += ["--lacks", f"{name}:{label}"]
    return options


def run(command: list[str], work: Path) -> None:
    """Run windowclf with one thread; end if it fails."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "windowclf", *command]
    if code := subprocess.run(command, cwd=work, env=environment, check=False).returncode:
        sys.exit(code)


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
    parser.add_argument("--without-conll2003", action="store_true", help="for commercial use, say")
    parser.add_argument("--output", type=Path, default=Path("data/model"))
    parser.add_argument("--teachers", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time")
    given = parser.parse_args()
    output, vectors = given.output.resolve(), given.vectors.resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        options = data_options(given.conll2003, given.open, work, without=given.without_conll2003)
        options += [*unpack(given.clusters, work), *names(given.names, work)]
        options += ["--vectors", str(vectors), *SETTINGS]
        options += ["--threads", "1", "--quiet", "--compress"]

        def teach(seed: int) -> None:
            run(["train", *options, "--seed", str(seed), "--output", f"teacher-{seed}"], work)

        seeds = range(101, 101 + given.teachers)
        with ThreadPoolExecutor(given.jobs) as pool:
            list(pool.map(teach, seeds))
        for seed in seeds:
            options += ["--teacher", f"teacher-{seed}"]
        for name in UNLABELLED:
            options += ["--unlabelled", str((given.open / name / "train.txt").resolve())]
        run(["train", *options, "--seed", "1", "--overwrite", "--output", str(output)], work)
        for case in ("none", "lower", "upper"):
            options = [] if case == "none" else ["--case", case]
            run(["evaluate", "--model", str(output), "--data", "./conll2003", *options], work)
    size = sum(path.stat().st_size for path in output.iterdir() if path.suffix != ".html")
    print(f"{output}: {size:,} bytes")


if __name__ == "__main__":
    main()
