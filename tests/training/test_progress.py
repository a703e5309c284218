"""The bar of a training."""

import sys
from types import SimpleNamespace

import pytest

import tiny
from windowclf import WindowClassifier
from windowclf.training.progress import in_notebook


def fit(progress, **options):
    given = tiny.sentences()
    settings = tiny.QUICK | {"epochs": 2} | options.pop("settings", {})
    classifier = WindowClassifier(**settings)
    return classifier.fit(given, given[:9], vectors="random", progress=progress, **options)


@pytest.fixture
def kernel(monkeypatch):
    """Pretend that the program runs in the kernel of a notebook."""
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    return shell


def test_a_bar_shows_the_epoch_the_loss_and_the_f1(capsys):
    events = []
    classifier = fit(True, listener=events.append)
    out, err = capsys.readouterr()
    assert out == ""
    last = err.rstrip().rpartition("\r")[2]
    epoch = classifier.model.record.epochs[-1]
    assert last.startswith("epoch 2 of 2: 100%|")
    assert f"loss={epoch.loss:.4f}, dev F1={100 * epoch.f1:.2f} %]" in last
    batches = -(-len(tiny.MARKED) // tiny.QUICK["batch_size"])
    assert f" {2 * batches}/{2 * batches} " in last
    assert len(events) == 2 * batches + 2


def test_each_network_has_its_bar(capsys):
    fit(True, settings={"teachers": 1})
    err = capsys.readouterr().err
    assert "teacher 1 of 1, epoch 2 of 2: 100%" in err
    assert "the network they teach, epoch 2 of 2: 100%" in err
    assert err.count("\n") == 2


def test_there_is_none_unless_it_is_wanted(capsys):
    for progress in (None, False):
        fit(progress)
    assert capsys.readouterr() == ("", "")


def test_a_notebook_has_one_by_itself(capsys, kernel):
    assert in_notebook()
    fit(False)
    assert capsys.readouterr().err == ""
    fit(None)
    assert "epoch 2 of 2: 100%" in capsys.readouterr().err


def test_an_interpreter_is_not_a_notebook(monkeypatch, kernel):
    del kernel.kernel
    assert not in_notebook()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not in_notebook()


def test_the_bar_is_closed_by_an_interrupt(capsys):
    def interrupt(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:  # whose traceback still holds the bar
        fit(True, listener=interrupt)
    assert caught.traceback
    assert capsys.readouterr().err.endswith("\n")
