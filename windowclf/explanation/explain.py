"""Explanation of a word's tag: the attribution, the decision and the smallest change."""

import operator
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from windowclf.errors import UsageError, quoted
from windowclf.explanation.contributions import (
    Contributions,
    Derivative,
    Parts,
    contributions,
    derivative,
)
from windowclf.explanation.decision import Decision, decide, max_marginals
from windowclf.explanation.result import Cause, Explanation, FeatureShare, Share, Source, Unit
from windowclf.explanation.substitution import CANDIDATES, smallest_changes
from windowclf.lexicon.lexicon import FIRST, PADDING, Lexicon
from windowclf.model.encoding import encode
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.batch import Batch
from windowclf.nn.objective import RankingObjective
from windowclf.system.arguments import check_count
from windowclf.system.threads import one_blas_thread
from windowclf.tagging.tagger import EncodedChunk, Sentences, Tagger

UNITS, CAUSES = 10, 5
"""Number of hidden units to list, and of causes of each."""


def explain(
    tagger: Tagger, sentences: Sentences, token: int, *, candidates: int = CANDIDATES
) -> Explanation:
    """Explain why a word of a document has its tag.

    Parameters
    ----------
    sentences : sequence of sequences of str
        The sentences of one document.
    token : int
        Index of the word over all sentences, from 0.
    candidates : int
        Number of other words to try in each place, see `smallest_changes`.

    Raises
    ------
    UsageError
        If there is no such token, or `candidates` is negative.
    """
    check_count(candidates, "candidates", least=0)
    with one_blas_thread:  # rows that are cached here have the same bits as in tagging
        return _explain(tagger, _find(tagger, sentences, token), candidates)


def _explain(tagger: Tagger, place: "_Place", candidates: int) -> Explanation:
    model = tagger.model
    network, words = model.network, place.words
    encoded = encode(place.sentences, model.lexicon, documents=[0] * len(place.sentences))
    batch = encoded.batch(np.arange(len(place.sentences)), model.config.window)
    parts = contributions(network, batch, place.number)
    slopes = derivative(network, parts.z)
    tagged = tagger.tag([place.found])
    of_sentence = slice(place.number - place.token, place.number - place.token + len(words))
    s: FloatArray = tagged.scores[of_sentence]
    probabilities = model.objective.probabilities(s, np.array([len(words)]))[place.token]
    s = s.astype(np.float64)
    U: FloatArray = network.weights[-1].value.astype(np.float64)
    if isinstance(model.objective, RankingObjective):
        # The only score belongs to the label; the score of O is zero.
        s, U = (np.pad(each, ((0, 0), (1, 0))) for each in (s, U))
        slopes = Derivative(slopes.a, np.pad(slopes.ds_dz, ((1, 0), (0, 0))))
    best = max_marginals(s, model.objective.decoding_transitions(), place.token)
    decision = decide(int(tagged.path[place.number]), s[place.token], best)
    of_scores = parts.through(slopes.ds_dz.T)
    changes, searched = smallest_changes(
        tagger, place.sentences, place.sentence, place.token, candidates=candidates
    )
    return Explanation(
        tokens=list(words),
        token=place.token,
        tags=list(model.labels),
        tag=model.labels[decision.tag],
        runner_up=model.labels[decision.runner_up],
        margin=decision.margin,
        scores=s[place.token].tolist(),
        probabilities=probabilities.tolist(),
        shares=list(_shares(model.lexicon, batch, place, of_scores)),
        rest=(s[place.token] - of_scores.total).tolist(),
        units=_units(parts, slopes.a, U, decision, layers=len(network.weights)),
        changes=changes,
        searched=searched,
    )


class _Place(NamedTuple):
    """A word among the sentences that are tagged together with its own.

    Attributes
    ----------
    sentences : sequence of sequences of str
        The sentences.
    found : EncodedChunk
        The sentences with their words looked up.
    sentence : int
        Index of the word's sentence.
    token, number : int
        Index of the word in its sentence, and over all sentences.
    """

    sentences: Sentences
    found: EncodedChunk
    sentence: int
    token: int
    number: int

    @property
    def words(self) -> Sequence[str]:
        """The sentence of the word."""
        return self.sentences[self.sentence]


