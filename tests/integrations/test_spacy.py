"""The component in pipelines of the real spaCy, new processes included."""

import json
import pickle
import shutil
import subprocess
import sys
from itertools import pairwise

import msgspec
import pytest
import spacy
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

import tiny
import windowclf
from windowclf.errors import ModelError, UsageError
from windowclf.integrations.spacy import WindowclfComponent

VOCAB = spacy.blank("en").vocab
TEXTS = ["Ada lives in New York .", "", "Paris is in France", " \n", "Mary Poppins met Tom ."]


def pipeline(folder, **config):
    nlp = spacy.blank("en")
    nlp.add_pipe("windowclf", config={"model": str(folder), **config})
    return nlp


@pytest.fixture(scope="module")
def nlp(model_folder):
    return pipeline(model_folder)


@pytest.fixture(scope="module")
def grouping(model_folder):
    return pipeline(model_folder, span_group="names")


def run(program, *arguments):
    """Run a program in a new process; it must not warn."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.stdout


def entities(doc):
    return [(e.text, e.label_, e.start_char, e.end_char) for e in doc.ents]


def tagged(classifier, text):
    return [(e.text, e.label, e.start, e.end) for e in classifier.tag(text)]


def widened(doc, entity):
    """The tokens that have a character of an entity; the slow way."""
    inside = set(range(entity.start, entity.end))
    held = [t.i for t in doc if inside.intersection(range(t.idx, t.idx + len(t)))]
    return held[0], held[-1] + 1


@st.composite
def texts(draw):
    """Names, words that were never seen, and any characters between them."""
    gaps = st.sampled_from([" ", "", "/", "-", "\n", "  ", "\x85", "\u2028"]) | st.text(max_size=3)
    parts = st.sampled_from([*tiny.MARKED[::5], *tiny.PEOPLE, *tiny.PLACES, "of"])
    return "".join(draw(st.lists(parts.map(tiny.unmarked) | gaps, max_size=9)))


@st.composite
def documents(draw):
    """Texts with any characters joined into tokens."""
    text = draw(texts())
    cuts = draw(st.sets(st.integers(0, len(text)), max_size=12)) | {0, len(text)}
    words = [text[a:b] for a, b in pairwise(sorted(cuts))]
    return Doc(VOCAB, words=words, spaces=[False] * len(words))


# What is found


@given(documents())
def test_a_group_has_each_entity_widened_to_tokens(grouping, classifier, doc):
    before = [token.text for token in doc]
    doc = grouping(doc)
    found = classifier.tag(doc.text)
    group = doc.spans["names"]
    assert [(s.start, s.end) for s in group] == [widened(doc, entity) for entity in found]
    assert [s.label_ for s in group] == [entity.label for entity in found]
    assert group.attrs["scores"] == [entity.score for entity in found]
    assert [token.text for token in doc] == before
    assert not doc.ents


@given(documents())
def test_entities_are_those_of_the_group_that_share_no_token(nlp, grouping, doc):
    group = {(s.start, s.end, s.label_): s for s in reversed([*grouping(doc).spans["names"]])}
    ents = {(e.start, e.end, e.label_) for e in nlp(doc).ents}
    assert ents <= group.keys()
    for start, end, label in group.keys() - ents:
        clashing = [e for e in ents if e[0] < end and start < e[1]]
        assert any(e[1] - e[0] >= end - start for e in clashing), (start, end, label)
    assert doc.has_annotation("ENT_IOB") or not len(doc)


@given(texts())
def test_where_tokens_allow_the_entities_are_those_of_tag(nlp, classifier, text):
    expected = tagged(classifier, text)
    doc = nlp(text)
    borders = {token.idx for token in doc}, {token.idx + len(token) for token in doc}
    if all(start in borders[0] and end in borders[1] for _, _, start, end in expected):
        assert entities(doc) == expected


def test_the_carried_model_finds_the_names_of_the_sample():
    nlp = spacy.blank("en")
    nlp.add_pipe("windowclf")
    classifier = windowclf.load()
    sentences = windowclf.load_corpus("sample").splits["test"]
    given = [" ".join(sentence.tokens) for sentence in sentences]
    same = total = 0
    for doc, found in zip(nlp.pipe(given), classifier.pipe(given), strict=True):
        wide = [widened(doc, entity) for entity in found.entities]
        assert [(e.start, e.end) for e in doc.ents] == wide
        same += len(
            {(e.text, e.start, e.end) for e in found.entities}
            & {(e.text, e.start_char, e.end_char) for e in doc.ents}
        )
        total += len(wide)
    assert total > 200
    assert same / total > 0.95  # spaCy's tokens seldom cut a name otherwise


def test_a_score_goes_with_each_entity(nlp, classifier):
    doc = nlp("Mary Poppins lives in New York .")
    scores = [entity.score for entity in classifier.tag(doc.text)]
    assert [e._.windowclf_score for e in doc.ents] == scores
    assert doc[:1]._.windowclf_score is None


@pytest.mark.parametrize("text", ["", " ", "\n\n \t", "\u2028"])
def test_nothing_to_find(nlp, grouping, text):
    assert nlp(text).ents == ()
    spans = grouping(text).spans["names"]
    assert len(spans) == 0
    assert spans.attrs["scores"] == []


def test_two_entities_in_one_token(nlp, grouping):
    doc = Doc(nlp.vocab, words=["Paris/Oslo", "is", "in", "France"])
    assert entities(nlp(doc)) == [("Paris/Oslo", "LOC", 0, 10), ("France", "LOC", 17, 23)]
    spans = grouping(doc).spans["names"]
    assert [span.text for span in spans] == ["Paris/Oslo", "Paris/Oslo", "France"]


# What was there before


@pytest.mark.parametrize("overwrite", [False, True])
def test_entities_that_were_there(model_folder, overwrite):
    nlp = pipeline(model_folder, overwrite=overwrite)
    ruler = nlp.add_pipe("entity_ruler", before="windowclf")
    ruler.add_patterns(
        [{"label": "CITY", "pattern": "York", "id": "york"}, {"label": "VERB", "pattern": "lives"}]
    )
    doc = nlp("Ada lives in New York .")
    city = ("New York", "LOC") if overwrite else ("York", "CITY")
    assert [(e.text, e.label_) for e in doc.ents] == [("Ada", "PER"), ("lives", "VERB"), city]
    assert doc[4].ent_id_ == ("" if overwrite else "york")
    scored = [e.text for e in doc.ents if e._.windowclf_score is not None]
    assert scored == ["Ada", "New York"][: 1 + overwrite]


def test_a_group_is_replaced_and_others_are_left(grouping):
    doc = grouping.make_doc("Paris is in France")
    doc.spans["names"], doc.spans["mine"] = [doc[1:3]], [doc[1:2]]
    doc = grouping(doc)
    assert [span.text for span in doc.spans["names"]] == ["Paris", "France"]
    assert [span.text for span in doc.spans["mine"]] == ["is"]


def test_sentences_are_left_alone(model_folder):
    nlp = pipeline(model_folder)
    nlp.add_pipe("sentencizer", first=True)
    doc = nlp("Ada met Tom. Paris is in France.")
    assert [sentence.text for sentence in doc.sents] == ["Ada met Tom.", "Paris is in France."]
    assert len(doc.ents) == 4


# Streams


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_pipe_is_one_document_after_another(nlp, model_folder, batch_size):
    given = TEXTS * 3
    stream = pipeline(model_folder).pipe(given, batch_size=batch_size)
    assert [entities(doc) for doc in stream] == [entities(nlp(text)) for text in given]


def test_contexts_come_with_their_documents(nlp):
    found = list(nlp.pipe(zip(TEXTS, range(9), strict=False), as_tuples=True, batch_size=2))
    assert [(doc.text, number) for doc, number in found] == [*zip(TEXTS, range(9), strict=False)]


def test_pipe_takes_no_more_than_a_batch_ahead(nlp):
    taken = []

    def endless():
        while True:
            taken.append(nlp.make_doc("Ada met Tom ."))
            yield taken[-1]

    stream = nlp.get_pipe("windowclf").pipe(endless(), batch_size=4)
    for done in range(1, 10):
        assert next(stream) is taken[done - 1]
        assert len(taken) == -(-done // 4) * 4


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # spaCy's own processes
def test_two_processes(nlp):
    given = TEXTS * 3
    docs = list(nlp.pipe(given, n_process=2, batch_size=2))
    assert [entities(doc) for doc in docs] == [entities(nlp(text)) for text in given]
    assert docs[0].ents[0]._.windowclf_score > 0.5


class FailsOnBad(WindowclfComponent):
    def _annotate(self, doc, found):
        if doc.text == "bad":
            raise ValueError("a bad document")
        super()._annotate(doc, found)


def test_what_fails_goes_to_the_error_handler(model_folder):
    component = FailsOnBad(model=str(model_folder))
    docs = [*map(spacy.blank("en").make_doc, ["Ada", "bad", "Tom", "Paris", "Oslo"])]
    with pytest.raises(ValueError, match="a bad document"):
        list(component.pipe(docs))
    failed = []
    component.set_error_handler(lambda *told: failed.append(told))
    assert list(component.pipe(docs, batch_size=2)) == docs[2:]
    [(name, proc, batch, error)] = failed
    assert (name, proc, batch) == ("windowclf", component, docs[:2])
    assert str(error) == "a bad document"


# What is kept


def test_a_new_process_reads_what_was_saved(folder, tmp_path, classifier):
    """The entry point makes the component, and the folder that it was made from is gone."""
    earlier = {"threads": 2}  # a setting of 0.1.0
    pipeline(folder, span_group="names", **earlier).to_disk(tmp_path / "saved")
    shutil.rmtree(folder)
    moved = shutil.move(tmp_path / "saved", tmp_path / "moved")
    program = """
