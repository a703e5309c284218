"""Models from strangers: files that do not fit, with checksums that do."""

import numpy as np
import pytest

import windowclf
from attacks import lexicon_of, with_arrays, with_lexicon, with_manifest
from model_folders import change_manifest, refusal, replace
from windowclf.errors import ModelError
from windowclf.model.bundle import load_model, save_model
from windowclf.model.manifest import MANIFEST


def header_of(length, text=b""):
    return lambda folder: replace(folder, "parameters", length.to_bytes(8, "little") + text)


def change_label(i, label):
    return with_manifest(lambda facts: facts["labels"].__setitem__(i, label))


def ranked(labels):
    ranking = {"loss": "ranking", "positive": "PER", "level": "word"}
    ranking |= {"sentence_mean": False, "repeats": False}  # as the file has it

    def change(facts):
        facts["config"].update(ranking)
        facts.update(labels=labels, scheme="iob1")

    return with_manifest(change)


def reordered(values):
    return {"gazetteer-LOC": [], **values}


def nested(key):
    return b'{"' + key + b'": ' + b"[" * 100_000


ATTACKS = {
    "not a label": (change_label(1, "Q-LOC"), "'Q-LOC' belongs to no known scheme"),
    "empty label": (change_label(1, ""), "empty label"),
    "label twice": (change_label(1, "O"), "distinct ones"),
    "null for a label": (change_label(1, None), "Expected `str`"),
    "number for a label": (change_label(1, 7), "Expected `str`"),
    "label of several lines": (change_label(1, "\n\x1b[2J"), "belongs to no known scheme"),
    "nothing outside": (change_label(0, "S-X"), "no O"),
    "no labels": (with_manifest(lambda m: m.update(labels=[])), "0 labels"),
    "another scheme": (with_manifest(lambda m: m.update(scheme="iob2")), "labels in iob2"),
    "ranking of many": (ranked(["O", "I-PER", "I-LOC"]), "labels other than O"),
    "ranking of one": (ranked(["O"]), "labels other than O"),
    "ranking of another": (ranked(["O", "I-LOC"]), "labels other than O"),
    "unknown field": (with_manifest(lambda m: m.update({"a\n\x1b[2J": 1})), "unknown field"),
    "unknown setting": (with_manifest(lambda m: m["config"].update({"\r": 1})), "unknown field"),
    "positive": (with_manifest(lambda m: m["config"].update(positive="\n")), "needs `loss="),
    "format 0": (with_manifest(lambda m: m.update(format=0)), "format 0"),
    "format -1": (with_manifest(lambda m: m.update(format=-1)), "format -1"),
    "negative size": (
        with_manifest(lambda m: m["files"]["lexicon"].update(size=-1)),
        "is not the one",
    ),
    "slope": (with_manifest(lambda m: m["calibration"].update(slope=1e301)), "slope"),
    "slope of zero": (with_manifest(lambda m: m["calibration"].update(slope=0)), "slope"),
    "intercept": (with_manifest(lambda m: m["calibration"].update(intercept=-1e301)), "intercept"),
    "gazetteer before the words": (with_lexicon(reordered), "features of its lexicon differ"),
    "value of null": (with_lexicon(lambda v: {**v, "shape": [None]}), "Expected `str`"),
    "name of a gazetteer": (with_lexicon(lambda v: {**v, "gazetteer-\n": []}), r"gazetteer-\n"),
    "long name of a gazetteer": (
        with_lexicon(lambda v: {**v, "gazetteer-" + "x" * 10**6: []}),
        "gazetteer-xxx",
    ),
    "nested lexicon": (lambda f: replace(f, "lexicon", nested(b"word")), "Expected `str`"),
    "nested lexicon, not UTF-8": (
        lambda f: replace(f, "lexicon", b'{"\xff": 1, "word": ' + b"[" * 100_000),
        "damaged",
    ),
    "half a surrogate pair, nested": (
        lambda f: replace(f, "lexicon", b'{"\xed\xa0\x80": ' + b"[" * 100_000),
        "nested too deeply",
    ),
    "nested record": (lambda f: replace(f, "training", nested(b"more")), "damaged"),
    "nested header": (
        lambda f: header_of(10**5, b'{"L": {"more": ' + b"[" * 99_985)(f),
        "nested too deeply",
    ),
    "nested manifest": (
        lambda f: (f / MANIFEST).write_bytes(b'{"format": 1, "more": ' + b"[" * 10**6),
        "damaged",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("attack", "message"), ATTACKS.values(), ids=ATTACKS.keys())
def test_what_does_not_fit_is_refused_in_a_line(folder, attack, message):
    attack(folder)
    found = refusal(folder)
    assert message in found
    assert found.isprintable()
    assert len(found) < 700


@pytest.mark.parametrize("name", ["W1", "b1", "U", "b_u", "W_s", "g", "A", "start", "end"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite(folder, name, value):
    def change(arrays):
        arrays[name] = arrays[name].copy()
        arrays[name].flat[-1] = value

    with_arrays(change)(folder)
    assert f"parameter {name} has a value that is not finite" in refusal(folder)


def test_a_word_with_a_vector_that_is_not_finite_is_refused_when_it_comes(folder):
    row = lexicon_of(folder)["word"].index("paris") + 2

    def change(arrays):
        arrays["L_word"] = arrays["L_word"].copy()
        arrays["L_word"][row, 3] = np.nan

    with_arrays(change)(folder)
    classifier = windowclf.load(folder)
    assert classifier.predict([["Oslo"]])
    with pytest.raises(ModelError, match="parameter L_word has a value that is not finite"):
        classifier.predict([["Oslo"], ["Paris"]])


@pytest.mark.parametrize(
    "name",
    ["../{victim}", "{folder}/../{victim}", "mine.json", "training-notes.md", "model.json", "a\nb"],
)
def test_saving_over_a_model_deletes_no_file_that_its_manifest_names(folder, classifier, name):
    victim = folder.parent / "victim.json"
    victim.touch()
    (folder / "mine.json").touch()
    (folder / "training-notes.md").touch()
    name = name.format(victim=victim.name, folder=folder)
    change_manifest(folder, lambda facts: facts["files"]["training"].update(name=name))
    assert "leaves the folder, or does not name a training file" in refusal(folder)
    classifier.save(folder)
    assert victim.exists()
    assert (folder / "mine.json").exists()
    assert (folder / "training-notes.md").exists()
    load_model(folder)


def test_a_folder_of_links_is_a_model(folder, tmp_path):
    """As the cache of the hub has it: what a link leads to is what its checksum says."""
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    for path in folder.iterdir():
        (snapshot / path.name).symlink_to(path)
    load_model(snapshot)


def test_a_lexicon_that_gzip_makes_tiny_is_not_gzipped(classifier, tmp_path):
    classifier.save(tmp_path / "first")
    model = load_model(tmp_path / "first")
    model.lexicon.values["word"][0] = "x" * 2**21
    save_model(model, tmp_path / "model", compress=True)
    assert load_model(tmp_path / "model").lexicon.values == model.lexicon.values
