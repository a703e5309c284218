import io
import signal

import pytest

from command_lines import without_model
from windowclf.cli import main


@pytest.fixture(autouse=True)
def _sigint():
    """Enable Ctrl-C, because the shell that runs the tests may ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch):
    """Reports of trainings have no figures, which take longer to draw than a tiny training."""
    monkeypatch.setattr("windowclf.reports.html.training.training_figures", lambda report: {})


@pytest.fixture
def stdin(monkeypatch):
    """Return a function that puts bytes in the place of stdin."""

    def use(data):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))

    return use


@pytest.fixture
def run(capfd):
    """Return a function that runs a command and returns its exit code, stdout and stderr.

    The line that reports the model of --model is left out of stderr.
    """

    def run(*arguments):
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, without_model(err)

    return run


@pytest.fixture
def no_model(monkeypatch, tmp_path):
    """There is no bundled model; returns the folder that it would be in."""
    monkeypatch.setattr("windowclf.model.default.data_path", (tmp_path / "bundled").joinpath)
    return tmp_path / "bundled" / "model"
