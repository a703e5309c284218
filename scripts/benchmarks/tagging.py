"""Tagging: words to labels, and raw text to entities, on one thread."""

from benchmarks.names import (
    CRFSUITE,
    FLOOR,
    FLOOR_KNOWN,
    OURS,
    OURS_KNOWN,
    RAW,
    SENTENCE_LEVEL,
    SPACY,
    SPACY_NER,
    TORCH,
    WORD_LEVEL,
)
from benchmarks.setup import Setup
from benchmarks.turns import Competitor, take_turns

_PIPES = {SPACY: ["tok2vec", "ner"], SPACY_NER: ["ner"]}


def tagging(setup: Setup) -> dict[str, list[Competitor]]:
    """Let the taggers compete; all of them are given the same text."""
    text = {"text": setup.tagged}
    network = {**text, "model": setup.same_network}
    program = {**text, "folder": setup.torch_program}
    crfsuite = {**text, "model": setup.crfsuite_model}

    def spacy(*, raw: bool) -> list[Competitor]:
        return [
            Competitor(name, "spacy_peer:Tagger", {**text, "raw": raw, "pipes": pipes})
            for name, pipes in _PIPES.items()
        ]

    groups = {
        SENTENCE_LEVEL: [
            Competitor(OURS, "windowclf_peer:Tagger", text),
            Competitor(OURS_KNOWN, "windowclf_peer:Tagger", {**text, "known": True}),
            Competitor(FLOOR, "floor:Floor", text),
            Competitor(FLOOR_KNOWN, "floor:Floor", {**text, "known": True}),
            *spacy(raw=False),
            Competitor(CRFSUITE, "crfsuite_peer:Tagger", crfsuite),
        ],
        WORD_LEVEL: [
            Competitor(OURS, "windowclf_peer:Tagger", network),
            Competitor(TORCH, "torch_peer:Tagger", program),
        ],
        RAW: [
            Competitor(OURS, "windowclf_peer:Tagger", {**text, "raw": True}),
            Competitor(OURS_KNOWN, "windowclf_peer:Tagger", {**text, "raw": True, "known": True}),
            *spacy(raw=True),
        ],
    }
    for competitors in groups.values():
        take_turns(competitors, setup.options.runs)
    return groups
