import math
import os
import signal
import time
from dataclasses import dataclass

import optuna
import pytest

import tiny
import windowclf
from windowclf.corpora.corpus import Corpus
from windowclf.errors import DataError, ModelError
from windowclf.reports.html.training import write_report
from windowclf.tags.schemes import Scheme
from windowclf.training.loop import BatchDone
from windowclf.tuning.space import parse_space
from windowclf.tuning.study import BEST, FEWEST_FOR_IMPORTANCE, STUDY, Search
from windowclf.tuning.trials import SearchPlan, Trials

SPACE = parse_space(["rate=0.0005:0.05:log", "hidden=2,4"], {})
FIXED = {k: v for k, v in tiny.QUICK.items() if k not in ("rate", "hidden")} | {
    "epochs": 2,
    "batch_size": 16,
}


@pytest.fixture(scope="module")
def corpus():
    given = tiny.sentences()
    return Corpus("tiny", {"train": given, "dev": given[::2]}, Scheme.IOB2, Scheme.IOB2)


@pytest.fixture
def begin(tmp_path):
    def begin(**settings):
        return Search(tmp_path, **{"sampler": "random", "seed": 1, "prune": False} | settings)

    return begin


def go(search, corpus, trials, **settings):
    callbacks = {name: settings.pop(name, None) for name in ("on_trial", "write_report")}
    listener = settings.pop("listener", None)
    settings = {"space": SPACE, "fixed": FIXED, "vectors": "random"} | settings
    plan = SearchPlan(corpus=corpus, trials=trials, **settings)
    Trials(search, plan, **callbacks).run(threads=1, listener=listener)
    return search.result()


@dataclass
class Pretended:
    f1: float
    classifier = windowclf.WindowClassifier()
    diverged = False


@pytest.fixture
def pretend(monkeypatch):
    """Where only the study matters: F1 comes from the settings, without a training."""

    def train(plan, config, *, on_epoch, listener, threads):
        f1 = 1 / (1 + abs(math.log10(config.rate) + 2)) + config.hidden[0] / 1000
        for epoch in (1, 2):
            on_epoch(epoch, f1 * epoch / 2)
        return Pretended(f1)

    monkeypatch.setattr("windowclf.tuning.trials.train", train)


