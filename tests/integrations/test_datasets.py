"""Data sets of the library itself: tagged by `map` and by `tag_dataset`, and trained on."""

import os
import subprocess
import sys
from pathlib import Path

import datasets
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, IterableDataset, List, Value
from datasets.fingerprint import Hasher

import tiny
import windowclf
from windowclf import WindowClassifier
from windowclf.errors import DataError, UsageError
from windowclf.integrations.datasets import ENTITY, tag_dataset
from windowclf.tags.schemes import Scheme

NAMES = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
TEXTS = ["no name", "", "no name", "Ada met Tom .", "nothing", "Mary Poppins lives in Oslo ."]
TOKENS = [[], [], ["Ada", "met", "Tom"], ["no"], ["New", "York", "is", "in", "France"]]
FLAGS = [0, 1, 0, 1, 0, 1]
FLAG = ClassLabel(names=["no", "yes"])


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


@pytest.fixture
def texts():
    features = Features({"flag": FLAG, "text": Value("large_string")})
    return Dataset.from_dict({"flag": FLAGS, "text": TEXTS}, features)


@pytest.fixture
def tokens():
    return Dataset.from_dict({"tokens": TOKENS}, Features({"tokens": List(Value("string"))}))


def entities(classifier, text):
    return [
        {"text": e.text, "label": e.label, "start": e.start, "end": e.end, "score": e.score}
        for e in classifier.tag(text)
    ]


def close(found):
    return [{**entity, "score": pytest.approx(entity["score"], rel=1e-5)} for entity in found]


def assert_entities(tagged, classifier, given=TEXTS):
    assert [row["entities"] for row in tagged] == [close(entities(classifier, t)) for t in given]


# map


@pytest.mark.parametrize("batch_size", [1, 2, 4, 1000])
def test_map_gives_entities_their_type_where_the_first_batch_has_none(
    classifier, texts, batch_size
):
    tagged = texts.map(classifier.tag_batch, batched=True, batch_size=batch_size)
    assert tagged.features == Features({**texts.features, "entities": List(ENTITY)})
    assert_entities(tagged, classifier)
    assert sum(map(len, tagged["entities"])) == 4
    nothing = texts.select([0, 1]).map(classifier.tag_batch, batched=True, batch_size=batch_size)
    assert nothing.features == tagged.features


@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_map_gives_tags(classifier, tokens, batch_size):
    tagged = tokens.map(classifier.tag_batch, batched=True, batch_size=batch_size)
    assert tagged.features["tags"] == List(Value("string"))
    assert tagged["tags"][:] == classifier.predict(TOKENS)


def test_map_with_workers(classifier, texts):
    tagged = texts.map(classifier.tag_batch, batched=True, batch_size=2, num_proc=2)
    assert tagged.features["entities"] == List(ENTITY)
    assert_entities(tagged, classifier)


def test_map_knows_a_classifier_again(model_folder):
    first, second = windowclf.load(model_folder), windowclf.load(model_folder)
    before = Hasher.hash(first.tag_batch)
    first.tag("Ada met Tom in Reykjavik.")
    assert before == Hasher.hash(first.tag_batch) == Hasher.hash(second.tag_batch)
    second.fit(tiny.sentences()[5:], vectors="random")
    assert before != Hasher.hash(second.tag_batch)


@pytest.mark.parametrize("format_name", ["numpy", "pandas"])
def test_map_takes_rows_of_other_libraries(classifier, texts, tokens, format_name):
    found = [
        given.with_format(format_name).map(classifier.tag_batch, batched=True, batch_size=2)
        for given in (texts, tokens)
    ]
    assert_entities(found[0].with_format(None), classifier)
    assert found[1].with_format(None)["tags"][:] == classifier.predict(TOKENS)


def test_tables_of_arrow_are_refused(classifier, texts):
    with pytest.raises(
        UsageError, match=r"columns by name, got pyarrow.Table .*; .*with_format\(None\)"
    ):
        texts.with_format("arrow").map(classifier.tag_batch, batched=True)


def test_map_of_a_stream(classifier, texts):
    tagged = texts.to_iterable_dataset().map(classifier.tag_batch, batched=True, batch_size=2)
    assert_entities(tagged, classifier)


# tag_batch by itself


