"""What a token is, as CoNLL-2003 and GloVe write English: one regular expression.

Each of its repetitions is possessive or bounded, so that it never looks twice at the same
stretch of text: the time is linear on any input.
"""

import re
from functools import cache

# Written with a period that belongs to them: before a name,
_TITLES = (
    "Mr|Mrs|Ms|Messrs|Mme|Mlle|Dr|Drs|Prof|Hon|Rev|Fr|St|Ste|Pres|Gov|Sen|Sens|Rep|Reps"
    "|Atty|Supt|Insp|Det|Gen|Adm|Cmdr|Col|Lt|Maj|Capt|Sgt|Cpl|Pvt|Brig|Mt|Ft"
    "|MR|MRS|MS|DR|ST|vs|VS|cf|al|approx|est|vol"
)
# and at the end of a sentence, too.
_ABBREVIATIONS = (
    r"Jr|Sr|Esq|Ph\.D|Inc|Corp|Co|Cos|Ltd|Bros|Dept|Univ|Assn"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri"
    "|Ala|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Kan|Ky|Md|Mich|Minn|Neb|Nev|Okla|Pa|Tenn|Tex|Va|Wis"
    "|Ave|Blvd|Rd|etc|JR|SR|INC|CORP|CO|LTD"
)
TITLES = frozenset(f"{title}." for title in _TITLES.split("|"))

# Begin so many sentences, and follow abbreviations and initials so seldom otherwise, that they
# tell that a sentence ended before them.
_STARTERS = (
    "The|A|An|He|She|It|They|We|I|You|This|That|These|Those|There|His|Her|Its|Their|Our|My"
    "|In|On|At|For|After|Before|Since|But|And|So|Then|If|When|While|As|Although|However|Meanwhile"
    "|What|Who|Why|How|Where"
)
STARTERS = frozenset(_STARTERS.split("|"))

