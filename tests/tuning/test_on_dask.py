"""A search on a cluster of two workers, compared with trainings beside it."""

import logging
import os
import signal
import time
from contextlib import suppress

import dask
import optuna
import pytest
from distributed import Client, LocalCluster, WorkerPlugin

import tiny
import windowclf
from windowclf.corpora.corpus import Corpus
from windowclf.errors import ClusterError, VectorsError
from windowclf.reports.html.training import write_report
from windowclf.system.dask import connect
from windowclf.tags.schemes import Scheme
from windowclf.tuning import on_dask as cluster
from windowclf.tuning.on_dask import run_on_cluster
from windowclf.tuning.space import parse_space
from windowclf.tuning.study import BEST, Search
from windowclf.tuning.trials import SearchPlan, Trials

SPACE = parse_space(["rate=0.0005:0.05:log", "hidden=2,4"], {})
FIXED = {k: v for k, v in tiny.QUICK.items() if k not in ("rate", "hidden")} | {"epochs": 2}
ENDLESS = FIXED | {"epochs": 100_000, "patience": 100_000}


class Deadly(WorkerPlugin):
    """Has a worker die after the first epoch of a trial; each time, or once."""

    name = "deadly"

    def __init__(self, log, hidden=None):
        self.log, self.hidden = log, hidden

    def setup(self, worker):
        self.train = cluster.train

        def train(plan, config, *, on_epoch, **rest):
            def report_or_die(epoch, f1):
                on_epoch(epoch, f1)
                if self.hidden in (None, config.hidden):
                    with (
                        suppress(FileExistsError),
                        self.log.open("a" if self.hidden else "x") as log,
                    ):
                        log.write("x")
                        log.flush()
                        time.sleep(0.2)  # for the report to go out
                        os.kill(os.getpid(), signal.SIGKILL)

            return self.train(plan, config, on_epoch=report_or_die, **rest)

        cluster.train = train

    def teardown(self, worker):
        cluster.train = self.train


@pytest.fixture(scope="module")
def corpus():
    given = tiny.sentences()
    return Corpus("tiny", {"train": given, "dev": given[::2]}, Scheme.IOB2, Scheme.IOB2)


