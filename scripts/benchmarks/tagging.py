"""Tagging: words to labels, and raw text to entities, on one thread."""

from benchmarks.names import (
    CRFSUITE,
    FORMER,
    FORMER_KNOWN,
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
    """Measure the taggers on the same text."""
    text = {"text": setup.tagged}
    network = {**text, "model": setup.same_network}
    program = {**text, "folder": setup.torch_program}
    crfsuite = {**text, "model": setup.crfsuite_model}

    def windowclf(**more: bool) -> list[Competitor]:
        """Make competitors with an empty or a filled word cache, also of a former version."""
        where, former = "windowclf_peer:Tagger", setup.options.former
        names = {"": (OURS, OURS_KNOWN)} | ({former: (FORMER, FORMER_KNOWN)} if former else {})
        return [
            Competitor(name, where, {**text, **more, "known": known}, path=path)
            for path, of_path in names.items()
            for name, known in zip(of_path, (False, True), strict=True)
        ]

    def spacy(*, raw: bool) -> list[Competitor]:
        return [
            Competitor(name, "spacy_peer:Tagger", {**text, "raw": raw, "pipes": pipes})
            for name, pipes in _PIPES.items()
        ]

    groups = {
        SENTENCE_LEVEL: [
            *windowclf(),
            *spacy(raw=False),
            Competitor(CRFSUITE, "crfsuite_peer:Tagger", crfsuite),
        ],
        WORD_LEVEL: [
            Competitor(OURS, "windowclf_peer:Tagger", network),
            Competitor(TORCH, "torch_peer:Tagger", program),
        ],
        RAW: [
            *windowclf(raw=True),
            *spacy(raw=True),
        ],
    }
    for competitors in groups.values():
        take_turns(competitors, setup.options.runs)
    return groups
