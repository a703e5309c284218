"""Search for the smallest change of one word in a window that changes a tag."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from windowclf.explanation.result import Change
from windowclf.lexicon.features import name_form
from windowclf.model.model import Model
from windowclf.nn.layers import lookup
from windowclf.tagging.tagger import Tagger

CANDIDATES = 2000
"""Number of frequent words to try in each place."""
MOST_WORK = 2**33
"""Largest number of multiplications of a search, a second or two. Long sentences and many tags
reduce the number of words to try."""
_AT_ONCE, _FIRST = 2**22, 2**18  # largest number of scores in a round, and in the first round
_LISTED, _IN_ONE_PLACE = 5, 2

Sentences = Sequence[Sequence[str]]


class _Trial(NamedTuple):
    distance: float
    place: int
    other: str


def smallest_changes(
    tagger: Tagger,
    sentences: Sentences,
    sentence: int,
    token: int,
    *,
    candidates: int = CANDIDATES,
) -> tuple[list[Change], int]:
    """Find words that change the tag of a token when they replace a word in its window.

    Candidates are the lexicon's most frequent words with vectors, without signs and numbers. Each
    takes the letter case of the word it replaces: capitalised, in capitals, or unchanged. A
    candidate with the same features as the replaced word is left out. For each, the whole text is
    tagged as by `Tagger.tags`, because the name may gain or lose other mentions.

    Parameters
    ----------
    sentences : sequence of sequences of str
        The sentences of the document that are tagged together.
    sentence : int
        Index of the token's sentence.
    token : int
        Index of the token in its sentence.
    candidates : int
        Largest number of words to try in each place; fewer if `MOST_WORK` would be exceeded.

    Returns
    -------
    changes : list of Change
        The smallest changes first: at most 5, and at most 2 in one place.
    searched : int
        Number of words that were tried in each place.
    """
    related = _Related(tagger.model, sentences, sentence)
    words = sentences[sentence]
    side = tagger.model.config.window // 2
    places = range(max(token - side, 0), min(token + side + 1, len(words)))
    as_it_is = related.document(words)
    tokens = sum(map(len, as_it_is.sentences))
    affordable = MOST_WORK // (len(places) * tokens * _work(tagger.model))
    known = tagger.model.lexicon.values["word"]
    with_letters = (word for word in known if any(map(str.isalpha, word)))
    frequent = list(islice(with_letters, min(candidates, affordable)))
    trials = sorted(
        (trial for place in places for trial in _trials(tagger.model, words, place, frequent)),
        key=lambda trial: trial.distance,
    )
    [before] = _tags(tagger, [as_it_is], token)
    changes: list[Change] = []
    left = dict.fromkeys(places, _IN_ONE_PLACE)
    size = _FIRST
    classes = len(tagger.model.labels)
    # Nearest words first, in growing rounds: usually the first round finds enough.
    while trials and len(changes) < _LISTED:
        count = max(size // (tokens * classes), 1)
        size = min(4 * size, _AT_ONCE)
        documents = [
            related.document([*words[:place], other, *words[place + 1 :]])
            for _, place, other in trials[:count]
        ]
        for trial, tag in zip(trials[:count], _tags(tagger, documents, token), strict=True):
            distance, place, other = trial
            if tag != before and left[place] and len(changes) < _LISTED:
                left[place] -= 1
                label = tagger.model.labels[tag]
                old = words[place]
                changes.append(
                    Change(token=place, word=old, other=other, tag=label, distance=distance)
                )
        trials = [trial for trial in trials[count:] if left[trial.place]]
    return changes, len(frequent)


class _Document(NamedTuple):
    sentences: Sentences
    changed: int


class _Related:
    """The other sentences of a document that share a name with the changed sentence.

    A window depends on nothing else in other sentences, so the tags are the same as for the whole
    document.
    """

    def __init__(self, model: Model, sentences: Sentences, sentence: int) -> None:
        self._sentences, self._sentence = sentences, sentence
        self._holding: dict[str, set[int]] = {}
        if model.network.document_weight is not None:
            for number, words in enumerate(sentences):
                for name in _names(words) if number != sentence else ():
                    self._holding.setdefault(name, set()).add(number)

    def document(self, changed: Sequence[str]) -> _Document:
        """Make a document of a changed sentence and the sentences that share one of its names."""
        names = _names(changed)
        found = {number for name in names for number in self._holding.get(name, ())}
        # The order is kept, so that long documents are cut in the same way as in tagging.
        numbers = sorted({*found, self._sentence})
        place = numbers.index(self._sentence)
        sentences = [self._sentences[number] for number in numbers]
        sentences[place] = changed
        return _Document(sentences, place)


def _names(words: Sequence[str]) -> Iterator[str]:
    """Yield capitalised words in the form that all spellings of a name share."""
    return filter(None, map(name_form, words))


def _trials(
    model: Model, words: Sequence[str], place: int, frequent: Sequence[str]
) -> list[_Trial]:
    """Yield candidates for one place, each with its distance from the word there."""
    word = words[place]
    others = dict.fromkeys(cased_like(other, word) for other in frequent)
    forms = [word, *(other for other in others if other != word)]
    marks: list[list[str]] = [[] for _ in model.lexicon.gazetteers]
    if marks:  # the position in a gazetteer name depends on the neighbouring words
        changed = [[*words[:place], form, *words[place + 1 :]] for form in forms]
        marks = [column[place :: len(words)] for column in model.lexicon.gazetteer_tags(changed)]
    ids = model.lexicon.ids(forms, marks)
    e = lookup(list(model.network.tables.values()), ids)[0].astype(np.float64)
    distances = np.linalg.norm(e[1:] - e[0], axis=1).tolist()
    different = (ids[1:] != ids[0]).any(axis=1).tolist()
    tried = zip(distances, forms[1:], different, strict=True)
    return [_Trial(distance, place, other) for distance, other, is_new in tried if is_new]


def cased_like(other: str, word: str) -> str:
    """Write a word in the letter case of the word that it replaces.

    Examples
    --------
    >>> cased_like("oslo", "Paris"), cased_like("oslo", "NATO"), cased_like("oslo", "is")
    ('Oslo', 'OSLO', 'oslo')
    """
    if word == word.lower():
        return other.lower() if word != word.upper() else other
    if word == word.upper() and len(word) > 1:
        return other.upper()
    return other[:1].upper() + other[1:] if word[0].isupper() else other


def _tags(tagger: Tagger, documents: Sequence[_Document], token: int) -> list[int]:
    """Tag a token of the changed sentence of each document."""
    sentences = [sentence for document in documents for sentence in document.sentences]
    sizes = np.array([len(document.sentences) for document in documents])
    changed = np.array([document.changed for document in documents])
    changed += np.cumsum(sizes) - sizes
    tagged = tagger.tag(tagger.lookup(sentences, np.repeat(np.arange(len(sizes)), sizes).tolist()))
    starts = np.cumsum(tagged.lengths) - tagged.lengths
    tags: list[int] = tagged.path[starts[changed] + token].tolist()
    return tags


def _work(model: Model) -> int:
    """Count the multiplications for a token: its layers, and the transitions between its tags."""
    network = model.network
    layers = sum(int(np.prod(weight.shape)) for weight in network.weights[1:])
    _, slots, hidden = network.weights[0].shape
    return layers + (slots + 1) * hidden + len(model.labels) ** 2