@pytest.fixture(scope="module")
def client():
    """Two workers of this process, which talk over TCP as processes do but start at once."""
    with (
        LocalCluster(
            protocol="tcp",
            processes=False,
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def processes():
    # So that a second loss is enough: to start a worker takes a second.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        connect(workers=2) as client,
    ):
        client.wait_for_workers(2)
        yield client


@pytest.fixture
def deadly(processes, tmp_path):
    """Return a function that makes the workers deadly; its log has an x for each death."""

    def use(**settings):
        processes.register_plugin(Deadly(tmp_path / "log", **settings))
        return tmp_path / "log"

    yield use
    processes.unregister_worker_plugin("deadly")


@pytest.fixture
def begin(tmp_path):
    (tmp_path / "tuned").mkdir()

    def begin(**settings):
        settings = {"sampler": "random", "seed": 1, "prune": False} | settings
        return Search(tmp_path / "tuned", **settings)

    return begin


def make_plan(corpus, trials, **settings):
    settings = {"space": SPACE, "fixed": FIXED, "vectors": "random"} | settings
    return SearchPlan(corpus=corpus, trials=trials, **settings)


@pytest.fixture
def go(request, corpus):
    """Return a function that searches, on processes if the test has the mark of these."""
    kind = "processes" if request.node.get_closest_marker("processes") else "client"
    client = request.getfixturevalue(kind)

    def go(search, trials, **settings):
        callbacks = {name: settings.pop(name, None) for name in ("on_trial", "write_report")}
        run_on_cluster(client, Trials(search, make_plan(corpus, trials, **settings), **callbacks))
        return search.result()

    return go


def again(corpus, settings, **options):
    """Train by the settings of a trial, in this process."""
    classifier = windowclf.WindowClassifier(**FIXED | settings)
    return classifier.fit(corpus, **{"vectors": "random", "threads": 1} | options)


def idle(client):
    """Wait until the workers have nothing to do, which a training under way would not let them."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        left = client.run(lambda dask_worker: len(dask_worker.state.tasks))
        if not any(left.values()):
            return True
        time.sleep(0.05)
    return False


def states(search):
    return [trial.state.name for trial in search.study.get_trials()]


@pytest.mark.processes
def test_each_trial_is_the_training_that_its_settings_say(begin, go, corpus, tmp_path):
    seen = []
    search = begin(sampler="tpe")
    found = go(search, 6, on_trial=seen.append, write_report=write_report)
    assert seen == found.trials
    assert [trial.number for trial in found.trials] == [1, 2, 3, 4, 5, 6]
    assert len({trial.settings["rate"] for trial in found.trials}) == 6
    for trial in found.trials:
        classifier = again(corpus, trial.settings)
        assert trial.epochs == [epoch.f1 for epoch in classifier.model.record.epochs]
        assert trial.f1 == max(trial.epochs)
        if trial.number == found.best:
            expected = classifier
    assert found.best_trial.f1 == max(trial.f1 for trial in found.trials)
    best = windowclf.load(tmp_path / "tuned" / BEST)
    assert best.config == expected.config
    for name, parameter in expected.model.parameters().items():
        assert (best.model.parameters()[name].value == parameter.value).all()
    report = tmp_path / "tuned" / BEST / "report.html"
    assert report.read_text("utf-8").startswith("<!doctype html>")


def test_as_many_at_the_same_time_as_there_are_threads(begin, go):
    search = begin()
    go(search, 5)
    times = [(t.datetime_start, t.datetime_complete) for t in search.study.get_trials()]
    at_once = [sum(a <= begun < b for a, b in times) for begun, _ in times]
    assert len(times) == 5  # none was begun that was not wanted
    assert max(at_once) == 2
    assert at_once.count(2) >= 3


def test_it_goes_on_from_a_search_in_one_process(begin, go, corpus):
    search = begin()
    Trials(search, make_plan(corpus, 2)).run(threads=1)
    first = search.result()
    more = go(begin(), 4)
    assert more.trials[:2] == first.trials
    assert len({trial.settings["rate"] for trial in more.trials}) == 4
    assert go(begin(), 4) == more


def test_no_further_trial_after_the_time(begin, go):
    assert len(go(begin(), 50, seconds=1e-9).trials) == 0
    assert 1 <= len(go(begin(), 500, seconds=0.3).trials) < 500


def test_a_hopeless_trial_is_ended(begin, go, client, corpus):
    good, bad = (
        parse_space([f"rate={low}:{high}"], {}) for low, high in ((0.02, 0.03), (1e-5, 2e-5))
    )
    fixed = FIXED | {"hidden": 8}
    Trials(begin(), make_plan(corpus, 4, space=good, fixed=fixed)).run(threads=1)
    found = go(begin(prune=True), 5, space=bad, fixed=ENDLESS | {"hidden": 8})
    assert [one.state for one in found.trials] == ["done"] * 4 + ["pruned"]
    assert found.best != 5
    assert idle(client)  # else the worker would train on for hours


def test_what_is_cut_off_is_not_done(begin, go, client, tmp_path):
    search = begin()

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(search, 8, on_trial=stop)
    assert len(search.result().trials) == 1
    assert sorted(states(search)) == ["COMPLETE", "FAIL"]
    assert idle(client)
    assert windowclf.load(tmp_path / "tuned" / BEST)
    assert len(go(begin(), 3).trials) == 3


@pytest.mark.processes
def test_a_trial_that_loses_its_worker_is_restarted(begin, go, corpus, deadly, recwarn):
    log = deadly()
    found = go(begin(), 3)
    assert log.read_text() == "x"
    assert [trial.state for trial in found.trials] == ["done"] * 3
    for trial in found.trials:  # as often as they are heard
        record = again(corpus, trial.settings).model.record
        assert trial.epochs == [epoch.f1 for epoch in record.epochs]
    assert not recwarn.list


@pytest.mark.processes
def test_a_trial_that_loses_worker_after_worker(begin, go, processes, deadly, capfd, monkeypatch):
    # The first loss is enough: to start a worker takes seconds.
    monkeypatch.setattr(processes.cluster.scheduler, "allowed_failures", 0)
    log = deadly(hidden=(3,))
    space = parse_space(["hidden=3:4"], {})
    search = begin()
    search.study.enqueue_trial({"hidden": 3})
    found = go(search, 2, space=space, fixed=FIXED | {"rate": 0.02})
    assert log.read_text() == "xx"  # beside another trial, and by itself
    lost, done = sorted(found.trials, key=lambda trial: trial.settings["hidden"])
    assert (lost.state, lost.f1, len(lost.epochs)) == ("lost", 0, 1)
    assert (done.state, found.best) == ("done", done.number)
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_training_that_diverges_is_a_trial(begin, go, tmp_path):
    space = parse_space(["rate=1e200:1e201"], {})
    found = go(begin(), 1, space=space, fixed=FIXED | {"hidden": 4})
    assert [(trial.state, trial.f1, trial.epochs) for trial in found.trials] == [
        ("diverged", 0, [])
    ]
    assert not (tmp_path / "tuned" / BEST).exists()


def test_lists_of_names_are_read_here(begin, go, corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cities = tmp_path / "cities.txt"
    cities.write_text(text := "# cities\nParis\n\nNew  York\n", "utf-8")

    def train(*given, **named):  # the workers do not have the file
        cities.unlink(missing_ok=True)
        return here(*given, **named)

    here = cluster.train
    monkeypatch.setattr(cluster, "train", train)
    given = {"LOC": "cities.txt"}
    fixed = FIXED | {"name_augmentation": 1.0}
    found = go(begin(), 1, gazetteers=given, names=given, fixed=fixed)
    cities.write_text(text, "utf-8")
    settings = {"name_augmentation": 1.0} | found.best_trial.settings
    expected = again(corpus, settings, gazetteers=given, names=given)
    assert found.best_trial.epochs == [epoch.f1 for epoch in expected.model.record.epochs]
    best = windowclf.load(tmp_path / "tuned" / BEST)
    assert best.model.lexicon.gazetteers["gazetteer-LOC"].names == ["Paris", "New York"]


def test_an_error_of_a_worker(begin, go, client):
    search = begin()
    with pytest.raises(VectorsError, match=r"^no\.txt"):
        go(search, 2, vectors="no.txt")
    assert set(states(search)) == {"FAIL"}
    assert idle(client)


def test_an_error_that_is_not_ours(begin, go, monkeypatch):
    monkeypatch.setattr(cluster, "_train", unable)
    with pytest.raises(ClusterError, match=r"^a worker cannot train a trial: ValueError: no$"):
        go(begin(), 1)


def unable(*_):
    raise ValueError("no")


def test_optuna_counts_what_is_under_way(begin):
    search = begin(sampler="tpe")
    assert isinstance(search.study.sampler, optuna.samplers.TPESampler)
    assert search.study.sampler._constant_liar
