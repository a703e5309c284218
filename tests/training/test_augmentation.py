"""Sentences with other names, and from templates, beside those of the training text."""

import logging
from itertools import chain

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import SMALL, TRAIN, make_vectors, parameter_bytes
from tiny import parse
from windowclf.config.config import make_config
from windowclf.corpora.coerce import TrainingText
from windowclf.documents.sentence import Sentence
from windowclf.errors import UsageError
from windowclf.lexicon.lexicon import UNKNOWN
from windowclf.model.record import TrainingRecord
from windowclf.tags.schemes import Scheme, Span, encode, spans
from windowclf.text.tokenizer import split_words, tokenize
from windowclf.training.augmentation import Names, augment, exchange_names, read_template
from windowclf.training.data import Resources, generators, prepare
from windowclf.training.fit import TrainingRun, fit
from windowclf.training.loop import BatchDone
from windowclf.training.templates import TEMPLATES, WITH_NUMBERS

LISTS = {"PER": ["Priya Sharma", "Jürgen Klopp"], "LOC": ["Nuuk", "Rio de Janeiro"]}
NAMES = {kind: Names(names, kind) for kind, names in LISTS.items()}
HAVING = [s for s in TRAIN if set(s.tags) != {"O"}]
EVERY = [*TEMPLATES, *WITH_NUMBERS]


def made(sentences=TRAIN, lists=LISTS, scheme=Scheme.IOB2, seed=1, **settings):
    rng = np.random.default_rng(seed)
    return augment(sentences, scheme, make_config(settings), lists, rng)


def found(sentence):
    return [
        (span.label, " ".join(sentence.tokens[span.start : span.end]))
        for span in spans(sentence.tags, Scheme.IOB2)
    ]


def outside(sentence):
    return [token for token, tag in zip(sentence.tokens, sentence.tags, strict=True) if tag == "O"]


def exchanged(marked, lists=NAMES, seed=1):
    sentence = parse(marked)
    these = spans(sentence.tags, Scheme.IOB2)
    return exchange_names(sentence, these, lists, np.random.default_rng(seed))


class TestOtherNames:
    @pytest.mark.parametrize("share", [0.25, 1.0])
    def test_a_share_of_the_sentences_comes_once_more(self, share):
        text = [Sentence(s.tokens, s.tags, 5) for s in TRAIN]
        added = made(text, name_augmentation=share)
        assert added.counts == {"names": round(share * len(HAVING))}
        assert len(added.sentences) == len(added.origins) == added.counts["names"]
        assert added.origins == sorted(set(added.origins))
        for new, origin in zip(added.sentences, added.origins, strict=True):
            assert new.document is None
            assert outside(new) == outside(TRAIN[origin])
            old = found(TRAIN[origin])
            assert [kind for kind, _ in found(new)] == [kind for kind, _ in old]
            for kind, name in found(new):
                assert any(name in listed for listed in LISTS[kind])
                assert name not in {before for _, before in old}

    def test_types_without_a_list_stay(self):
        new = exchanged("[PER Mary Poppins] saw [LOC New York] and [MISC Dutch] art", NAMES)
        assert found(new)[2] == ("MISC", "Dutch")
        places = {"LOC": NAMES["LOC"]}
        assert found(exchanged("[PER Mary Poppins] in [LOC Oslo]", places))[0][1] == "Mary Poppins"
        only = made(lists={"LOC": ["Nuuk"]}, name_augmentation=1.0)
        assert only.counts["names"] == sum("B-LOC" in s.tags for s in TRAIN)

    def test_one_word_of_a_person_becomes_one_word(self):
        lists = {"PER": Names(["J. R. Priya Sharma Jr."], "PER")}
        drawn = {found(exchanged("[PER Ada] left", lists, seed))[0][1] for seed in range(20)}
        assert drawn == {"Priya", "Sharma"}
        assert found(exchanged("[PER Ada King] left", lists)) == [("PER", "J. R. Priya Sharma Jr.")]
        places = {"LOC": Names(["Rio de Janeiro"], "LOC")}
        assert found(exchanged("[LOC Oslo] won", places)) == [("LOC", "Rio de Janeiro")]

    def test_a_name_that_comes_twice_becomes_one_name(self):
        many = {"LOC": Names([f"Town{'x' * i}" for i in range(1000)], "LOC")}
        [a, b, c] = found(exchanged("[LOC Oslo] , [LOC Paris] and [LOC Oslo]", many))
        assert a == c != b

    @pytest.mark.parametrize(
        ("marked", "name"),
        [
            ("[LOC OSLO]  1996-08-22", "RIO DE JANEIRO"),
            ("they like [LOC LONDON] much", "RIO DE JANEIRO"),
            ("the [LOC U.S.A.] won", "Rio de Janeiro"),
            ("in [LOC NY] they say", "Rio de Janeiro"),
            ("i love [LOC new york]", "rio de janeiro"),
            ("in [LOC New York]", "Rio de Janeiro"),
        ],
    )
    def test_letter_case(self, marked, name):
        assert found(exchanged(marked, {"LOC": Names(["Rio de Janeiro"], "LOC")})) == [
            ("LOC", name)
        ]

    words = st.text("aB7. '’\u200b-é", min_size=1, max_size=4)
    parts = st.tuples(
        st.sampled_from(["", "PER", "LOC", "X"]), st.lists(words, min_size=1, max_size=3)
    )

    @given(st.lists(parts, max_size=6), st.lists(words, min_size=1, max_size=4))
    def test_tags_stay_right(self, parts, listed):
        tokens, given_spans = [], []
        for kind, those in parts:
            if kind:
                given_spans.append(Span(len(tokens), len(tokens) + len(those), kind))
            tokens += those
        sentence = Sentence(tokens, encode(given_spans, len(tokens), Scheme.IOB2))
        lists = {kind: names for kind in ("PER", "LOC") if len(names := Names(listed, kind))}
        new = exchange_names(sentence, given_spans, lists, np.random.default_rng(0))
        now = spans(new.tags, Scheme.IOB2)
        assert encode(now, len(new), Scheme.IOB2) == new.tags
        assert [span.label for span in now] == [span.label for span in given_spans]
        assert outside(new) == outside(sentence)
        assert all(new.tokens) or not all(tokens)


