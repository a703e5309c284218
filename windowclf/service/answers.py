"""The work of the service's workers: from requests to the bodies of answers."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from windowclf.classifier import WindowClassifier
from windowclf.explanation.result import Explanation
from windowclf.reports.html.explanation import explanation_fragment
from windowclf.service.bodies import TaggedTexts, to_answer
from windowclf.text.units import TextUnit


class ToTag(NamedTuple):
    """The texts of a request; each is a document.

    Attributes
    ----------
    texts : list of str
        The texts to tag.
    alone : bool
        Whether the request has a single text rather than a list, so that the answer is a `Tagged`.
    tokens : bool
        Whether the answer lists the tokens.
    text_unit : str
        The line ends that entities cannot cross, see `WindowClassifier.tag`.
    """

    texts: list[str]
    alone: bool
    tokens: bool
    text_unit: TextUnit


class ToExplain(NamedTuple):
    """A request to explain the tag of a word.

    Attributes
    ----------
    text : str
        The text with the word.
    token : int
        Index of the word among the tokens.
    text_unit : str
        The line ends that entities cannot cross, see `WindowClassifier.tag`.
    as_html : bool
        Whether the answer is an HTML fragment rather than JSON.
    """

    text: str
    token: int
    text_unit: TextUnit
    as_html: bool


class Answers(NamedTuple):
    """The answers to some requests, and counts for the metrics.

    Attributes
    ----------
    bodies : list of bytes
        The body of the answer to each request.
    batches : list of int
        Number of texts in each batch.
    tokens : int
        Number of tagged tokens.
    """

    bodies: list[bytes]
    batches: list[int]
    tokens: int


def tag(classifier: WindowClassifier, requests: Sequence[ToTag]) -> Answers:
    """Tag the texts of all requests with the same text unit together.

    Each answer is `TaggedTexts` in JSON, or a `Tagged` if the one text is alone.
    """
    bodies = [b""] * len(requests)
    batches: list[int] = []
    tokens = 0
    for unit in dict.fromkeys(request.text_unit for request in requests):
        same = [(i, request) for i, request in enumerate(requests) if request.text_unit == unit]
        texts = [text for _, request in same for text in request.texts]
        batches.append(len(texts))
        size = len(texts) or 1
        tagged = iter([*classifier.pipe(texts, text_unit=unit, batch_size=size, processes=1)])
        for i, request in same:
            found = [next(tagged) for _ in request.texts]
            tokens += sum(len(words) for text in found for words in text.words)
            answers = [to_answer(text, tokens=request.tokens) for text in found]
            answer = answers[0] if request.alone else TaggedTexts(answers)
            bodies[i] = msgspec.json.encode(answer)
    return Answers(bodies, batches, tokens)


def explain(classifier: WindowClassifier, requests: Sequence[ToExplain]) -> Answers:
    """Explain the tags of words, as JSON or as an HTML fragment."""
    bodies = []
    for text, token, text_unit, as_html in requests:
        explanation: Explanation = classifier.explain(text, token, text_unit=text_unit)
        page = explanation_fragment(explanation).encode() if as_html else None
        bodies.append(page or msgspec.json.encode(explanation))
    return Answers(bodies, [], 0)