import json, sys, spacy
assert not any(name.startswith("windowclf") for name in sys.modules)
nlp = spacy.load(sys.argv[1])
component = nlp.get_pipe("windowclf")
assert nlp.pipe_labels == {"windowclf": ["LOC", "PER"]}
print(json.dumps([[(s.text, s.label_) for s in doc.spans["names"]] for doc in nlp.pipe(TEXTS)]))
"""
    found = json.loads(run(program.replace("TEXTS", repr(TEXTS)), moved))
    assert found == [[[e.text, e.label] for e in classifier.tag(text)] for text in TEXTS]


def test_a_classifier_trained_on_a_data_set_gives_spacy_what_it_gives_itself(tmp_path):
    rows = [{"tokens": s.tokens, "ner_tags": s.tags} for s in tiny.sentences()]
    names = sorted({tag for row in rows for tag in row["ner_tags"]})
    features = Features(
        {"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))}
    )
    dataset = DatasetDict({"train": Dataset.from_list(rows, features)})
    fitted = windowclf.WindowClassifier(**tiny.SETTINGS).fit(dataset, vectors="random")
    fitted.save(tmp_path / "model")
    program = """
import json, sys, spacy
nlp = spacy.blank("en")
assert "windowclf.classifier" not in sys.modules, "slow, and nobody asked for it yet"
nlp.add_pipe("windowclf", config={"model": sys.argv[1]})
doc = nlp(sys.argv[2])
print(json.dumps([(e.text, e.label_, e.start_char, e.end_char) for e in doc.ents]))
"""
    text = "Mary Poppins lives in New York . Tom met Ada ."
    found = [tuple(entity) for entity in json.loads(run(program, tmp_path / "model", text))]
    assert found == tagged(fitted, text)
    assert len(found) == 4


def test_the_model_goes_to_disk_and_to_bytes(model_folder, nlp, tmp_path):
    given = pipeline(model_folder)
    given.to_disk(tmp_path / "nlp")
    for other in (
        pipeline("nowhere").from_disk(tmp_path / "nlp"),
        pipeline("nowhere").from_bytes(given.to_bytes()),
    ):
        for text in TEXTS:
            assert entities(other(text)) == entities(nlp(text))


def test_a_pickle_goes_to_another_process(nlp):
    component = nlp.get_pipe("windowclf")
    docs = [nlp.make_doc(text) for text in TEXTS]
    assert component.labels  # the model is read, and goes along
    found = pickle.loads(pickle.dumps(component)).pipe(docs)
    assert [entities(doc) for doc in found] == [entities(nlp(text)) for text in TEXTS]


def test_what_is_left_out(model_folder, nlp, tmp_path):
    component = nlp.get_pipe("windowclf")
    component.to_disk(tmp_path / "empty", exclude=["model"])
    assert not list((tmp_path / "empty").iterdir())
    unread = WindowclfComponent(model="nowhere")
    unread.from_disk(tmp_path / "empty", exclude=["vocab", "model"])
    unread.from_bytes(component.to_bytes(exclude=["model"]))
    unread.from_bytes(component.to_bytes(), exclude=["model"])
    assert unread.hide_labels
    with pytest.raises(ModelError, match="empty/model"):
        unread.from_disk(tmp_path / "empty")
    with pytest.raises(ModelError, match="nowhere"):
        unread.to_disk(tmp_path / "full")


def test_bytes_of_a_stranger():
    for packed in (b"", b"\xc1", msgspec.msgpack.encode({"../../evil": b""})):
        data = spacy.util.to_bytes({"model": lambda packed=packed: packed}, [])
        with pytest.raises(ModelError, match="damaged"):
            WindowclfComponent().from_bytes(data)


# What spaCy asks a component


def test_metadata(model_folder):
    nlp = pipeline(model_folder)
    about = nlp.analyze_pipes()["summary"]["windowclf"]
    assert {"doc.ents", "doc.spans", "token.ent_type"} <= set(about["assigns"])
    assert not about["retokenizes"]
    assert nlp.pipe_labels == {}
    assert nlp.get_pipe("windowclf").labels == ("LOC", "PER")
    assert nlp.pipe_labels == {"windowclf": ["LOC", "PER"]}


@pytest.mark.parametrize(("group", "key"), [(None, "ents"), ("names", "spans_names")])
def test_scores(model_folder, group, key):
    nlp = pipeline(model_folder, span_group=group)
    gold = nlp("Ada lives in New York .")
    gold.ents = gold.spans["names"] = [Span(gold, 0, 1, "PER"), Span(gold, 3, 4, "LOC")]
    scores = nlp.evaluate([Example(nlp.make_doc(gold.text), gold)])
    assert (scores[f"{key}_p"], scores[f"{key}_r"]) == (0.5, 0.5)


def test_two_models_in_one_pipeline(model_folder, tmp_path, other):
    other.save(tmp_path / "other")
    nlp = pipeline(model_folder)
    nlp.add_pipe("windowclf", name="second", config={"model": str(tmp_path / "other")})
    assert nlp.pipe_names == ["windowclf", "second"]
    assert nlp.get_pipe("second").classifier is not nlp.get_pipe("windowclf").classifier
    assert entities(nlp("Paris is in France"))[0] == ("Paris", "LOC", 0, 5)


# What is refused


def test_a_folder_without_a_model(tmp_path):
    nlp = pipeline(tmp_path / "none")

    def stream():
        nlp.set_error_handler(lambda *told: None)  # to pass over a document, not over all of them
        list(nlp.pipe(["Ada"]))

    for ask in (lambda: nlp("Ada"), lambda: nlp.to_disk(tmp_path / "nlp"), stream):
        with pytest.raises(ModelError, match=r"none.*cannot read the model") as refused:
            ask()
        assert "\n" not in str(refused.value)


def test_without_spacy_one_line_says_what_to_install():
    program = """
import sys
sys.modules["spacy"] = None
try:
    import windowclf.integrations.spacy
except ImportError as error:
    print(type(error).__name__, error)
"""
    expected = "windowclf.integrations.spacy needs an optional package: "
    assert run(program) == f"MissingExtraError {expected}pip install 'windowclf[spacy]'\n"


def test_the_text_unit(model_folder, classifier):
    text = "Ada lives in New\nYork ."
    found = {}
    for unit in ("line", "file"):
        nlp = pipeline(model_folder, text_unit=unit)
        names = [entity.text for entity in classifier.tag(text, text_unit=unit)]
        assert [entity.text for entity in nlp(text).ents] == names
        assert [entity.text for entity in next(nlp.pipe([text])).ents] == names
        found[unit] = names
    assert "New\nYork" in found["file"]
    assert "New\nYork" not in found["line"]
    with pytest.raises(UsageError, match="text_unit: expected auto, line, paragraph"):
        pipeline(model_folder, text_unit="page")
