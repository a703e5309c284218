"""The result of an explanation as plain values, for the terminal, JSON and HTML."""

from typing import Literal

import msgspec

Source = Literal["window", "sentence", "elsewhere", "bias"]
"""Source of a share of ``z``: a slot of the window, a word of the sentence's mean, the other
mentions of the name in its document, or the bias."""


class FeatureShare(msgspec.Struct, frozen=True, kw_only=True):
    """The contribution of one feature of a word.

    Parameters
    ----------
    feature : str
        Name of the feature, such as "word" or "suffix3".
    value : str
        Value of the feature, such as "ris"; for a gazetteer, the position in a name as in IOBES.
    known : bool
        Whether the model knows the value; all unknown values share a row.
    scores : list of float
        Contributions as in `Share`; over all features they add up to the share's.
    """

    feature: str
    value: str
    known: bool = True
    scores: list[float]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """The contribution of one source: exact for ``z``, to first order for the scores.

    Parameters
    ----------
    source : str
        See `Source`.
    offset : int, optional
        Position in the window relative to the explained word: -2 is two words before it.
    token : int, optional
        Index of the word in the sentence, from 0; None past its ends and for other sources.
    word : str
        The word; empty past the ends of the sentence and for other sources.
    scores : list of float
        ``∂s/∂z · z_share`` for each tag of `Explanation.tags`: how fast its score would change
        if this share of ``z`` were scaled.
    features : list of FeatureShare
        Contributions of the word's features; empty for other mentions and the bias.
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
        Index of the share in `Explanation.shares`.
    z : float
        Contribution to ``z`` of the unit; over all shares they add up to ``z``.
    """

    share: int
    z: float


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of the last hidden layer that influenced the decision.

    Parameters
    ----------
    unit : int
        Number of the unit, from 0.
    activation : float
        ``a_j``
    margin : float
        ``a_j (U_j,tag - U_j,runner_up)``, the contribution to the difference between the scores of
        the tag and the runner-up. Over all units, with the difference of the biases, they add up
        to it.
    causes : list of Cause
        The largest shares of its ``z``, the largest first; empty if further layers lie between
        the window and the unit.
    """

    unit: int
    activation: float
    margin: float
    causes: list[Cause] = []


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The replacement of a word in the window that changes the tag of the explained word.

    Parameters
    ----------
    token : int
        Index of the replaced word in the sentence, from 0.
    word, other : str
        The word and its replacement.
    tag : str
        The new tag of the explained word.
    distance : float
        Size of the change, ``‖e_other - e_word‖`` for the words' concatenated vectors.
    """

    token: int
    word: str
    other: str
    tag: str
    distance: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The explanation of a word's tag.

    Parameters
    ----------
    tokens : list of str
        Tokens of the word's sentence.
    token : int
        Index of the word in it, from 0.
    tags : list of str
        The ``K`` tags of the model, in the order of all lists of scores.
    tag, runner_up : str
        The tag of the word on the best path, and on the best path with another tag. Equal if the
        model has no other tag.
    margin : float
        Score of the best path minus the score of the best path with the runner-up; at word level
        without constraints, the difference of the two scores. Infinite, or null in JSON, if no
        other tag is allowed.
    scores : list of float
        ``s`` of the word's window, by tag; for a ranking model, 0 for O and ``s`` for its label.
    probabilities : list of float
        Probabilities as from `predict_proba`, by tag of the model.
    shares : list of Share
        The slots of the window from the left, the words of the sentence's mean, the other
        mentions of the name, the bias.
    rest : list of float
        Remainder of the first-order approximation, by tag: the score minus the sum of its shares.
    units : list of Unit
        The units with the largest effect on the decision, in either direction, the largest first.
    changes : list of Change
        The smallest changes of one word of the window that change the tag, the smallest first: at
        most 5, and at most 2 in one place.
    searched : int
        Number of frequent words that were tried in each place.
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
