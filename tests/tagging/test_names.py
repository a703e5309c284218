"""A name holds a letter or a digit, and typographic signs do not change what is found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
import windowclf
from networks import prepare_small
from windowclf.system.resources import data_path
from windowclf.tagging.tagger import Tagger
from windowclf.tags.arrays import SpanArrays, SpanFinder
from windowclf.tags.schemes import Scheme, spans

SENTENCE = ["—", "Ada", "👍", "***", "Oslo", "1️⃣", "\u200b", ":)", "™", "."]
SIGNS = {"—", "👍", "***", "1️⃣", "\u200b", ":)", "™", "."}
STYLES = [str.maketrans("'\"", "’“"), str.maketrans("'\"", "‘”"), str.maketrans("'\"", "ʼ«")]


def tagger_of(scheme, seed, **settings):
    model = prepare_small(tiny.sentences(), scheme, level="sentence", **settings)
    rng = np.random.default_rng(seed)
    for parameter in model.parameters().values():
        parameter.value[:] = rng.normal(scale=0.5, size=parameter.shape)
    return Tagger(model)


@pytest.mark.parametrize("seed", range(4))
def test_no_span_is_of_signs_alone(seed):
    tagger = tagger_of(Scheme.IOB2, seed)
    sentences = [SENTENCE, ["—"], [], SENTENCE[::-1]] * 3
    dropped = 0
    for chunk in tagger.chunks(sentences, [0] * len(sentences)):
        raw = tagger.finder.find(chunk.path, chunk.lengths)
        dropped += len(raw.first) - len(chunk.spans.first)
        for words, tags, found in zip(sentences, chunk.tags(), chunk.predictions(), strict=True):
            assert found.spans == spans(found.tags, tagger.model.scheme)
            assert found.spans == spans(tags, Scheme.IOB2)
            assert len(found.confidences) == len(found.spans)
            for span in found.spans:
                assert not {words[span.start], words[span.end - 1]} & (SIGNS - {"\u200b", "."})
                assert not {*words[span.start : span.end]} <= SIGNS
    assert dropped


@given(st.lists(st.tuples(st.sampled_from(["O", "B-A", "I-A", "I-B"]), st.integers(0, 2))))
def test_marked_tokens_are_cut_off_the_ends_of_spans(pairs):
    labels, parts = ["O", "B-A", "I-A", "I-B"], np.array([part for _, part in pairs], int)
    path = np.array([labels.index(tag) for tag, _ in pairs], np.intp)
    found = SpanFinder(labels, Scheme.IOB2).find(path, np.array([len(path)]))
    found = found.where(found.holding(parts == 2))
    cut = found.without_ends(parts == 0)
    for first, last, a, b in zip(found.first, found.last, cut.first, cut.last, strict=True):
        kept = [i for i in range(first, last + 1) if parts[i]]
        assert (a, b) == (kept[0], kept[-1])


def test_plain_labels_are_of_any_token():
    tagger = tagger_of(Scheme.PLAIN, 1)
    [chunk] = tagger.chunks([SENTENCE])
    [tags] = chunk.tags()
    assert tags == [tagger.model.labels[k] for k in chunk.path]


@given(st.lists(st.tuples(st.sampled_from(["O", "B-A", "I-A", "I-B"]), st.booleans())))
def test_spans_that_hold_a_marked_token(pairs):
    labels, marked = ["O", "B-A", "I-A", "I-B"], np.array([mark for _, mark in pairs], bool)
    path = np.array([labels.index(tag) for tag, _ in pairs], np.intp)
    found = SpanFinder(labels, Scheme.IOB2).find(path, np.array([len(path)]))
    held = found.holding(marked)
    expected = [marked[a : b + 1].any() for a, b in zip(found.first, found.last, strict=True)]
    assert held.tolist() == expected
    kept = found.where(held)
    assert isinstance(kept, SpanArrays)
    assert kept.first.tolist() == found.first[held].tolist()
    inside = [i for a, b in zip(kept.first, kept.last, strict=True) for i in range(a, b + 1)]
    assert kept.tokens().tolist() == inside


@pytest.fixture(scope="module")
def bundled():
    return windowclf.load(data_path("model"))


texts = st.lists(
    st.sampled_from(
        ["Toyota", "'", '"', "Ann's", "O'Neill", "said", "in", "New", "York", "isn't", ".", ","]
    ),
    max_size=14,
).map(" ".join)


@given(texts, st.sampled_from(STYLES), st.booleans())
def test_what_is_found_is_what_straight_quotes_would_give(bundled, text, style, glued):
    if glued:
        text = text.replace(" ' ", " '").replace(' " ', '" ')
    plain = next(bundled.pipe([text]))
    written = next(bundled.pipe([text.translate(style)]))
    assert written.tags == plain.tags
    assert [(e.start, e.end, e.label) for e in written.entities] == [
        (e.start, e.end, e.label) for e in plain.entities
    ]
    assert all(e.text == written.text[e.start : e.end] for e in written.entities)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "\ufeffPeter Novak\u200b met \u200eAngela Merkel.",
            ["Peter Novak", "Angela Merkel"],
        ),
        ("• Paris", ["Paris"]),
        ("Angela Merkel – Germany’s chancellor — met John Smith…", None),
        ("‘Oslo’ and “Toyota”", ["Oslo", "Toyota"]),
        ("He took the Boston–New York train", ["Boston", "New York"]),
        ("Peter Novak 👍 Angela Merkel", ["Peter Novak", "Angela Merkel"]),
    ],
)
def test_signs_are_no_part_of_names(bundled, text, names):
    names = names or ["Angela Merkel", "Germany", "John Smith"]
    assert [entity.text for entity in bundled.tag(text)] == names


@pytest.mark.parametrize(
    "text",
    [
        *["📍Paris 👩\u200d💻 Angela Merkel 🇫🇷France", "Paris🗼 Angela Merkel🎉 France!"],
        *["→ Paris\n→ Angela Merkel\n→ France", "✓Paris\n✓Angela Merkel\n★France"],
        *["Paris™ Angela Merkel® ©France", "Paris ★ Angela Merkel ‖ France"],
        *["「Paris」 『Angela Merkel』 《France》", "``Paris'' ''Angela Merkel'' ``France''"],
        *["`Paris' `Angela Merkel` France`s", "（Paris） ［Angela Merkel］ 【France】"],
        *["Paris：Angela Merkel，France；", "Paris | Angela Merkel ｜ France"],
    ],
)
def test_signs_neither_join_names_nor_begin_or_end_them(bundled, text):
    tagged = bundled.tag_text(text)
    assert [entity.text for entity in tagged.entities] == ["Paris", "Angela Merkel", "France"]
    found = [spans(tags, Scheme.IOB2) for tags in tagged.tags]
    assert [span.end - span.start for spans in found for span in spans] == [1, 2, 1]


@pytest.mark.parametrize("text", ["👍", "—", "\u200b", "***", "→", "©", "1️⃣", ":D", "…", "\u3164"])
def test_a_sign_is_no_name(bundled, text):
    assert bundled.tag(text) == []
    assert bundled.tag_tokens([text]) == []
    assert bundled.predict([[text]]) == [["O"]]
