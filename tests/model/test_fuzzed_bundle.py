"""Models from strangers: files with other values or other bits, and checksums that fit them."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_folders import change_manifest, path_of, replace
from windowclf.classifier import WindowClassifier
from windowclf.errors import ModelError
from windowclf.model.bundle import load_model
from windowclf.model.manifest import MANIFEST

SENTENCE = ["Ada", "lives", "in", "New", "York", ",", "Ünique", "42", "of", "Oslo", "."]

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | st.text(max_size=5)
leaves |= st.sampled_from([10**9, 2**31, 2**63, 2**64, 10**30, -1, 0, 1e308, 1e-320, "O", "B-"])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def places(facts, path=()):
    """List where in nested lists and dictionaries there is something."""
    yield path
    if isinstance(facts, dict | list):
        for key in facts if isinstance(facts, dict) else range(len(facts)):
            yield from places(facts[key], (*path, key))


def put(facts, path, value):
    if not path:
        return value
    *way, last = path
    inner = facts
    for key in way:
        inner = inner[key]
    inner[last] = value
    return facts


def tag_or_refuse(folder):
    """Load a model and tag a sentence."""
    message = ""
    try:
        classifier = WindowClassifier.load(folder)
        (tags,) = classifier.predict([SENTENCE])
        assert len(tags) == len(SENTENCE)
        assert all(0 <= entity.score <= 1 for entity in classifier.tag(" ".join(SENTENCE)))
    except ModelError as error:
        message = str(error)
    assert message.isprintable()


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "compressed"])
def kept(request, classifier, tmp_path_factory):
    """A model, whose files are put back after each change."""
    folder = tmp_path_factory.mktemp("kept")
    classifier.save(folder, compress=request.param)
    return folder


class Restored:
    """Puts the files of a folder back."""

    def __init__(self, folder):
        self.folder = folder
        self.before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def __enter__(self):
        return self.before

    def __exit__(self, *_):
        for name, content in self.before.items():
            (self.folder / name).write_bytes(content)


def json_of(folder, kind):
    if kind == "lexicon":  # as JSON it is read, too, whether the parameters are rounded or not
        return load_model(folder).lexicon.values
    return json.loads(path_of(folder, kind).read_bytes())


@pytest.mark.parametrize("kind", ["manifest", "lexicon", "training"])
@given(st.data())
def test_json_with_other_values_tags_or_is_refused(kept, kind, data):
    with Restored(kept):
        facts = json_of(kept, kind)
        for _ in range(data.draw(st.integers(1, 2))):
            path = data.draw(st.sampled_from(sorted(places(facts), key=repr)))
            facts = put(facts, path, data.draw(values))
            if not path:
                break
        if kind == "manifest":
            (kept / MANIFEST).write_text(json.dumps(facts))
            if isinstance(facts, dict):
                with suppress(ValueError, TypeError, AttributeError, KeyError):
                    change_manifest(kept, lambda _: None)
        else:
            replace(kept, kind, json.dumps(facts).encode())
        tag_or_refuse(kept)


@pytest.mark.parametrize("kind", ["parameters", "lexicon", "training"])
@given(st.data())
def test_flipped_bits_with_right_checksums_tag_or_are_refused(kept, kind, data):
    with Restored(kept):
        content = bytearray(path_of(kept, kind).read_bytes())
        header = 8 + int.from_bytes(content[:8], "little")
        for _ in range(data.draw(st.integers(1, 8))):
            last = min(header, len(content)) - 1 if data.draw(st.booleans()) else len(content) - 1
            content[data.draw(st.integers(0, last))] ^= 1 << data.draw(st.integers(0, 7))
        replace(kept, kind, bytes(content))
        tag_or_refuse(kept)
