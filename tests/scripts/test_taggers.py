"""scripts/compare-taggers with a tagger that always says the same, and spaCy without its models."""

import json
from importlib import import_module
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Span

from windowclf import Sentence, load_corpus

SCRIPTS = Path(__file__).parents[2] / "scripts"
LIVES = "Ann B-PER\nlives O\nin O\nOslo B-LOC\n\nBo B-PER\nand O\nEve B-PER\n"
WORKS = "Ann B-PER\nCo B-ORG\n\nOslo B-LOC\nis O\nNorse B-MISC\n"


@pytest.fixture(autouse=True)
def _path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


@pytest.fixture
def files(tmp_path):
    for name, text in (("a", LIVES), ("b", WORKS)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "test.txt").write_text(text, "utf-8")
    return [str(tmp_path / name / "test.txt") for name in "ab"]


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the program; spaCy's taggers are one that takes each word in capitals for a person."""
    program = import_module("taggers.__main__")
    real = program.load_tagger

    def people(sentences):
        return [["B-PER" if w.istitle() else "O" for w in s.tokens] for s in sentences]

    def load_tagger(name, model):
        return real(name, model) if name == "windowclf" else (people, {"version": "1"})

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["compare-taggers", *arguments])
        program.main()
        return capsys.readouterr().out

    monkeypatch.setattr(program, "load_tagger", load_tagger)
    return run


def test_the_table_has_a_row_for_each_file_and_one_of_means(run, files):
    assert run("--taggers", "spacy-md,spacy-sm", *files).splitlines() == [
        "| F1 in % | spacy-md | spacy-sm |",
        "|---|---|---|",
        "| a/test.txt | 75.00 | 75.00 |",  # 3 of 4 found and 4 to find
        "| b/test.txt | 28.57 | 28.57 |",  # 1 of 4 found and 3 to find: MISC does not count
        "| mean of 2 | 51.79 | 51.79 |",
    ]
    assert "| test.txt | 75.00 |" in run("--taggers", "spacy-md", files[0])


def test_json_has_precision_and_recall_over_the_types_asked_for(run, files):
    options = ["--taggers", "spacy-sm", "--json"]
    found = json.loads(run(*options, "--types", "all", *files))
    assert found["types"] == ["all"]
    assert found["taggers"] == {"spacy-sm": {"version": "1"}}
    assert [(one["file"], one["sentences"], one["tokens"]) for one in found["files"]] == [
        (files[0], 2, 7),
        (files[1], 2, 5),
    ]
    second = found["files"][1]["scores"]["spacy-sm"]
    assert (second["gold"], second["predicted"], second["correct"]) == (4, 4, 1)
    assert second["types"].keys() == {"LOC", "MISC", "ORG", "PER"}
    assert found["mean"]["spacy-sm"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    people = json.loads(run(*options, "--types", "PER", *files))
    assert people["mean"]["spacy-sm"]["recall"] == 1
    assert people["mean"]["spacy-sm"]["precision"] == 0.5


def test_windowclf_has_the_scores_of_evaluate(run, model_folder, tiny_data):
    file = str(tiny_data / "dev.txt")
    options = ["--taggers", "windowclf", "--model", str(model_folder), "--types", "all", "--json"]
    found = json.loads(run(*options, file))
    assert str(model_folder) in found["taggers"]["windowclf"]["model"]
    classifier = import_module("windowclf").load(model_folder)
    expected = classifier.evaluate(load_corpus(test=file).splits["test"])
    [one] = found["files"]
    assert one["scores"]["windowclf"]["types"] == expected.to_json()["types"]
    assert one["scores"]["windowclf"]["f1"] == expected.total.f1 > 0


def test_windowclf_is_told_which_sentences_are_of_one_document(monkeypatch):
    program = import_module("taggers.__main__")
    asked = []

    class Classifier:
        def predict(self, sentences, documents):
            asked.extend(zip(sentences, documents, strict=True))

    monkeypatch.setattr(program, "load_classifier", lambda model: (Classifier(), model))
    tag, _ = program.load_tagger("windowclf", None)
    tag([Sentence(["a"], ["O"], 1), Sentence(["b"], ["O"], None)])
    assert asked == [(["a"], 1), (["b"], None)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.txt"], "nowhere.txt: cannot be read"),
        (["FILE", "--taggers", "windowclf,flair"], "--taggers flair: expected some of windowclf,"),
        (["FILE", "--types", " ,"], "--types ' ,': expected names"),
        (["FILE", "--types", "ORG"], "FILE: no entity of type ORG; its types are: LOC, PER; "),
        (["FILE", "--taggers", "windowclf", "--model", "nowhere"], "nowhere/model.json: "),
    ],
)
def test_bad_input_ends_in_one_line(run, files, arguments, message):
    with pytest.raises(SystemExit) as ended:
        run(*(files[0] if word == "FILE" else word for word in arguments))
    line = ended.value.code
    assert line.startswith("scripts/compare-taggers: " + message.replace("FILE", files[0]))
    assert "\n" not in line


