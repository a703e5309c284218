import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import read_conll
from strategies import visible
from windowclf.errors import UsageError
from windowclf.text import tokenizer
from windowclf.text.tokenizer import (
    Token,
    line_sentences,
    sentences,
    split_words,
    token_starts,
    tokenize,
)

PIECES = [
    *("a", "U.S.", "Mr.", "J.", "n't", "don't", "'s", "1", "0.5", "http://", "www.", ".com", "_"),
    *("'", "’", "-", "--", ".", "...", ",", "@", "#", "$", "%", '"', "“", "``", "''", " ", "\n"),
    *("é", "\u0301", "中", "हि", "👩", "\u200d", "🏽", "🇫", "\ufe0f", "\ufeff"),
    *("\x85", "\x1c", "\u2028", "\u3000"),
]

characters = st.characters(exclude_categories=())  # lone surrogates, too
texts = st.text(characters) | st.lists(st.sampled_from(PIECES)).map("".join)


def words(text):
    return [token.text for token in tokenize(text)]


@given(texts)
def test_tokens_hold_every_character_that_can_be_seen_once_and_in_order(text):
    position = 0
    for token in tokenize(text):
        assert position <= token.start < token.end
        assert not visible(text[position : token.start])
        assert text[token.start : token.end] == token.text
        assert not any(character.isspace() for character in token.text)
        position = token.end
    assert not visible(text[position:])


@given(texts)
def test_sentences_are_the_tokens_in_groups(text):
    groups = sentences(text)
    assert all(groups)
    assert [token for group in groups for token in group] == tokenize(text)
    assert [[token.text for token in group] for group in groups] == split_words(text)


@given(texts)
def test_lines_are_sentences_if_they_are_taken_as_given(text):
    lines = re.split("[\n\r\t\x0b\f\x1c-\x1e\x85\u2028\u2029]", text)
    assert line_sentences(text) == [found for line in lines if (found := words(line))]


# Each text is written with a bar where a token ends without a space.
@pytest.mark.parametrize(
    "marked",
    [
        "Paris is in France|.",
        "He left the U.S.",
        "The U.S.-led talks|, then|: a U.N.-Iraq deal at 5 p.m.",
        "Mr. J. K. Rowling of Acme Inc.|, in No. 5|, Calif.",
        "So he said no|. He chose plan B|.",
        "It did|n't|, he ca|n’t|, she|'s|, Bob|’s|, they|'ll|, I|'m|, the players|'",
        "O'Neill|'s 5 o'clock cafe in Cote d'Ivoire",
        "$|1,000.50|, US$|7m|, 6-3|, 1996-08-22 at 10:30|, 1/2|, 5.5|%|, +1.5|, .500|, -3",
        "Oslo|:|5 in '96 *** ===",
        "so-called vice-president -- AT&T and|/|or",
        '"|Why|?|"|, she asked|; (|he|) said|: well|...',
        "“|Hi|,|” he said|…",
        "She|'d|'ve ca|n't cannot|; y'all|, ma'am|; the '90s|, '|n|' roll",
        "a.b-c@example.co.uk|, http://example.com/a?b=c|. www.example.org|. Amazon.com|'s",
        "the end|.|Then",
        "@windowclf #news # 1",
        "see bbc.co.uk/news/uk-1|, example.com/|, www.example.org/a?b#c|; (|ftp://a.b/c|)|.",
        "Wash.-based Inc.-owned Jan L. , Jo L.|; Martin L.|, Jr.|, Sr.|; etc.|, Blah.|, no|.",
        "No.1 No. 1 p.5 Sep.03 24.SEP.96 IBM.N|. Tel+44 100=1990 1996–97",
        "two-|, three- and multi- ethnic 6- 4 17-|: AA- A+|, C++|. 18+ 101* 1= Paris|- -- -",
        "Plan B|. So he went|. It is J. Soon|, not J. So|? Plan C|. It|'s done|.",
        "„|Ja|“ ‘|Ja|’ «|Oui|» ‹|Oui|› 「|はい|」 ``|Yes|'' `|Yes|'",
        "£|5m €|10 −5 10|°|C 3½ 1st 5:30pm 1,000,000 ١٬٢٣٤٫٥",
        "👩‍👩‍👧|👍🏽 🇫🇷|🇩🇪 1️⃣ ❤️ ❤️‍🔥|🙂‍↔️|©️ ▶️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿|.",
        "cafe\u0301 हिन्दी में المُدَرِّس|، الكِتَابُ|؟ Ελλάδα",
        'צה"ל צה״ל ג׳ורג׳ בית־ספר בְּרֵאשִׁית|. "|שלום|"',
        "中|国|人 ジョン|・|スミス 한국어입니다",
        "a|\0|b|\x01 \ud800|c|\udc00",
    ],
)
def test_english_is_split_as_in_conll(marked):
    assert words(marked.replace("|", "")) == marked.replace("|", " ").split()


def test_a_rank_keeps_its_period_only_where_a_line_begins():
    assert words("1. Bob") == ["1.", "Bob"]
    assert words("He came 1. Bob") == ["He", "came", "1", ".", "Bob"]


def test_offsets_count_characters():
    assert tokenize(" 👍🏽\u3000It's") == [
        Token("👍🏽", 1, 3),
        Token("It", 4, 6),
        Token("'s", 6, 8),
    ]


