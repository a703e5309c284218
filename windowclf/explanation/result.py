"""What an explanation says, as plain values that go to a terminal, to JSON and to a page."""

from typing import Literal

import msgspec

Source = Literal["window", "sentence", "elsewhere", "bias"]
"""Where a share of ``z`` comes from: a slot of the window, a word of the sentence's mean, the other
places of the name in its document, or the bias."""


class FeatureShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one feature of a word gave.

    Parameters
    ----------
    feature : str
        Such as "word" or "suffix3".
    value : str
        What the word has there, such as "ris"; of a gazetteer the place in a name, as in IOBES.
    known : bool
        Whether the model has met the value; one that it has not shares a row with all such.
    scores : list of float
        See `Share`; those of all features add up to those of the share.
    """

    feature: str
    value: str
    known: bool = True
    scores: list[float]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one source gave: a part of ``z`` exactly, of the scores to first order.

    Parameters
    ----------
    source : str
        See `Source`.
    offset : int, optional
        In a window, from the word that is explained: -2 is two words before it.
    token : int, optional
        The word's number in the sentence, from 0; None past its ends, and for what is no word.
    word : str
        Empty past the ends of the sentence, and for what is no word.
    scores : list of float
        ``∂s/∂z · z_share`` for each tag of `Explanation.tags`: how fast its score would change
        if this share of ``z`` were scaled.
    features : list of FeatureShare
        Of a word; empty for the other places and the bias.
    """

    source: Source
    offset: int | None = None
    token: int | None = None
    word: str = ""
    scores: list[float]
    features: list[FeatureShare] = []


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A share that moved a hidden unit.

    Parameters
    ----------
    share : int
        Its place in `Explanation.shares`.
    z : float
        What it gave to ``z`` of the unit; those of all shares add up to it.
    """

    share: int
    z: float


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of the last hidden layer that had a part in the decision.

    Parameters
    ----------
    unit : int
        From 0.
    activation : float
        ``a_j``
    margin : float
        ``a_j (U_j,tag - U_j,runner_up)``: what it gave to the score of the tag above that of the
        runner-up. Those of all units, and the difference of the biases, add up to that.
    causes : list of Cause
        The largest shares of its ``z``, the largest first; empty where further layers lie between
        the window and the unit.
    """

    unit: int
    activation: float
    margin: float
    causes: list[Cause] = []


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Another word in place of one of the window, with which the word has another tag.

    Parameters
    ----------
    token : int
        Of the word that is replaced, in the sentence, from 0.
    word, other : str
        What stands there, and what would.
    tag : str
        That the explained word then has.
    distance : float
        ``‖e_other - e_word‖``, of the words' joined vectors: how large the change is.
    """

    token: int
    word: str
    other: str
    tag: str
    distance: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a word has its tag.

    Parameters
    ----------
    tokens : list of str
        Of its sentence.
    token : int
        Of the word, from 0.
    tags : list of str
        The ``K`` tags of the model, in the order of all lists of scores.
    tag, runner_up : str
        The one the word has on the best path, and the one that the best path without it gives it.
        The same where the model has no other.
    margin : float
        By how much the best path is better than the best one with the runner-up; of a model at
        word level that may tag as it likes, the difference of the two scores. Infinite where no
        other tag is allowed: null in JSON.
    scores : list of float
        ``s`` of the word's window, by tag; of a model that ranks, 0 for O and ``s`` for its label.
    probabilities : list of float
        As `predict_proba` has them, by tag of the model.
    shares : list of Share
        The slots of the window from the left, the words of the sentence's mean, the other
        places of the name, the bias.
    rest : list of float
        What the first-order account leaves over, by tag: the score less the sum of its shares.
    units : list of Unit
        Those with the largest part in the decision, for it or against it, the largest first.
    changes : list of Change
        The smallest change of one word of the window that changes the tag, then the next ones:
        5 at the most, 2 in one place.
    searched : int
        How many frequent words were tried in each place.
    """

    tokens: list[str]
    token: int
    tags: list[str]
    tag: str
    runner_up: str
    margin: float
    scores: list[float]
    probabilities: list[float]
    shares: list[Share]
    rest: list[float]
    units: list[Unit]
    changes: list[Change]
    searched: int

    def __repr__(self) -> str:
        return (
            f"Explanation({self.word!r} is {self.tag}, runner-up {self.runner_up}, "
            f"margin {self.margin:.2f})"
        )

    @property
    def word(self) -> str:
        """The word that is explained."""
        return self.tokens[self.token]