class Pipeline:
    """Finds chosen spans, with types of OntoNotes, in each text."""

    vocab = spacy.blank("en").vocab

    def __init__(self, *spans):
        self.spans, self.seen = spans, []

    def pipe(self, docs, batch_size):
        for doc in docs:
            self.seen.append(doc.text)
            doc.ents = [Span(doc, start, end, label) for start, end, label in self.spans]
            yield doc


def tag(words, *spans):
    tagger = import_module("taggers.spacy_models").SpacyTagger(Pipeline(*spans))
    [tags] = tagger([Sentence(words.split())])
    return " ".join(tags)


def test_types_of_ontonotes_become_those_of_conll():
    types = {
        "PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "NORP": "MISC",
        "PRODUCT": "MISC", "EVENT": "MISC", "WORK_OF_ART": "MISC", "LAW": "MISC",
        "LANGUAGE": "MISC",
    }  # fmt: skip
    for label, expected in types.items():
        assert tag("an Old Name .", (1, 3, label)) == f"O B-{expected} I-{expected} O"
    for label in ("DATE", "TIME", "MONEY", "PERCENT", "QUANTITY", "ORDINAL", "CARDINAL"):
        assert tag("an Old Name .", (1, 3, label)) == "O O O O"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("the Hague", "O B-LOC"),
        ("The Hague 's", "O B-LOC O"),
        ("Oslo ’s", "B-LOC O"),
        ("the Keys '", "O B-LOC O"),
        ("the Keys ’", "O B-LOC O"),
        ("the", "O"),
        ("the 's", "O O"),
        ("'s", "O"),
        ("Bay of the Sun 's Isle", "B-LOC I-LOC I-LOC I-LOC I-LOC I-LOC"),
    ],
)
def test_the_and_s_are_no_part_of_a_name(words, expected):
    assert tag(words, (0, len(words.split()), "GPE")) == expected


def test_neighbours_stay_two_names():
    assert tag("Oslo Bergen", (0, 1, "GPE"), (1, 2, "GPE")) == "B-LOC B-LOC"


def test_spacy_reads_whole_documents():
    numbered = {"Ann": None, "saw": 0, "New": 0, "York": 1, ".": 1, "Bo": None, "!": None}
    pipeline = Pipeline((0, 1, "GPE"))
    tagger = import_module("taggers.spacy_models").SpacyTagger(pipeline)
    found = tagger([Sentence([word], None, number) for word, number in numbered.items()])
    assert pipeline.seen == ["Ann ", "saw New ", "York . ", "Bo ", "! "]
    assert found == [["B-LOC"], ["B-LOC"], ["O"], ["B-LOC"], ["O"], ["B-LOC"], ["B-LOC"]]
    pipeline.spans = [(0, 2, "GPE")]
    assert tagger([Sentence(["New"], None, 0), Sentence(["York"], None, 0)]) == [
        ["B-LOC"],
        ["I-LOC"],
    ]
