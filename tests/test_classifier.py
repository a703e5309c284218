import subprocess
import sys
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
import windowclf
from windowclf import Corpus, WindowClassifier
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, ModelError, UsageError
from windowclf.tags.schemes import Scheme, spans
from windowclf.text.tokenizer import sentences as split_sentences

SPEECH = [
    (["dogs", "bark"], ["NOUN", "VERB"]),
    (["cats", "sleep", "."], ["NOUN", "VERB", "O"]),
    (["dogs", "sleep", "."], ["NOUN", "VERB", "O"]),
]


def fit(train, dev=(), **options):
    return WindowClassifier(**tiny.QUICK).fit(train, dev, vectors="random", **options)


def arrays(classifier):
    found = classifier.model.network.parameters()
    return {name: parameter.value.tobytes() for name, parameter in found.items()}


@pytest.fixture(scope="module")
def from_sentences():
    return fit(tiny.sentences(), tiny.sentences()[:9])


@pytest.fixture(scope="module")
def plain():
    settings = tiny.SETTINGS | {"epochs": 40}
    return WindowClassifier(**settings).fit(SPEECH * 4, vectors="random", scheme="plain")


@st.composite
def texts(draw):
    """Names, words that were never seen, and any characters between them."""
    parts = st.sampled_from([*tiny.MARKED[::5], "New York", "St. Ada's", "Zürich"]) | st.text()
    return tiny.unmarked(draw(st.lists(parts, max_size=6).map(" ".join)))


def test_pairs_and_corpora_give_the_model_of_their_sentences(from_sentences):
    pairs = [(s.tokens, s.tags) for s in tiny.sentences()]
    corpus = Corpus(
        "mine",
        {"train": tiny.sentences(), "dev": tiny.sentences()[:9], "test": []},
        Scheme.IOB2,
        Scheme.IOB1,
    )
    for other in (fit(iter(pairs), iter(pairs[:9])), fit(corpus)):
        assert arrays(other) == arrays(from_sentences)
        assert other.labels == ["LOC", "PER"]
    record = other.model.record
    assert record.data == "mine"
    assert record.vectors == "random"
    assert record.sentences == {"train": len(pairs), "dev": 9}
    assert record.tokens["train"] == sum(len(tokens) for tokens, _ in pairs)


@pytest.mark.parametrize("scheme", ["iob1", "iobes"])
@pytest.mark.parametrize("told", [True, False])
def test_every_scheme_gives_the_same_model(from_sentences, scheme, told):
    given = tiny.sentences(Scheme(scheme))
    other = fit(given, given[:9], scheme=scheme if told else "auto")
    assert arrays(other) == arrays(from_sentences)
    assert other.model.labels == from_sentences.model.labels


def test_a_corpus_without_dev_keeps_the_last_epoch():
    corpus = Corpus("mine", {"train": tiny.sentences()}, Scheme.IOB2, Scheme.IOB2)
    record = WindowClassifier(**tiny.QUICK | {"epochs": 2}).fit(corpus, vectors="random")
    assert record.model.record.best_epoch == 2


def test_dev_beside_a_corpus_is_used():
    corpus = Corpus("mine", {"train": tiny.sentences()}, Scheme.IOB2, Scheme.IOB2)
    assert fit(corpus, tiny.sentences()[:9]).model.record.sentences["dev"] == 9


