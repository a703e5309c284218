"""Several corpora joined into one to train on."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import strategies
from tiny import parse
from windowclf import Corpus, DataError, Sentence, UsageError, mix_corpora
from windowclf.tags.schemes import Scheme, Span, encode, spans

LONG = parse("[PER Ada] saw the city of [LOC Oslo] .")
NEWS = [parse("[PER Ada] is in [LOC Oslo]"), parse("[MISC Norse] [ORG Acme]"), LONG]
TWEETS = [parse("[corp Acme] sells [prod Pads]"), parse("[LOC Paris] !"), LONG]


def corpus(name="x", notes=(), scheme=Scheme.IOB2, **splits):
    return Corpus(name, splits, scheme, scheme, notes)


def words(sentences):
    return [" ".join(sentence.tokens) for sentence in sentences]


def labels(sentences, scheme=Scheme.IOB2):
    return sorted({span.label for s in sentences for span in spans(s.tags, scheme)})


def test_all_splits_are_joined_in_order():
    news = corpus("news/", train=NEWS, dev=NEWS[:1], test=NEWS[1:2])
    tweets = corpus("tweets/", train=TWEETS, test=TWEETS[:1])
    mixed = mix_corpora({"a": news, "b": tweets}, weights={"b": 0.5})
    assert (mixed.name, mixed.scheme) == ("a+b", Scheme.IOB2)
    assert mixed.splits["train"] == NEWS + TWEETS
    assert mixed.splits["dev"] == NEWS[:1]
    assert mixed.splits["test"] == [NEWS[1], TWEETS[0]]
    first, second = mixed.parts
    assert (first.name, first.data, first.sentences, first.test_sentences) == ("a", "news/", 3, 1)
    assert (first.weight, first.mapped, first.lacks) == (1.0, {}, ())
    assert (second.name, second.data, second.sentences, second.weight) == ("b", "tweets/", 3, 0.5)


def test_one_corpus_may_be_mapped():
    mixed = mix_corpora({"b": corpus(train=TWEETS)}, maps={"b": {"corp": "ORG", "prod": ""}})
    assert labels(mixed.splits["train"]) == ["LOC", "ORG", "PER"]
    assert mixed.notes == ()


def test_documents_of_two_corpora_stay_apart():
    first = [replace(s, document=n) for s, n in zip(NEWS, (1, 1, 2), strict=True)]
    second = [replace(s, document=n) for s, n in zip(TWEETS, (None, 1, 1), strict=True)]
    everything = {"train": first, "dev": first, "test": first}
    other = {"train": second, "dev": second, "test": second}
    mixed = mix_corpora({"a": corpus(**everything), "b": corpus(**other)})
    for split in ("dev", "test"):
        a, same, b, none, c, again = (s.document for s in mixed.splits[split])
        assert (a == same, c == again, none) == (True, True, None)
        assert len({a, b, c}) == 3


@given(strategies.span_lists(), st.dictionaries(strategies.labels, st.sampled_from(["A", "", "O"])))
def test_a_map_changes_the_labels_of_spans_and_no_border(found, mapped):
    before, n = found
    there = {span.label for span in before}
    mapped = {label: new for label, new in mapped.items() if label in there}
    sentences = [Sentence(["x"] * n, encode(before, n, Scheme.IOB2))] if n else []
    mixed = mix_corpora({"a": corpus(train=sentences)}, maps={"a": mapped})
    after = [span for s in mixed.splits["train"] for span in spans(s.tags, Scheme.IOB2)]
    expected = [Span(s.start, s.end, mapped.get(s.label, s.label)) for s in before]
    assert after == [span for span in expected if span.label not in ("", "O")]
    assert mixed.parts[0].mapped == mapped


def test_plain_labels_are_mapped_too():
    tagged = [Sentence(["a", "b", "c"], ["B-X", "NN", "O"])]
    only = corpus(train=tagged, scheme=Scheme.PLAIN)
    mixed = mix_corpora({"a": only}, maps={"a": {"B-X": "VB", "NN": ""}})
    assert mixed.splits["train"][0].tags == ["VB", "O", "O"]


def test_training_sentences_that_are_tested_on_are_left_out():
    short = parse("[PER Ada] saw [LOC Oslo] .")
    empty = Sentence([], [])
    news = corpus(train=[*NEWS, short, empty], dev=[short])
    tweets = corpus(train=TWEETS, test=[replace(LONG, tags=["O"] * len(LONG))])
    mixed = mix_corpora({"a": news, "b": tweets}, lacks={"b": ["MISC"]})
    assert words(mixed.splits["train"]) == words([*NEWS[:2], short, *TWEETS[:2]])
    assert [part.sentences for part in mixed.parts] == [3, 2]
    assert [line for line in mixed.notes if "left out" in line] == [
        "a: 1 of 4 training sentences are left out: they are also in a dev or test split",
        "b: 1 of 3 training sentences are left out: they are also in a dev or test split",
    ]


def test_only_what_lacks_nothing_is_scored_on():
    news = corpus(train=NEWS[:2], dev=NEWS[:2], test=NEWS[:1])
    tweets = corpus(train=TWEETS, dev=TWEETS[:1], test=TWEETS[:1])
    lacks = {"b": ["MISC", "ORG"]}
    mixed = mix_corpora({"a": news, "b": tweets}, lacks=lacks)
    assert mixed.splits["dev"] == NEWS[:2]
    assert mixed.splits["test"] == NEWS[:1]
    assert [part.test_sentences for part in mixed.parts] == [1, 0]
    assert mixed.parts[1].lacks == ("MISC", "ORG")
    note = "b: its dev and test splits are not used: it does not annotate MISC, ORG"
    assert note in mixed.notes
    held_out = corpus("mine", dev=TWEETS[:1], notes=("mine: is odd",))
    mixed = mix_corpora({"a": news, "b": tweets}, lacks=lacks, held_out=held_out)
    assert mixed.splits["dev"] == TWEETS[:1]
    assert mixed.splits["test"] == NEWS[:1]
    assert "mine: is odd" in mixed.notes
    assert note.replace("dev and test splits are", "test split is") in mixed.notes
    held_out = corpus(test=[LONG])
    mixed = mix_corpora({"a": news, "b": tweets}, held_out=held_out)
    assert [part.test_sentences for part in mixed.parts] == [0, 0]
    assert LONG not in mixed.splits["train"]


def test_notes_name_the_corpus_and_what_only_others_label():
    news = corpus("news/", train=NEWS, notes=("news/: the scheme is io", "f.txt, line 3: odd"))
    tweets = corpus(train=TWEETS)
    given = {"a": news, "b": tweets}
    mixed = mix_corpora(given, maps={"b": {"corp": "ORG", "prod": ""}}, lacks={"b": ["MISC"]})
    assert mixed.notes == ("a: the scheme is io", "a: f.txt, line 3: odd")
    *_, first, second = mix_corpora(given, lacks={"a": ["prod"], "b": ["ORG"]}).notes
    assert first.startswith("a: has no corp, unlike other corpora: ")
    assert second.startswith("b: has no MISC, unlike other corpora: ")
    assert "`lacks`" in second


@pytest.mark.parametrize("fraction", [0.01, 0.4, 1])
def test_a_fraction_is_taken_of_each_corpus(fraction):
    sizes = {"a": 10, "b": 50, "c": 1}
    given = {
        name: corpus(train=[Sentence([f"{name}{i}"], ["B-X"]) for i in range(size)])
        for name, size in sizes.items()
    }
    mixed = mix_corpora(given, weights={"a": 3}).with_train_fraction(fraction, seed=4)
    found = words(mixed.splits["train"])
    for part, (name, size) in zip(mixed.parts, sizes.items(), strict=True):
        own = [word for word in found if word.startswith(name)]
        assert part.sentences == len(own) == max(1, round(fraction * size))
        assert own == sorted(own, key=lambda word: int(word[1:]))
    assert [word[0] for word in found] == sorted(word[0] for word in found)
    assert mixed.parts[0].weight == 3
    alone = given["b"].with_train_fraction(fraction, seed=4)
    assert alone.parts == ()


def test_parts_have_to_fit_the_train_split():
    mixed = mix_corpora({"a": corpus(train=NEWS), "b": corpus(train=TWEETS)})
    with pytest.raises(UsageError, match="3 sentences as in the train split, got 6"):
        replace(mixed, splits={"train": NEWS})


PLAIN = corpus(train=[Sentence(["a"], ["NN"])], scheme=Scheme.PLAIN)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"corpora": {}}, "corpora: expected corpora by name, .*, got {}"),
        ({"corpora": [NEWS]}, "corpora: expected corpora by name"),
        ({"corpora": {"a": NEWS}}, "corpora: a: expected a Corpus, got .*list"),
        ({"corpora": {" ": corpus(train=NEWS)}}, "corpora: expected a name, got ' '"),
        ({"corpora": {"a": corpus(train=NEWS), "b": PLAIN}}, "b has plain labels and the others"),
        ({"held_out": PLAIN}, "held_out has plain labels"),
        ({"held_out": NEWS}, "held_out: expected a Corpus"),
        ({"weights": {"c": 1}}, "`weights`: no corpus 'c'; expected one of a, b"),
        ({"weights": [1, 2]}, "weights: expected a value by corpus, got"),
        *(
            ({"weights": {"b": weight}}, "`weights` of b: expected more than 0, at most 1,000, got")
            for weight in (0, -1, float("nan"), float("inf"), "1", True, 1001)
        ),
        ({"maps": {"c": {}}}, "`maps`: no corpus 'c'"),
        ({"maps": {"b": "ORG"}}, "maps of b: expected new names by label"),
        (
            {"maps": {"b": {"corps": "ORG"}}},
            "`maps` of b: it has no label 'corps'; expected one of LOC, PER, corp, prod",
        ),
        ({"maps": {"b": {"corp": None}}}, "`maps` of b: corp: expected a label without white"),
        ({"maps": {"b": {"corp": "OR G"}}}, "`maps` of b: corp: expected a label without white"),
        ({"lacks": {"b": "MISC"}}, "lacks of b: expected a list of labels, got 'MISC'"),
        ({"lacks": {"b": [3]}}, "lacks of b: expected labels, got 3"),
        ({"lacks": {"b": ["LOC"]}}, "`lacks` of b: it has the label LOC itself; drop it"),
        (
            {"lacks": {"b": ["misc"]}},
            "`lacks` of b: no other corpus has the label 'misc'; expected one of MISC, ORG",
        ),
        (
            {"lacks": {"b": ["MISC"]}, "maps": {"a": {"MISC": ""}}},
            "no other corpus has the label 'MISC'; expected one of ORG",
        ),
        ({"lacks": {"b": ["MISC"]}, "maps": {"b": {"prod": "MISC"}}}, "has the label MISC itself"),
    ],
)
def test_what_is_refused(options, message):
    options = {"corpora": {"a": corpus(train=NEWS), "b": corpus(train=TWEETS)}} | options
    with pytest.raises(UsageError, match=message) as caught:
        mix_corpora(**options)
    assert not re.search(r"\n", str(caught.value))


def test_a_corpus_without_training_text():
    with pytest.raises(DataError, match=r"^a: has no train split"):
        mix_corpora({"a": corpus(test=NEWS)})
