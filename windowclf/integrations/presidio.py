"""A recognizer for Presidio's analyzer, which finds private data in texts."""

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
    """Finds the entities of a windowclf model, such as names of persons.

    After this module is imported, the YAML of a registry can name it as
    ``{name: WindowclfRecognizer, type: predefined}``. Presidio does not pass `model` from there, so
    it uses the default model of `windowclf.load`.

    Parameters
    ----------
    model : str, Path or WindowClassifier, optional
        A model folder, or a classifier.  Default: the model that `windowclf.load` chooses.
    label_mapping : mapping of str to str, optional
        Presidio's names for labels of the model; other labels keep their names. By default the
        names are those of Presidio's configuration for NER models: PER is PERSON, LOC is LOCATION,
        ORG is ORGANIZATION, and MISC stays MISC.
    supported_entities : sequence of str, optional
        The entities to find, by Presidio's names.  Default: all labels of the model.
    text_unit : {"auto", "line", "paragraph", "file"}
        The line ends that entities cannot cross, see `WindowClassifier.tag`.
    **options
        Options of Presidio's `EntityRecognizer`: name, supported_language, context …

    Raises
    ------
    ModelError
        If the model cannot be read.
    UsageError
        If the text unit is unknown.

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
        """Do nothing: the constructor has already loaded the model, to list its entities."""

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
            The text of one document.
        entities : sequence of str
            The entities to return, by Presidio's names.
        nlp_artifacts : NlpArtifacts, optional
            Not used, because windowclf has its own tokens.

        Returns
        -------
        list of RecognizerResult
            The entities in order; the score is the probability that an entity is correct.
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
    """Make an engine that splits texts into words for Presidio, without downloading a model.

    Each word is its own lemma, so context words ("phone", "card") match as they are written. The
    engine finds no entities itself; recognizers do.

    Parameters
    ----------
    language : str
        A language code of spaCy, such as ``"en"``.

    Returns
    -------
    SpacyNlpEngine
        An engine for ``AnalyzerEngine(nlp_engine=…)``.
    """
    nlp = spacy.blank(language)
    lookups = Lookups()
    lookups.add_table("lemma_lookup")  # empty: words outside it are unchanged
    lemmatizer = nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    lemmatizer.initialize(lookups=lookups)  # type: ignore[attr-defined]
    engine = SpacyNlpEngine(models=[{"lang_code": language, "model_name": "blank"}])
    engine.nlp = {language: nlp}  # type: ignore[assignment]
    return engine