# Combining marks, joiners and vowel signs, which are no \w to Python yet part of a word.
_MARKS = (
    r"[\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u05f3"
    r"\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06ed\u0730-\u074a\u07a6-\u07b0"
    r"\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u0eb1-\u0ecd\u0f18-\u0fc6\u102b-\u1049"
    r"\u1056-\u109d\u17b4-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20df"
    r"\u302a-\u302f\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f]"
)
# Chinese characters stand for themselves: the script has no spaces between its words.
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_LETTER = r"[^\W\d_]"
_CAPITAL = "[A-ZÀ-ÖØ-ÞΑ-ΩЀ-Я]"
_NUMBERED = "No|Nos|no|nos|p|pp"
_RUN = rf"(?:[^\W{_HAN}]++{_MARKS}*+)++"
_APOSTROPHE = "['\u2019]"
_CLITIC = rf"{_APOSTROPHE}(?i:s|d|m|re|ve|ll)(?!\w)"
_ACRONYM = rf"{_LETTER}\.(?:(?:{_LETTER}\.)++(?:{_LETTER}(?!\w))?|{_LETTER}(?!\w))"  # U.S., a.m
_UNIT = rf"(?:{_ACRONYM}|{_RUN})"
_MONTH = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_AFTER_NUMBERED = "|".join(rf"(?<=\b{word})" for word in _NUMBERED.split("|"))
_JOINT = (
    r"(?:[-\u2010\u2011\u05be](?=\w)"  # so-called, 6-3, 1996-08-22
    rf"|(?!{_CLITIC}){_APOSTROPHE}(?={_LETTER})"  # O'Neill
    r"|(?<=\d)[.,:/\u2013\u066b\u066c](?=\d)"  # 1,000.50, 10:30, 1/2
    rf"|(?<=\d)\.(?={_MONTH}\.)|(?:(?<={_MONTH})|{_AFTER_NUMBERED})\.(?=\d)"  # 24.SEP.96, No.1
    rf"|(?<={_LETTER})\.-(?={_LETTER})"  # Wash.-based
    r"|(?<=[A-Z])(?:&(?=[A-Z])|\.(?=[A-Z]{1,2}(?!\w|\.\w)))"  # AT&T, IBM.N
    r"|[+=](?=\d)"  # 100=1990
    r"|(?<=[א-ת])[\"\u05f4](?=[א-ת]))"  # Hebrew acronyms
)
_START = rf"\s++(?:{_STARTERS})[\s,'\u2019]"
_LABEL = r"[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+"  # of a domain name
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL}){{0,3}}\.(?:com|org|net|edu|gov|co\.uk|info)"
_EMOJI = r"[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_EMOJI_MARKS = r"[\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*+"
_SYMBOL = r"[^\w\s]"
_PATH = r"[^\s<>\"]*[\w/]"  # of an address, without the punctuation of the sentence

_TOKEN = rf"""
      [A-Za-z]++(?=[\s,;)"]|\Z) | [,;()"]                                # most of any text
    | (?<!\w)(?:(?i:https?|ftp)://|(?i:www)\.){_PATH}                    # URLs
    | (?<![\w.+-])[\w.+%-]{{1,64}}+@{_LABEL}(?:\.{_LABEL})++             # e-mail addresses
    | (?<!\w){_DOMAIN}(?!\w)(?:/(?:{_PATH})?+)?
    | [@\#](?={_LETTER}){_RUN}                                           # @users, #tags
    | (?<!\w)(?=[A-Za-z.]{{1,7}}\.)(?:{_TITLES}|{_ABBREVIATIONS})\.(?!\d|-\w)
    | (?<!\w)(?:{_NUMBERED})\.(?=\s\d)                                  # No. 5
    | (?<!\w){_CAPITAL}\.(?=\s*+(?:{_LETTER}|[,;]))                     # initials
      (?!{_LETTER}(?:\.|(?!\w))|{_START})
    | (?<!\w)[A-Za-z]{{1,12}}+\.(?=,)                                   # etc.,
    | (?<!\w)(?:[a-z\d]\w{{0,15}}+-|[A-D]{{1,3}}+-                        # two- or three, AA-
      |\w{{1,16}}+\+{{1,2}}+|\d{{1,6}}+(?:=|\*{{1,2}}+))(?![^\s,;:.?!)"']) # C++, 1=, 101*
    | \A\d{{1,3}}\.(?=\s++\S)                                            # rank in a table
    | [nN]{_APOSTROPHE}[tT](?!\w)
    | (?<!\w)[A-Za-z]{{1,8}}?(?=[nN]{_APOSTROPHE}[tT](?!\w))             # do|n't
    | {_CLITIC}
    | (?<!\w)[A-Z]{{1,3}}\$                                              # US$
    | [0-9*\#]\ufe0f?\u20e3                                              # keycaps
    | (?<![\w.])(?:[+\u2212-]\.?|\.)(?=\d){_UNIT}(?:{_JOINT}{_UNIT})*+    # -5, +1.5, .500
    | {_UNIT}(?:{_JOINT}{_UNIT})*+
    | {_APOSTROPHE}\d\ds?(?![\w'\u2019])                                 # '96
    | \.{{2,}}+ | -{{2,}}+ | ={{2,}}+ | \*{{2,}}+ | `` | ''
    | [\U0001f1e6-\U0001f1ff]{{2}}                                       # flags
    | {_EMOJI}{_EMOJI_MARKS}(?:\u200d{_SYMBOL}{_EMOJI_MARKS})*+
    | {_SYMBOL}\ufe0f                                                    # written as an emoji
    | \S
"""


@cache
def token() -> re.Pattern[str]:
    """Compile the pattern of a token, which takes as long as to tag a hundred sentences."""
    return re.compile(_TOKEN, re.VERBOSE)


# The periods whose token hangs on what follows the white space after them, or on the text's
# beginning: those of the three alternatives above with \s in their look-ahead, none of which
# looks further than the next character that is not white space, or the word that begins a
# sentence and the sign after it. Nothing else in `token` looks past white space: any other run
# of text without it is split alike wherever it stands.
_OPEN = [rf"(?<!\w){word}" for word in (_CAPITAL, *_NUMBERED.split("|"))]
_OPEN += [r"\A\d", r"\A\d\d", r"\A\d\d\d"]
_BEHIND = "|".join(f"(?<={word}[.])" for word in _OPEN)
OPEN_PERIOD = re.compile(rf"\.(?:{_BEHIND})(?=({_START}|\s++\S))")
