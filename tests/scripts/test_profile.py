"""The stopwatch of scripts/profile, and what it is put around."""

from dataclasses import replace
from importlib import import_module
from itertools import count
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

import tiny
import windowclf
from networks import parameter_bytes, train_small
from windowclf import UsageError

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(autouse=True)
def _path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


@pytest.fixture
def now():
    """The time on the clock of `watch`, in seconds."""
    return [0.0]


@pytest.fixture
def watch(now):
    with import_module("profiling.stopwatch").Stopwatch(lambda: now[0]) as watch:
        yield watch


class PackedLayout:
    """Functions that take a chosen number of seconds."""

    def __init__(self, now):
        self.now = now

    def inner(self, seconds):
        self.now[0] += seconds
        return seconds

    def outer(self, seconds):
        self.now[0] += 1
        return self.inner(seconds) + self.inner(2 * seconds)

    def forward(self, seconds):
        self.inner(seconds)
        return seconds, lambda: self.inner(10 * seconds)

    def steps(self, seconds):
        for _ in range(3):
            yield self.inner(seconds)

    def fail(self):
        self.inner(4)
        raise UsageError("no")

    @staticmethod
    def double(x):
        return 2 * x


@pytest.fixture
def steps(now):
    return PackedLayout(now)


def own(watch):
    return {stage: (spent.own, spent.calls) for stage, spent in watch.spent().items()}


def test_the_time_of_a_stage_is_without_that_of_those_it_calls(watch, steps):
    watch.wrap(PackedLayout, "inner", "in")
    watch.wrap(PackedLayout, "outer", "out")
    assert watch.timed(lambda: steps.outer(3) + steps.inner(5), "all")() == 14
    assert own(watch) == {"in": (14, 3), "out": (1, 1), "all": (0, 1)}
    assert watch.spent()["out"].whole == 10
    assert sum(spent.own for spent in watch.spent().values()) == watch.spent()["all"].whole == 15


def test_a_stage_may_keep_the_time_of_those_it_calls(watch, steps):
    watch.wrap(PackedLayout, "inner", "in")
    watch.wrap(PackedLayout, "outer", "out", whole=True)
    steps.outer(3)
    steps.inner(5)
    assert own(watch) == {"in": (5, 1), "out": (10, 1)}


def test_the_way_back_is_a_stage_of_its_own(watch, steps):
    watch.wrap(PackedLayout, "forward", "there", backward="back")
    found, back = steps.forward(2)
    assert (found, back(), back()) == (2, 20, 20)
    assert own(watch) == {"there": (2, 1), "back": (40, 2)}


def test_a_generator_is_drained_on_the_watch(watch, steps):
    watch.wrap(PackedLayout, "steps", "steps", drain=True)
    assert list(steps.steps(2)) == [2, 2, 2]
    assert own(watch) == {"steps": (6, 1)}


def test_an_error_passes_and_is_timed(watch, steps):
    watch.wrap(PackedLayout, "fail", "fail", whole=True)
    watch.wrap(PackedLayout, "inner", "in")
    with pytest.raises(UsageError, match="no"):
        steps.fail()
    steps.inner(1)
    assert own(watch) == {"fail": (4, 1), "in": (1, 1)}


def test_threads_do_not_take_time_off_each_other():
    ticks = count()
    with import_module("profiling.stopwatch").Stopwatch(lambda: next(ticks)) as watch:
        inner = watch.timed(lambda: None, "in")

        def outer():
            thread = Thread(target=inner)
            thread.start()
            thread.join()

        watch.timed(outer, "out")()
    assert own(watch) == {"in": (1, 1), "out": (3, 1)}


def test_all_is_as_before_afterwards():
    class Further(PackedLayout):
        pass

    before = dict(vars(PackedLayout))
    with import_module("profiling.stopwatch").Stopwatch() as watch:
        watch.wrap(PackedLayout, "double", "double")
        watch.wrap(Further, "inner", "in")
        assert PackedLayout([0]).double(2) == PackedLayout.double(2) == 4
        assert "inner" in vars(Further)
        assert watch.spent()["double"].calls == 2
    assert dict(vars(PackedLayout)) == before
    assert "inner" not in vars(Further)


