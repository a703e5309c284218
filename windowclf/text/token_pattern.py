"""The pattern of a token, after the conventions of CoNLL-2003 and GloVe, as a regular expression.

All of its repetitions are possessive or bounded, so it never backtracks over a stretch of text, and
the time is linear for any input.
"""

import re
from functools import cache

from windowclf.text.typography import SINGLE_QUOTES, plain_word, strip

# Abbreviations with a period that belongs to them. These stand before a name:
_TITLES = (
    "Mr|Mrs|Ms|Messrs|Mme|Mlle|Dr|Drs|Prof|Hon|Rev|Fr|St|Ste|Pres|Gov|Sen|Sens|Rep|Reps"
    "|Atty|Supt|Insp|Det|Gen|Adm|Cmdr|Col|Lt|Maj|Capt|Sgt|Cpl|Pvt|Brig|Mt|Ft"
    "|MR|MRS|MS|DR|ST|vs|VS|cf|al|approx|est|vol"
)
# These may also end a sentence:
_ABBREVIATIONS = (
    r"Jr|Sr|Esq|Ph\.D|Inc|Corp|Co|Cos|Ltd|Bros|Dept|Univ|Assn"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri"
    "|Ala|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Kan|Ky|Md|Mich|Minn|Neb|Nev|Okla|Pa|Tenn|Tex|Va|Wis"
    "|Ave|Blvd|Rd|etc|JR|SR|INC|CORP|CO|LTD"
)
TITLES = frozenset(f"{title}." for title in _TITLES.split("|"))

# Words that begin many sentences and otherwise rarely follow abbreviations and initials. After one
# of those, they show that the sentence ended.
_STARTERS = (
    "The|A|An|He|She|It|They|We|I|You|This|That|These|Those|There|His|Her|Its|Their|Our|My"
    "|In|On|At|For|After|Before|Since|But|And|So|Then|If|When|While|As|Although|However|Meanwhile"
    "|What|Who|Why|How|Where"
)
STARTERS = frozenset(_STARTERS.split("|"))

