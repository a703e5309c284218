"""A recognizer for Presidio's analyzer, which finds what is private in texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windowclf.classifier import WindowClassifier, load
from windowclf.errors import MissingExtraError
from windowclf.tagging.texts import unit_splitter
from windowclf.text.units import TextUnit

try:
    import spacy
    from presidio_analyzer import AnalysisExplanation, LocalRecognizer, RecognizerResult
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.nlp_engine.ner_model_configuration import (
        MODEL_TO_PRESIDIO_ENTITY_MAPPING,
    )
    from spacy.lookups import Lookups
except ImportError:
    raise MissingExtraError("windowclf.integrations.presidio", "presidio") from None

if TYPE_CHECKING:
    from presidio_analyzer.nlp_engine import NlpArtifacts


class WindowclfRecognizer(LocalRecognizer):
    """Finds what a windowclf model knows, such as names of persons.

    A registry's YAML names it as ``{name: WindowclfRecognizer, type: predefined}`` once this
    module is imported. Presidio passes no `model` on from there, so `windowclf.load` chooses.

    Parameters
    ----------
    model : str, Path or WindowClassifier, optional
        A model folder, or the classifier itself; without it the choice of `windowclf.load`.
    label_mapping : mapping of str to str, optional
        Presidio's name of each label of the model; one that has none keeps its own. Without it,
        as in Presidio's configuration of named entity models: PER is PERSON, LOC is LOCATION,
        ORG is ORGANIZATION, and MISC stays MISC.
    supported_entities : sequence of str, optional
        What it finds, by Presidio's names; without it all that the model knows.
    text_unit : {"auto", "line", "paragraph", "file"}
        Which line ends are borders, see `WindowClassifier.tag`.
    **options
        As Presidio's `EntityRecognizer` takes them: name, supported_language, context …

    Raises
    ------
    ModelError
        If the model cannot be read.
    UsageError
        If there is no such text unit.

    Examples
    --------
    >>> from presidio_analyzer import AnalyzerEngine
    >>> analyzer = AnalyzerEngine(nlp_engine=blank_nlp_engine())
    >>> analyzer.registry.add_recognizer(WindowclfRecognizer())
    >>> found = analyzer.analyze("Paris is in France", language="en", entities=["LOCATION"])
    >>> sorted((name.entity_type, name.start, name.end) for name in found)
    [('LOCATION', 0, 5), ('LOCATION', 12, 18)]
    """

    name: str

    def __init__(
        self,
        model: str | Path | WindowClassifier | None = None,
        label_mapping: Mapping[str, str] | None = None,
        supported_entities: Sequence[str] | None = None,
        text_unit: TextUnit = "auto",
        **options: Any,
    ) -> None:
        if label_mapping is None:
            label_mapping = MODEL_TO_PRESIDIO_ENTITY_MAPPING
        self.classifier = model if isinstance(model, WindowClassifier) else load(model)
        self._split = unit_splitter(text_unit)
        labels = self.classifier.labels
        self.entity_of = {label: label_mapping.get(label, label) for label in labels}
        if supported_entities is None:
            supported_entities = sorted({*self.entity_of.values()})
        super().__init__(supported_entities=list(supported_entities), **options)

    def load(self) -> None:
        """Do nothing: the model is read when the recognizer is made, for it names the entities."""

    def analyze(
        self,
        text: str,
        entities: Sequence[str],
        nlp_artifacts: "NlpArtifacts | None" = None,  # noqa: ARG002  Presidio passes it by name
    ) -> list[RecognizerResult]:
        """Find entities in a text.

        Parameters
        ----------
        text : str
            One document.
        entities : sequence of str
            Which of the supported ones are wanted, by Presidio's names.
        nlp_artifacts : NlpArtifacts, optional
            Not used: windowclf has tokens of its own.

        Returns
        -------
        list of RecognizerResult
            In order, each with the probability that it is right as its score.
        """
        wanted = set(entities).intersection(self.supported_entities)
        return [
            RecognizerResult(
                entity_type=self.entity_of[found.label],
                start=found.start,
                end=found.end,
                score=found.score,
                analysis_explanation=AnalysisExplanation(
                    recognizer=self.name,
                    original_score=found.score,
                    textual_explanation=f"Identified as {found.label} by windowclf",
                ),
                recognition_metadata={
                    RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                    RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                },
            )
            for found in next(self.classifier.pipe([text], split=self._split)).entities
            if self.entity_of[found.label] in wanted
        ]


def blank_nlp_engine(language: str = "en") -> SpacyNlpEngine:
    """Make an engine that gives Presidio the words of a text, without a model to download.

    Each word is its own lemma, so that words of context ("phone", "card") count as they are
    written. The engine finds no entities: that is the recognizers' part.

    Parameters
    ----------
    language : str
        A code that spaCy knows, such as ``"en"``.

    Returns
    -------
    SpacyNlpEngine
        For ``AnalyzerEngine(nlp_engine=…)``.
    """
    nlp = spacy.blank(language)
    lookups = Lookups()
    lookups.add_table("lemma_lookup")  # an empty one: what is not in it stays as it is
    lemmatizer = nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    lemmatizer.initialize(lookups=lookups)  # type: ignore[attr-defined]
    engine = SpacyNlpEngine(models=[{"lang_code": language, "model_name": "blank"}])
    engine.nlp = {language: nlp}  # type: ignore[assignment]
    return engine
