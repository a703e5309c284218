"""What tests do to a model folder, and how they compare what comes out of it."""

import hashlib
import json

import msgspec
import numpy as np
import pytest

import tiny
from windowclf.errors import ModelError
from windowclf.model.bundle import load_model
from windowclf.model.manifest import MANIFEST, digest

KINDS = ("parameters", "lexicon", "training")


def manifest(folder):
    return json.loads((folder / MANIFEST).read_bytes())


def path_of(folder, kind):
    return folder / (MANIFEST if kind == "manifest" else manifest(folder)["files"][kind]["name"])


def change_manifest(folder, change):
    """Change the manifest, and its checksum so that it fits."""
    facts = manifest(folder)
    change(facts)
    facts["sha256"] = digest(facts | {"sha256": ""})
    (folder / MANIFEST).write_text(json.dumps(facts))


def replace(folder, kind, content):
    """Change a file, and the manifest so that it is the one named there."""
    path_of(folder, kind).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    change_manifest(
        folder, lambda facts: facts["files"][kind].update(size=len(content), sha256=sha256)
    )


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refusal(folder):
    """Return the one line with which loading is refused."""
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert str(folder) in message
    return message


def assert_same(a, b):
    given, got = (
        {**classifier.model.network.parameters(), **classifier.model.objective.parameters()}
        for classifier in (a, b)
    )
    assert list(given) == list(got)
    for name, parameter in given.items():
        assert parameter.value.dtype == got[name].value.dtype == np.float32
        assert parameter.value.shape == got[name].value.shape
        assert parameter.value.tobytes() == got[name].value.tobytes()
    for part in ("config", "labels", "scheme", "record"):
        assert getattr(a.model, part) == getattr(b.model, part)
    assert a.model.lexicon.values == b.model.lexicon.values
    assert a.model.lexicon.cased == b.model.lexicon.cased
    texts = [*map(tiny.unmarked, tiny.MARKED), "Something else, 42 of New York's."]
    for one, other in zip(a.pipe(texts), b.pipe(texts), strict=True):
        # The last bit of a score depends on which words were projected along with these.
        assert other.entities == [
            msgspec.structs.replace(e, score=pytest.approx(e.score, rel=1e-5)) for e in one.entities
        ]
