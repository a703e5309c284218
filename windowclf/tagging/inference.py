"""What a trained classifier can be asked."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, overload

from windowclf.errors import UsageError
from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray
from windowclf.tagging.columns import tag_columns
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.texts import Entity, Splitter, TaggedText, tag_texts, tag_with_contexts
from windowclf.tags.arrays import SpanFinder
from windowclf.tags.schemes import Scheme
from windowclf.text.tokenizer import split_words

C = TypeVar("C")


class Inference:
    """Tags texts and sentences by a model. Several threads may share one."""

    @property
    def model(self) -> Model:
        """The trained model."""
        raise NotImplementedError

    @property
    def tagger(self) -> Tagger:
        """The model at work."""
        raise NotImplementedError

    @property
    def labels(self) -> list[str]:
        """Labels that the classifier tells apart, such as LOC and PER."""
        model = self.model
        if model.scheme is Scheme.PLAIN:
            return [label for label in model.labels if label != "O"]
        return sorted({label.partition("-")[2] for label in model.labels} - {""})

    @property
    def tags(self) -> list[str]:
        """Tags that `predict` gives, ``O`` first: IOB2, such as B-LOC and I-LOC, or plain labels.

        They are the columns of `predict_proba`.
        """
        return SpanFinder(self.model.labels, self.model.scheme).spelled

    def predict(
        self,
        sentences: Iterable[Sequence[str]],
        documents: Iterable[Hashable | None] | None = None,
        threads: int = 1,
    ) -> list[list[str]]:
        """Tag sentences given as tokens.

        Parameters
        ----------
        sentences : iterable of sequences of str
        documents : iterable, optional
            A number or a name of the document that each sentence is of: neighbours with the
            same one are together, None is by itself. Without it every sentence is.
        threads : int
            Share the work where there is enough of it.

        Returns
        -------
        list of list of str
            A tag for each token: IOB2, or plain labels.
        """
        return list(self.tagger.tags(_lists(sentences), _numbers(documents), threads))

    def predict_proba(
        self,
        sentences: Iterable[Sequence[str]],
        documents: Iterable[Hashable | None] | None = None,
        threads: int = 1,
    ) -> list[FloatArray]:
        """Give the probability of each tag at each token of sentences.

        A model at sentence level that was trained with the softmax gives the marginals of its
        distribution over paths, one at word level the softmax of its scores. The numbers of
        other losses order the tags, and are no probabilities that can be trusted: of max-margin,
        the same of scores that are no log-probabilities; of squared-error, the shares of the
        logistic outputs; of ranking, the logistic function of the one score. None is calibrated,
        as the scores of entities are, and none knows of tags that may not follow one another:
        the tag with the highest one is most often, not always, that of `predict`.

        Parameters
        ----------
        sentences : iterable of sequences of str
        documents, threads : optional
            See `predict`.

        Returns
        -------
        list of float array, shape (n, L)
            For each sentence of ``n`` tokens; a column for each of `WindowClassifier.tags`, and
            each row sums to 1.
        """
        return list(self.tagger.probabilities(_lists(sentences), _numbers(documents), threads))

    def tag(self, text: str) -> list[Entity]:
        """Find the entities of a text.

        Parameters
        ----------
        text : str

        Returns
        -------
        list of Entity
            In order, with character offsets.
        """
        return next(self.pipe([text])).entities

    def tag_tokens(self, tokens: Sequence[str]) -> list[Entity]:
        """Find the entities of one sentence given as tokens.

        Parameters
        ----------
        tokens : sequence of str

        Returns
        -------
        list of Entity
            In order. `start` and `end` count tokens, `text` is the tokens joined by spaces.
        """
        [words] = _lists([tokens])
        return [
            Entity(" ".join(words[first : last + 1]), label, first, last + 1, score)
            for found in self.tagger.entities([words])
            for first, last, label, score in found
        ]

    @overload
    def pipe(
        self,
        texts: Iterable[str],
        *,
        as_tuples: Literal[False] = False,
        split: Splitter = ...,
        batch_size: int = ...,
        threads: int = ...,
    ) -> Iterator[TaggedText]: ...

    @overload
    def pipe(
        self,
        texts: Iterable[tuple[str, C]],
        *,
        as_tuples: Literal[True],
        split: Splitter = ...,
        batch_size: int = ...,
        threads: int = ...,
    ) -> Iterator[tuple[TaggedText, C]]: ...

    def pipe(
        self,
        texts: Iterable[Any],
        *,
        as_tuples: bool = False,
        split: Splitter = split_words,
        batch_size: int = 512,
        threads: int = 1,
    ) -> Iterator[Any]:
        """Tag a stream of texts in constant memory.

        Parameters
        ----------
        texts : iterable of str
            With `as_tuples`, of pairs of a text and anything that belongs to it.
        as_tuples : bool
            Whether each text comes with something that is handed on.
        split : callable
            Splits a text into sentences of tokens.
        batch_size : int
            Texts that are tagged at once, at the most.
        threads : int
            Share the work; with more than one, texts are taken before their turn.

        Yields
        ------
        TaggedText, or tuple of TaggedText and what came with it
            One for each text, in order.
        """
        tag = tag_with_contexts if as_tuples else tag_texts
        return tag(self.tagger, texts, split=split, batch_size=batch_size, threads=threads)

    def tag_batch(
        self,
        batch: Mapping[str, Sequence[Any]],
        *,
        text_column: str | None = "text",
        tokens_column: str | None = "tokens",
    ) -> dict[str, list[Any]]:
        """Tag a batch of a data set, for ``dataset.map(classifier.tag_batch, batched=True)``.

        Parameters
        ----------
        batch : mapping of str to sequence
            Columns by name. Texts are tagged if there are any, else tokens.
        text_column, tokens_column : str, optional
            The columns of texts, and of lists of tokens; None looks for none.

        Returns
        -------
        dict of str to list
            For texts "entities": a list for each, of dicts with the keys text, label, start, end
            (character offsets) and score. For tokens "tags": a list for each, IOB2 or plain
            labels; `map` puts it in the place of a column of that name.

        Raises
        ------
        UsageError
            If there is neither column.
        DataError
            For a row that is no text, or no list of tokens.
        """
        return tag_columns(self.tagger, batch, text_column=text_column, tokens_column=tokens_column)


def _lists(sentences: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    given = list(sentences)
    if any(isinstance(sentence, str) for sentence in given):
        raise UsageError("expected the tokens of a sentence as a list, not a text; tag takes texts")
    return given


def _numbers(documents: Iterable[Hashable | None] | None) -> list[Hashable | None] | None:
    return None if documents is None else list(documents)