@pytest.mark.parametrize(
    "marked",
    [
        "It rained. | Nobody came! | “Why?” | “Who knows.” | (He left.) | 5 stayed.",
        "Mr. J. Smith of the U.S. Senate met Gen. Lee at 5.30 p.m. in St. Louis. | He won.",
        "He ran... and ran. | The end... | Or not?! | Apples sell; e.g. here.",
        "He left.Then it rained. | ' Why?",
        "Prices rose 1.5 percent. | “Oh!” he said.",
        "مرحبا. | كيف الحال؟ | جيد",
        "He chose plan B. | So he went. | However, I met J. K. Rowling. | The end.",
        "He is in the U.S. | He left. | U.S. President of Acme Inc. | “The firm,” he said.",
        "At 5 p.m. Mr. He met Gen. So of Acme Co. in St. An. | They left at 5 a.m. | It rained.",
        'He said "Go." | He went. | "Stop!" she said. | ("No.") | Then "Why?" he asked.',
        'He said " Go . " | He went . | " Stop ! " she said . | " No . "',
        "... The view. | “ Oh! ” | ' Yes . | ( The end . )",
        "A headline \n\n| It rained.\n\n \r\n| and rained. | J.\n\n| Smith",
    ],
)
def test_sentences_end_where_a_reader_ends_them(marked):
    text = marked.replace("| ", "")
    found = [text[group[0].start : group[-1].end] for group in sentences(text)]
    assert found == [sentence.strip() for sentence in marked.split("|")]


def test_chinese_sentences_need_no_space():
    assert [len(group) for group in sentences("我来了。你呢？")] == [4, 3]


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "a.", "a-", "a'", "a@", "a%", "a_", "a.b@", "ab.cd.", "a-b.", "A.", "n't", "don't"),
        *(".5", "+.", "-1", "1.", "1,", "'", "-", ".", "http://.", "www.", " ", "A. "),
        *("中", "中a", "\u0301", "a\u0301", "👩\u200d", "🇫", "\u200b"),
        *("J. ", "No.  ", "J.\n\n", '." ', "?", "。", "... A", '"', "a "),
        *('. " ', ". (", "('\"", "U.S. ", "B. He ", "A.-", "1=", "a+", "1*", "No.1", "a.com/:"),
        *("\n", "\n ", "a\n \n", "\ufe0f", 'א"'),
        *("http://(", "a.com/(", "a.de?a", "www.(", "@1", "#_", "@a@", "mailto:", "a.b.de", ":)"),
        *("a\u00ad", "\u200d", "“", "’s", "a\t", "a\r\n", "a b\n", "A b c.\n", "–", "a\u200b"),
    ],
)
def test_time_is_linear(piece):
    text = piece * (5_000 // len(piece))

    def seconds():
        start = time.process_time()
        sentences(text)
        sentences("a" + text + "é@")
        sentences("J." + " " * len(text) + text)
        return time.process_time() - start

    # Quadratic time would be 0.6. A busy machine is slow as well, but not each time.
    assert any(seconds() < 0.3 for _ in range(9))


@pytest.mark.parametrize("piece", ["a", "a.", "A.", "a-", "1,", "'", '"', ".", "!", "(", "“", "\n"])
def test_very_many_characters_of_a_kind_are_no_trouble(piece):
    text = piece * (200_000 // len(piece))
    assert "".join(word for sentence in split_words(text) for word in sentence) == text.strip()


def test_words_of_another_text_are_refused():
    with pytest.raises(UsageError, match=r"word 'was': not found in the text from character 5 on"):
        token_starts("Paris is", ["Paris", "was"])


def test_no_words_have_no_starts():
    assert token_starts(" ", []) == []
    assert token_starts("", []) == []


def test_real_sentences_come_back(conll2003):
    given = [list(sentence.tokens) for sentence in read_conll(conll2003 / "eng.testa")]
    found = [split_words(" ".join(tokens)) for tokens in given]
    same = sum(
        [word for sentence in f for word in sentence] == g
        for f, g in zip(found, given, strict=True)
    )
    assert same / len(given) > 0.995
    assert sum(len(sentences) == 1 for sentences in found) / len(given) > 0.995


@given(
    st.lists(st.text(st.sampled_from("aé𝄞 b'\u00a0\u200b"), min_size=1, max_size=6), max_size=9),
    st.sampled_from([" ", "\n\t ", "\u00a0", ""]),
)
def test_words_of_a_long_text_are_found_as_those_of_a_short_one(words, between):
    text = between.join(words)
    words = [word for chunk in words for word in chunk.split()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizer, "_FEW_WORDS", len(words))
        expected = token_starts(text, words)
        patch.setattr(tokenizer, "_FEW_WORDS", -1)
        assert token_starts(text, words) == expected
        with pytest.raises(UsageError, match="not found in the text"):
            token_starts(text, [*words, "a"])


def test_words_with_white_space_inside_are_found_one_by_one():
    words = [f"a {n}" for n in range(100)]
    text = "  ".join(words)
    starts = token_starts(text, words)
    assert [text[at : at + len(word)] for at, word in zip(starts, words, strict=True)] == words
