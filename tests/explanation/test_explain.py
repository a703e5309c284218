"""Whole explanations, for every kind of model, compared with the model itself."""

from itertools import chain

import msgspec
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import windowclf
from explanation.kinds import DOCUMENT, KINDS, best_tags, of_random_weights, with_gazetteers
from networks import rounding
from nn.brute_force import all_scores
from windowclf import ModelError, UsageError, WindowClassifier
from windowclf.explanation import explain as module
from windowclf.explanation.explain import explain
from windowclf.explanation.result import Explanation
from windowclf.model.bundle import save_model
from windowclf.tagging import tagger as tagging

WORDS = [*chain.from_iterable(DOCUMENT)]
PLACES = [(i, t) for i, sentence in enumerate(DOCUMENT) for t in range(len(sentence))]


@pytest.fixture(scope="module", params=KINDS)
def classifier(request):
    return of_random_weights(**KINDS[request.param])


def every(classifier, **settings):
    for number in range(len(WORDS)):
        yield number, explain(classifier.tagger, DOCUMENT, number, **{"candidates": 0, **settings})


@pytest.fixture(scope="module")
def explained(classifier):
    """Each token of the document by its number, and what is said of it."""
    return [*every(classifier)]


def scores_of(classifier):
    """Scores of all tokens; a model that ranks gives O zero."""
    tagger = classifier.tagger
    s = np.concatenate([tagger.score(f) for f in tagger.lookup(DOCUMENT, [0] * len(DOCUMENT))])
    return s if s.shape[1] > 1 else np.concatenate([0 * s, s], axis=1)


def test_the_decision_is_that_of_tagging(classifier, explained):
    s = scores_of(classifier)
    tags = best_tags(classifier, DOCUMENT)
    labels = classifier.model.labels
    for number, found in explained:
        sentence, token = PLACES[number]
        assert found.tokens == DOCUMENT[sentence]
        assert (found.token, found.word) == (token, WORDS[number])
        assert found.tags == labels
        assert found.tag == tags[sentence][token] != found.runner_up
        np.testing.assert_allclose(found.scores, s[number], rtol=1e-6)
        assert found.changes == []
        assert found.searched == 0


def test_runner_up_and_margin_are_those_of_every_path():
    classifier = of_random_weights(level="sentence", constrained=True, document_context=True)
    model = classifier.model
    transitions = model.objective.decoding_transitions()
    for sentence in (["Ada", "saw", "Oslo"], ["Tom"], ["Ada", "met", "Ada"]):
        for token in range(len(sentence)):
            found = classifier.explain_tokens(sentence, token, candidates=0)
            s = classifier.tagger.score(next(classifier.tagger.lookup([sentence], [0])))
            best = [-np.inf] * len(model.labels)
            for path, score in all_scores(s, transitions).items():
                best[path[token]] = max(best[path[token]], score)
            first, second = sorted(range(len(best)), key=lambda k: -best[k])[:2]
            assert (found.tag, found.runner_up) == (model.labels[first], model.labels[second])
            assert found.margin == pytest.approx(best[first] - best[second], abs=1e-5)


def test_at_word_level_the_margin_is_the_difference_of_scores():
    classifier = of_random_weights()
    for _, found in every(classifier):
        first, second = sorted(found.scores)[:-3:-1]
        assert found.scores[found.tags.index(found.runner_up)] == second
        assert found.margin == pytest.approx(first - second)


def test_one_score_is_that_of_the_label():
    classifier = of_random_weights(**KINDS["deep ranking"])
    seen = set()
    for _, found in every(classifier):
        zero, s = found.scores
        assert zero == 0
        assert found.tags == ["O", "I-PER"]
        assert found.tag == ("I-PER" if s > 0 else "O")
        assert found.margin == abs(s)
        assert found.probabilities[1] == pytest.approx(1 / (1 + np.exp(-s)), rel=1e-5, abs=1e-6)
        assert all(share.scores[0] == 0 for share in found.shares)
        seen.add(found.tag)
    assert len(seen) == 2


def test_probabilities_are_those_of_the_model(classifier, explained):
    by_model = classifier.predict_proba(DOCUMENT, documents=[0] * len(DOCUMENT))
    for number, found in explained:
        sentence, token = PLACES[number]
        rows = by_model[sentence]
        assert sum(found.probabilities) == pytest.approx(1, rel=1e-5)
        if classifier.model.config.loss == "ranking":  # IOB2 reads these from the word before
            assert rows[token][0] == pytest.approx(found.probabilities[0], rel=1e-5)
            continue
        read = dict.fromkeys(classifier.tags, 0.0)
        for tag, p in zip(found.tags, found.probabilities, strict=True):
            read[{"S-": "B-", "E-": "I-"}.get(tag[:2], tag[:2]) + tag[2:]] += p
        for tag, p in read.items():
            column = classifier.tags.index(tag)
            assert rows[token][column] == pytest.approx(p, rel=1e-4, abs=1e-7)