# Combining marks, joiners and vowel signs: Python does not match them with \w, but they belong to
# words.
_MARKS = (
    r"[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u05f3"
    r"\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06ed\u0730-\u074a\u07a6-\u07b0"
    r"\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u0eb1-\u0ecd\u0f18-\u0fc6\u102b-\u1049"
    r"\u1056-\u109d\u17b4-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20df"
    r"\u302a-\u302f\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f]"
)
# Chinese characters are tokens of their own, because the script has no spaces between words.
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_LETTER = r"[^\W\d_]"
_CAPITAL = "[A-ZÀ-ÖØ-ÞΑ-ΩЀ-Я]"
_NUMBERED = "No|Nos|no|nos|p|pp"
_RUN = rf"(?:[^\W{_HAN}]++{_MARKS}*+)++"
_CLITIC = r"'(?i:s|d|m|re|ve|ll)(?!\w)"
_ACRONYM = rf"{_LETTER}\.(?:(?:{_LETTER}\.)++(?:{_LETTER}(?!\w))?|{_LETTER}(?!\w))"  # U.S., a.m
_UNIT = rf"(?:{_ACRONYM}|{_RUN})"
_MONTH = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_AFTER_NUMBERED = "|".join(rf"(?<=\b{word})" for word in _NUMBERED.split("|"))
_JOINT = (
    r"(?:[-\u05be](?=\w)"  # so-called, 6-3, 1996-08-22
    rf"|(?!{_CLITIC})'(?={_LETTER})"  # O'Neill
    r"|(?<=\d)[.,:/\u2012\u2013\u066b\u066c](?=\d)"  # 1,000.50, 10:30, 1/2
    rf"|(?<=\d)\.(?={_MONTH}\.)|(?:(?<={_MONTH})|{_AFTER_NUMBERED})\.(?=\d)"  # 24.SEP.96, No.1
    rf"|(?<={_LETTER})\.-(?={_LETTER})"  # Wash.-based
    r"|(?<=[A-Z])(?:&(?=[A-Z])|\.(?=[A-Z]{1,2}(?!\w|\.\w)))"  # AT&T, IBM.N
    r"|[+=](?=\d)"  # 100=1990
    r"|(?<=[א-ת])[\"\u05f4](?=[א-ת]))"  # Hebrew acronyms
)
_START = rf"\s++(?:{_STARTERS})[\s,'{SINGLE_QUOTES}]"
_LABEL = rf"[^\W_{_HAN}]++(?:-++[^\W_{_HAN}]++)*+"  # a label of a domain name
# Domains without https:// or www. must end in one of these. Country codes that are also words or
# units ("the end.is", "5.km") are left out: such domains need a path, as in t.me/x.
_GENERIC = (
    "com|org|net|edu|gov|mil|info|biz|eu|io|ai|app|dev|xyz|online|site|shop|store|blog|tech|cloud"
    "|news|tv|asia|mobi|wiki|museum|COM|ORG|NET|EDU|GOV"
)
_COUNTRY = (
    "a[cefgiloqruwxz]|b[abdfghijmnorstwz]|c[acdghiklnoruvwxyz]|d[ejkmz]|e[ces]|f[ijkmor]"
    "|g[abdefghilmnpqrstuwy]|h[knrtu]|i[elqr]|j[emop]|k[ehinprwyz]|l[ciklrstuvy]"
    "|m[cdehknopqtuvwxz]|n[acefgilpruz]|p[efghklnrtw]|qa|r[osuw]|s[abcdegijklmnrsuvxyz]"
    "|t[cdfghjklmnrtwz]|u[agkyz]|v[cegnu]|w[fs]|y[et]|z[amw]"
)
_BRIEF = rf"[^\W_{_HAN}]\."  # J.de Boer
_TAIL = r"(?:[^\s<>\"'()]*[\w/=&%\#~$+]|\([^\s<>\"'()]*\)|'(?=\w\w))++"  # without final punctuation
_ADDRESS = (
    rf"(?:[A-Za-z][A-Za-z0-9+-]{{1,14}}+://|(?i:www)\.){_TAIL}"
    rf"|{_LABEL}(?:\.{_LABEL}){{0,3}}\.(?:(?:{_GENERIC})(?!\w)|(?<!^{_BRIEF})(?<!\W{_BRIEF})"
    rf"(?:{_COUNTRY})(?![\w-])|[a-z]{{2,6}}(?=/\w))"
    rf"(?::\d{{1,5}}+(?!\d))?(?:/(?:{_TAIL})?+|[?\#](?=\w){_TAIL})?"
)
_MAIL = rf"(?:(?i:mailto):)?\w[\w.+%-]{{0,63}}+@{_LABEL}(?:\.{_LABEL})++"
_NAMED = rf"(?=[\d_]{{0,30}}+{_LETTER})"  # contains a letter, unlike @5.50 or #1
_HANDLE = rf"[@\uff20]{_NAMED}\w++(?:@{_LABEL}(?:\.{_LABEL})++)?"
_HASHTAG = rf"[\#\uff03]{_NAMED}(?:\w++{_MARKS}*+)++"
_EMOTICON = r"(?:[:;][-o^']?[)(\]\[DPpOo/]|=[-^]?[)(]|<3|\^_\^)"
_PICTURE = r"[\u2300-\u23ff\u2600-\u2775\u2794-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_EMOJI_MARKS = r"[\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*+"
_SYMBOL = r"[^\w\s]"
_EMOJI = (
    r"(?:[0-9*\#]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{2}"  # keycaps, flags
    rf"|{_PICTURE}{_EMOJI_MARKS}(?:\u200d{_SYMBOL}{_EMOJI_MARKS})*+|{_SYMBOL}\ufe0f)"
)

_TOKEN = rf"""
      [A-Za-z]++(?=[\s,;)"]|\Z)                                         # most of any text
    | (?<!\S){_EMOTICON}(?![^\s.,!?])
    | [,;()"]
    | (?<!\w){_MAIL}
    | (?<!\w)(?:{_ADDRESS})
    | (?<!\w){_HANDLE} | {_HASHTAG}
    | (?<!\w)(?=[A-Za-z.]{{1,7}}\.)(?:{_TITLES}|{_ABBREVIATIONS})\.(?!\d|-\w)
    | (?<!\w)(?:{_NUMBERED})\.(?=\s\d)                                  # No. 5
    | (?<!\w){_CAPITAL}\.(?=\s*+(?:{_LETTER}|[,;]))                     # initials
      (?!{_LETTER}(?:\.|(?!\w))|{_START})
    | (?<!\w)[A-Za-z]{{1,12}}+\.(?=,)                                   # etc.,
    | (?<!\w)(?:[a-z\d]\w{{0,15}}+-|[A-D]{{1,3}}+-                        # two- or three, AA-
      |\w{{1,16}}+\+{{1,2}}+|\d{{1,6}}+(?:=|\*{{1,2}}+))(?![^\s,;:.?!)"']) # C++, 1=, 101*
    | \A\d{{1,3}}\.(?=\s++\S)                                            # rank in a table
    | [nN]'[tT](?!\w)
    | (?<!\w)[A-Za-z]{{1,8}}?(?=[nN]'[tT](?!\w))             # do|n't
    | {_CLITIC}
    | (?<!\w)[A-Z]{{1,3}}\$                                              # US$
    | {_EMOJI}
    | (?<![\w.])(?:[+-]\.?|\.)(?=\d){_UNIT}(?:{_JOINT}{_UNIT})*+    # -5, +1.5, .500
    | {_UNIT}(?:{_JOINT}{_UNIT})*+
    | '\d\ds?(?![\w'])                                                    # '96
    | \.{{2,}}+ | [-\u2014\u2015]{{2,}}+ | ={{2,}}+ | \*{{2,}}+ | `` | ''
    | \S
"""


@cache
def token() -> re.Pattern[str]:
    """Compile the pattern of a token; this takes as long as tagging a hundred sentences."""
    return re.compile(_TOKEN, re.VERBOSE)


KINDS = {
    "email": _MAIL,
    "url": _ADDRESS,
    "handle": _HANDLE,
    "hashtag": _HASHTAG,
    "emoji": f"{_EMOJI}|{_EMOTICON}",
}
"""Kinds of tokens that are specific to the web."""


@cache
def _kinds() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in KINDS.items()))


