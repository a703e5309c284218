"""Projects of `windowclf annotate`, read as corpora."""

import numpy as np
import pytest

import projects
import tiny
from projects import add, add_marked, decide
from windowclf import DataError, Sentence, UsageError, load_corpus, mix_corpora
from windowclf.classifier import WindowClassifier
from windowclf.config.config import make_config
from windowclf.corpora.coerce import as_training_text, as_vectors
from windowclf.corpora.corpus import Corpus
from windowclf.corpora.doubts import find_doubts
from windowclf.corpora.sources import corpus_name
from windowclf.documents.paths import PROJECT_FILE
from windowclf.tags.schemes import Scheme
from windowclf.training.data import prepare

TRAIN = ["[PER Ada] met [PER Tom] .", "[PER Grace Hopper] lives in [LOC Oslo] ."]
TEST = ["[PER Ada] lives in [LOC Paris] ."]


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with projects.make("drugs") as store:
        yield store


def bare(sentences):
    return [Sentence(sentence.tokens, sentence.tags) for sentence in sentences]


def test_what_is_set_aside_is_the_test_split(store):
    add_marked(store, *TRAIN)
    add_marked(store, *TEST, set_aside=True)
    add(store, "Still open.")
    corpus = load_corpus("drugs")
    assert (corpus.name, corpus.scheme, [*corpus.splits]) == (
        "drugs",
        Scheme.IOB2,
        ["train", "test"],
    )
    assert bare(corpus.splits["train"]) == [*map(tiny.parse, TRAIN)]
    assert bare(corpus.splits["test"]) == [*map(tiny.parse, TEST)]
    assert corpus.parts == ()
    assert corpus.notes == (
        "read with changes: passages left out that are not decided yet: 1 (first: "
        f"drugs/{PROJECT_FILE}, texts.jsonl:4)",
    )


@pytest.mark.parametrize("data", [f"drugs/{PROJECT_FILE}", "./drugs", "drugs/"])
def test_the_file_and_the_folder_are_one_corpus(store, data):
    add_marked(store, *TRAIN)
    add_marked(store, *TEST, set_aside=True)
    corpus = load_corpus(data)
    assert [len(found) for found in corpus.splits.values()] == [2, 1]
    assert corpus_name(data) == "drugs"


def test_a_split_that_is_a_project_has_that_split_of_it(store):
    add_marked(store, *TRAIN)
    add_marked(store, *TEST, set_aside=True)
    file = f"drugs/{PROJECT_FILE}"
    assert bare(load_corpus(train=file).splits["train"]) == [*map(tiny.parse, TRAIN)]
    assert bare(load_corpus(test=file).splits["test"]) == [*map(tiny.parse, TEST)]
    assert bare(load_corpus(dev="drugs").splits["dev"]) == [*map(tiny.parse, TEST)]
    both = load_corpus("drugs", dev=file)
    assert [*both.splits] == ["train", "dev", "test"]


def test_another_test_file_takes_the_place_of_what_is_set_aside(store, tmp_path):
    add_marked(store, *TRAIN)
    add_marked(store, *TEST, set_aside=True)
    (tmp_path / "test.conll").write_text("Oslo B-LOC\n\n")
    corpus = load_corpus("drugs", test="test.conll")
    assert bare(corpus.splits["test"]) == [Sentence(["Oslo"], ["B-LOC"])]


def test_a_project_that_has_set_nothing_aside_has_no_test_split(store):
    add_marked(store, *TRAIN)
    assert [*load_corpus("drugs").splits] == ["train"]


def test_a_split_that_is_named_has_to_be_there(store):
    add_marked(store, *TRAIN)
    with pytest.raises(DataError, match="drugs: no accepted passage is in the test split yet"):
        load_corpus("drugs", test="drugs")


def test_a_project_in_which_nothing_is_accepted_is_an_error_with_the_cure(store):
    [number] = add(store, "Ada!")
    decide(store, number, state="skipped")
    with pytest.raises(DataError, match="no passage is accepted yet; label some with 'windowclf"):
        load_corpus("drugs")