def test_shares_and_rest_add_up_to_the_scores(explained):
    for _, found in explained:
        total = np.sum([share.scores for share in found.shares], axis=0) + found.rest
        np.testing.assert_allclose(total, found.scores, atol=1e-8)
        for share in found.shares:
            assert bool(share.features) == (share.source in ("window", "sentence"))
            if share.features:
                of_features = np.sum([f.scores for f in share.features], axis=0)
                np.testing.assert_allclose(of_features, share.scores, atol=1e-8)
                names = [f.feature for f in share.features]
                assert names == ["word", "shape", "written", "suffix2"]


def test_with_relu_the_rest_is_the_bias_of_the_scores():
    classifier = of_random_weights(activation="relu", sentence_mean=True, document_context=True)
    network = classifier.model.network
    for _, found in every(classifier):
        np.testing.assert_allclose(found.rest, network.biases[-1].value, atol=rounding(network))


def test_shares_name_their_words(classifier, explained):
    model = classifier.model
    side = model.config.window // 2
    for number, found in explained:
        _, token = PLACES[number]
        words = [*([""] * side), *found.tokens, *([""] * side)]
        window = [share for share in found.shares if share.source == "window"]
        assert [share.offset for share in window] == list(range(-side, side + 1))
        assert [share.word for share in window] == words[token : token + 2 * side + 1]
        for share in window:
            assert share.token == (token + share.offset if share.word else None)
        of_mean = [share.word for share in found.shares if share.source == "sentence"]
        assert of_mean == (found.tokens if model.config.sentence_mean else [])
        again = (
            found.word != found.word.lower()
            and sum(word.lower() == found.word.lower() != word for word in WORDS) > 1
        )
        elsewhere = [share for share in found.shares if share.source == "elsewhere"]
        assert len(elsewhere) == (again and model.config.document_context)
        order = ["window", "sentence", "elsewhere", "bias"]
        sources = [share.source for share in found.shares]
        assert sources == sorted(sources, key=order.index)
        assert sources.count("bias") == 1