def test_a_batch_is_plain_lists(classifier):
    found = classifier.tag_batch({"text": TEXTS, "other": FLAGS})
    assert list(found) == ["entities"]
    assert found["entities"] == [close(entities(classifier, text)) for text in TEXTS]
    assert classifier.tag_batch({"text": []}) == {"entities": []}
    assert classifier.tag_batch({"tokens": TOKENS}) == {"tags": classifier.predict(TOKENS)}


def test_texts_come_before_tokens_unless_none_is_looked_for(classifier):
    batch = {"text": TEXTS[:5], "tokens": TOKENS, "body": TEXTS[1:]}
    assert list(classifier.tag_batch(batch)) == ["entities"]
    assert list(classifier.tag_batch(batch, text_column=None)) == ["tags"]
    found = classifier.tag_batch(batch, text_column="body")
    assert found == {"entities": [close(entities(classifier, text)) for text in TEXTS[1:]]}


@pytest.mark.parametrize(
    ("batch", "columns", "error", "message"),
    [
        ({"body": ["a"]}, {}, UsageError, "no column 'text' or 'tokens', only body; name one"),
        ({}, {}, UsageError, "no column 'text' or 'tokens', only none"),
        ({"text": ["a"]}, {"text_column": "body"}, UsageError, "'body' or 'tokens', only text"),
        ({"text": ["a"]}, {"text_column": None}, UsageError, "no column 'tokens', only text"),
        ({"text": ["a", None]}, {}, DataError, "row 1 .*column text: expected a text, got None"),
        ({"text": [3]}, {}, DataError, "row 0 .*expected a text, got 3 .int"),
        ({"text": [["a"]]}, {}, DataError, r"row 0 .*expected a text, got \['a'\]"),
        ({"tokens": [["a"], "b"]}, {}, DataError, "row 1 .*a list of tokens, got 'b' .str"),
        ({"tokens": [None]}, {}, DataError, "row 0 .*column tokens: .*got None"),
        ({"tokens": [7]}, {}, DataError, "row 0 .*a list of tokens, got 7 .int"),
        ({"tokens": [["a", None]]}, {}, DataError, "row 0 .*tokens that are strings, got None"),
        ({"tokens": [["a", 1]]}, {}, DataError, "row 0 .*that are strings, got 1 .int"),
    ],
)
def test_a_batch_is_refused_in_one_line(classifier, batch, columns, error, message):
    with pytest.raises(error, match=message) as caught:
        classifier.tag_batch(batch, **columns)
    assert "\n" not in str(caught.value)


# tag_dataset


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_a_data_set_of_texts(classifier, texts, batch_size):
    tagged = tag_dataset(classifier, texts, batch_size=batch_size)
    assert tagged.features == Features({**texts.features, "entities": List(ENTITY)})
    assert_entities(tagged, classifier)
    assert tagged.remove_columns("entities")[:] == texts[:]


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_a_data_set_of_tokens(classifier, tokens, batch_size):
    tagged = tag_dataset(classifier, tokens, batch_size=batch_size)
    assert tagged.features["tags"] == List(ClassLabel(names=NAMES))
    assert tagged.features["tags"].feature.names == classifier.tags
    spelled = [[NAMES[tag] for tag in tags] for tags in tagged["tags"]]
    assert spelled == classifier.predict(TOKENS)


def test_its_own_tags_are_learned_from(classifier, tokens):
    tagged = tag_dataset(classifier, tokens)
    assert classifier.evaluate(tagged).total.f1 == 1


def test_splits_and_streams(classifier, texts, tokens):
    given = DatasetDict(train=texts, test=texts.select([3]))
    tagged = tag_dataset(classifier, given)
    assert type(tagged) is DatasetDict
    assert_entities(tagged["train"], classifier)
    assert_entities(tagged["test"], classifier, TEXTS[3:4])

    tagged = tag_dataset(classifier, texts.to_iterable_dataset(), batch_size=2)
    assert type(tagged) is IterableDataset
    assert tagged.features == Features({**texts.features, "entities": List(ENTITY)})
    assert_entities(tagged, classifier)
    tagged = tag_dataset(classifier, tokens.to_iterable_dataset(), batch_size=1)
    assert tagged.features["tags"] == List(ClassLabel(names=NAMES))
    assert [[NAMES[tag] for tag in row["tags"]] for row in tagged] == classifier.predict(TOKENS)


def rows():
    yield from ({"tokens": tokens} for tokens in TOKENS)


def test_a_stream_of_unknown_features(classifier):
    tagged = tag_dataset(classifier, IterableDataset.from_generator(rows))
    assert [row["tags"] for row in tagged] == classifier.predict(TOKENS)