def test_neighbours_have_the_number_of_their_document(store):
    first, gap, third, fourth = add(store, "Ada met Tom. ", "Who? ", "In Oslo. He left. ", "So?")
    for number in (first, third, fourth, *add(store, "Next.")):
        decide(store, number)
    assert gap
    numbers = [sentence.document for sentence in load_corpus("drugs").splits["train"]]
    assert numbers == [1, 2, 2, 2, 3]


def test_tokens_of_the_source_are_those_of_the_corpus(store):
    [number] = add(store, "Ada 's\nin Oslo", words=[[["Ada", "'s"], ["in", "Oslo"]]])
    decide(store, number, [(10, 14, "LOC")])
    assert bare(load_corpus("drugs").splits["train"]) == [
        Sentence(["Ada", "'s"], ["O", "O"]),
        Sentence(["in", "Oslo"], ["O", "B-LOC"]),
    ]


def test_texts_are_split_as_the_project_splits_them(tmp_path):
    text = "Ada lives\nin Oslo"
    for unit, sentences in (("line", 2), ("paragraph", 1)):
        folder = tmp_path / unit
        with projects.make(folder, text_unit=unit) as store:
            [number] = add(store, text)
            decide(store, number)
        assert len(load_corpus(folder).splits["train"]) == sentences
    assert len(load_corpus(folder, text_unit="line").splits["train"]) == 2


@pytest.fixture
def growing(store):
    """A project that got a label in its midst."""
    add_marked(store, "[PER Ada] met Tom in May .", "[PER Tom] left .")
    add_marked(store, "[PER Ada] left in May .", set_aside=True)
    store.add_label("TIME")
    add_marked(store, "[PER Grace] left in [TIME May] .")
    add_marked(store, "[PER Ada] left in [TIME June] .", set_aside=True)
    return store


def test_passages_from_before_a_label_was_added_lack_it(growing):
    corpus = load_corpus("drugs")
    old, new = corpus.parts
    assert (old.name, old.data, old.sentences, old.lacks) == ("drugs", "drugs", 2, ("TIME",))
    assert (new.name, new.data, new.sentences, new.lacks) == ("drugs", "drugs", 1, ())
    assert corpus.splits["train"][2].tokens[0] == "Grace"
    assert (old.test_sentences, new.test_sentences) == (0, 1)
    assert [sentence.tokens[3] for sentence in corpus.splits["test"]] == ["June"]
    lacking, left = corpus.notes
    assert "2 passages were accepted before TIME was added" in lacking
    assert "1 passage was set aside, but left out of the test split" in left


def test_passages_are_grouped_by_what_they_lack_whatever_their_order(store):
    first, second, third = (add(store, f"{name} left.")[0] for name in ("Ada", "Bob", "Cem"))
    decide(store, second)
    store.add_label("TIME")
    for number in (first, third):
        decide(store, number)
    corpus = load_corpus("drugs")
    assert [sentence.tokens[0] for sentence in corpus.splits["train"]] == ["Bob", "Ada", "Cem"]
    assert [(part.sentences, part.lacks) for part in corpus.parts] == [(1, ("TIME",)), (2, ())]


def test_a_test_split_of_which_nothing_is_left_is_reported(store):
    add_marked(store, *TRAIN)
    add_marked(store, *TEST, set_aside=True)
    store.add_label("TIME")
    add_marked(store, "[PER Grace] left in [TIME May] .")
    corpus = load_corpus("drugs")
    assert [*corpus.splits] == ["train"]
    assert any("left out of the test split" in note for note in corpus.notes)


