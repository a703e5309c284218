import gzip
import io
import json
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from conlleval import conlleval
from strategies import tagged_corpora
from windowclf.corpora.predictions import read_predictions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError
from windowclf.evaluation.metrics import score
from windowclf.tags.counts import Counts
from windowclf.tags.schemes import Scheme, spans

GOLD = [
    tiny.parse("[PER Ada Lovelace] met [PER Tom] ."),
    tiny.parse("[LOC Oslo]"),
    tiny.parse("In [LOC New York]"),
]
SAID = ["O B-PER O B-PER O", "B-LOC", "O B-LOC I-LOC"]
TAGS = [tags.split() for tags in SAID]
ROWS = "Ada x O\nLovelace x I-PER\nmet x O\nTom x I-PER\n. x O\n\nOslo x B-LOC\n\n"
REST = "In x O\nNew x S-LOC\nYork x I-LOC\n"


@pytest.fixture
def read(tmp_path):
    def read(text, name="said.conll", gold=GOLD, scheme=Scheme.IOB2):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return [list(tags) for tags in read_predictions(path, gold, scheme).tags]

    return read


@pytest.mark.parametrize("name", ["said.conll", "said.txt", "eng.testa.out", "said"])
def test_a_column_file_whatever_its_name(read, name):
    joined = ROWS + REST.replace("S-", "B-")
    assert read(joined, name) == TAGS
    assert read(joined.replace("\n\n", "\n"), name) == TAGS
    assert read(joined.replace(" ", "\t").replace("met", "-DOCSTART- O\n\nmet"), name) == TAGS
    assert read(gzip.compress(joined.encode()), f"{name}.gz") == TAGS


def test_the_sentences_of_the_file_do_not_count(read):
    # A span that goes on into the next sentence of the corpus is cut there.
    gold = [Sentence(["a", "b"]), Sentence([]), Sentence(["c", "d"])]
    assert read("a B-X\n\nb I-X\nc I-X\nd O\n", gold=gold) == [["B-X", "I-X"], [], ["B-X", "O"]]


@given(corpus=tagged_corpora(), breaks=st.randoms(use_true_random=False))
def test_the_score_of_a_file_is_conllevals(tmp_path_factory, corpus, breaks):
    gold, said = corpus
    rows = [f"w{i} {tag}\n" for i, tag in enumerate(chain(*said))]
    if not rows:
        return
    path = tmp_path_factory.getbasetemp() / "said.bio"
    path.write_text("".join(row + breaks.choice(["", "\n"]) for row in rows))
    words = iter([row.split()[0] for row in rows])
    sentences = [Sentence([next(words) for _ in tags]) for tags in gold]
    scores = score(gold, read_predictions(path, sentences, Scheme.IOB2).tags, Scheme.IOB2)
    report = conlleval(gold, said)
    assert scores.types == {
        label: Counts(
            report.found_correct[label], report.found_guessed[label], report.correct_chunk[label]
        )
        for label in report.found_correct | report.found_guessed
    }
    assert scores.tokens == report.tokens


def test_plain_labels(read):
    gold = [Sentence(["a", "b"]), Sentence(["c"])]
    assert read("a DT\nb B-NN\nc O\n", gold=gold, scheme=Scheme.PLAIN) == [["DT", "B-NN"], ["O"]]


@pytest.mark.parametrize("name", ["said.jsonl", "said.json", "said.ndjson"])
def test_jsonl_with_tags_or_entities(read, name):
    lines = [{"tokens": s.tokens, "tags": tags} for s, tags in zip(GOLD, TAGS, strict=True)]
    assert read("\n".join(map(json.dumps, lines)), name) == TAGS
    lines = []
    for sentence, tags in zip(GOLD, TAGS, strict=True):
        text = " ".join(sentence.tokens)
        starts = [len(" ".join([*sentence.tokens[:i], ""])) for i in range(len(sentence))]
        found = [
            {"start": starts[a], "end": starts[b - 1] + len(sentence.tokens[b - 1]), "label": label}
            for a, b, label in spans(tags, Scheme.IOB2)
        ]
        lines.append({"text": text, "entities": found})
    assert read("\n".join(map(json.dumps, lines)), name) == TAGS


def test_parquet(read):
    import pyarrow as pa
    from pyarrow import parquet

    file = io.BytesIO()
    table = pa.table({"tokens": [list(s.tokens) for s in GOLD], "tags": TAGS})
    parquet.write_table(table, file)
    assert read(file.getvalue(), "said.parquet") == TAGS


def test_docbin(read):
    from spacy.tokens import Doc, DocBin, Span
    from spacy.vocab import Vocab

    vocab = Vocab()
    docs = DocBin()
    for sentence, tags in zip(GOLD, TAGS, strict=True):
        doc = Doc(vocab, words=list(sentence.tokens))
        doc.ents = [Span(doc, *found) for found in spans(tags, Scheme.IOB2)]
        docs.add(doc)
    assert read(docs.to_bytes(), "said.spacy") == TAGS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ROWS.replace("Oslo", "Bergen") + REST,
            "sentence 2, token 1: 'Bergen', but 'Oslo' in the corpus; expected the same tokens in "
            "both, found 9 and 9",
        ),
        (
            ROWS.replace("Tom x I-PER\n", "") + REST,
            "sentence 1, token 4: '.', but 'Tom' in the corpus; expected the same tokens in both, "
            "found 8 and 9",
        ),
        (ROWS, "sentence 3, token 1: no token, but 'In' in the corpus; expected the same tokens"),
        (
            ROWS + REST + "and x O\n",
            "after the last sentence: 'and', but no token in the corpus; expected the same tokens "
            "in both, found 10 and 9",
        ),
        ("Ada\nLovelace\n", "no tags beside 'Ada Lovelace'; expected a tag for each token, or ent"),
        (
            (ROWS + REST).replace("met x O", "met x X-PER"),
            "said.conll:3: tag 'X-PER': expected O, or a label with a prefix",
        ),
        ((ROWS + REST).replace("Tom x I-PER", "Tom"), "4: 1 column, but line 1 has 3"),
        ("", "no sentence"),
    ],
)
def test_a_file_that_does_not_fit(read, tmp_path, text, message):
    with pytest.raises(DataError) as error:
        read(text)
    assert str(error.value).startswith(f"{tmp_path / 'said.conll'}:")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_spans_that_do_not_fit_name_their_document(read, tmp_path):
    spans = [{"start": 0, "end": 1, "label": "X"}, {"start": 1, "end": 2, "label": "X"}]
    lines = [{"text": "a", "entities": []}, {"text": "ab", "sentences": [["ab"]]}]
    lines[1]["entities"] = spans
    with pytest.raises(DataError, match=r"said\.jsonl:2: span 1:2 shares the token 'ab'"):
        read("\n".join(map(json.dumps, lines)), "said.jsonl")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"none\.conll: cannot be read: No such file"):
        read_predictions(tmp_path / "none.conll", GOLD, Scheme.IOB2)
