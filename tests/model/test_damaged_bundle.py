"""Each way in which a model folder can be wrong ends in a `ModelError` of one line."""

import json
import random
import shutil

import numpy as np
import pytest
from safetensors.numpy import load, save

import tiny
import windowclf
from model_folders import KINDS, change_manifest, contents, path_of, refusal, replace
from windowclf.errors import ModelError
from windowclf.model.bundle import load_model
from windowclf.model.manifest import FORMAT, MANIFEST, TIMES
from windowclf.system.resources import data_path


@pytest.mark.parametrize("kind", ["manifest", *KINDS])
def test_a_missing_file(folder, kind):
    path = path_of(folder, kind)
    path.unlink()
    message = refusal(folder)
    assert str(path) in message
    assert "No such file" in message


@pytest.mark.parametrize("kind", ["manifest", *KINDS])
@pytest.mark.parametrize("part", [0, 0.5, 1], ids=["empty", "half", "end"])
def test_a_truncated_file(folder, kind, part):
    path = path_of(folder, kind)
    content = path.read_bytes()
    path.write_bytes(content[: min(int(part * len(content)), len(content) - 2)])
    assert str(path) in refusal(folder)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0, 9, 0.4, 0.8, -1])
@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit(folder, kind, place, bit):
    path = path_of(folder, kind)
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if 0 < place < 1 else place] ^= 1 << bit
    path.write_bytes(content)
    assert str(path) in refusal(folder)


def test_a_flipped_bit_of_the_manifest_ends_in_no_other_error(folder):
    path = folder / MANIFEST
    content = path.read_bytes()
    messages = []
    for place in range(0, len(content), 3):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        try:
            load_model(folder)
        except ModelError as error:
            messages.append(str(error))
    assert len(messages) > len(content) / 4
    assert "\n" not in "".join(messages)


def cuts_and_flips(content, cuts, flips):
    """Cut a file at so many places, and flip a bit at so many."""
    places = random.Random(len(content))
    for _ in range(cuts):
        yield "cut", content[: places.randrange(len(content))]
    for _ in range(flips):
        place = places.randrange(len(content))
        bit = 1 << places.randrange(8)
        yield "flip", content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]


def damage_each(folder, text, cuts, flips):
    """Count for each file what is refused in a line, and what tags as before."""
    before = windowclf.load(folder).tag(text)
    counts = {}
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for way, damaged in cuts_and_flips(whole, cuts, flips):
            path.write_bytes(damaged)
            message = ""
            try:
                assert windowclf.load(folder).tag(text) == before
            except ModelError as error:
                message = str(error)
            assert message.isprintable()
            assert not message or str(folder) in message
            key = path.name, way, "refused" if message else "harmless"
            counts[key] = counts.get(key, 0) + 1
        path.write_bytes(whole)
    return counts


@pytest.mark.parametrize("compress", [False, True])
def test_each_file_cut_and_with_a_bit_flipped(classifier, tmp_path, compress):
    classifier.save(tmp_path / "model", compress=compress)
    counts = damage_each(tmp_path / "model", "Ada lives in New York .", 5, 10)
    assert sum(counts.values()) == 15 * len(contents(tmp_path / "model"))
    assert not [key for key in counts if key[0] not in (MANIFEST, TIMES) and key[2] == "harmless"]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bundled", "whole", "compressed"])
def test_each_file_cut_at_50_places_and_flipped_at_200(
    classifier, tmp_path, model, record_property
):
    folder = tmp_path / "model"
    if model == "bundled":
        shutil.copytree(data_path("model"), folder)
        (folder / "README.md").unlink(missing_ok=True)
    else:
        classifier.save(folder, compress=model == "compressed")
    counts = damage_each(folder, tiny.unmarked(tiny.MARKED[0]), 50, 200)
    for key, count in sorted(counts.items()):
        record_property(" ".join(key), count)
    assert sum(counts.values()) == 250 * len(contents(folder))
    assert not [key for key in counts if key[0] not in (MANIFEST, TIMES) and key[2] == "harmless"]