def test_they_do_not_teach_that_its_names_are_none(growing):
    text = as_training_text(load_corpus("drugs"), None, "auto")
    _, vectors = as_vectors("random", ["may"], 1)
    model, data = prepare(text, vectors, make_config(tiny.QUICK))
    tokens = [token for sentence in text.train for token in sentence.tokens]
    of_time = [label.endswith("-TIME") for label in model.labels]
    gold = data.train.gold[: len(tokens)]  # versions in other letter case follow
    assert gold.shape == (len(tokens), len(model.labels))
    may = tokens.index("May")
    assert gold[may].tolist() == [
        label == "O" or is_time for label, is_time in zip(model.labels, of_time, strict=True)
    ]
    person = tokens.index("Ada")
    assert gold[person].sum() == 1
    whole = slice(tokens.index("Grace"), None)
    assert np.all(gold[whole].sum(axis=1) == 1)


def test_a_loss_that_needs_all_annotation_is_refused_in_a_line(growing):
    settings = tiny.QUICK | {"loss": "squared-error"}
    with pytest.raises(UsageError, match="`lacks` needs") as caught:
        WindowClassifier(**settings).fit(load_corpus("drugs"), vectors="random", base_model=None)
    assert "\n" not in str(caught.value)


def test_a_label_that_nobody_has_used_is_not_in_the_way(store):
    add_marked(store, *tiny.MARKED[:30])
    add_marked(store, *TEST, set_aside=True)
    store.add_label("TIME")
    corpus = load_corpus("drugs")
    assert len(corpus.splits["test"]) == 1
    settings = tiny.QUICK | {"loss": "squared-error"}
    classifier = WindowClassifier(**settings).fit(corpus, vectors="random", base_model=None)
    assert "TIME" not in classifier.labels


def test_contradictions_name_the_place_in_the_source(store):
    add_marked(store, "[PER Ada] lives there .")
    add_marked(store, "Ada lives there .", set_aside=True)
    add_marked(store, "Ada lives there .")
    corpus = load_corpus("drugs")
    doubts = " ".join(find_doubts(corpus.splits, corpus.scheme, files=corpus.files))
    assert f"is B-PER at drugs/{PROJECT_FILE}, texts.jsonl:1" in doubts
    assert f"O at drugs/{PROJECT_FILE}, texts.jsonl:3" in doubts


def test_sentences_that_lack_a_label_are_not_compared(store):
    add_marked(store, "He left in May .")
    store.add_label("TIME")
    add_marked(store, "He left in [TIME May] .", "He left in May !")
    corpus = load_corpus("drugs")
    given = {"files": corpus.files, "parts": corpus.parts}
    assert "different labels" not in " ".join(find_doubts(corpus.splits, corpus.scheme, **given))
    without = find_doubts(corpus.splits, corpus.scheme)
    assert "different labels" in " ".join(without)


def news():
    train = [tiny.parse("[TIME May] in [ORG Acme] .")]
    return Corpus("news", {"train": train}, Scheme.IOB2, Scheme.IOB2)


def test_mixed_with_another_corpus_its_parts_stay(growing):
    mixed = mix_corpora(
        {"drugs": load_corpus("drugs"), "news": news()},
        lacks={"drugs": ["ORG"], "news": ["PER"]},
        maps={"drugs": {"TIME": "DATE"}, "news": {"TIME": "DATE"}},
        weights={"drugs": 2},
    )
    old, new, other = mixed.parts
    assert [(part.name, part.sentences, part.weight) for part in mixed.parts] == [
        ("drugs", 2, 2),
        ("drugs", 1, 2),
        ("news", 1, 1),
    ]
    assert (old.lacks, new.lacks, other.lacks) == (("ORG", "DATE"), ("ORG",), ("PER",))


def test_a_label_that_only_the_other_corpus_has_is_lacked_as_well(store):
    add_marked(store, *TRAIN)
    store.add_label("TIME")
    mixed = mix_corpora({"drugs": load_corpus("drugs"), "news": news()}, lacks={"drugs": ["ORG"]})
    assert mixed.parts[0].lacks == ("ORG", "TIME")
    assert not any("drugs: has no" in note for note in mixed.notes)
