"""A component for spaCy's pipelines: ``nlp.add_pipe("windowclf")``.

spaCy imports this module whenever it makes a pipeline, with or without the component, so nothing
slow is imported here.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from windowclf.errors import MissingExtraError
from windowclf.text.units import TextUnit, check_text_unit

try:
    from spacy import util
    from spacy.language import Language
    from spacy.pipeline import Pipe
    from spacy.pipeline.span_ruler import (
        overlapping_labeled_spans_score,
        prioritize_existing_ents_filter,
        prioritize_new_ents_filter,
    )
    from spacy.scorer import get_ner_prf
    from spacy.tokens import Doc, Span, SpanGroup
except ImportError:
    raise MissingExtraError("windowclf.integrations.spacy", "spacy") from None

if TYPE_CHECKING:
    from windowclf.classifier import WindowClassifier
    from windowclf.tagging.tagged_text import Entity

SCORE = "windowclf_score"
"""The extension attribute with the score of an entity: ``ent._.windowclf_score``."""


class WindowclfComponent(Pipe):
    """Sets the entities of a `Doc` to those that windowclf finds in its text.

    windowclf uses its own tokens. If an entity begins or ends within a token of spaCy, it is
    extended to the whole token.

    Parameters
    ----------
    name : str
        Name of the component in the pipeline.
    model : str, optional
        A model folder.  Default: the model that `windowclf.load` chooses. It is read on first use,
        because a pipeline from disk has its own copy of the model, and this folder may be gone.
    span_group : str, optional
        Write to ``doc.spans[span_group]``, replacing its content, with the scores in the group's
        ``attrs["scores"]``. By default the component writes to ``doc.ents``, with the score of an
        entity in ``ent._.windowclf_score``.
    overwrite : bool
        Whether, in ``doc.ents``, a new entity replaces existing ones that share a token with it, or
        is dropped, as in spaCy's own components. Other existing entities are kept in any case. Of
        two new entities that share a token, the longer one is kept, or the first of equal length.
    text_unit : {"auto", "line", "paragraph", "file"}
        The line ends that entities cannot cross, see `WindowClassifier.tag`.

    Raises
    ------
    UsageError
        If the text unit is unknown.
    """

    def __init__(
        self,
        name: str = "windowclf",
        *,
        model: str | None = None,
        span_group: str | None = None,
        overwrite: bool = False,
        text_unit: TextUnit = "auto",
    ) -> None:
        self.name = name
        self.text_unit = check_text_unit(text_unit)
        self.model = model
        self.span_group = span_group
        self.merge = prioritize_new_ents_filter if overwrite else prioritize_existing_ents_filter
        self.scorer = get_ner_prf
        if span_group is not None:
            self.scorer = partial(overlapping_labeled_spans_score, spans_key=span_group)
        self._classifier: WindowClassifier | None = None
        if not Span.has_extension(SCORE):
            Span.set_extension(SCORE, default=None)

    @property
    def classifier(self) -> "WindowClassifier":
        """The classifier; the first access reads it.

        Raises
        ------
        ModelError
            If there is no complete model in the folder.
        """
        if self._classifier is None:
            from windowclf.classifier import load

            self._classifier = load(self.model)
        return self._classifier

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the entities, such as LOC and PER."""
        return tuple(self.classifier.labels)

    @property
    def hide_labels(self) -> bool:
        """Whether the pipeline's metadata omit the labels, which is so until the model is read."""
        return self._classifier is None  # listing them would read a model that may not exist

    def __call__(self, doc: Doc) -> Doc:
        """Annotate a document, and return it."""
        self._annotate(doc, self.classifier.tag(doc.text, text_unit=self.text_unit))
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate a stream of documents.

        Parameters
        ----------
        stream : iterable of Doc
            A stream of any length, which is read lazily.
        batch_size : int
            Number of documents in memory at a time.

        Yields
        ------
        Doc
            The annotated documents, in order.
        """
        classifier = self.classifier  # a missing model is not an error of a document
        handle_error = self.get_error_handler()
        for docs in util.minibatch(stream, size=batch_size):  # type: ignore[no-untyped-call]
            try:
                texts = [doc.text for doc in docs]
                found = list(
                    classifier.pipe(
                        texts,
                        text_unit=self.text_unit,
                        batch_size=batch_size,
                        processes=1,  # spaCy has its own processes: nlp.pipe(n_process=2)
                    )
                )
                for doc, tagged in zip(docs, found, strict=True):
                    self._annotate(doc, tagged.entities)
            except Exception as error:
                handle_error(self.name, self, docs, error)
            else:
                yield from docs

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the model to a folder; `nlp.to_disk` calls this.

        Parameters
        ----------
        path : str or Path
            The folder, which is created if needed.
        exclude : iterable of str
            Parts to leave out; the only part is ``"model"``.
        """
        util.to_disk(path, {"model": self.classifier.save}, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Read a model that `to_disk` has written; see there.

        Raises
        ------
        ModelError
            If there is no complete model.
        """
        util.from_disk(path, {"model": self._read}, exclude)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Write the model to bytes; see `to_disk`."""
        return util.to_bytes({"model": self.classifier.to_bytes}, exclude)

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Read the model that `to_bytes` has written; see `from_disk`."""

        def unpack(packed: bytes) -> None:
            from windowclf.classifier import WindowClassifier

            self._classifier = WindowClassifier.from_bytes(packed)

        util.from_bytes(data, {"model": unpack}, exclude)
        return self

    def _read(self, folder: str | Path) -> None:
        from windowclf.classifier import load

        self._classifier = load(folder)

    def _annotate(self, doc: Doc, entities: "list[Entity]") -> None:
        spans: list[Span] = [  # never None, because each entity includes a character of a token
            doc.char_span(entity.start, entity.end, entity.label, alignment_mode="expand")  # type: ignore[misc]
            for entity in entities
        ]
        scores = [entity.score for entity in entities]
        if self.span_group is not None:
            group = SpanGroup(doc, name=self.span_group, spans=spans, attrs={"scores": scores})
            doc.spans[self.span_group] = group
            return
        merged = self.merge(doc.ents, spans)
        for replaced in set(doc.ents).difference(merged):
            for token in replaced:
                token.ent_id = 0  # the only attribute that spaCy does not reset
        doc.ents = merged
        score_of = dict(zip(spans, scores, strict=True))
        for span in merged:
            if span in score_of:
                span._.set(SCORE, score_of[span])


@Language.factory(
    "windowclf",
    default_config={
        "model": None,
        "span_group": None,
        "overwrite": False,
        "threads": None,
        "text_unit": "auto",
    },
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type"],
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_component(
    nlp: Language,  # noqa: ARG001  spaCy passes it by name
    name: str,
    model: str | None,
    span_group: str | None,
    overwrite: bool,
    threads: int | None,  # noqa: ARG001  pipelines that 0.1.0 saved have it
    text_unit: str,
) -> WindowclfComponent:
    """Make the component; see `WindowclfComponent` for its settings."""
    return WindowclfComponent(
        name,
        model=model,
        span_group=span_group,
        overwrite=overwrite,
        text_unit=check_text_unit(text_unit),
    )