class TestTemplates:
    @pytest.mark.parametrize("template", EVERY)
    def test_is_split_as_text_is(self, template):
        text, tokens, names = template, [], []
        for slot, words in read_template(template):
            if slot:
                text = text.replace(
                    f"[{' '.join([slot, *words])}]", f"Ada {' '.join(words)}".strip(), 1
                )
                names.append(["Ada", *words])
            tokens += ["Ada"] * bool(slot) + words
        assert "[" not in text
        assert tokens == [token.text for token in tokenize(text)]
        assert split_words(text) == [tokens]
        assert names

    def test_are_many_and_of_all_types(self):
        assert len(set(EVERY)) == len(EVERY) > 100
        slots = {part.slot for part in chain(*map(read_template, EVERY))} - {""}
        assert slots == {"PER", "FORENAME", "SURNAME", "ORG", "LOC"}

    def test_numbers_are_where_they_belong(self):
        for template in TEMPLATES:
            assert not any(map(str.isdigit, template))

    def test_a_share_of_sentences_is_made(self):
        added = made(template_augmentation=0.5)
        assert added.counts == {"templates": round(0.5 * len(TRAIN))}
        assert added.origins == [-1] * added.counts["templates"]
        listed = {kind: " ".join(names).lower() for kind, names in LISTS.items()}
        for sentence in added.sentences:
            assert sentence.document is None
            assert found(sentence)
            for kind, name in found(sentence):
                assert name.lower() in listed[kind]

    def test_names_of_the_text_serve_where_no_list_does(self):
        text = [parse("[PER Ada King] works at [ORG Acme]")]
        added = made(text * 300, {}, template_augmentation=1.0)
        drawn = set(chain(*map(found, added.sentences)))
        assert ("ORG", "Acme") in drawn
        assert ("ORG", "Acme Inc.") in drawn
        assert {("PER", name) for name in ("Ada King", "Ada", "King", "ada", "ADA")} <= drawn
        assert not {kind for kind, _ in drawn} - {"PER", "ORG"}

    def test_letter_cases_of_names(self):
        drawn = [name for s in made(TRAIN * 30, template_augmentation=1.0).sentences
                 for _, name in found(s)]  # fmt: skip
        for change in (str.islower, str.isupper):
            assert 0.07 < np.mean([change(name) for name in drawn]) < 0.13

    def test_a_company_gets_one_form(self):
        text = [parse("[ORG Acme Inc.] grew")] * 300
        drawn = set(chain(*map(found, made(text, {}, template_augmentation=1.0).sentences)))
        assert drawn == {("ORG", name) for name in ("Acme Inc.", "acme inc.", "ACME INC.")}

    def test_corpora_may_call_the_types_otherwise(self):
        text = [parse("[person Ada King] of [corporation Acme] in [GPE Oslo] by the [LOC Nile]")]
        added = made(text * 200, {}, template_augmentation=1.0)
        assert {kind for s in added.sentences for kind, _ in found(s)} == {
            "person", "corporation", "GPE",
        }  # fmt: skip

    @pytest.mark.parametrize(("kind", "numbers"), [("MISC", True), ("DATE", False)])
    def test_numbers_only_where_nothing_labels_them(self, kind, numbers):
        text = [parse(f"[PER Ada King] in [LOC Oslo] , [{kind} May]")] * 300
        added = made(text, {}, template_augmentation=1.0)
        tokens = chain(*(sentence.tokens for sentence in added.sentences))
        assert any(token[0].isdigit() for token in tokens) == numbers


