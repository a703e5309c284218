"""The recognizer in Presidio's own engine, beside its own recognizers."""

import subprocess
import sys

import pytest
import tldextract
from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine
from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

import windowclf
from windowclf.errors import ModelError, UsageError
from windowclf.integrations.presidio import WindowclfRecognizer, blank_nlp_engine

TEXT = "Grace Hopper met Ada ."
NAMES = [("PERSON", "Grace Hopper"), ("PERSON", "Ada")]


@pytest.fixture(scope="module", autouse=True)
def _no_network():
    """Presidio checks the domains of addresses by a list that is downloaded."""
    offline = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tldextract, "extract", offline)
        yield


@pytest.fixture(scope="module")
def recognizer(model_folder):
    return WindowclfRecognizer(model_folder)


@pytest.fixture(scope="module")
def analyzer(recognizer):
    engine = AnalyzerEngine(nlp_engine=blank_nlp_engine())
    engine.registry.remove_recognizer("SpacyRecognizer")
    engine.registry.add_recognizer(recognizer)
    return engine


def found(results, text=TEXT):
    ordered = sorted(results, key=lambda result: result.start)
    return [(result.entity_type, text[result.start : result.end]) for result in ordered]


def test_results_are_the_entities_of_tag(recognizer, classifier):
    results = recognizer.analyze(TEXT, ["LOCATION", "PERSON"])
    entities = classifier.tag(TEXT)
    assert found(results) == NAMES
    assert [(r.start, r.end, r.score) for r in results] == [
        (e.start, e.end, e.score) for e in entities
    ]


def test_a_result_says_where_it_is_from(recognizer):
    result, _ = recognizer.analyze(TEXT, ["PERSON"])
    explanation = result.analysis_explanation
    assert explanation.recognizer == "WindowclfRecognizer"
    assert explanation.original_score == result.score
    assert explanation.textual_explanation == "Identified as PER by windowclf"
    assert result.recognition_metadata["recognizer_identifier"] == recognizer.id
    assert result.recognition_metadata["recognizer_name"] == recognizer.name


# In the engine


def test_names_beside_what_presidio_finds(analyzer):
    text = f"{TEXT} Her phone is 212-555-0123 , her mail ada@example.com ."
    results = found(analyzer.analyze(text, language="en"), text)
    assert results[:2] == NAMES
    assert ("PHONE_NUMBER", "212-555-0123") in results
    assert ("EMAIL_ADDRESS", "ada@example.com") in results


def test_words_of_context_count(analyzer):
    for before, score in (("phone", 0.75), ("code", 0.4)):
        text = f"Her {before} is 212-555-0123 ."
        [result] = analyzer.analyze(text, language="en", entities=["PHONE_NUMBER"])
        assert result.score == pytest.approx(score)


def test_what_is_asked_for(analyzer):
    assert found(analyzer.analyze(TEXT, language="en", entities=["PERSON"])) == NAMES
    assert analyzer.analyze(TEXT, language="en", entities=["LOCATION"]) == []
    text = "Ada lives in Paris"
    asked = analyzer.analyze(text, language="en", entities=["LOCATION", "EMAIL_ADDRESS"])
    assert found(asked, text) == [("LOCATION", "Paris")]


def test_a_threshold(analyzer, classifier):
    score = min(entity.score for entity in classifier.tag(TEXT))
    for threshold, kept in ((score, 2), (score + 1e-9, 1)):
        options = {"entities": ["PERSON"], "score_threshold": threshold}
        assert len(analyzer.analyze(TEXT, language="en", **options)) == kept


def test_an_allow_list(analyzer):
    options = {"entities": ["PERSON"], "allow_list": ["Ada"]}
    assert found(analyzer.analyze(TEXT, language="en", **options)) == NAMES[:1]


def test_a_decision_is_explained(analyzer):
    options = {"entities": ["PERSON"], "return_decision_process": True}
    for result in analyzer.analyze(TEXT, language="en", **options):
        assert "PER by windowclf" in str(result.analysis_explanation)


@pytest.mark.parametrize("text", ["", " \n", "They saw him ."])
def test_nothing_to_find(analyzer, text):
    assert analyzer.analyze(text, language="en") == []


