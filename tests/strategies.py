"""Hypothesis strategies that several test modules share."""

from hypothesis import strategies as st

from windowclf.tags.schemes import Scheme, Span

SPAN_SCHEMES = [Scheme.IOB1, Scheme.IOB2, Scheme.IOBES]
LETTERS = {Scheme.BILOU: "BILU", Scheme.BMES: "BMES", Scheme.BMEWO: "BMEW"}  # first to only token
FILE_SCHEMES = [*SPAN_SCHEMES, *LETTERS]
NETWORK_SCHEMES = [*SPAN_SCHEMES, Scheme.PLAIN]

labels = st.sampled_from(["PER", "LOC", "geo-loc"])


def tags(prefixes: str = "BIES") -> st.SearchStrategy[str]:
    """``O``, or a prefix with a label."""
    return st.just("O") | st.builds("{}-{}".format, st.sampled_from(prefixes), labels)


def tag_sequences(prefixes: str = "BIES") -> st.SearchStrategy[list[str]]:
    """Tags in any order, so mostly ill-formed."""
    return st.lists(tags(prefixes), max_size=12)


def tagged_corpora(
    prefixes: str = "BIES",
) -> st.SearchStrategy[tuple[list[list[str]], list[list[str]]]]:
    """Gold and predicted tags of a few sentences; predictions are often right."""
    tag = tags(prefixes)
    pair = tag.map(lambda right: (right, right)) | st.tuples(tag, tag)
    sentences = st.lists(st.lists(pair, max_size=12), max_size=5)
    return sentences.map(
        lambda corpus: tuple([[pair[side] for pair in row] for row in corpus] for side in (0, 1))
    )


@st.composite
def span_lists(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Spans of a sentence that do not overlap, and its number of tokens."""
    spans, end = [], 0
    for gap, length, label in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), labels), max_size=5)
    ):
        start = end + gap
        end = start + length
        spans.append(Span(start, end, label))
    return spans, end + draw(st.integers(0, 2))


_UNSEEN = {0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2800}
_UNSEEN |= {*range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0}
_UNSEEN |= {0xFFF9, 0xFFFA, 0xFFFB}


def visible(text):
    """Leave out white space, and characters that belong to no word unless they are in it."""
    return "".join(text.split()).translate(dict.fromkeys(_UNSEEN))
