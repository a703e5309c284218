"""Names of the comparisons and competitors, in the tables and in the JSON."""

OURS, CRFSUITE, TORCH = "windowclf", "python-crfsuite", "PyTorch"
OURS_KNOWN = "windowclf, words known"
FORMER, FORMER_KNOWN = "windowclf before", "windowclf before, words known"
ONE, TWO = "windowclf, one process", "windowclf, two processes"
SPACY, SPACY_NER = "spaCy (tok2vec, ner)", "spaCy (ner)"
GLOVE = "PyTorch, dense, all of GloVe"

SENTENCE_LEVEL = "tagging words, sentence level"
WORD_LEVEL = "tagging words, word level"
RAW = "tagging raw text"
CORES = "windowclf tag, JSONL to JSONL"
TRAINING = {size: f"training, batches of {size:,}" for size in (512, 2048, 8192)}
DETAILS = {
    SENTENCE_LEVEL: "the bundled model",
    WORD_LEVEL: "250 inputs, 300 hidden units, 17 labels, from strings to labels",
    RAW: "the bundled model, tokenising included",
    CORES: "whole command, each process bound to one core",
    **dict.fromkeys(TRAINING.values(), "word level, 250 inputs, 300 hidden units"),
}

NUMPY, HELP, TAG = 'python -c "import numpy, click"', "windowclf --help", "windowclf tag"