def test_each_trial_is_the_training_that_its_settings_say(begin, corpus, tmp_path):
    seen = []
    found = go(begin(), corpus, 3, on_trial=seen.append, write_report=write_report)
    assert [trial.number for trial in found.trials] == [1, 2, 3]
    assert seen == found.trials
    assert len({trial.settings["rate"] for trial in found.trials}) == 3
    for trial in found.trials:
        assert 0.0005 <= trial.settings["rate"] <= 0.05
        classifier = windowclf.WindowClassifier(**FIXED | trial.settings)
        classifier.fit(corpus, vectors="random", threads=1)
        record = classifier.model.record
        assert trial.epochs == [epoch.f1 for epoch in record.epochs]
        assert trial.f1 == max(trial.epochs)
        if trial.number == found.best:
            classifier.save(tmp_path / "again")
    assert found.best_trial.f1 == max(trial.f1 for trial in found.trials)
    best, again = (windowclf.load(tmp_path / name) for name in (BEST, "again"))
    assert best.config == again.config
    given = [s.tokens for s in tiny.sentences()]
    assert best.predict(given) == again.predict(given)
    assert (tmp_path / BEST / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_it_goes_on_where_it_stood(begin, corpus):
    first = go(begin(), corpus, 2)
    more = go(begin(), corpus, 4)
    assert more.trials[:2] == first.trials
    assert len(more.trials) == 4
    assert len({trial.settings["rate"] for trial in more.trials}) == 4  # none drawn again
    assert go(begin(), corpus, 4) == more


@pytest.mark.parametrize(("sampler", "trials"), [("tpe", 11), ("random", 2)])
def test_the_same_seed_tries_the_same(pretend, corpus, tmp_path, monkeypatch, sampler, trials):
    in_memory = optuna.storages.InMemoryStorage  # a data base would take most of the time
    monkeypatch.setattr("windowclf.tuning.study._storage", lambda folder: in_memory())
    tried = []
    for name, seed, number in (("a", 1, trials), ("b", 1, trials), ("c", 2, 1)):
        (tmp_path / name).mkdir()
        search = Search(tmp_path / name, sampler=sampler, seed=seed, prune=False)
        tried.append([trial.settings for trial in go(search, corpus, number).trials])
    assert tried[0] == tried[1]  # the Parzen estimator itself draws only the eleventh
    assert tried[0][0] != tried[2][0]


class Cut(BaseException):
    pass


def test_what_is_cut_off_is_not_done(begin, corpus, tmp_path):
    search = begin()
    batches = []

    def cut(event):
        batches.append(event)
        if isinstance(event, BatchDone) and event.epoch == 2 and search.done == 1:
            raise Cut

    with pytest.raises(Cut):
        go(search, corpus, 3, listener=cut)
    assert len(search.result().trials) == search.done == 1
    assert search.study.get_trials()[1].state is optuna.trial.TrialState.FAIL
    assert windowclf.load(tmp_path / BEST)
    assert [t.number for t in go(begin(), corpus, 2).trials] == [1, 2]


def test_ctrl_c_while_a_trial_is_noted(pretend, begin, corpus, monkeypatch):
    search = begin()
    tell = search.study.tell

    def interrupted(*given, **named):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        tell(*given, **named)

    monkeypatch.setattr(search.study, "tell", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            go(search, corpus, 3)
    finally:
        signal.signal(signal.SIGINT, before)
    assert [trial.state.name for trial in search.study.get_trials()] == ["COMPLETE"]


def test_a_trial_that_a_kill_cut_off(pretend, begin, corpus):
    search = begin()
    go(search, corpus, 1)
    search.study.ask()  # as a process leaves it that is killed
    assert begin().done == 1
    states = [trial.state for trial in search.study.get_trials()]
    assert states == [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.FAIL]


@pytest.mark.parametrize("saved", [True, False])
def test_killed_when_the_best_was_being_kept(begin, corpus, monkeypatch, tmp_path, saved):
    search = begin()
    go(
        search,
        corpus,
        1,
        space=parse_space(["rate=0.0001:0.0002"], {}),
        fixed=FIXED | {"hidden": 2},
    )
    before = search.result().best_trial.f1
    kept = windowclf.load(tmp_path / BEST).config

    def tell(*_, **__):
        raise Cut

    good = parse_space(["rate=0.02:0.03"], {})
    with monkeypatch.context() as patch:
        patch.setattr(search.study, "tell", tell)
        patch.setattr(Search, "end_cut_off", lambda self: None)
        if not saved:
            patch.setattr(windowclf.WindowClassifier, "save", tell)
        with pytest.raises(Cut):
            go(search, corpus, 2, space=good, fixed=FIXED | {"hidden": 4})
    search = begin()
    found = search.result()
    assert len(found.trials) == 1 + saved
    assert (found.best_trial.f1 > before) == saved
    assert (windowclf.load(tmp_path / BEST).config == kept) != saved


def test_the_best_is_not_one_that_was_pruned(pretend, begin, corpus):
    search = begin()
    best = go(search, corpus, 1).best_trial
    trial = search.study.ask()
    trial.report(1.1, 1)
    search.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    found = search.result()
    assert [one.f1 for one in found.trials] == [best.f1, 1.1]
    assert found.best_trial == best
    assert search.best_f1 == best.f1


def test_hopeless_trials_are_ended(begin, corpus):
    good, bad = (
        parse_space([f"rate={low}:{high}"], {}) for low, high in ((0.02, 0.03), (1e-5, 2e-5))
    )
    fixed = FIXED | {"hidden": 8, "epochs": 4}
    go(begin(prune=True), corpus, 4, space=good, fixed=fixed)
    found = go(begin(prune=True), corpus, 5, space=bad, fixed=fixed)
    assert [trial.state for trial in found.trials] == ["done"] * 4 + ["pruned"]
    assert len(found.trials[-1].epochs) < 4
    assert found.best != 5
    found = go(begin(prune=False), corpus, 6, space=bad, fixed=fixed)
    assert found.trials[-1].state == "done"
    assert len(found.trials[-1].epochs) == 4


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_training_that_diverges_is_a_trial(begin, corpus, tmp_path):
    space = parse_space(["rate=1e200:1e201"], {})
    found = go(begin(), corpus, 1, space=space, fixed=FIXED | {"hidden": 4})
    assert [(trial.state, trial.f1, trial.epochs) for trial in found.trials] == [
        ("diverged", 0, [])
    ]
    assert not (tmp_path / BEST).exists()


def test_no_further_trial_after_the_time(pretend, begin, corpus):
    assert len(go(begin(), corpus, 50, seconds=1e-9).trials) == 0
    assert 1 <= len(go(begin(), corpus, 500, seconds=0.5).trials) < 500


def test_importance(pretend, begin, corpus):
    assert go(begin(), corpus, FEWEST_FOR_IMPORTANCE - 1).importance == {}
    found = go(begin(), corpus, FEWEST_FOR_IMPORTANCE + 4).importance
    assert set(found) == {"rate", "hidden"}
    assert sum(found.values()) == pytest.approx(1)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert next(iter(found)) == "rate"


def test_without_a_dev_text(begin, corpus):
    bare = Corpus("bare", {"train": corpus.splits["train"]}, Scheme.IOB2, Scheme.IOB2)
    with pytest.raises(DataError, match="bare: has no dev split, on which trials are scored"):
        go(begin(), bare, 1)


def test_a_damaged_study(begin, tmp_path):
    (tmp_path / STUDY).write_bytes(b"no data base" * 100)
    with pytest.raises(ModelError, match=r"study\.db: cannot be used: file is not a database"):
        begin()
