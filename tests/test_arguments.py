"""Whatever a caller passes from Python ends in a result, or in one line that names the argument."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import tiny
import windowclf
from windowclf import Corpus, DataError, Sentence, UsageError, WindowClassifier
from windowclf.errors import WindowclfError

NAN = float("nan")
PAIRS = [(["Oslo", "calls"], ["B-LOC", "O"]), (["Ada", "met", "Tom"], ["B-PER", "O", "B-PER"])]
FRAME = pd.DataFrame({"text": ["Oslo", "Paris"], "tokens": [["Oslo"], ["Paris"]]})


def fit(train, dev=(), **options):
    settings = tiny.QUICK | {"epochs": 1}
    return WindowClassifier(**settings).fit(train, dev, **{"vectors": "random"} | options)


def corpus(splits, scheme="iob2"):
    return Corpus("mine", splits, scheme, "iob2")


STRING = "expected a string, got"

TEXTS = [
    (lambda c: c.tag(None), f"text: {STRING} None"),
    (lambda c: c.tag(NAN), rf"text: {STRING} nan \(float\)"),
    (lambda c: c.tag(7), rf"text: {STRING} 7 \(int\)"),
    (lambda c: c.tag(pd.NA), rf"text: {STRING} <NA> \(NAType\)"),
    (lambda c: c.tag(b"Oslo"), rf"text: {STRING} b'Oslo' \(bytes\); decode it"),
    (lambda c: c.tag(["Oslo"]), rf"text: {STRING} \['Oslo'\] \(list\); pipe takes several"),
    (lambda c: c.tag(np.array(["a", "b"])), rf"text: {STRING} array\(.*\(ndarray\); pipe takes"),
    (lambda c: c.tag(Path("a.txt")), rf"text: {STRING} PosixPath.*; read the file first"),
    (lambda c: c.tag({"text": "Oslo"}), rf"text: {STRING} \{{'text': 'Oslo'\}} \(dict\); give the"),
    (lambda c: c.tag(FRAME), rf"text: {STRING} text tokens 0 Oslo.* \(DataFrame\)"),
    (lambda c: c.tag_text(None), f"text: {STRING} None"),
    (lambda c: c.explain(None, 0), f"text: {STRING} None"),
    (lambda c: c.explain("Oslo", None), "token None: the text has 1 token"),
    (
        lambda c: c.explain("Oslo", 0, candidates="x"),
        r"candidates: .*, got 'x' \(str\)",
    ),
    (lambda c: c.explain_tokens("Oslo", 0), r"tokens: .*as a list, not a text: got 'Oslo'"),
    (lambda c: c.explain_tokens([None], 0), f"tokens: token 1: {STRING} None"),
    (
        lambda c: c.pipe("Oslo"),
        r"texts: expected an iterable .*got 'Oslo' \(str\); give a l",
    ),
    (lambda c: c.pipe(None), "texts: expected an iterable of texts, got None"),
    (lambda c: c.pipe(3), r"texts: expected an iterable of texts, got 3 \(int\)"),
    (lambda c: c.pipe({"a": "Oslo"}), r"texts: .* \(dict\); give one column or value"),
    (lambda c: c.pipe(FRAME), r"texts: .* \(DataFrame\); give one column"),
    (lambda c: c.pipe(pa.table({"a": ["Oslo"]})), r"texts: .* \(Table\); give one column"),
    (lambda c: c.pipe(Path("x")), r"texts: expected an iterable of texts, got PosixPath"),
    (lambda c: c.pipe(["a", "b", NAN]), rf"texts: item 3: {STRING} nan \(float\); leave it out"),
    (lambda c: c.pipe(pa.array(["a", None])), rf"texts: item 2: {STRING} None; leave it out"),
    (lambda c: c.pipe(x for x in ["a", 2]), rf"texts: item 2: {STRING} 2 \(int\)"),
    (lambda c: c.pipe([("a", 1)]), rf"texts: item 1: {STRING} \('a', 1\).*as_tuples=True"),
    (lambda c: c.pipe(["ab"], as_tuples=True), "texts: item 1: expected a pair .*leave out as_tu"),
    (lambda c: c.pipe([("a", 1), (None, 2)], as_tuples=True), f"texts: item 2: {STRING} None"),
    (lambda c: c.pipe(["a"], batch_size=None), "batch_size: expected a whole number, got None"),
    (
        lambda c: c.pipe(["a"], processes=1.5),
        r"processes: expected a whole number, got 1.5 \(float\)",
    ),
    (lambda c: c.pipe(["a"], split="lines"), r"split: expected a function, got 'lines'"),
    (lambda c: c.pipe(["a"], split=str.split), "what split returned: sentence 1: expected a list"),
]
ARRAY, COLUMN = np.array(["a", "b"]), pa.chunked_array([["a", "b"]])
EXACT = [
    (
        lambda c: c.tag("a", text_unit=ARRAY),
        "text_unit: expected auto, .* or file, got array",
    ),
    (lambda c: c.tag("a", text_unit=COLUMN), "text_unit: expected auto, .* or file, got <pyarrow"),
    (lambda c: c.tag("a", text_unit=pd.NA), "text_unit: expected auto, .* or file, got <NA>"),
    (lambda c: c.pipe(["a"], as_tuples=ARRAY), "as_tuples: expected True or False, got array"),
    (lambda c: c.pipe(["a"], as_tuples="no"), "as_tuples: expected True or False, got 'no'"),
    (lambda c: c.pipe(["a"], split=pd.Series(["a"])), "split: expected a function, got 0 a"),
    (lambda c: c.pipe(str), "texts: expected an iterable of texts, got <class 'str'>"),
    (lambda c: c.predict(np.array("Oslo")), "sentences: expected a list of sentences.*array"),
    (lambda c: c.tag_tokens(list), "tokens: expected the tokens of a sentence.*<class 'list'>"),
    (lambda c: c.tag_batch({"text": []}, text_column=["text"]), "text_column: expected the name"),
    (lambda c: c.tag_batch({"text": []}, tokens_column=ARRAY), "tokens_column: expected the name"),
    (lambda c: c.evaluate([], scheme=pd.NA), "unknown scheme <NA>: expected auto"),
    (lambda c: c.evaluate([], scheme=COLUMN), "unknown scheme <pyarrow.* expected auto"),
    (lambda c: c.explain("Oslo", COLUMN), "token <pyarrow.*: the text has 1 token"),
    (lambda c: c.save("model", compress=ARRAY), "compress: expected True or False, got array"),
    (lambda _: WindowClassifier(preset=["best"]), r"unknown preset \['best'\]: expected one of"),
    (lambda _: WindowClassifier(epochs=COLUMN), "`epochs`: expected int, got <pyarrow"),
    (lambda _: WindowClassifier(level="\ud800"), "`level`: expected text, got"),
]
TOKENS = [
    (
        lambda c: c.predict("Oslo"),
        r"sentences: expected a list .*got 'Oslo' \(str\); tag",
    ),
    (
        lambda c: c.predict(["Oslo"]),
        r"sentences: sentence 1: expected a list .*'Oslo'",
    ),
    (lambda c: c.predict(None), "sentences: expected a list of sentences.* got None"),
    (lambda c: c.predict([["a"], None]), "sentences: sentence 2: expected a list of .* got None"),
    (lambda c: c.predict([1]), r"sentences: sentence 1: expected a list of tokens, got 1 \(int\)"),
    (lambda c: c.predict([["a"], ["b", NAN]]), rf"sentence 2, token 2: {STRING} nan \(float\)"),
    (lambda c: c.predict([[b"a"]]), rf"sentence 1, token 1: {STRING} b'a' \(bytes\)"),
    (lambda c: c.predict([{"a", "b"}]), r"sentence 1: .* \(set\), which has no order"),
    (lambda c: c.predict([Sentence(["a"])]), r"sentence 1: .*\(Sentence\); give its tokens"),
    (lambda c: c.predict({"a": ["b"]}), r"sentences: expected a list of sentences.*\(dict\)"),
    (lambda c: c.predict([["a"]], 3), r"documents: .*got 3 \(int\)"),
    (lambda c: c.predict([["a"]], [NAN]), r"documents: item 1: .*got nan \(float\)"),
    (lambda c: c.predict([["a"], ["b"]], [1, [2]]), r"documents: item 2: .*got \[2\] \(list\)"),
    (lambda c: c.predict([["a"]], [pd.NA]), r"documents: item 1: .*got <NA>"),
    (lambda c: c.predict([["a"]], processes=0), "processes: expected at least 1, got 0"),
    (lambda c: c.predict_proba([["a", None]]), f"sentence 1, token 2: {STRING} None"),
    (lambda c: c.tag_tokens(None), "tokens: expected the tokens of a sentence as a list, got None"),
    (lambda c: c.tag_tokens([["a"]]), rf"tokens: token 1: {STRING} \['a'\] \(list\)"),
    (lambda c: c.tag_tokens(["a", 5]), rf"tokens: token 2: {STRING} 5 \(int\)"),
    (lambda c: c.tag_batch(None), "batch: expected columns by name, got None"),
    (lambda c: c.tag_batch({"text": None}), "batch: column text: expected a list .* got None"),
    (lambda c: c.tag_batch({"text": "Oslo"}), "batch: column text: expected a list .* got 'Oslo'"),
    (lambda c: c.tag_batch({"tokens": ["a b"]}), "row 0 .*tokens: expected a list .* got 'a b'"),
    (
        lambda c: c.tag_batch({}, text_column=None, tokens_column=None),
        "text_column and tokens",
    ),
]
SENTENCES = [
    (lambda f: f(None), "NAME: expected sentences, each a Sentence or a pair of .* got None"),
    (lambda f: f(3), r"NAME: expected sentences.* got 3 \(int\)"),
    (lambda f: f("sample"), r"NAME: expected sentences.* got 'sample' \(str\); load it first"),
    (lambda f: f(Path("x.conll")), r"NAME: expected sentences.*; load it first"),
    (lambda f: f({"train": PAIRS}), r"NAME: expected sentences.* \(dict\); give its values"),
    (lambda f: f(FRAME), r"NAME: expected sentences.* \(DataFrame\); give zip\(frame"),
    (lambda f: f([PAIRS[0], None]), "NAME: sentence 2: expected a Sentence, a pair .* got None"),
    (lambda f: f([["a", "b"]]), r"NAME: sentence 1: .* got \['a', 'b'\] \(list\); .*zip\(tokens"),
    (
        lambda f: f([(["a"], [0])]),
        rf"NAME: sentence 1, tag 1: {STRING} 0 \(int\); if these",
    ),
    (
        lambda f: f([(["a"], np.array([7]))]),
        rf"NAME: sentence 1, tag 1: {STRING} 7 \(int\); if",
    ),
    (lambda f: f([(["a", "b"], ["O", None])]), f"NAME: sentence 1, tag 2: {STRING} None"),
    (lambda f: f([PAIRS[0], (["a", NAN], "OO")]), r"NAME: sentence 2: tags: .* got 'OO' \(str\)"),
    (lambda f: f([PAIRS[0], (["a", NAN], ["O", "O"])]), f"NAME: sentence 2, token 2: {STRING} nan"),
    (
        lambda f: f([(None, ["O"])]),
        "NAME: sentence 1: tokens: .* got None",
    ),
    (
        lambda f: f([("ab", ["O", "O"])]),
        r"NAME: sentence 1: .*got \('ab', .*\(tuple\)",
    ),
    (lambda f: f([Sentence("ab", ["O", "O"])]), "NAME: sentence 1: tokens: .* got 'ab'"),
    (lambda f: f([Sentence(["a"], [5])]), rf"NAME: sentence 1, tag 1: {STRING} 5"),
    (lambda f: f([Sentence(["a"])]), "NAME: sentence 1: 1 tokens but 0 tags"),
    (lambda f: f([(["a"], {"O": 1})]), "NAME: sentence 1: .* is neither an object nor a pair"),
    (
        lambda f: f([("Oslo", {"cats": {}})]),
        "NAME: sentence 1: expected tags .* the record has the keys cats",
    ),
    (
        lambda f: f([(None, {"entities": []})]),
        "NAME: sentence 1: .* is neither an object nor a pair",
    ),
    (
        lambda f: f([("Oslo", {"entities": 5})]),
        "NAME: sentence 1: expected tags .* the keys entities",
    ),
    (
        lambda f: f([("Oslo", {"entities": [(0, 4)]})]),
        r"NAME: .*entities\[0\]: \(0, 4\) is not a span",
    ),
    (lambda f: f([("Oslo", {"entities": [("a", 4, "L")]})]), "NAME: sentence 1: .* is not a span"),
    (lambda f: f([("Oslo", {"entities": [(0, 9, "LOC")]})]), "NAME: sentence 1: span 0:9 does not"),
    (
        lambda f: f([{"text": "Oslo", "entities": [None]}]),
        "NAME: sentence 1: expected tags for its tokens",
    ),
]
TRAINING = [
    (
        lambda: fit(PAIRS, "dev.txt"),
        r"dev: expected sentences.* \(str\); load it first",
    ),
    (lambda: fit(PAIRS, [([None], ["O"])]), f"dev: sentence 1, token 1: {STRING} None"),
    (
        lambda: fit(corpus({"train": [(["a"], [0])]})),
        "split train: sentence 1, tag 1: exp",
    ),
    (lambda: fit(PAIRS, vectors=None), "vectors: expected a name, a path or gensim's .* got None"),
    (lambda: fit(PAIRS, vectors={"a": [1.0]}), r"vectors: expected a name.* \(dict\)"),
    (lambda: fit(PAIRS, vectors=SimpleNamespace(wv=1)), r"vectors: .*; give its attribute wv"),
    (lambda: fit(PAIRS, vectors=""), "vectors: expected a name .* got an empty string"),
    (lambda: fit(PAIRS, gazetteers=["Oslo"]), "gazetteers: expected names by their type"),
    (lambda: fit(PAIRS, gazetteers={"LOC": None}), "gazetteers: type LOC: .* got None"),
    (lambda: fit(PAIRS, gazetteers={"LOC": ["a", 1]}), f"gazetteers: type LOC: name 2: {STRING} 1"),
    (lambda: fit(PAIRS, gazetteers={"A B": ["a"]}), "gazetteers: expected a type .* got 'A B'"),
    (lambda: fit(PAIRS, names=["Oslo"]), "names: expected names by their type"),
    (lambda: fit(PAIRS, names={"LOC": [Path("a.txt"), 1]}), f"names: type LOC: name 2: {STRING} 1"),
    (lambda: fit(PAIRS, names={3: ["a"]}), r"names: expected a type .* got 3 \(int\)"),
    (lambda: fit(PAIRS, scheme=3), "unknown scheme 3: expected auto"),
    (lambda: fit(PAIRS, listener=3), r"listener: expected a function, got 3 \(int\)"),
    (lambda: fit(PAIRS, threads="2"), r"threads: expected a whole number, got '2' \(str\)"),
    (lambda: fit(PAIRS, checkpoints="x"), r"checkpoints: expected Checkpoints, got 'x' \(str\)"),
    (lambda: fit(PAIRS, progress="x"), r"progress: expected True, False or None, got 'x' \(str\)"),
    (lambda: WindowClassifier(hidden=None), "`hidden`: expected list, got None"),
    (lambda: corpus(None), "splits: expected sentences by split, .* got None"),
    (
        lambda: corpus({"training": []}),
        r"splits: .* test, got 'training' \(str\)",
    ),
    (lambda: corpus({}, "bi"), r"scheme: expected one of iob1, .* got 'bi' \(str\)"),
    (lambda: corpus({"train": []}).with_train_fraction("x", 1), "`train_fraction`: .* got 'x'"),
    (lambda: corpus({"train": []}).with_train_fraction(0.5, None), "seed: .* got None"),
    (lambda: windowclf.load_corpus(3), r"data: expected sample, .* got 3 \(int\)"),
    (lambda: windowclf.load_corpus(train=[1]), r"train: expected a file.* got \[1\] \(list\)"),
    (lambda: windowclf.load_corpus(scheme=[]), r"unknown scheme \[\]"),
    (lambda: windowclf.load_corpus(tags_column=1.5), r"tags_column: .* got 1.5 \(float\)"),
    (lambda: windowclf.load_vectors(None), "name: expected a name of vectors .* got None"),
    (lambda: windowclf.load_vectors(limit="3"), "limit: expected a whole number, got '3'"),
    (lambda: windowclf.load_vectors("random", words="ab"), r"words: expected .* got 'ab' \(str\)"),
    (lambda: windowclf.load_vectors("random", words=["a", None]), f"words: item 2: {STRING} None"),
    (
        lambda: windowclf.load_vectors("random", words=["a"], dimensions=NAN),
        "dimensions: .*nan",
    ),
    (lambda: windowclf.pretrain(None), "texts: expected a path or a list of paths, got None"),
    (lambda: windowclf.pretrain([]), "texts: expected at least one file, got none"),
    (lambda: windowclf.pretrain(["a", 3]), r"texts: item 2: expected a file.* got 3 \(int\)"),
    (lambda: windowclf.pretrain("a", listener=3), "listener: expected a function, got 3"),
    (
        lambda: windowclf.write_report(None, None, PAIRS),
        "path: expected a file .*None",
    ),
    (lambda: windowclf.write_report("r.html", None, PAIRS), "classifier: expected .* got None"),
    (lambda: windowclf.load(3), r"folder: expected a path.* got 3 \(int\)"),
    (lambda: windowclf.load(""), "folder: expected a path, got an empty string"),
    (lambda: WindowClassifier.load(None), "folder: expected a path.* got None"),
    (lambda: WindowClassifier.from_bytes("x"), r"packed: expected the bytes .* got 'x' \(str\)"),
    (lambda: windowclf.to_dataframe(None), "found: expected a result of tag, .* got None"),
    (
        lambda: windowclf.to_dataframe([["O"]]),
        r"found: item 1: expected a Tag.* got \['O'\]",
    ),
]


def refused(call, message):
    with pytest.raises((UsageError, DataError), match=f"^{message}|{message}") as caught:
        call()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def short(value):
    """Name a case by its message: the name of a lambda differs between processes."""
    return value[:60] if isinstance(value, str) else "call"


@pytest.mark.parametrize(("call", "message"), [*TEXTS, *EXACT, *TOKENS], ids=short)
def test_what_cannot_be_tagged_is_named(classifier, call, message):
    refused(lambda: list(call(classifier)), message)


@pytest.mark.parametrize(("call", "message"), SENTENCES, ids=short)
def test_what_is_not_tagged_text_is_named(classifier, call, message):
    refused(lambda: call(fit), message.replace("NAME", "train"))
    refused(lambda: call(classifier.evaluate), message.replace("NAME", "sentences"))


@pytest.mark.parametrize(("call", "message"), TRAINING, ids=short)
def test_other_arguments_are_named(call, message):
    refused(call, message)


def test_nothing_is_saved_by_a_wrong_name(classifier):
    for folder in (None, "", b"model"):
        refused(lambda folder=folder: classifier.save(folder), "folder: expected a path")


@pytest.mark.parametrize(
    "texts",
    [
        ("Oslo calls", "Ada met Tom"),
        FRAME.assign(text=["Oslo calls", "Ada met Tom"]).text,
        pd.Series(["Oslo calls", "Ada met Tom"], dtype="string"),
        np.array(["Oslo calls", "Ada met Tom"]),
        pa.array(["Oslo calls", "Ada met Tom"]),
        pa.chunked_array([["Oslo calls"], ["Ada met Tom"]]),
        {"Oslo calls": 1, "Ada met Tom": 2}.keys(),
    ],
    ids=lambda texts: type(texts).__name__,
)
def test_any_iterable_of_texts_is_tagged(classifier, texts):
    expected = [text.entities for text in classifier.pipe(["Oslo calls", "Ada met Tom"])]
    assert [text.entities for text in classifier.pipe(texts)] == expected
    batch = classifier.tag_batch({"text": texts})["entities"]
    assert batch == [[entity._asdict() for entity in entities] for entities in expected]


@pytest.mark.parametrize("make", [tuple, np.array, pd.Series, pa.array, iter])
def test_any_sequence_of_tokens_is_tagged(classifier, make):
    tokens = ["Mary", "Poppins", "saw", "Ada"]
    assert classifier.predict([make(tokens)]) == classifier.predict([tokens])
    assert classifier.predict(make([tokens])) == classifier.predict([tokens])
    assert classifier.tag_tokens(make(tokens)) == classifier.tag_tokens(tokens)


def test_half_of_a_surrogate_pair_is_tagged_and_shown(classifier):
    text = classifier.tag_text("\ud800 Oslo")
    assert [(e.text, e.start) for e in text.entities] == [("Oslo", 2)]
    for shown in (repr(text), text._repr_html_()):
        shown.encode()


RECORDS = [
    ("Oslo calls", {"entities": [(0, 4, "LOC")]}),
    ["Oslo calls", {"entities": [[0, 4, "LOC"]]}],
    {"text": "Oslo calls", "entities": [{"start": 0, "end": 4, "label": "LOC"}]},
    {"text": "Oslo calls", "spans": [(0, 4, "LOC")]},
    {"tokens": ["Oslo", "calls"], "tags": ["B-LOC", "O"]},
    {"tokens": ("Oslo", "calls"), "ner_tags": np.array(["B-LOC", "O"])},
]


@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_records_are_tagged_text(classifier, record):
    by_hand = fit(PAIRS)
    records = [record, PAIRS[1]]
    again = fit(iter(records))
    assert again.model.labels == by_hand.model.labels
    assert again.predict([PAIRS[0][0]]) == by_hand.predict([PAIRS[0][0]])
    assert classifier.evaluate(records) == classifier.evaluate(PAIRS)


def test_the_sentences_of_a_record_are_one_document():
    from windowclf.corpora.coerce import as_sentences

    text = "Ada met Tom. They left. Oslo calls."
    found = as_sentences(
        [(text, {"entities": [(24, 28, "LOC")]}), PAIRS[0], (text, RECORDS[3])], "x"
    )
    assert [sentence.document for sentence in found] == [0, 0, 0, None, 2, 2, 2]
    assert found[2].tags == ["B-LOC", "O", "O"]


def test_dev_may_be_none():
    assert fit(PAIRS, None).model.record.sentences["dev"] == 0


def test_a_number_of_numpy_is_a_number():
    assert WindowClassifier(hidden=np.int64(5), rate=np.float32(0.5)).config.hidden == (5,)


def test_a_generator_of_texts_is_read_no_further_than_its_fault(classifier):
    read = []

    def texts():
        for text in ("Oslo", None, "Paris"):
            read.append(text)
            yield text

    with pytest.raises(WindowclfError, match="item 2"):
        list(classifier.pipe(texts(), batch_size=1))
    assert read == ["Oslo", None]