BOTH = {"name_augmentation": 0.5, "template_augmentation": 0.5}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lists": {}, **BOTH}, r"`name_augmentation=0.5` needs names .* give lists with `names`"),
        ({"lists": {"PERSON": ["Ada"]}, **BOTH}, "`names`: .* has names of LOC, PER, .* PERSON"),
        ({"lists": {"PER": [" ", "-"]}, **BOTH}, "`names`: .* has names of LOC, PER, .* PER"),
        ({"scheme": Scheme.PLAIN, **BOTH}, "need tags that spell names"),
        (
            {"sentences": [parse("[X a]")], "template_augmentation": 0.5},
            "the templates need names of PER, ORG or LOC, but the training text has names of X",
        ),
    ],
)
def test_what_cannot_be_made(arguments, message):
    with pytest.raises(UsageError, match=message):
        made(**arguments)


@pytest.mark.parametrize(
    ("lists", "settings", "message"),
    [
        (LISTS, {}, "names: not used: neither name_augmentation nor template_augmentation is set"),
        (LISTS | {"X": ["a"]}, BOTH, "lists are of X too, which are not used"),
        (LISTS, BOTH, None),
        ({}, {}, None),
    ],
)
def test_lists_that_are_not_used_are_reported(caplog, lists, settings, message):
    with caplog.at_level(logging.WARNING, logger="windowclf"):
        added = made(lists=lists, **settings)
    assert bool(added.sentences) == bool(settings)
    assert [message in line for line in caplog.messages] == [True] * (message is not None)


def prepared(lists=LISTS, sentences=TRAIN, **settings):
    words = {token.lower(): None for token in chain(*(s.tokens for s in sentences))}
    vectors = make_vectors([*words, "nuuk"])
    text = TrainingText("tiny", list(sentences), [], Scheme.IOB2)
    config = make_config(SMALL | settings)
    return prepare(text, vectors, config, Resources(names=lists))


def trained(lists=LISTS, listener=None, **settings):
    model, data = prepared(lists, **settings)
    fit(model, data, TrainingRun(listener))
    return model


class TestTraining:
    def test_without_it_nothing_changes(self):
        assert parameter_bytes(trained(epochs=1)) == parameter_bytes(trained({}, epochs=1))
        seeds = np.random.SeedSequence(7).spawn(3)
        for rng, seed in zip(generators(make_config({"seed": 7})), seeds, strict=False):
            assert rng.random() == np.random.default_rng(seed).random()

    def test_the_same_seed_gives_the_same_bytes(self):
        one, again = (parameter_bytes(trained(epochs=1, **BOTH)) for _ in range(2))
        assert one == again
        texts = [prepared(seed=seed, **BOTH)[1].tokens for seed in (1, 2)]
        assert texts[0] != texts[1]

    @pytest.mark.parametrize("case", [0, 0.2])
    def test_the_sentences_come_last(self, case):
        _, data = prepared(case_augmentation=case, **BOTH)
        own, number = len(TRAIN), sum(data.augmented.values())
        assert number == len(HAVING) // 2 + len(TRAIN) // 2
        assert data.versions == (3 if case else 1)
        assert len(data.tokens) == data.versions * (own + number)
        assert list(data.tokens[:own]) == [s.tokens for s in TRAIN]
        if case:
            upper = data.tokens[own + number : 2 * (own + number)]
            assert upper == [[*map(str.upper, tokens)] for tokens in data.tokens[: own + number]]

    def test_what_the_record_says(self):
        heard = []
        record = trained(LISTS, heard.append, epochs=1, **BOTH).record
        tokens = sum(map(len, TRAIN))
        assert record.sentences["train"] == len(TRAIN)
        assert (
            record.tokens["train"]
            == tokens
            < sum(event.tokens for event in heard if isinstance(event, BatchDone))
        )
        names, templates = len(HAVING) // 2, len(TRAIN) // 2
        assert record.augmented == {"names": names, "templates": templates}
        assert record.names == {"PER": 2, "LOC": 2}
        assert record.augmentation == (
            f"{names} sentences with other names, {templates} from templates"
        )

    def test_a_record_of_before(self):
        facts = msgspec.to_builtins(trained({}, epochs=1).record)
        del facts["augmented"], facts["names"]
        record = msgspec.convert(facts, TrainingRecord)
        assert (record.augmented, record.names, record.augmentation) == ({}, {}, "")

    def test_new_names_have_the_rows_of_other_training_words(self):
        lists = {"PER": ["Oncenowhere Solo"], "LOC": ["Nuuk", "Twiceland"]}
        text = [*TRAIN[:1], parse("[PER Ada Byron] saw [LOC Paris]")]
        lexicon = prepared(lists, text * 20, name_augmentation=1.0, vocabulary=0)[0].lexicon
        plain = prepared({}, text * 20, vocabulary=0)[0].lexicon
        for word in ("Nuuk", "Twiceland", "Oncenowhere"):
            assert (lexicon.ids([word])[0] != UNKNOWN).all(), word
            assert plain.ids([word])[0, lexicon.features.index("written")] == UNKNOWN