def test_batches(analyzer):
    batch = BatchAnalyzerEngine(analyzer)
    texts = ["Paris is in France", "", "Tom met Ada ."]
    several = batch.analyze_iterator(texts, language="en", batch_size=2)
    assert [found(results, text) for results, text in zip(several, texts, strict=True)] == [
        [("LOCATION", "Paris"), ("LOCATION", "France")],
        [],
        [("PERSON", "Tom"), ("PERSON", "Ada")],
    ]
    [record] = batch.analyze_dict({"where": texts}, language="en")
    assert record.recognizer_results == several


def test_the_engine_names_what_can_be_found(analyzer):
    names = analyzer.get_supported_entities("en")
    assert {"LOCATION", "PERSON", "PHONE_NUMBER"} <= set(names)
    assert not {"NRP", "ORGANIZATION"} & set(names)


def test_an_engine_of_another_language(model_folder):
    engine = blank_nlp_engine("de")
    recognizer = WindowclfRecognizer(model_folder, supported_language="de")
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["de"])
    analyzer.registry.add_recognizer(recognizer)
    results = analyzer.analyze("Tom lebt in Paris", language="de", entities=["PERSON", "LOCATION"])
    assert len(results) == len(recognizer.classifier.tag("Tom lebt in Paris")) > 0


# The model and its labels


def test_the_carried_model():
    recognizer = WindowclfRecognizer()
    assert recognizer.supported_entities == ["LOCATION", "MISC", "ORGANIZATION", "PERSON"]
    text = "Paris is in France"
    results = recognizer.analyze(text, recognizer.supported_entities)
    assert found(results, text) == [("LOCATION", "Paris"), ("LOCATION", "France")]


def test_a_classifier_itself(classifier):
    assert WindowclfRecognizer(classifier).classifier is classifier


def test_labels_by_other_names(classifier):
    recognizer = WindowclfRecognizer(classifier, label_mapping={"PER": "NAME"})
    assert recognizer.supported_entities == ["LOC", "NAME"]
    assert found(recognizer.analyze(TEXT, ["NAME"])) == [("NAME", name) for _, name in NAMES]


def test_some_of_the_labels(classifier):
    recognizer = WindowclfRecognizer(classifier, supported_entities=["LOCATION"])
    assert recognizer.get_supported_entities() == ["LOCATION"]
    assert recognizer.analyze(TEXT, ["LOCATION", "PERSON"]) == []


def test_options_of_presidio(model_folder):
    given = {"model": model_folder, "name": "names", "supported_language": "de", "version": "2"}
    about = WindowclfRecognizer.from_dict(given).to_dict()
    assert about.pop("supported_entities") == ["LOCATION", "PERSON"]
    assert about == {key: value for key, value in given.items() if key != "model"}


def test_a_registry_of_configuration():
    configuration = {
        "supported_languages": ["en"],
        "recognizers": [{"name": "WindowclfRecognizer", "type": "predefined"}],
    }
    registry = RecognizerRegistryProvider(
        registry_configuration=configuration
    ).create_recognizer_registry()
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=blank_nlp_engine())
    text = "Paris is in France"
    assert len(analyzer.analyze(text, language="en")) == 2


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(ModelError, match="none"):
        WindowclfRecognizer(tmp_path / "none")


def test_an_untrained_classifier():
    with pytest.raises(ModelError, match="not trained"):
        WindowclfRecognizer(windowclf.WindowClassifier())


def test_without_presidio_one_line_says_what_to_install():
    program = """
import sys
sys.modules["presidio_analyzer"] = None
try:
    import windowclf.integrations.presidio
except ImportError as error:
    print(type(error).__name__, error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    expected = "windowclf.integrations.presidio needs an optional package: "
    assert ran.stdout == f"MissingExtraError {expected}pip install 'windowclf[presidio]'\n"


def test_the_text_unit(model_folder, classifier):
    text = "Ada lives in New\nYork ."
    for unit in ("line", "file"):
        recognizer = WindowclfRecognizer(model_folder, text_unit=unit)
        results = recognizer.analyze(text, ["LOCATION", "PERSON"])
        expected = classifier.tag(text, text_unit=unit)
        assert [(r.start, r.end) for r in results] == [(e.start, e.end) for e in expected]
        assert ("LOCATION", "New\nYork") in found(results, text) or unit == "line"
    with pytest.raises(UsageError, match="text_unit: expected auto, line, paragraph"):
        WindowclfRecognizer(model_folder, text_unit="page")