def _find(tagger: Tagger, sentences: Sentences, token: int) -> _Place:
    count = sum(map(len, sentences))
    try:
        number = operator.index(token)
    except TypeError:
        number = -1
    if not 0 <= number < count:
        counted = f"{count:,} token{'s' * (count != 1)}"
        expected = f": expected 0 to {count - 1}" if count else ""
        raise UsageError(f"token {quoted(token)}: the text has {counted}{expected}")
    first = 0
    for found in tagger.lookup(sentences, [0] * len(sentences)):
        ends = np.cumsum(found.lengths)
        together = sentences[first : first + len(ends)]
        if number < ends[-1]:
            break
        number -= int(ends[-1])
        first += len(ends)
    here = int(np.searchsorted(ends, number, side="right"))
    return _Place(together, found, here, number - int(ends[here]) + len(together[here]), number)


def _shares(lexicon: Lexicon, batch: Batch, place: _Place, parts: Parts) -> Iterator[Share]:
    """Label the parts of the scores with their words and features."""
    words = place.words
    window = batch.windows[place.number]
    side = len(window) // 2
    scores = parts.by_share.tolist()
    features = [*parts.window, *parts.sentence]
    rows = [*window]
    inside = range(len(words))
    sources: list[tuple[Source, int | None, int | None]] = [
        ("window", k, place.token + k if place.token + k in inside else None)
        for k in range(-side, side + 1)
    ]
    if len(parts.sentence):
        first = place.number - place.token
        rows += [*batch.windows[first : first + len(words), side]]
        sources += [("sentence", None, token) for token in inside]
    for (source, offset, token), row, given in zip(sources, rows, features, strict=True):
        word = "" if token is None else words[token]
        yield Share(
            source=source,
            offset=offset,
            token=token,
            word=word,
            scores=scores.pop(0),
            features=list(_feature_shares(lexicon, word, batch.features[row], given)),
        )
    if parts.elsewhere is not None:
        yield Share(source="elsewhere", scores=scores.pop(0))
    yield Share(source="bias", scores=scores.pop(0))


def _feature_shares(
    lexicon: Lexicon, word: str, ids: IntArray, scores: FloatArray
) -> Iterator[FeatureShare]:
    for name, row, given in zip(lexicon.features, ids.tolist(), scores.tolist(), strict=True):
        value, known = _read(lexicon, name, row, word)
        yield FeatureShare(feature=name, value=value, known=known, scores=given)


def _read(lexicon: Lexicon, name: str, row: int, word: str) -> tuple[str, bool]:
    """Return a feature's value from its row, or from the word if the row does not show it."""
    if row == PADDING:
        return "", True
    if name in lexicon.gazetteers:
        return ("BIES"[row - FIRST] if row >= FIRST else "O"), True
    if row >= FIRST:
        return lexicon.row_values(name)[row - FIRST], True
    return (word if name == "word" else lexicon.value(name, word)), False


def _units(
    parts: Contributions, a: FloatArray, U: FloatArray, decision: Decision, *, layers: int
) -> list[Unit]:
    """List the units of the last hidden layer with the largest effect on the decision."""
    margins = a * (U[:, decision.tag] - U[:, decision.runner_up])
    units = [unit for unit in _largest(margins, UNITS) if margins[unit]]
    causes: list[list[Cause]] = [[] for _ in units]
    if layers == 2 and units:  # the last hidden layer is the window layer
        of_units = parts.through(np.eye(len(a))[:, units]).by_share
        causes = [
            [Cause(share=share, z=float(z[share])) for share in _largest(z, CAUSES)]
            for z in of_units.T
        ]
    return [
        Unit(unit=unit, activation=float(a[unit]), margin=float(margins[unit]), causes=of_unit)
        for unit, of_unit in zip(units, causes, strict=True)
    ]


def _largest(values: FloatArray, count: int) -> list[int]:
    """List the indices of the numbers with the largest magnitude."""
    places: list[int] = np.argsort(-np.abs(values), kind="stable")[:count].tolist()
    return places