@pytest.mark.parametrize(("was", "becomes"), [(b"S-LOC", b"S-LOB"), (b"S-LOC", b"Q-LOC")])
def test_a_flipped_bit_in_a_label(folder, was, becomes):
    path = folder / MANIFEST
    path.write_bytes(path.read_bytes().replace(was, becomes))
    refusal(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_model(folder, other, tmp_path, kind):
    other.save(tmp_path / "other")
    path = path_of(folder, kind)
    path.write_bytes(path_of(tmp_path / "other", kind).read_bytes())
    assert str(path) in refusal(folder)


@pytest.mark.parametrize("kind", ["manifest", *KINDS])
def test_a_folder_where_a_file_should_be(folder, kind):
    path = path_of(folder, kind)
    path.unlink()
    path.mkdir()
    assert str(path) in refusal(folder)


def test_a_newer_format_tells_both_versions(folder):
    newer = {"format": FORMAT + 1, "a field": "of the future"}
    (folder / MANIFEST).write_text(json.dumps(newer))
    message = refusal(folder)
    assert f"model format {FORMAT + 1}" in message
    assert f"up to {FORMAT}" in message
    assert "pip install -U windowclf" in message


def changed_arrays(folder, name, change):
    arrays = load(path_of(folder, "parameters").read_bytes())
    array = arrays.pop(name)
    if change is not None:
        arrays[name] = np.ascontiguousarray(change(array))
    replace(folder, "parameters", save(arrays))


@pytest.mark.parametrize("name", ["L_word", "L_suffix3", "W1", "b1", "U", "b_u"])
@pytest.mark.parametrize(
    "change",
    [
        None,
        lambda a: a.T[..., :-1],
        lambda a: a[:-1],
        lambda a: np.concatenate([a, a]),
        lambda a: a[np.newaxis],
        lambda a: a.astype(np.float64),
        lambda a: a.astype(np.int32),
    ],
    ids=["none", "transposed", "short", "long", "deep", "float64", "int32"],
)
def test_a_parameter_that_does_not_fit(folder, name, change):
    changed_arrays(folder, name, change)
    assert f"parameter {name} is " in refusal(folder)


def lexicon_with(change):
    def damage(folder):
        values = json.loads(path_of(folder, "lexicon").read_bytes())
        replace(folder, "lexicon", json.dumps(change(values)).encode())

    return damage


def content_of(kind, content):
    return lambda folder: replace(folder, kind, content)


def manifest_with(change):
    return lambda folder: change_manifest(folder, change)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lexicon_with(lambda v: {**v, "word": [*v["word"], "more"]}), "parameter L_word"),
        (lexicon_with(lambda v: {**v, "shape": []}), "parameter L_shape"),
        (lexicon_with(lambda v: {"word": v["word"]}), "features"),
        (lexicon_with(lambda v: {}), "features"),
        (lexicon_with(lambda v: {**v, "prefix9": ["a"]}), "features"),
        (lexicon_with(lambda v: {**v, "x": ["a"]}), "features"),
        (lexicon_with(lambda v: {**v, "": ["a"]}), "features"),
        (lexicon_with(lambda v: {**v, "shape": [1]}), "str"),
        (lexicon_with(list), "object"),
        (content_of("lexicon", b"\xff"), "damaged"),
        (content_of("lexicon", b'{"word": ["\xff"]}'), "damaged"),
        (content_of("training", b"{}"), "data"),
        (content_of("training", b""), "damaged"),
        (content_of("parameters", b""), "damaged"),
        (content_of("parameters", bytes(8)), "damaged"),
        (content_of("parameters", b"\xff" * 16), "damaged"),
        (manifest_with(lambda m: m["labels"].append("S-NEW")), "parameter U"),
        (manifest_with(lambda m: m["config"].update(hidden=[17])), "parameter W1"),
        (manifest_with(lambda m: m["config"].update(hidden=[16, 16])), "parameter"),
        (manifest_with(lambda m: m["config"].update(window=7)), "parameter W1"),
        (manifest_with(lambda m: m["config"].update(window=4)), "odd"),
        (manifest_with(lambda m: m["config"].update(features=["shape"])), "features"),
        (manifest_with(lambda m: m["config"].update(activation="step")), "step"),
        (manifest_with(lambda m: m["config"].update(colour="red")), "colour"),
        (manifest_with(lambda m: m.update(scheme="iob9")), "iob9"),
        (manifest_with(lambda m: m.update(format="1")), "format"),
        (manifest_with(lambda m: m.update(files={})), "expected the files"),
        (manifest_with(lambda m: m["files"].pop("training")), "expected the files"),
        (manifest_with(lambda m: m["files"].update(more=m["files"]["training"])), "expected the"),
        (manifest_with(lambda m: m.pop("labels")), "labels"),
    ],
)
def test_files_that_do_not_fit_each_other(folder, damage, message):
    damage(folder)
    assert message in refusal(folder)


@pytest.mark.parametrize(
    "name",
    [
        "../lexicon.json",
        "sub/lexicon.json",
        "/etc/hostname",
        "..",
        ".",
        "",
        "x" * 300,
        "a\0b",
    ],
)
def test_a_file_name_that_is_none_of_the_folder(folder, name):
    shutil.copy(path_of(folder, "lexicon"), folder.parent / "lexicon.json")
    (folder / "sub").mkdir()
    shutil.copy(path_of(folder, "lexicon"), folder / "sub")
    change_manifest(folder, lambda facts: facts["files"]["lexicon"].update(name=name))
    message = refusal(folder)
    if "/" in name:
        assert f"{name!r} leaves the folder" in message


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 10_000, b"null", b"\xff\xfe{}", b"{}"])
def test_a_manifest_that_is_none(folder, content):
    (folder / MANIFEST).write_bytes(content)
    assert f"{folder / MANIFEST}: damaged model" in refusal(folder)


def test_a_folder_without_a_model(tmp_path):
    for folder in (tmp_path, tmp_path / "none", tmp_path / "none" / "below"):
        assert "expected a folder that 'windowclf train --output' wrote" in refusal(folder)


def test_a_wrong_checksum_comes_before_what_the_content_makes_of_it(folder):
    content = bytearray(path_of(folder, "lexicon").read_bytes())
    content[0] ^= 1  # no JSON any more, which reading detects at once
    path_of(folder, "lexicon").write_bytes(content)
    assert "is not the one that model.json names" in refusal(folder)


def test_checksums_without_threads(folder, monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", start)
    load_model(folder)
    path_of(folder, "training").write_bytes(b" " * path_of(folder, "training").stat().st_size)
    assert "is not the one that model.json names" in refusal(folder)


def test_a_file_longer_than_a_step_of_the_checksum(folder, monkeypatch):
    monkeypatch.setattr("windowclf.model.manifest._STEP", 4096)
    load_model(folder)
