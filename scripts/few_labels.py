"""Score taggers that were trained on few sentences.

Run by scripts/few-labels. windowclf gets only the training sentences, because a user with a hundred
labelled sentences has no others; spaCy also gets the dev text of the corpus, on which it stops.
Each training is a separate process. Progress goes to stderr.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from windowclf import Sentence, load_corpus
from windowclf.evaluation import metrics
from windowclf.tags.schemes import Scheme

TAGGERS = ("windowclf", "crfsuite", "spacy")


@dataclass(frozen=True)
class Task:
    """A training and the data for scoring its model.

    Parameters
    ----------
    name : str
        Name of the corpus.
    train, dev, test : list of Sentence
        The splits; only spaCy uses the dev text.
    seed : int
        Seed of the training.
    options : sequence of str
        Options of ``windowclf train``.
    """

    name: str
    train: list[Sentence]
    dev: list[Sentence]
    test: list[Sentence]
    seed: int
    options: Sequence[str]


@dataclass(frozen=True)
class Result:
    """The result of a tagger.

    Parameters
    ----------
    f1 : float
        F1 on the test text, in percent.
    seconds : float
        Wall time of the training process.
    expected : (float, float), optional
        The interval that windowclf estimated for the F1.
    """

    f1: float
    seconds: float
    expected: tuple[float, float] | None = None


def write(sentences: Iterable[Sentence], path: Path) -> Path:
    """Write sentences in two columns."""
    blocks = (
        "".join(f"{token} {tag}\n" for token, tag in zip(s.tokens, s.tags or (), strict=True))
        for s in sentences
    )
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


def run(command: Sequence[object]) -> str:
    """Run a command; exit if it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"scripts/few-labels: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def windowclf(task: Task, work: Path) -> Result:
    """Train with the command line, like a user."""
    train, test = write(task.train, work / "train.txt"), write(task.test, work / "test.txt")
    begun = time.perf_counter()
    found = json.loads(
        run(
            [
                *(sys.executable, "-m", "windowclf", "train", "--json", "--quiet"),
                *("--train", train, "--test", test, "--seed", task.seed),
                *("--output", work / "model", *task.options),
            ]
        )
    )
    seconds = time.perf_counter() - begun
    expected = found["training"].get("expected")
    interval = expected and (100 * expected["low"], 100 * expected["high"])
    return Result(100 * found["test"]["f1"], seconds, interval)


def crf_features(tokens: Sequence[str]) -> list[list[str]]:
    """Compute the features of python-crfsuite's tutorial, without parts of speech."""

    def own(token: str) -> list[str]:
        suffixes = [f"suffix3={token[-3:]}", f"suffix2={token[-2:]}"]
        kinds = [f"upper={token.isupper()}", f"title={token.istitle()}", f"digit={token.isdigit()}"]
        return [f"lower={token.lower()}", *suffixes, *kinds]

    each = [own(token) for token in tokens]
    rows = []
    for place, features in enumerate(each):
        row = ["bias", *features]
        for step in (-1, 1):
            inside = 0 <= place + step < len(each)
            near = [each[place + step][i] for i in (0, 3, 4)] if inside else ["edge"]
            row += [f"{step}:{feature}" for feature in near]
        rows.append(row)
    return rows


def crfsuite(task: Task, work: Path) -> Result:
    """Train python-crfsuite as in its tutorial, which has no random choices."""
    import pycrfsuite

    begun = time.perf_counter()
    trainer = pycrfsuite.Trainer(verbose=False)
    for sentence in task.train:
        trainer.append(crf_features(sentence.tokens), sentence.tags)
    possible = {"feature.possible_transitions": True}
    trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 100, **possible})
    trainer.train(str(work / "crf"))
    seconds = time.perf_counter() - begun
    tagger = pycrfsuite.Tagger()
    tagger.open(str(work / "crf"))
    tags = [tagger.tag(crf_features(sentence.tokens)) for sentence in task.test]
    return Result(score(task.test, tags), seconds)