@pytest.mark.parametrize("format_name", ["numpy", "pandas", "arrow"])
def test_columns_of_other_names_and_formats(classifier, texts, format_name):
    given = texts.rename_column("text", "body").with_format(format_name)
    tagged = tag_dataset(classifier, given, text_column="body")
    assert tagged.format["type"] == format_name
    assert tagged.column_names == ["flag", "body", "entities"]
    assert_entities(tagged.with_format(None), classifier)


def test_tag_dataset_refuses(classifier, texts):
    with pytest.raises(UsageError, match="no column 'body' or 'tokens', only flag, text; name"):
        tag_dataset(classifier, texts, text_column="body")
    with pytest.raises(UsageError, match=r"expected a datasets.Dataset, .* not list"):
        tag_dataset(classifier, [{"text": "Oslo"}])


# fit and evaluate


def labelled(scheme=Scheme.IOB2, names=None):
    given = tiny.sentences(scheme)
    tags = [list(s.tags) for s in given]
    names = names or sorted({tag for row in tags for tag in row})
    features = {"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))}
    ids = [[names.index(tag) for tag in row] for row in tags]
    columns = {"tokens": [list(s.tokens) for s in given], "ner_tags": ids}
    return Dataset.from_dict(columns, Features(features))


def fit(train, dev=(), **options):
    return WindowClassifier(**tiny.QUICK).fit(train, dev, vectors="random", **options)


def parameters(classifier):
    return [p.value.tobytes() for p in classifier.model.parameters().values()]


@pytest.mark.parametrize("scheme", [Scheme.IOB1, Scheme.IOB2, Scheme.IOBES])
def test_fit_takes_data_sets(scheme):
    given = tiny.sentences(scheme)
    expected = parameters(fit(given, given[:9]))
    whole = labelled(scheme)
    splits = DatasetDict(train=whole, validation=whole.select(range(9)), test=whole)
    for classifier in (fit(splits), fit(whole, whole.select(range(9))), fit(whole, given[:9])):
        assert parameters(classifier) == expected
        assert classifier.model.record.sentences == {"train": len(given), "dev": 9}
        assert classifier.evaluate(whole) == classifier.evaluate(given)
    other = fit(splits, given[:4], scheme=scheme.value)
    assert other.model.record.sentences["dev"] == 4


def test_plain_labels_of_a_data_set():
    given = labelled().cast_column(
        "ner_tags", List(ClassLabel(names=["O", "NOUN", "VERB", "ADJ", "X"]))
    )
    assert "NOUN" in fit(given, scheme="plain").labels


def test_data_sets_that_fit_refuses(classifier):
    whole = labelled()
    for train, error, message in (
        (DatasetDict(test=whole), DataError, "no train split: give one split, such as"),
        (DatasetDict(all=whole), DataError, "no split is called train"),
        (whole.to_iterable_dataset(), UsageError, "not IterableDataset; load a streaming data set"),
        (whole.rename_column("ner_tags", "pos"), DataError, "only tokens, pos; rename the col"),
    ):
        with pytest.raises(error, match=message) as caught:
            fit(train)
        assert "\n" not in str(caught.value)
    splits = DatasetDict(train=whole, test=whole)
    for act in (lambda: fit(whole, splits), lambda: classifier.evaluate(splits)):
        with pytest.raises(
            UsageError, match=r"expected one split .*: train, test; give one, such as dataset\["
        ):
            act()


def test_nothing_imports_datasets_unasked(model_folder):
    program = """
import sys, tiny, windowclf
classifier = windowclf.load(sys.argv[1])
classifier.evaluate(tiny.sentences())
classifier.tag_batch({"text": ["Oslo"]})
windowclf.WindowClassifier(**tiny.QUICK).fit(tiny.sentences(), vectors="random")
print(*sorted({"datasets", "pyarrow"} & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, model_folder],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(tiny.__file__).parent)},
    )
    assert ran.stdout == "\n"


def test_the_text_unit(classifier):
    text = "Ada lives in New\nYork ."
    given = Dataset.from_dict({"text": [text]})
    for unit in ("line", "file"):
        [found] = tag_dataset(classifier, given, text_unit=unit)["entities"]
        names = [entity.text for entity in classifier.tag(text, text_unit=unit)]
        assert [entity["text"] for entity in found] == names
        assert ("New\nYork" in names) == (unit == "file")
