import errno
import json
import math
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load

import tiny
import windowclf
from model_folders import KINDS, assert_same, contents, path_of, refusal
from windowclf.errors import ModelError
from windowclf.model.bundle import load_model, save_model
from windowclf.model.folder import check_output, remove_left
from windowclf.model.manifest import MANIFEST, TIMES


def test_what_is_saved_comes_back(other, tmp_path):
    other.save(tmp_path / "new" / "model")
    assert_same(other, windowclf.load(str(tmp_path / "new" / "model")))


@pytest.mark.parametrize(
    "settings",
    [
        {"level": "sentence"},
        {"level": "sentence", "loss": "max-margin", "constrained": True},
        {"sentence_mean": True},
        {"hidden": (3, 5), "window": 3, "features": ("shape",), "activation": "tanh"},
    ],
)
def test_every_kind_of_model_comes_back(tmp_path, settings):
    classifier = windowclf.WindowClassifier(**tiny.QUICK | settings)
    classifier.fit(tiny.sentences()[:20], vectors="random").save(tmp_path)
    assert_same(classifier, windowclf.load(tmp_path))


def test_arrays_of_another_memory_order_come_back(classifier, tmp_path):
    model = load_model_of(classifier, tmp_path)
    for parameter in model.network.parameters().values():
        parameter.value = np.asfortranarray(parameter.value)
    save_model(model, tmp_path / "model")
    assert_same(classifier, windowclf.load(tmp_path / "model"))


def load_model_of(classifier, tmp_path):
    """Make a copy of a model, for a test to change."""
    classifier.save(tmp_path / "first")
    return load_model(tmp_path / "first")


def test_a_new_model_takes_the_place_of_the_old_one(folder, other):
    old = {path_of(folder, kind).name for kind in KINDS}
    other.save(folder)
    assert_same(other, windowclf.load(folder))
    kinds = {path_of(folder, kind).name for kind in KINDS}
    assert set(contents(folder)) == {MANIFEST, TIMES, *kinds}
    assert not old & set(contents(folder))


def test_saving_again_changes_nothing(folder, classifier):
    before = contents(folder)
    classifier.save(folder)
    assert contents(folder) == before


def test_a_model_folder_is_json_and_safetensors(folder):
    found = contents(folder)
    arrays = load(found.pop(path_of(folder, "parameters").name))
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    for content in found.values():
        json.loads(content)


class FullDisk:
    """Stands for `Path.write_bytes`; the disk is full from the n-th file on."""

    def __init__(self, patch, whole):
        self.left = whole
        write = Path.write_bytes

        def write_bytes(path, content):
            self.left -= 1
            if self.left < 0:
                write(path, content[: len(content) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(path, content)

        patch.setattr(Path, "write_bytes", write_bytes)


@pytest.mark.parametrize("whole", range(4))
def test_a_full_disk_leaves_the_earlier_model(folder, classifier, other, monkeypatch, whole):
    before = contents(folder)
    with monkeypatch.context() as patch:
        FullDisk(patch, whole)
        with pytest.raises(ModelError, match="cannot write the model: No space left on device"):
            other.save(folder)
    assert_same(classifier, windowclf.load(folder))
    assert contents(folder).items() >= before.items()
    other.save(folder)
    assert_same(other, windowclf.load(folder))


@pytest.mark.parametrize(
    "whole",
    range(4),
)
def test_a_full_disk_leaves_no_part_of_a_first_model(classifier, tmp_path, monkeypatch, whole):
    with monkeypatch.context() as patch:
        FullDisk(patch, whole)
        with pytest.raises(ModelError, match="No space left on device"):
            classifier.save(tmp_path / "model")
    classifier.save(tmp_path / "model")


@pytest.mark.parametrize(
    "name",
    ["README.md", *(f"{kind}-notes.md" for kind in KINDS)],
)
def test_a_file_of_the_user_in_a_model_folder_stays(folder, other, name):
    (folder / name).write_text("mine")
    other.save(folder)
    assert (folder / name).read_text() == "mine"


def test_a_file_in_place_of_the_folder(folder, classifier):
    path = folder / MANIFEST
    assert "Not a directory" in refusal(path)
    for act in (check_output, classifier.save):
        with pytest.raises(ModelError, match="is a file: expected a folder"):
            act(path)
    assert_same(classifier, windowclf.load(folder))


def test_a_model_without_a_record_comes_back(classifier, tmp_path):
    model = load_model_of(classifier, tmp_path)
    model.record = None
    save_model(model, tmp_path / "model")
    assert load_model(tmp_path / "model").record is None


def test_a_record_with_an_overflow_comes_back(classifier, tmp_path):
    model = load_model_of(classifier, tmp_path)
    epochs = [msgspec.structs.replace(model.record.epochs[0], gradients={"U": math.inf})]
    model.record = msgspec.structs.replace(model.record, epochs=epochs)
    save_model(model, tmp_path / "model")
    assert load_model(tmp_path / "model").record.epochs[0].f1 == epochs[0].f1


def test_an_output_folder_may_be_new_empty_or_a_model(folder, tmp_path):
    before = contents(folder)
    (tmp_path / "empty").mkdir()
    for good in (tmp_path / "a" / "b", tmp_path / "empty", folder):
        check_output(good)
    assert (tmp_path / "a" / "b").is_dir()
    assert not any((tmp_path / "empty").iterdir())
    assert contents(folder) == before


def test_a_kill_while_a_new_folder_is_tried_leaves_nothing_in_the_way(tmp_path, monkeypatch):
    seen = set()
    fsync = os.fsync

    def spied(handle):
        seen.update(path.name for path in tmp_path.iterdir())
        fsync(handle)

    monkeypatch.setattr("windowclf.system.files.os.fsync", spied)
    check_output(tmp_path)
    assert len(seen) == 1
    for name in seen:
        (tmp_path / name).touch()
    check_output(tmp_path)
    remove_left(tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_folder_with_other_files_is_refused(tmp_path, classifier):
    (tmp_path / "thesis.tex").write_text("mine")
    for act in (check_output, classifier.save):
        with pytest.raises(ModelError, match="holds files but no model: give a new or an empty"):
            act(tmp_path)
    assert contents(tmp_path) == {"thesis.tex": b"mine"}


def test_an_output_folder_that_cannot_be(tmp_path, classifier):
    (tmp_path / "file").touch()
    for act in (check_output, classifier.save):
        with pytest.raises(ModelError, match=r"file/model: cannot write the model there: Not a d"):
            act(tmp_path / "file" / "model")


def test_an_output_folder_that_cannot_be_written_to(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("windowclf.system.files.os.open", refuse)
    with pytest.raises(ModelError, match="cannot write the model there: Permission denied"):
        check_output(folder)
