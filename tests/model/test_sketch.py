"""A sample of hashes estimates how much of one text is in another."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.model.record import TrainingRecord
from windowclf.model.sketch import join_sketches, shared_sentences, sketch_sentences

MOST = 512
texts = st.lists(st.lists(st.sampled_from(["a", "bc", "\ud800"]), max_size=12), max_size=40)


def sentences(start, stop):
    return [["a", "sentence", "of", "seven", "tokens", "with", str(i)] for i in range(start, stop)]


def record(sketch):
    return TrainingRecord(
        data="x",
        vectors="v",
        sentences={},
        tokens={},
        epochs=[],
        best_epoch=1,
        vectors_moved=0.0,
        versions={},
        sketch=sketch or msgspec.UNSET,
    )


@given(texts, st.randoms())
def test_order_and_copies_make_no_difference(text, random):
    again = [*text, *text[:3]]
    random.shuffle(again)
    assert sketch_sentences(again) == sketch_sentences(text)


@given(texts, texts)
def test_small_texts_are_compared_whole(one, other):
    long = {"".join(tokens) for tokens in one if len(tokens) >= 7}
    known = {"".join(tokens) for tokens in other if len(tokens) >= 7}
    shared = shared_sentences(record(sketch_sentences(other)), one)
    assert shared == ((len(long & known), len(long)) if known else (0, 0))


@pytest.mark.parametrize("known", [300, 700, 5000])
def test_sketches_join_to_that_of_all(known):
    one, other = sentences(0, known), sentences(known - 100, 6000)
    joined = join_sketches(sketch_sentences(one), sketch_sentences(other))
    assert joined == sketch_sentences(sentences(0, 6000))
    assert join_sketches() == b""


def test_the_share_is_estimated_from_a_sample():
    sketch = sketch_sentences(sentences(0, 8000))
    assert len(sketch) == 5 * MOST
    whole = shared_sentences(record(sketch), sentences(2000, 4000))
    assert whole.found == whole.looked_at == pytest.approx(2000 * MOST / 8000, rel=0.3)
    half = shared_sentences(record(sketch), sentences(7000, 9000))
    assert half.share == pytest.approx(0.5, abs=0.15)
    assert shared_sentences(record(sketch), sentences(8000, 20_000)).found == 0


def test_other_tokens_of_the_same_characters():
    sketch = sketch_sentences([["He", "did", "n't", "say", "that", "it", "is"]])
    split = ["He", "didn", "'", "t", "say", "that", "it", "is"]
    assert shared_sentences(record(sketch), [split]) == (1, 1)


def test_no_sketch_tells_nothing():
    assert sketch_sentences([["six", "tokens", "are", "too", "few", "."]]) == b""
    shared = shared_sentences(record(b""), sentences(0, 9))
    assert (shared, shared.share) == ((0, 0), 0.0)


@given(st.binary(max_size=64))
def test_a_sketch_survives_json_and_any_bytes_can_be_read(sketch):
    text = msgspec.json.encode(record(sketch))
    again = msgspec.json.decode(text, type=TrainingRecord)
    assert again == record(sketch)
    assert (b"sketch" in text) == bool(sketch)
    assert shared_sentences(again, sentences(0, 9)).looked_at <= 9


def test_the_same_in_each_process():
    assert sketch_sentences(sentences(0, 1)).hex() == "8d60b92159"
