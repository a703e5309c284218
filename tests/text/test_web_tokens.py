"""Addresses, handles, hashtags and emoji: each is one token, of its own kind."""

import pytest

from windowclf.text.token_pattern import token_kind
from windowclf.text.tokenizer import split_words

TOKENS = {
    "url": [
        "https://example.org",
        "http://example.org:8080/a/b.html?c=d&e=f#g",
        "ftp://a.b/c",
        "www.example.museum/x",
        "https://en.example.org/wiki/Oslo_(ship)",
        "example.com",
        "Example.co.uk",
        "sub.example.de:80/path/",
        "example.io?q=oslo",
        "t.me/oslo",
        "bit.ly/3xYz",
        "münchen.de",
        "https://例え.jp/道",
        "s3://bucket/key",
    ],
    "email": ["ann@example.org", "ann.lee+news@mail.example.co.uk", "mailto:ann@example.org"],
    "handle": ["@ann", "@ann_lee", "@1st_ann", "@_ann", "@ann@social.example", "＠ann"],
    "hashtag": ["#oslo", "#oslo_2024", "#2024oslo", "#東京", "#été", "＃oslo"],
    "emoji": ["👍", "👍🏽", "👩‍👩‍👧", "🇫🇷", "1️⃣", "❤️", "❤️‍🔥", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", ":)", ";-)", ":D", "<3"],
}
ALL = [(kind, token) for kind, tokens in TOKENS.items() for token in tokens]


@pytest.mark.parametrize(("kind", "token"), ALL)
def test_a_token_of_the_web_is_one_token(kind, token):
    assert token_kind(token) == kind
    assert split_words(f"see {token} now") == [["see", token, "now"]]


@pytest.mark.parametrize(("kind", "token"), [pair for pair in ALL if pair[0] != "emoji"])
def test_punctuation_stays_outside(kind, token):
    del kind
    assert split_words(f"so ({token}), “{token}”: {token}! .{token}, <{token}>.") == [
        f"so ( {token} ) , “ {token} ” : {token} ! . {token} , < {token} > .".split()
    ]


@pytest.mark.parametrize(
    "word",
    [
        "Oslo",
        "U.S.",
        "e.g.",
        "1.5",
        "10:30",
        "--",
        "C++",
        "a@b",
        "@5",
        "#1",
        "end.is",
        "J.de",
        "5.km",
        "and/or",
        "St.",
        "“",
        "•",
        "12:30.",
        "😀a",
    ],
)
def test_other_words_are_of_no_kind(word):
    assert token_kind(word) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("J.de Boer ran 5.km to the end.is it", "J. de Boer ran 5 . km to the end . is it"),
        ("example.com's www.example.com’s", "example.com 's www.example.com ’s"),
        ("5 @5.50 for #1", "5 @ 5.50 for # 1"),
        ("a@b (see: this)", "a @ b ( see : this )"),
        ("👍👍🏽🇫🇷🇩🇪", "👍 👍🏽 🇫🇷 🇩🇪"),
    ],
)
def test_what_is_near_them(text, words):
    assert [word for found in split_words(text) for word in found] == words.split()


@pytest.mark.parametrize(
    "word",
    [
        f"https://a.org/{'ab/' * 40}-",
        f"a.org/{'x' * 200}.",
        f"a.org/{'(x)' * 100}(",
        f"a.org?{'a=b&' * 100}'",
        f"a@b.org{'-b' * 100}.",
        "#" + "a\u0300" * 300 + "-",
        f"@a@{'b.' * 300}",
    ],
)
def test_long_words_that_are_nearly_of_the_web(word):
    assert token_kind(word) is None  # at once: an address was once tried in every way to split it
