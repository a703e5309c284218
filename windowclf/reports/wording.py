"""Numbers, settings and comparisons as text."""

from windowclf.evaluation.comparison import Against, Comparison
from windowclf.evaluation.learning_curve import FEWEST_SIZES, LEAST_F1, LearningCurve


def in_words(against: Against, runs: int) -> str:
    """Describe the result of the test for one of `runs` that are compared with the first.

    Example: "F1 differs by +0.52 (95 % interval +0.31 to +0.74), p = 0.0002: significant".
    """
    total = against.total
    sure = "significant" if against.significant else "not significant"
    corrected = " (Holm's correction)" if runs > 1 else ""
    return (
        f"F1 differs by {points(total.f1)} (95 % interval {points(total.low)} to "
        f"{points(total.high)}), {chance(against.p)}{corrected}: {sure}"
    )


def method(comparison: Comparison) -> str:
    """Describe the test of the differences."""
    several = len(comparison.against) > 1
    return (
        f"Paired bootstrap: {comparison.samples:,} samples of {comparison.resampling_units:,} "
        f"{comparison.resampling_unit}, drawn with seed {comparison.seed}"
        + (
            "; p is corrected by Holm's method for the number of runs compared with the first"
            * several
        )
        + ". It tests whether the difference would hold on similar text, not whether it would hold "
        "with other training seeds."
    )


SCORED_ON = {
    "test": "the test split",
    "dev": "the dev split",
    "held out": "held-out sentences",
}
"""The texts on which a learning curve may be scored, in words."""


def forecast_in_words(curve: LearningCurve) -> str:
    """Describe the forecast for twice as many sentences.

    Example: "twice the sentences (200) would bring about 4.1 points: F1 61.0 (57.2 to 65.1)".
    """
    found = curve.forecast
    if found is None and curve.points[-1].mean < LEAST_F1:
        return (
            f"no forecast: expected F1 {100 * LEAST_F1:.0f} or more with all sentences, got "
            f"{100 * curve.points[-1].mean:.1f}; label more sentences, or train longer"
        )
    if found is None:
        return (
            f"no forecast: expected {FEWEST_SIZES} sizes or more, got {len(curve.points)}; set "
            "more with --sizes, or label more sentences"
        )
    said = (
        f"twice the sentences ({found.sentences:,}) would bring about {100 * found.gain:.1f} "
        f"points: F1 {100 * found.f1:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})"
    )
    if found.is_little:
        return f"{said}; more labels of the same kind bring little"
    if not found.is_certain:
        most = f"{points(found.gain_low)} to {points(found.gain_high)}"
        return (
            f"{said}; the gain is within its uncertainty ({most}): more labels of the same kind "
            "may bring little"
        )
    return said


def signed(number: float, digits: int = 2) -> str:
    """Write a number with a typographic sign; a number that rounds to zero has none."""
    text = f"{number:+.{digits}f}"
    return text[1:] if not float(text) else text.replace("-", "−")


def points(share: float) -> str:
    """Write a difference of F1 in percentage points, with its sign: +0.52."""
    return signed(100 * share)


def chance(p: float) -> str:
    """Write a p-value: "p = 0.0002", or "p < 0.0001"."""
    return "p < 0.0001" if p < 0.00005 else f"p = {p:.4f}"


def value(setting: object) -> str:
    """Write the value of a setting."""
    if setting is None or setting == []:
        return "none"
    if isinstance(setting, bool):
        return "on" if setting else "off"
    if isinstance(setting, list | tuple):
        return " ".join(map(str, setting))
    return f"{setting:,}" if isinstance(setting, int) else str(setting)


def short(setting: object) -> str:
    """Write the value of a setting in the form of its option, with three digits for a fraction."""
    return f"{setting:.3g}" if isinstance(setting, float) else str(setting)


def interval(low: float | None, high: float | None) -> str:
    """Write an interval of F1 in percent, or "-" without one."""
    return "-" if low is None or high is None else f"{100 * low:.2f} to {100 * high:.2f}"
