"""Explanations made by hand, and of odd text."""

from msgspec.structs import replace

from windowclf.explanation.result import Cause, Change, Explanation, FeatureShare, Share, Unit

ODD = [
    "[bold]",
    "<script>alert(1)</script>",
    "\x1b[31mred\x07",
    "שלום",
    "long" * 500,
    "a&amp;\u202eb",
]


def explanation(tokens=("Paris", "is", "in", "France"), token=0):
    """All sections; each number of the attribution is of its own."""
    tags = ["O", "B-LOC", "S-LOC"]
    shares = []
    for offset in (-1, 0, 1):
        here = token + offset
        word = tokens[here] if 0 <= here < len(tokens) else ""
        features = [
            FeatureShare(feature="word", value=word, known=False, scores=[0.1, 0.2, 1.5 + offset]),
            FeatureShare(feature="suffix3", value=word[-3:], scores=[0.25, 0.0, -0.5]),
        ]
        scores = [0.35, 0.2, 1.0 + offset]
        number = here if word else None
        shares.append(
            Share(
                source="window", offset=offset, token=number, word=word, scores=scores,
                features=features,
            )
        )  # fmt: skip
    for number, word in enumerate(tokens):
        shares.append(Share(source="sentence", token=number, word=word, scores=[0, 0.5, -number]))
    shares += [
        Share(source="elsewhere", scores=[0.5, 0, 9]),
        Share(source="bias", scores=[0, 0, 3]),
    ]
    rest = [0.03125, 0.0, 0.0]
    return Explanation(
        tokens=list(tokens),
        token=token,
        tags=tags,
        tag="S-LOC",
        runner_up="O",
        margin=7.5,
        scores=[sum(s.scores[k] for s in shares) + rest[k] for k in range(3)],
        probabilities=[0.043, 0.002, 0.955],
        shares=shares,
        rest=rest,
        units=[
            Unit(unit=7, activation=0.75, margin=1.25, causes=[Cause(share=1, z=2.5)]),
            Unit(unit=250, activation=-0.5, margin=-0.375),
        ],
        changes=[
            Change(token=token, word=tokens[token], other="Monday", tag="O", distance=1.5),
        ],
        searched=1234,
    )


def bare():
    """No unit, no change, no name elsewhere, no mean of a sentence, no runner-up."""
    full = explanation()
    window = [share for share in full.shares if share.source == "window"]
    return replace(
        full, shares=window, units=[], changes=[], runner_up="S-LOC", margin=float("inf")
    )


def odd(token):
    return explanation(ODD, token)