def test_tagging_is_the_same_and_each_stage_is_seen(model_folder):
    tagging = import_module("profiling.tagging")
    stages, stopwatch = import_module("profiling.stages"), import_module("profiling.stopwatch")
    sentences = [list(sentence.tokens) for sentence in tiny.sentences()]
    tags = [["O"] * len(tokens) for tokens in sentences]
    text = tagging.Text(sentences, [i // 3 for i in range(len(sentences))], tags, "iob2")
    for prepare in (tagging.tag_raw, tagging.tag_words):
        expected = prepare(windowclf.load(model_folder), text)()
        work = prepare(windowclf.load(model_folder), text)
        with stopwatch.Stopwatch() as watch:
            stages.wrap_tagging(watch)
            assert watch.timed(work, stages.REST)() == expected
        spent = watch.spent()
        assert sum(one.own for one in spent.values()) == pytest.approx(spent[stages.REST].whole)
        assert {"look words up", "project new words", "names that come again", "add rows"} <= {
            *spent
        }
        both = {"decode", "spans", "mean of the sentence", "f, U and the rest of the scores"}
        raw = {"split into tokens", "confidences", "entities and offsets", "write JSON"}
        assert both <= spent.keys()
        assert (raw <= spent.keys()) == (prepare is tagging.tag_raw)
        assert ("write tags" in spent) == (prepare is tagging.tag_words)


_ALWAYS = {
    "make a batch", "look up rows", "table gradients", "dropout", "window layer, forward",
    "window layer, backward", "further layers", "f and f', sums of layers", "loss",
    "optimiser step", "norms for the record", "evaluation on dev",
}  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "further"),
    [
        ({"batch_of": "tokens", "batch_size": "all"}, {"add up the parts"}),
        (
            {
                "level": "sentence",
                "sentence_mean": True,
                "document_context": True,
                "batch_size": 64,
            },
            {"mean of the sentence", "names that come again"},
        ),
    ],
)
def test_training_is_the_same_and_each_stage_is_seen(settings, further):
    stages, stopwatch = import_module("profiling.stages"), import_module("profiling.stopwatch")
    settings = {"hidden": 4, "epochs": 1} | settings
    given = [replace(sentence, document=i // 9) for i, sentence in enumerate(tiny.sentences() * 9)]
    plain = train_small(given, given, **settings)
    with stopwatch.Stopwatch() as watch:
        stages.wrap_training(watch)
        timed = train_small(given, given, **settings)
    assert parameter_bytes(timed) == parameter_bytes(plain)
    assert watch.spent().keys() == _ALWAYS | further


def test_the_fastest_run_of_each_kind_counts():
    module = import_module("profiling.profiles")
    Spent = import_module("profiling.stopwatch").Spent
    seconds = iter([5.0, 9.0, 4.0, 7.0, 6.0, 8.0])

    def run(stages):
        rest = next(seconds)
        found = {"decode": Spent(1.0, 1.0, 2)} if stages else {}
        yield 10, {**found, "the rest": Spent(rest - len(found), rest, 1)}

    (found,) = module.profiles(run, "once")
    assert (found.untimed, found.seconds, found.spent, found.tokens) == (4.0, 7.0, 7.0, 10)
    assert found.to_json()["stages"]["the rest"] == {"seconds": 6.0, "calls": 1}


def test_a_training_is_what_the_options_say(tiny_data, monkeypatch):
    monkeypatch.setattr(import_module("profiling.profiles"), "RUNS", 1)
    options = ["--data", str(tiny_data), "--vectors", str(tiny_data / "vectors.vec")]
    module = import_module("profiling.training")
    training = module.Training([*options, *tiny.options(tiny.QUICK), "--epochs", "3"], 50, 1)
    sizes = {name: sum(map(len, split)) for name, split in training.corpus.splits.items()}
    assert 50 <= sizes["train"] < 60
    profile = training.profile()
    assert profile.tokens == 3 * sizes["train"]
    assert profile.spent == pytest.approx(profile.seconds)
    assert np.isfinite(profile.untimed)
