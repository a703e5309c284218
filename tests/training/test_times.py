"""How long a training took is kept beside the model, and is not a part of it."""

import msgspec
import pytest

import windowclf
from model_folders import replace
from networks import DEV, TRAIN, train_small
from windowclf.model.bundle import load_model, pack_model, save_model
from windowclf.model.manifest import MANIFEST, TIMES, read_manifest
from windowclf.model.record import without_times
from windowclf.reports.terminal.epochs import epoch_line


@pytest.fixture(scope="module")
def model():
    return train_small(TRAIN, DEV, epochs=2)


@pytest.fixture
def saved(model, tmp_path):
    save_model(model, tmp_path / "model")
    return tmp_path / "model"


def test_the_times_come_back(model, saved):
    assert model.record.seconds > 0 < model.record.epochs[1].tokens_per_second
    assert load_model(saved).record == model.record
    classifier = windowclf.load(saved)
    assert windowclf.WindowClassifier.from_bytes(classifier.to_bytes()).model.record == model.record


def test_the_checked_files_hold_none(model):
    first = pack_model(model)
    times = first.pop(TIMES)
    assert list(first)[-1] == MANIFEST
    assert str(model.record.epochs[0].seconds).encode() in times
    assert not any(str(model.record.epochs[0].seconds).encode() in part for part in first.values())
    second = pack_model(train_small(TRAIN, DEV, epochs=2))
    assert second.pop(TIMES) != times
    assert first == second


@pytest.mark.parametrize(
    "change",
    [
        lambda times: b"",
        lambda times: b"\xff{",
        lambda times: b"[" * 10**5,
        lambda times: times.replace(b'"of": "training-', b'"of": "training+'),
        lambda times: times.replace(
            b'"epochs": [', b'"epochs": [{"seconds":1,"tokens_per_second":1},'
        ),
        lambda times: times.replace(b'"seconds": ', b'"seconds": -'),
        lambda times: times.replace(b'"seconds": ', b'"seconds": 1e999'),
    ],
)
def test_times_that_do_not_fit_are_left_out(model, saved, change):
    path = saved / TIMES
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before
    assert load_model(saved).record == without_times(model.record)


def test_no_times_at_all(model, saved, tmp_path):
    (saved / TIMES).unlink()
    bare = load_model(saved)
    assert bare.record == without_times(model.record)
    assert epoch_line(bare.record.epochs[0]).split()[5] == "-"
    (saved / TIMES).mkdir()
    assert load_model(saved).record == bare.record


def test_a_record_that_holds_its_times_is_read(model, saved):
    """As models of the first versions have it."""
    entry = read_manifest(saved).files["training"]
    record = msgspec.json.decode((saved / entry.name).read_bytes())
    assert record["seconds"] is None
    (saved / TIMES).unlink()
    replace(saved, "training", msgspec.json.encode(model.record))
    assert load_model(saved).record == model.record
