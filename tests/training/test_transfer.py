"""Trainings that begin with another model."""

import numpy as np
import pytest

from networks import DEV, SMALL, TRAIN, make_vectors
from windowclf import ModelError, UsageError, WindowClassifier
from windowclf.training.transfer import same_label, shared_tags

VECTORS = make_vectors({token.lower(): None for s in TRAIN for token in s.tokens})
NEW = [
    (["Ibuprofen", "helps", "Maria", "in", "Oslo"], ["B-DRUG", "O", "B-person", "O", "B-LOC"]),
    (["They", "gave", "Aspirin", "to", "Peter"], ["O", "O", "B-DRUG", "O", "B-person"]),
]


@pytest.fixture(scope="module")
def base():
    """A small model with the labels of the usual tiny corpus."""
    settings = {**SMALL, "level": "sentence"}
    return WindowClassifier(**settings).fit(TRAIN, DEV, vectors=VECTORS, base_model=None)


def begun(base, **options):
    """A classifier that was trained from a model with a rate too small to move a parameter."""
    settings = {"epochs": 1, "rate": 1e-30, "folds": 0} | options.pop("settings", {})
    given = {"vectors": VECTORS, "base_model": base} | options
    return WindowClassifier(**settings).fit(NEW, **given)


def test_the_network_begins_with_that_of_the_model(base):
    own, source = begun(base).model, base.model
    for name, table in source.network.tables.items():
        np.testing.assert_array_equal(
            own.network.tables[name].value[: len(table.value)], table.value
        )
        assert own.lexicon.row_values(name)[
            : len(source.lexicon.row_values(name))
        ] == source.lexicon.row_values(name)
    for name in ("W1", "b1"):
        np.testing.assert_array_equal(own.parameters()[name].value, source.parameters()[name].value)
    assert own.config.hidden == source.config.hidden


def test_labels_of_both_keep_their_scores_and_others_begin_as_any_name(base):
    own, source = begun(base).model, base.model
    U, U_base = own.parameters()["U"].value, source.parameters()["U"].value
    for tag in ("O", "B-LOC", "S-LOC"):
        place = source.labels.index(tag)
        np.testing.assert_array_equal(U[:, own.labels.index(tag)], U_base[:, place])
    # "person" is what the model calls PER.
    np.testing.assert_array_equal(
        U[:, own.labels.index("S-person")], U_base[:, source.labels.index("S-PER")]
    )
    single = [i for i, tag in enumerate(source.labels) if tag.startswith("S-")]
    np.testing.assert_allclose(
        U[:, own.labels.index("S-DRUG")], U_base[:, single].mean(axis=1), rtol=1e-6
    )
    A, A_base = own.parameters()["A"].value, source.parameters()["A"].value
    at, of = own.labels.index("S-LOC"), source.labels.index("S-LOC")
    assert A[0, at] == A_base[0, of]


def test_a_word_that_the_model_lacks_has_its_vector(base):
    vectors = make_vectors({**dict.fromkeys(VECTORS.index_to_key), "ibuprofen": None})
    rows = begun(base, vectors=vectors).model.lexicon.row_values("word")
    assert "ibuprofen" in rows
    assert "ibuprofen" not in base.model.lexicon.row_values("word")


def test_a_feature_that_the_model_lacks_begins_anew(base):
    own = begun(base, gazetteers={"DRUG": ["Aspirin", "Ibuprofen"]}).model
    assert "gazetteer-DRUG" in own.network.tables
    width = base.model.parameters()["W1"].shape[0]
    assert own.parameters()["W1"].shape[0] > width
    np.testing.assert_array_equal(
        own.parameters()["W1"].value[:width], base.model.parameters()["W1"].value
    )


def test_the_record_and_the_same_seed(base):
    first, second = (begun(base, settings={"rate": 0.01, "epochs": 3}) for _ in range(2))
    for name, parameter in first.model.parameters().items():
        np.testing.assert_array_equal(parameter.value, second.model.parameters()[name].value)
    assert first.model.record.base == "a classifier"
    assert "Began with" in first.model.record.sources()


def test_a_folder_serves(base, tmp_path):
    base.save(tmp_path / "base")
    found = begun(tmp_path / "base")
    assert found.model.record.base == str(tmp_path / "base")


def test_teachers_begin_with_the_model_as_well(base):
    taught = begun(base, settings={"teachers": 1})
    np.testing.assert_array_equal(
        taught.model.parameters()["W1"].value, base.model.parameters()["W1"].value
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": {"window": 7}}, "`window=7`: the base model has"),
        ({"settings": {"hidden": 5}}, "`hidden=5`"),
        ({"base_model": 3}, "base_model: expected a model folder"),
        ({"vectors": make_vectors({"x": None})}, "`vectors`: the base model was trained"),
    ],
)
def test_what_does_not_go_with_the_model_is_refused(base, options, message):
    with pytest.raises(UsageError, match=message):
        begun(base, **options)


def test_tags_of_another_kind_are_refused(base):
    with pytest.raises(ModelError, match="labels of spans, the training text a label for each"):
        WindowClassifier().fit(
            [(["a", "b"], ["X", "Y"])] * 3, base_model=base, vectors=VECTORS, scheme="plain"
        )


def test_a_model_that_ranks_is_refused():
    settings = {**SMALL, "loss": "ranking", "positive": "LOC", "level": "word"}
    ranking = WindowClassifier(**settings).fit(TRAIN, DEV, vectors=VECTORS, base_model=None)
    with pytest.raises(ModelError, match="ranks windows"):
        begun(ranking)


@pytest.mark.parametrize(
    ("label", "name"),
    [("person", "PER"), ("Organisation", "ORG"), ("geo-loc", "LOC"), ("DRUG", "DRUG")],
)
def test_names_of_the_same_label(label, name):
    assert same_label(label) == name


def test_clusters_of_the_same_name_are_refused():
    settings = {**SMALL, "level": "sentence"}
    clusters = {"brown": {"Oslo": "01", "Ada": "10"}}
    given = {"vectors": VECTORS, "base_model": None, "clusters": clusters}
    clustered = WindowClassifier(**settings).fit(TRAIN, DEV, **given)
    with pytest.raises(UsageError, match="`clusters`: brown: the base model has clusters"):
        begun(clustered, clusters={"brown": {"Oslo": "01"}})
    other = begun(clustered, clusters={"other": {"Oslo": "01"}})
    assert {"brown", "other"} == {*other.model.lexicon.clusters}


def test_a_label_for_a_part_of_another_one_does_not_take_its_place(base):
    """Who labels countries only, and keeps the labels of a model, keeps its places."""
    text = [(["Ada", "saw", "Norway"], ["O", "O", "B-country"])] * 3
    given = {"vectors": VECTORS, "base_model": base, "keep_labels": True}
    found = WindowClassifier(epochs=1, folds=0).fit(text, **given)
    assert found.labels == ["LOC", "PER", "country"]
    assert found.model.record.kept.labels == ["LOC", "PER"]
    of_both, _ = shared_tags(found.model, base.model)
    assert "S-country" not in [found.model.labels[place] for place in of_both]


def test_a_setting_that_repeats_what_the_model_has_is_no_other_one(base):
    (units,) = base.model.config.hidden
    assert begun(base, settings={"hidden": units}).model.config.hidden == (units,)
