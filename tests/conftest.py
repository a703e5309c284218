import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import tiny
import windowclf
from windowclf.cli import main
from windowclf.model.folder import REPORT
from windowclf.system.processes import can_fork

ROOT = Path(__file__).parent.parent

# How long an example takes depends on what else the machine does, and decides nothing.
settings.register_profile(
    "quick", max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=1000)
settings.load_profile("quick")  # --hypothesis-profile=thorough takes the other


@pytest.fixture(scope="session")
def conll2003():
    """The folder of the real corpus, which its licence keeps out of the project."""
    folder = Path(os.environ.get("WINDOWCLF_CONLL2003") or ROOT / "../shared/data/conll2003")
    if not (folder / "eng.train").is_file():
        pytest.skip("CoNLL-2003 is not here: set WINDOWCLF_CONLL2003 to its folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory):
    """Keep every test, and every program it starts, out of the user's folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WINDOWCLF_MODEL", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_fsync():
    """Do not wait for the disk: no test cuts the power, and each file would take milliseconds."""
    connect = sqlite3.dbapi2.connect

    def connect_and_not_wait(*given, **named):
        connection = connect(*given, **named)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        patch.setattr("sqlite3.dbapi2.connect", connect_and_not_wait)
        patch.setattr("windowclf.annotation.database._SYNCHRONOUS", "OFF")
        yield


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory):
    """A folder with the splits of a tiny corpus, and vectors."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny.write_corpus(folder)
    return folder


@pytest.fixture(scope="session")
def model_folder(tiny_data, tmp_path_factory):
    """A model of the tiny corpus, trained by the command line."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    data = ["--data", str(tiny_data), "--vectors", str(tiny_data / "vectors.vec")]
    assert main(["train", *data, *tiny.options(), "--output", str(folder)]) == 0
    (folder / REPORT).unlink()  # which is no part of the model
    return folder


@pytest.fixture(scope="session")
def classifier(model_folder):
    """The model of `model_folder`; tests leave it as it is."""
    return windowclf.load(model_folder)


@pytest.fixture(scope="session")
def other():
    """A model that differs from `classifier` in all its files."""
    return windowclf.WindowClassifier(**tiny.QUICK).fit(tiny.sentences()[5:], vectors="random")


@pytest.fixture
def shared_at_once(monkeypatch):
    """Let processes share the work from the first item on, however little there is."""
    if not can_fork():
        pytest.skip("nothing is copied here")
    monkeypatch.setattr("windowclf.system.shared_work.ENOUGH", 0)


@pytest.fixture
def folder(model_folder, tmp_path):
    """A copy of the model that a test may damage."""
    return Path(shutil.copytree(model_folder, tmp_path / "model"))