def test_features_show_their_values(classifier):
    found = explain(classifier.tagger, [["Grace", "met", "Zoe77"]], 1, candidates=0)
    shown = [
        [(f.value, f.known) for f in share.features]
        for share in found.shares
        if share.source == "window" and share.word
    ]
    plain = "N" in found.tags  # its text has no Grace
    assert shown == [
        [("Grace" if plain else "grace", not plain), ("Xx", True), ("Grace", not plain),
         ("ce", not plain)],
        [("met", True), ("x", True), ("met", True), ("et", True)],
        [("Zoe77", False), ("Xxd", False), ("Zoe00", False), ("00", False)],
    ]  # fmt: skip
    past = explain(classifier.tagger, [["Oslo"]], 0, candidates=0).shares[0]
    assert (past.word, past.token, past.offset) == (
        "",
        None,
        -(classifier.model.config.window // 2),
    )
    assert {(f.value, f.known) for f in past.features} == {("", True)}


def test_gazetteers_show_the_place_in_a_name():
    found = with_gazetteers().explain_tokens(["Tom", "Ada", "Oslo"], 1, candidates=0)
    marks = [
        [f.value for f in share.features if f.known and f.feature.startswith("gazetteer-")]
        for share in found.shares
        if share.source == "window"
    ]
    assert marks == [["O", "S"], ["O", "B"], ["S", "E"]]


def test_units_tell_the_lead_of_the_tag(classifier, monkeypatch):
    monkeypatch.setattr(module, "UNITS", 1000)
    monkeypatch.setattr(module, "CAUSES", 1000)
    network = classifier.model.network
    b = network.biases[-1].value
    b = b if len(b) > 1 else np.concatenate([[0], b])
    f, _ = network.activation
    for _, found in every(classifier):
        first, second = found.tags.index(found.tag), found.tags.index(found.runner_up)
        lead = found.scores[first] - found.scores[second]
        total = sum(unit.margin for unit in found.units) + b[first] - b[second]
        assert total == pytest.approx(lead, abs=2 * rounding(network) + 1e-4)
        sizes = [abs(unit.margin) for unit in found.units]
        assert sizes == sorted(sizes, reverse=True)
        for unit in found.units:
            assert bool(unit.causes) == (len(network.weights) == 2)
            if unit.causes:
                assert {cause.share for cause in unit.causes} == {*range(len(found.shares))}
                z = sum(cause.z for cause in unit.causes)
                assert f(np.array([z]))[0] == pytest.approx(unit.activation, abs=1e-9)
                sizes = [abs(cause.z) for cause in unit.causes]
                assert sizes == sorted(sizes, reverse=True)


def test_of_units_and_causes_the_largest_are_listed(classifier):
    found = explain(classifier.tagger, DOCUMENT, 0, candidates=0)
    hidden = classifier.model.config.hidden
    assert 0 < len(found.units) <= 10
    assert len(found.units) <= hidden[-1]
    assert all(len(unit.causes) <= 5 for unit in found.units)


def test_causes_name_the_share_that_they_are_of(monkeypatch):
    monkeypatch.setattr(module, "CAUSES", 1000)
    classifier = of_random_weights(sentence_mean=True, document_context=True)
    network = classifier.model.network
    found = explain(classifier.tagger, DOCUMENT, 0, candidates=0)
    bias = len(found.shares) - 1
    elsewhere = [share.source for share in found.shares].index("elsewhere")
    for parameter, share in ((network.biases[0], bias), (network.document_weight, elsewhere)):
        for unit in found.units:
            [z] = [cause.z for cause in unit.causes if cause.share == share]
            if share == bias:
                assert z == pytest.approx(parameter.value[unit.unit])
            else:
                assert z


def test_a_compressed_model_is_explained(tmp_path):
    of_floats = of_random_weights(sentence_mean=True, document_context=True, level="sentence")
    save_model(of_floats.model, tmp_path / "model", compress=True)
    rounded = windowclf.load(tmp_path / "model")
    pairs = zip(every(of_floats), every(rounded), strict=True)
    for (_, exact), (_, found) in pairs:
        for one, other in zip(exact.shares, found.shares, strict=True):
            np.testing.assert_allclose(one.scores, other.scores, atol=0.3)
        total = np.sum([share.scores for share in found.shares], axis=0) + found.rest
        np.testing.assert_allclose(total, found.scores, atol=1e-8)


def test_a_text_is_one_document():
    classifier = of_random_weights(document_context=True, level="sentence")
    text = "Ada met Tom in Oslo. They saw Ada. Then Oslo saw Tom."
    tags = [tag for tags in best_tags(classifier, _split(text)[0]) for tag in tags]
    for token, tag in enumerate(tags):
        assert classifier.explain(text, token, candidates=0).tag == tag
    found = classifier.explain(text, 8)
    assert (found.word, found.tokens) == ("Ada", ["They", "saw", "Ada", "."])
    assert [share.source for share in found.shares].count("elsewhere") == 1
    alone = classifier.explain_tokens(found.tokens, 2)
    assert "elsewhere" not in [share.source for share in alone.shares]
    assert alone.scores != found.scores


def _split(text):
    from windowclf.text.tokenizer import split_words

    sentences = split_words(text)
    return sentences, [0] * len(sentences)


def test_of_a_long_document_the_part_that_is_tagged_together_counts(monkeypatch):
    monkeypatch.setattr(tagging, "CHUNK_TOKENS", 10)
    classifier = of_random_weights(document_context=True, sentence_mean=True, level="sentence")
    s = scores_of(classifier)
    for number, found in every(classifier, candidates=2):
        np.testing.assert_allclose(found.scores, s[number], rtol=1e-6)
        # The account is exact of the same part: with relu it would leave the bias alone.
    classifier = of_random_weights(document_context=True, activation="relu")
    network = classifier.model.network
    for _, found in every(classifier):
        np.testing.assert_allclose(found.rest, network.biases[-1].value, atol=rounding(network))


def test_words_are_seen_with_the_same_bits_as_in_tagging(monkeypatch):
    """With more threads of linear algebra the last bits of their rows would be others."""
    threads = []

    def look(*_, **__):
        pools = [info for info in threadpool_info() if info["user_api"] == "blas"]
        threads.extend(info["num_threads"] for info in pools)
        return [], 0

    monkeypatch.setattr(module, "smallest_changes", look)
    with threadpool_limits(2, user_api="blas"):
        of_random_weights().explain("Ada", 0)
    assert set(threads) == {1}


@pytest.mark.parametrize("token", [-1, 4, 10**30, "1", 1.0, None], ids=repr)
def test_a_token_that_is_not_there_is_refused(token):
    with pytest.raises(UsageError, match=r"the text has 4 tokens: expected 0 to 3$"):
        of_random_weights().explain("Paris is in France", token)


def test_what_cannot_be_explained_is_refused():
    classifier = of_random_weights()
    for nothing in (classifier.explain, classifier.explain_tokens):
        with pytest.raises(UsageError, match=r"^token 0: the text has 0 tokens$"):
            nothing([] if nothing == classifier.explain_tokens else " ", 0)
    with pytest.raises(UsageError, match="not a text"):
        classifier.explain_tokens("Paris", 0)
    with pytest.raises(UsageError, match="candidates: expected at least 0, got -1"):
        classifier.explain("Paris", 0, candidates=-1)
    with pytest.raises(ModelError, match="is not trained"):
        WindowClassifier().explain("Paris", 0)


def test_numpy_counts_as_well(classifier):
    found = explain(classifier.tagger, DOCUMENT, np.int64(3), candidates=0)
    assert found == explain(classifier.tagger, DOCUMENT, 3, candidates=0)


def test_it_is_plain_values(classifier):
    found = explain(classifier.tagger, DOCUMENT, 0, candidates=50)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Explanation) == found
