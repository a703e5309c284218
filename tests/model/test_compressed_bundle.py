"""Model folders whose parameters are rounded: `save_model` with `compress`."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load, save

import tiny
import windowclf
from model_folders import (
    KINDS,
    assert_same,
    change_manifest,
    contents,
    manifest,
    path_of,
    refusal,
    replace,
)
from networks import tagger_scores
from windowclf.cli import main
from windowclf.model.bundle import load_model, save_model
from windowclf.model.lexicon_file import pack_values
from windowclf.model.manifest import TIMES
from windowclf.nn.quantised_table import QuantisedTable
from windowclf.tagging.tagger import Tagger

TOKENS = [tiny.unmarked(marked).split() for marked in tiny.MARKED]


@pytest.fixture(scope="module")
def compressed_model(classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compressed") / "model"
    save_model(classifier.model, folder, compress=True)
    return folder


@pytest.fixture
def compressed(compressed_model, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(compressed_model, tmp_path / "compressed")


def all_scores(model):
    return tagger_scores(Tagger(model), TOKENS)


def test_a_compressed_model_tags_as_the_model_it_was_made_of(classifier, compressed):
    model = load_model(compressed)
    assert all(isinstance(table, QuantisedTable) for table in model.network.tables.values())
    before, after = all_scores(classifier.model), all_scores(model)
    assert before.tobytes() != after.tobytes()
    np.testing.assert_allclose(after, before, atol=0.05)
    assert classifier.predict(TOKENS) == windowclf.load(compressed).predict(TOKENS)
    assert model.lexicon.values == classifier.model.lexicon.values
    for part in ("config", "labels", "scheme", "record"):
        assert getattr(model, part) == getattr(classifier.model, part)


@pytest.mark.parametrize(
    "settings",
    [{"level": "sentence"}, {"hidden": (3, 5), "window": 3}, {"sentence_mean": True}],
)
def test_every_kind_of_model_can_be_compressed(tmp_path, settings):
    classifier = windowclf.WindowClassifier(**tiny.QUICK | settings)
    classifier.fit(tiny.sentences()[:20], vectors="random")
    save_model(classifier.model, tmp_path, compress=True)
    found, given = load_model(tmp_path).parameters(), classifier.model.parameters()
    assert list(found) == list(given)
    for name, parameter in given.items():
        assert found[name].shape == parameter.shape
        np.testing.assert_allclose(found[name].value, parameter.value, atol=0.02)


@pytest.mark.parametrize("compress", [False, True])
def test_a_compressed_model_is_saved_again_without_a_second_loss(compressed, tmp_path, compress):
    save_model(load_model(compressed), tmp_path / "again", compress=compress)
    assert contents(tmp_path / "again") == contents(compressed)
    save_model(load_model(compressed), compressed, compress=compress)
    assert contents(tmp_path / "again") == contents(compressed)
    assert_same(windowclf.load(compressed), windowclf.load(tmp_path / "again"))


def test_a_compressed_folder_is_of_the_smallest_types(compressed, folder):
    found, plain = (
        load(path_of(where, "parameters").read_bytes()) for where in (compressed, folder)
    )
    for name, array in plain.items():
        small = found.pop(name)
        assert small.shape == array.shape
        expected = "int8" if name.startswith("L_") else "float16" if array.ndim > 1 else "float32"
        assert small.dtype == expected
        if name.startswith("L_"):
            assert found.pop(f"{name}.scales").dtype == np.float16
    assert not found
    assert path_of(compressed, "lexicon").name.endswith(".words")
    assert path_of(folder, "lexicon").name.endswith(".json")


def test_a_compressed_model_takes_the_place_of_the_old_one(classifier, folder):
    save_model(classifier.model, folder, compress=True)
    names = {path_of(folder, kind).name for kind in ("manifest", *KINDS)}
    assert set(contents(folder)) == {*names, TIMES}
    classifier.save(folder)
    assert_same(classifier, windowclf.load(folder))
    assert len(contents(folder)) == len(names) + 1


def test_a_token_of_half_a_surrogate_pair_is_no_hindrance(tmp_path):
    sentence = (["\ud800", "a\nb", "\ud800", "a\nb"], ["O", "B-LOC", "O", "B-LOC"])
    classifier = windowclf.WindowClassifier(**tiny.QUICK).fit([sentence], vectors="random")
    for compress in (False, True):
        save_model(classifier.model, tmp_path, compress=compress)
        assert load_model(tmp_path).lexicon.values == classifier.model.lexicon.values


def test_what_is_written_to_a_loaded_model_stays_in_memory(folder):
    before = contents(folder)
    model = load_model(folder)
    for parameter in model.parameters().values():
        parameter.value[:] = 0
    del model
    assert contents(folder) == before
    assert all_scores(load_model(folder)).any()


def test_info_shows_the_shapes_of_a_compressed_model(compressed, folder, capsys):
    shown = []
    for where in (compressed, folder):
        assert main(["info", "--model", str(where), "--json"]) == 0
        shown.append(json.loads(capsys.readouterr().out)["parameters"])
    assert shown[0] == shown[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0, 0.5, 1], ids=["empty", "half", "end"])
def test_a_truncated_file(compressed, kind, part):
    path = path_of(compressed, kind)
    content = path.read_bytes()
    path.write_bytes(content[: min(int(part * len(content)), len(content) - 2)])
    assert str(path) in refusal(compressed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0, 9, 0.4, 0.8, -1])
def test_a_flipped_bit(compressed, kind, place):
    path = path_of(compressed, kind)
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if 0 < place < 1 else place] ^= 1
    path.write_bytes(content)
    assert str(path) in refusal(compressed)


@pytest.mark.parametrize(
    "name", ["L_word", "L_word.scales", "L_suffix3", "L_suffix3.scales", "W1", "b1", "U", "b_u"]
)
@pytest.mark.parametrize(
    "change",
    [
        None,
        lambda a: a[:-1],
        lambda a: np.concatenate([a, a]),
        lambda a: a[np.newaxis],
        lambda a: a.astype(np.float64),
        lambda a: a.astype(np.int32),
        lambda a: a.astype(np.uint8),
    ],
    ids=["none", "short", "long", "deep", "float64", "int32", "uint8"],
)
def test_a_parameter_that_does_not_fit(compressed, name, change):
    arrays = load(path_of(compressed, "parameters").read_bytes())
    array = arrays.pop(name)
    if change is not None:
        arrays[name] = np.ascontiguousarray(change(array))
    replace(compressed, "parameters", save(arrays))
    assert f"parameter {name} is " in refusal(compressed)


def test_codes_where_floats_should_be(compressed):
    arrays = load(path_of(compressed, "parameters").read_bytes())
    arrays["U"] = arrays["U"].astype(np.int8)
    replace(compressed, "parameters", save(arrays))
    assert "parameter U is I8" in refusal(compressed)


def test_a_table_that_is_wider_than_the_first_layer_takes(compressed):
    arrays = load(path_of(compressed, "parameters").read_bytes())
    arrays["L_word"] = np.hstack([arrays["L_word"]] * 2)
    replace(compressed, "parameters", save(arrays))
    assert "parameter W1 is F16" in refusal(compressed)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8b", "cut off"),
        (b"\x1f\x8b" + bytes(40), "unknown compression"),
        (pack_values({}, compress=True), "features"),
        (pack_values({"word": [["a"]]}, compress=True), "str"),
    ],
)
def test_a_lexicon_that_is_none(compressed, content, message):
    replace(compressed, "lexicon", content)
    line = refusal(compressed)
    assert "damaged model" in line
    assert message in line


def test_a_lexicon_of_more_words_than_the_table_has_rows(compressed):
    values = load_model(compressed).lexicon.values
    values["word"].append("more")
    replace(compressed, "lexicon", pack_values(values, compress=True))
    assert "parameter L_word is I8" in refusal(compressed)


def test_a_size_of_nothing(compressed):
    replace(compressed, "parameters", b"")
    assert "cannot mmap an empty file" in refusal(compressed)


def test_a_file_larger_than_the_manifest_says_is_not_read(compressed, monkeypatch):
    monkeypatch.setattr("hashlib.file_digest", None)
    size = manifest(compressed)["files"]["parameters"]["size"]
    change_manifest(compressed, lambda m: m["files"]["parameters"].update(size=size - 1))
    assert "the file is not the one that" in refusal(compressed)


def test_a_compressed_model_whose_lexicon_is_gzipped(classifier, compressed, tmp_path, monkeypatch):
    former = tmp_path / "former"
    monkeypatch.setattr("windowclf.model.lexicon_file.pack_words", lambda values: None)
    save_model(classifier.model, former, compress=True)
    monkeypatch.undo()
    change_manifest(former, lambda facts: facts.update(format=2))
    assert path_of(former, "lexicon").name.endswith(".json.gz")
    before, after = (all_scores(load_model(folder)) for folder in (former, compressed))
    assert before.tobytes() == after.tobytes()
