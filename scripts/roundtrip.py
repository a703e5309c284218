"""Join the tokens of a corpus to raw text, and print how much of it the tokenizer recovers.

Run by scripts/roundtrip.
"""

import argparse
from collections.abc import Callable, Sequence
from itertools import chain, groupby

from windowclf import Sentence, WindowClassifier, load, load_corpus
from windowclf.documents.document import Document, join_words, with_spans
from windowclf.tags.counts import Counts
from windowclf.tags.schemes import Scheme
from windowclf.text.tokenizer import line_sentences, split_words

Spans = set[tuple[int, int, int, str]]
"""Spans: the number of the text, the start, the end, and the label."""


def come_back(sentences: Sequence[Sentence]) -> tuple[float, float]:
    """Return the share of sentences whose tokens are recovered, and of those not split."""
    found = [split_words(" ".join(sentence.tokens)) for sentence in sentences]
    pairs = zip(found, sentences, strict=True)
    same = sum([*chain.from_iterable(words)] == [*sentence.tokens] for words, sentence in pairs)
    return same / len(sentences), sum(len(words) == 1 for words in found) / len(sentences)


def in_texts(groups: list[list[Sentence]], tags: Sequence[Sequence[str]], scheme: Scheme) -> Spans:
    """Convert the tags of sentences to spans in the texts made of groups of sentences."""
    left = iter(tags)
    found = set()
    for number, group in enumerate(groups):
        words = [list(sentence.tokens) for sentence in group]
        document = Document(join_words(words), words, [list(next(left)) for _ in group])
        spans = with_spans(document, scheme).spans or ()
        found |= {(number, span.start, span.end, span.label) for span in spans}
    return found


def in_raw(
    tagger: WindowClassifier, texts: list[str], split: Callable[[str], list[list[str]]]
) -> Spans:
    """Return the spans that a tagger finds in texts."""
    return {
        (number, entity.start, entity.end, entity.label)
        for number, tagged in enumerate(tagger.pipe(texts, split=split))
        for entity in tagged.entities
    }


def f1(gold: Spans, found: Spans) -> str:
    """Write F1 in percent."""
    return f"{100 * Counts(len(gold), len(found), len(gold & found)).f1:.2f}"


def print_split(tagger: WindowClassifier, sentences: Sequence[Sentence], scheme: Scheme) -> None:
    """Print the figures of a split."""
    same, one = come_back(sentences)
    print(f"  tokens come back: {100 * same:.2f} % of {len(sentences)} sentences")
    print(f"  come back as one sentence: {100 * one:.2f} %")
    tokens = [sentence.tokens for sentence in sentences]
    gold = [sentence.tags or () for sentence in sentences]

    groups = [[sentence] for sentence in sentences]
    texts = [" ".join(words) for words in tokens]
    right = in_texts(groups, gold, scheme)
    given = in_texts(groups, tagger.predict(tokens), Scheme.IOB2)
    raw = f1(right, in_raw(tagger, texts, split_words))
    print(f"  F1 sentence by sentence: given tokens {f1(right, given)}, raw text {raw}")

    numbers = [n if s.document is None else s.document for n, s in enumerate(sentences)]
    pairs = groupby(zip(numbers, sentences, strict=True), key=lambda pair: pair[0])
    groups = [[sentence for _, sentence in group] for _, group in pairs]
    texts = [join_words(sentence.tokens for sentence in group) for group in groups]
    right = in_texts(groups, gold, scheme)
    given = in_texts(groups, tagger.predict(tokens, numbers), Scheme.IOB2)
    lines = f1(right, in_raw(tagger, texts, line_sentences))
    raw = f1(right, in_raw(tagger, [text.replace("\n", " ") for text in texts], split_words))
    print(
        f"  F1 in documents: given tokens {f1(right, given)}, a line a sentence {lines}, "
        f"all in one line {raw}"
    )


def main() -> None:
    """Print the figures of the dev and the test split."""
    parser = argparse.ArgumentParser(
        prog="scripts/roundtrip", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--data", default="conll2003", help="as for windowclf evaluate")
    parser.add_argument("--model", help="a folder (default: the bundled model)")
    arguments = parser.parse_args()
    corpus, tagger = load_corpus(arguments.data), load(arguments.model)
    for name in ("dev", "test"):
        if name in corpus.splits:
            print(f"{corpus.name}, {name}")
            print_split(tagger, corpus.splits[name], corpus.scheme)


if __name__ == "__main__":
    main()