def spacy(task: Task, work: Path) -> Result:
    """Train spaCy's blank English pipeline with the configuration that it recommends for a CPU."""
    import spacy
    from spacy.tokens import Doc

    for split, sentences in (("train", task.train), ("dev", task.dev)):
        write(sentences, work / f"{split}.txt")
        convert = (sys.executable, "-m", "windowclf", "convert")
        run([*convert, work / f"{split}.txt", work / f"{split}.spacy"])
    command = (sys.executable, "-m", "spacy")
    run([*command, "init", "config", work / "config.cfg", "--pipeline", "ner", "--force"])
    begun = time.perf_counter()
    run(
        [
            *(*command, "train", work / "config.cfg", "--output", work / "spacy"),
            *("--paths.train", work / "train.spacy", "--paths.dev", work / "dev.spacy"),
            *("--training.seed", task.seed, "--system.seed", task.seed),
        ]
    )
    seconds = time.perf_counter() - begun
    nlp = spacy.load(work / "spacy" / "model-best")
    docs = nlp.pipe(Doc(nlp.vocab, words=sentence.tokens) for sentence in task.test)
    tags = [
        [t.ent_iob_ if t.ent_iob_ == "O" else f"{t.ent_iob_}-{t.ent_type_}" for t in doc]
        for doc in docs
    ]
    return Result(score(task.test, tags), seconds)


def score(sentences: Sequence[Sentence], tags: Sequence[Sequence[str]]) -> float:
    """Compute the F1 of tags in IOB2, in percent."""
    gold = [sentence.tags or () for sentence in sentences]
    return 100 * metrics.score(gold, tags, Scheme.IOB2).total.f1


def tasks(given: argparse.Namespace) -> list[Task]:
    """List the trainings on each corpus, one for each seed."""
    found = []
    for folder in given.folders:
        corpus = load_corpus(folder)
        for seed in range(1, given.seeds + 1):
            sentences = list(corpus.splits["train"])
            if given.random:
                random.Random(seed).shuffle(sentences)
            found.append(
                Task(
                    name=Path(folder).name,
                    train=sentences[: given.sentences],
                    dev=list(corpus.splits.get("dev", ())),
                    test=list(corpus.splits[given.split]),
                    seed=seed,
                    options=given.options,
                )
            )
    return found


def cell(results: Sequence[Result]) -> str:
    """Format the mean F1 of several trainings, its spread, and the mean time."""
    scores = [result.f1 for result in results]
    seconds = statistics.mean(result.seconds for result in results)
    spread = f" ± {statistics.stdev(scores):.2f}" if len(set(scores)) > 1 else ""
    return f"{statistics.mean(scores):.2f}{spread} ({seconds:.0f} s)"


def main() -> None:
    """Train all taggers on all corpora, and print a table."""
    parser = argparse.ArgumentParser(
        prog="scripts/few-labels", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="+", help="with train, dev and test")
    parser.add_argument("--sentences", type=int, help="train on the first N (default: all)")
    parser.add_argument("--random", action="store_true", help="choose them at random")
    parser.add_argument("--seeds", type=int, default=3, help="trainings per tagger (default 3)")
    parser.add_argument("--split", default="test", help="split to score on (default: test)")
    parser.add_argument("--jobs", type=int, default=1, help="concurrent trainings (default 1)")
    parser.add_argument("--taggers", default=",".join(TAGGERS), help="default: %(default)s")
    arguments = sys.argv[1:]
    own = arguments.index("--") if "--" in arguments else len(arguments)
    given = parser.parse_args(arguments[:own])
    given.options = arguments[own + 1 :]
    trainers: dict[str, Callable[[Task, Path], Result]] = {
        "windowclf": windowclf,
        "crfsuite": crfsuite,
        "spacy": spacy,
    }
    chosen = given.taggers.split(",")

    def train(work: tuple[str, Task]) -> Result:
        tagger, task = work
        with tempfile.TemporaryDirectory() as folder:
            result = trainers[tagger](task, Path(folder))
        print(f"{task.name}, {tagger}, seed {task.seed}: {result}", file=sys.stderr)
        return result

    todo = [(tagger, task) for task in tasks(given) for tagger in chosen]
    # CRFsuite is deterministic, so one training is enough if all have the same sentences.
    todo = [(t, task) for t, task in todo if t != "crfsuite" or given.random or task.seed == 1]
    with ThreadPoolExecutor(given.jobs) as pool:
        done = list(zip(todo, pool.map(train, todo), strict=True))
    names = list(dict.fromkeys(task.name for _, task in todo))
    print("| corpus | " + " | ".join(chosen) + " |\n|" + "---|" * (len(chosen) + 1))
    for name in names:
        cells = [
            cell([result for (t, task), result in done if (t, task.name) == (tagger, name)])
            for tagger in chosen
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")
    means = [statistics.mean(r.f1 for (t, _), r in done if t == tagger) for tagger in chosen]
    print("| mean | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    intervals = [result for _, result in done if result.expected]
    if intervals:
        held = sum(r.expected[0] <= r.f1 <= r.expected[1] for r in intervals if r.expected)
        print(f"\nThe interval of the expected F1 includes the F1 in {held} of {len(intervals)}.")


if __name__ == "__main__":
    main()
