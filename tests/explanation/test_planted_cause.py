"""A word that alone decides is found: by its share, and by the change that undoes it."""

import numpy as np
import pytest

from explanation.kinds import of_random_weights
from networks import make_vectors
from tiny import SETTINGS, parse
from windowclf import WindowClassifier
from windowclf.explanation import substitution

NAMES = ["Kalo", "Mine", "Ruso", "Tiva", "Sone", "Varu"]
CAUSES = {"near": "LOC", "with": "PER"}
OTHER = {"LOC": "with", "PER": "near"}


def planted(cause, label, name):
    return f"they were {cause} [{label} {name}] again ."


@pytest.fixture(scope="module", params=["word", "sentence"])
def classifier(request):
    """Every name occurs with both causes, so that nothing else shows its type."""
    text = [parse(planted(*pair, name)) for pair in CAUSES.items() for name in NAMES]
    words = ["they", "were", *CAUSES, "again", ".", *map(str.lower, NAMES)]
    settings = SETTINGS | {
        "level": request.param, "window": 5, "epochs": 30, "hidden": 12, "features": ("shape",),
        "sentence_mean": False, "document_context": False, "case_augmentation": 0.0,
    }  # fmt: skip
    return WindowClassifier(**settings).fit(text, vectors=make_vectors(words))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("cause", "label"), CAUSES.items())
def test_a_learned_cause_is_found(classifier, cause, label, name, monkeypatch):
    monkeypatch.setattr(substitution, "_LISTED", 1000)
    monkeypatch.setattr(substitution, "_IN_ONE_PLACE", 1000)
    found = classifier.explain_tokens(["they", "were", cause, name, "again", "."], 3)
    assert (found.tag, found.runner_up) == (
        f"S-{label}",
        f"S-{'PER' if label == 'LOC' else 'LOC'}",
    )
    first, second = found.tags.index(found.tag), found.tags.index(found.runner_up)
    lead = [share.scores[first] - share.scores[second] for share in found.shares]
    largest = int(np.argmax(lead))
    share = found.shares[largest]
    assert (share.word, share.offset) == (cause, -1)
    assert lead[largest] > 3 * max(abs(x) for i, x in enumerate(lead) if i != largest)
    parts = {f.feature: f.scores[first] - f.scores[second] for f in share.features}
    assert parts["word"] > 0.9 * lead[largest]
    # The other label comes with the other cause, and with a word in no other place.
    turned = [change for change in found.changes if change.tag == found.runner_up]
    assert OTHER[label] in [change.other for change in turned]
    assert {change.word for change in turned} == {cause}
    assert largest in [c.share for c in found.units[0].causes]


def test_a_cause_made_by_hand_is_all_there_is():
    """One unit sees one number of one slot; ``z`` is that number, and nothing else has a share."""
    classifier = of_random_weights(window=3, hidden=1, features=(), activation="tanh")
    model = classifier.model
    for name, parameter in model.parameters().items():
        parameter.value[:] = 0
        if name == "L_word":
            row = 2 + model.lexicon.values["word"].index("saw")
            parameter.value[row, 0] = 0.5
    model.network.weights[0].value[0, 0, 0] = 1  # of the word before
    model.network.weights[1].value[0, 3] = 2  # two for the fourth tag
    found = classifier.explain_tokens(["Tom", "saw", "Ada"], 2)
    tag, runner_up = model.labels[3], model.labels[0]
    assert (found.tag, found.runner_up) == (tag, runner_up)
    assert found.margin == pytest.approx(2 * np.tanh(0.5), rel=1e-3)
    for share in found.shares:
        slope = 2 * (1 - np.tanh(0.5) ** 2)
        expected = slope * 0.5 if share.offset == -1 else 0
        assert share.scores[3] == pytest.approx(expected)
    [unit] = found.units
    assert unit.activation == pytest.approx(np.tanh(0.5))
    assert unit.margin == pytest.approx(2 * np.tanh(0.5))
    assert (unit.causes[0].share, unit.causes[0].z) == (0, 0.5)
    # All other words are equally far away, and all of them undo it; only in this place.
    assert len(found.changes) == 2
    assert {(change.word, change.tag) for change in found.changes} == {("saw", "O")}
    assert all(change.distance == 0.5 for change in found.changes)