def test_the_listener_hears_of_every_batch_and_epoch():
    heard = []
    fit(tiny.sentences(), listener=heard.append)
    batches = -(-len(tiny.MARKED) // tiny.QUICK["batch_size"])
    names = [type(event).__name__ for event in heard]
    assert names == [*["BatchDone"] * batches, "Epoch"]


def test_an_interrupt_keeps_the_best_epoch_so_far():
    def interrupt(event):
        if type(event).__name__ == "Epoch" and event.epoch == 2:
            raise KeyboardInterrupt

    classifier = WindowClassifier(**tiny.QUICK | {"epochs": 5})
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(tiny.sentences(), vectors="random", listener=interrupt)
    assert classifier.is_fitted
    assert len(classifier.model.record.epochs) == 2


def test_predict_gives_iob2(classifier):
    given = tiny.sentences()
    assert classifier.predict(s.tokens for s in given) == [s.tags for s in given]
    assert classifier.predict([]) == []
    assert classifier.predict([[], ["Oslo"], []]) == [[], ["B-LOC"], []]


def test_evaluate_reads_every_scheme(classifier):
    for scheme in ("iob1", "iob2", "iobes"):
        given = tiny.sentences(Scheme(scheme))
        for told in ("auto", scheme):
            scores = classifier.evaluate(given, scheme=told)
            assert scores.total.f1 == scores.accuracy == 1
            assert list(scores.types) == ["LOC", "PER"]
            assert scores.tokens == sum(map(len, given))
    wrong = classifier.evaluate([(["Oslo", "is"], ["O", "B-PER"])])
    assert (wrong.total.gold, wrong.total.predicted, wrong.total.correct) == (1, 1, 0)


def test_tag_gives_entities_with_offsets(classifier):
    text = "  Mary  Poppins lives in New York .\n Ada saw Tom ."
    found = classifier.tag(text)
    assert [(e.text, e.label, e.start, e.end) for e in found] == [
        ("Mary  Poppins", "PER", 2, 15),
        ("New York", "LOC", 25, 33),
        ("Ada", "PER", 37, 40),
        ("Tom", "PER", 45, 48),
    ]


@given(texts())
def test_tag_is_predict_with_offsets(classifier, text):
    expected = []
    sentences = split_sentences(text)
    words = [[token.text for token in tokens] for tokens in sentences]
    one = [0] * len(words)  # the text is one document
    predictions = classifier.tagger.predict(words, one)
    for tokens, tags in zip(sentences, classifier.predict(words, one), strict=True):
        scores = next(predictions).confidences
        for (start, end, label), score in zip(spans(tags, Scheme.IOB2), scores, strict=True):
            score = pytest.approx(score, rel=1e-4)
            expected.append((label, tokens[start].start, tokens[end - 1].end, score))
    found = classifier.tag(text)
    assert [(e.label, e.start, e.end, e.score) for e in found] == expected
    assert all(text[e.start : e.end] == e.text for e in found)
    assert all(0 < e.score <= 1 for e in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_pipe_takes_no_more_than_a_batch_ahead(classifier):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield f"Ada met Tom {taken}"

    stream = classifier.pipe(endless(), batch_size=4)
    assert taken == 0
    for done in range(1, 14):
        assert next(stream).text == f"Ada met Tom {done}"
        assert taken == -(-done // 4) * 4


@pytest.mark.usefixtures("shared_at_once")
def test_what_comes_with_a_text_comes_back(classifier):
    texts = [tiny.unmarked(marked) for marked in tiny.MARKED]
    marks = [object() for _ in texts]
    expected = [text.entities for text in classifier.pipe(texts)]
    for processes in (1, 2):
        pairs = zip(texts, marks, strict=True)
        found = list(classifier.pipe(pairs, as_tuples=True, batch_size=7, processes=processes))
        assert [tagged.text for tagged, _ in found] == texts
        assert [tagged.entities for tagged, _ in found] == [
            [msgspec.structs.replace(e, score=pytest.approx(e.score, rel=1e-5)) for e in entities]
            for entities in expected
        ]
        assert all(mark is own for (_, mark), own in zip(found, marks, strict=True))


def test_tag_tokens_counts_tokens(classifier):
    tokens = ["Mary", "Poppins", "lives", "in", "New", "York"]
    found = classifier.tag_tokens(tokens)
    assert [(e.text, e.label, e.start, e.end) for e in found] == [
        ("Mary Poppins", "PER", 0, 2),
        ("New York", "LOC", 4, 6),
    ]
    of_text = classifier.tag(" ".join(tokens))
    assert [e.score for e in found] == pytest.approx([e.score for e in of_text], rel=1e-5)
    assert classifier.tag_tokens(tuple(tokens)) == found
    assert classifier.tag_tokens([]) == []
    assert classifier.tag_tokens(["them"]) == []
    with pytest.raises(UsageError, match="expected the tokens of a sentence as a list, not a text"):
        classifier.tag_tokens("Oslo")


MILLION = """
import resource, sys, windowclf

def texts(n):
    for i in range(n):
        yield f"Mr. Smith{i % 70_000} of Oslo met number {i} in New York."

classifier = windowclf.load()
for done, tagged in enumerate(classifier.pipe(texts(1_000_000)), 1):
    assert tagged.entities is not None
    if done in (200_000, 1_000_000):
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_a_stream_of_a_million_texts_holds_constant_memory():
    ran = subprocess.run(
        [sys.executable, "-c", MILLION], capture_output=True, text=True, check=True
    )
    early, late = map(int, ran.stdout.split())  # in MiB, the most that was held so far
    assert late - early < 8


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_holds_a_text(classifier, batch_size):
    with pytest.raises(UsageError, match="batch_size"):
        list(classifier.pipe(["Oslo"], batch_size=batch_size))


def test_plain_labels(plain):
    assert plain.labels == ["NOUN", "VERB"]
    assert plain.predict([["cats", "bark"], ["."]]) == [["NOUN", "VERB"], ["O"]]
    assert [(e.text, e.label, e.start) for e in plain.tag("dogs sleep.")] == [
        ("dogs", "NOUN", 0),
        ("sleep", "VERB", 5),
    ]
    scores = plain.evaluate(SPEECH)
    assert scores.total.f1 == scores.accuracy == 1
    assert scores.types["NOUN"].gold == 3


def test_touching_plain_labels_are_entities_of_their_own(plain):
    assert [e.text for e in plain.tag("dogs dogs")] == ["dogs", "dogs"]


def test_plain_labels_are_kept_by_a_folder(plain, tmp_path):
    plain.save(tmp_path / "model")
    again = windowclf.load(tmp_path / "model")
    assert again.predict([["cats", "bark"]]) == [["NOUN", "VERB"]]
    assert again.config == plain.config


def test_an_untrained_classifier_says_so(tmp_path):
    new = WindowClassifier()
    assert not new.is_fitted
    for act in (
        lambda: new.model,
        lambda: new.labels,
        lambda: new.tags,
        lambda: new.tag("Oslo"),
        lambda: new.tag_tokens(["Oslo"]),
        lambda: new.tag_batch({"text": ["Oslo"]}),
        lambda: new.predict_proba([["Oslo"]]),
        lambda: new.pipe(["Oslo"]),
        lambda: new.predict([["Oslo"]]),
        lambda: new.evaluate([(["Oslo"], ["O"])]),
        lambda: new.save(tmp_path / "model"),
    ):
        with pytest.raises(ModelError, match=r"not trained: call fit, or windowclf\.load"):
            act()
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "sentence", [(["Oslo"], ["O", "O"]), (["a", "b"], ["O"]), Sentence(["Oslo"])]
)
def test_a_tag_for_each_token(classifier, sentence):
    given = [(["ok"], ["O"]), sentence]
    for act in (
        lambda: fit(given),
        lambda: fit(given[:1], given),
        lambda: classifier.evaluate(given),
    ):
        with pytest.raises(DataError, match=r"sentence 2: \d tokens but \d tags; expected a tag"):
            act()


@pytest.mark.parametrize("sentence", ["Oslo", {"words": ["a"]}, 3, None, (["a"],) * 5])
def test_what_is_no_sentence_is_refused(classifier, sentence):
    for act in (lambda: fit([sentence]), lambda: classifier.evaluate([sentence])):
        with pytest.raises(
            DataError,
            match=r"sentence 1: (expected a Sentence, a pair|expected tags for its tokens)",
        ):
            act()


def test_nothing_to_learn_from():
    for sentences in ([], [([], [])]):
        with pytest.raises(DataError, match="no sentence"):
            WindowClassifier(**tiny.QUICK).fit(sentences, vectors=keyed_vectors())
    with pytest.raises(DataError, match=r"mine: has no train split: name the file with `train`"):
        fit(Corpus("mine", {"test": tiny.sentences()}, Scheme.IOB2, Scheme.IOB2))


def keyed_vectors():
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(2)
    vectors.add_vectors(["oslo", "paris"], np.eye(2, dtype=np.float32))
    return vectors


def test_gensim_vectors_are_taken_as_they_are():
    vectors = keyed_vectors()
    model = (
        WindowClassifier(**tiny.QUICK | {"vocabulary": 1})
        .fit(SPEECH, vectors=vectors, scheme="plain")
        .model
    )
    assert model.lexicon.values["word"][0] == "oslo"
    assert "paris" not in model.lexicon.values["word"]
    assert model.network.tables["word"].value.shape[1] == 2
    assert model.record.vectors == "given vectors"


@pytest.mark.parametrize(
    ("tags", "scheme", "error", "message"),
    [
        (["X-LOC"], "auto", DataError, "'X-LOC' belongs to no known scheme"),
        (["NOUN"], "iob2", DataError, "'NOUN' is not one of iob2"),
        (["B-LOC"], "bilo", UsageError, "unknown scheme 'bilo': expected auto, iob1, iob2"),
    ],
)
def test_unknown_schemes_and_tags(classifier, tags, scheme, error, message):
    given = [(["Oslo"], tags)]
    for act in (
        lambda: fit(given, scheme=scheme),
        lambda: classifier.evaluate(given, scheme=scheme),
    ):
        with pytest.raises(error, match=message):
            act()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"windw": 5}, "unknown setting 'windw': expected one of .*window"),
        ({"window": 4}, "`window`: .*odd"),
        ({"hidden": 0}, "`hidden`: .*>= 1"),
        ({"loss": "hinge"}, "`loss`: .*hinge"),
    ],
)
def test_unknown_settings(settings, message):
    with pytest.raises(UsageError, match=message):
        WindowClassifier(**settings)


def test_load_takes_a_path_or_its_name(model_folder, classifier):
    for folder in (model_folder, str(model_folder)):
        for load in (windowclf.load, WindowClassifier.load):
            assert arrays(load(folder)) == arrays(classifier)


def test_every_public_name_is_there():
    for name in windowclf.__all__:
        assert getattr(windowclf, name).__name__ == name
        assert name in dir(windowclf)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        windowclf.nothing  # noqa: B018


def test_tagging_loads_nothing_heavy(model_folder):
    program = """
import sys
import windowclf
assert "numpy" not in sys.modules
[paris, france] = windowclf.load(sys.argv[1]).tag("Paris is in France")
print(*sorted({"gensim", "datasets", "scipy", "rich", "click"} & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, model_folder], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "\n"