def token_kind(word: str) -> str | None:
    """Return the kind of a web token, one of `KINDS`; None for any other word.

    Examples
    --------
    >>> token_kind("@ana_1"), token_kind("example.org/a"), token_kind("Paris")
    ('handle', 'url', None)
    """
    if word.isalnum():
        return None
    found = _kinds().fullmatch(word)
    return found and found.lastgroup


SIGN, PUNCTUATION, LETTERS = 0, 1, 2
_RULE = re.compile(r"[-*=|~_]+|\.{2,}")


def part_of_name(word: str) -> int:
    """Classify a word by the part that it may have in a name.

    Returns
    -------
    int
        LETTERS for a word with a visible letter or digit, which every name needs. PUNCTUATION may
        begin or end a name. A SIGN may not: emoji, bullets, dashes, arrows, ™.
    """
    if word.isalnum() and word.isascii():
        return LETTERS
    if token_kind(word) == "emoji":  # such as a keycap or :D
        return SIGN
    plain = strip(plain_word(word))
    if any(map(str.isalnum, plain)):
        return LETTERS
    return PUNCTUATION if plain.isascii() and not _RULE.fullmatch(plain) else SIGN


# Periods whose token depends on the text after the following white space, or on the beginning of
# the text. They belong to the three alternatives above with \s in their look-ahead, which look no
# further than the next character other than white space, or a word that begins a sentence and the
# sign after it. Nothing else in `token` looks past white space, so any other run of text without
# white space is split in the same way wherever it occurs.
_OPEN = [rf"(?<!\w){word}" for word in (_CAPITAL, *_NUMBERED.split("|"))]
_OPEN += [r"\A\d", r"\A\d\d", r"\A\d\d\d"]
_BEHIND = "|".join(f"(?<={word}[.])" for word in _OPEN)
OPEN_PERIOD = re.compile(rf"\.(?:{_BEHIND})(?=({_START}|\s++\S))")
