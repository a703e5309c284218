import numpy as np
import pytest

from windowclf.evaluation.learning_curve import Forecast, Trained, forecast_double, make_curve
from windowclf.evaluation.power_law import fit_laws
from windowclf.reports.wording import forecast_in_words

SIZES = np.array([20.0, 40, 80, 160, 320])


@pytest.mark.parametrize(
    ("a", "b", "c"), [(0.8, 3.0, 0.6), (1.0, 2.0, 0.25), (0.5, 0.0, 1.0), (0.9, 40.0, 1.5)]
)
def test_a_known_law_is_recovered(a, b, c):
    laws = fit_laws(SIZES, (a - b * SIZES**-c)[None], np.ones(len(SIZES)))
    assert laws.at(640)[0] == pytest.approx(a - b * 640**-c, abs=2e-4)
    if b:
        assert laws.a[0] == pytest.approx(a, abs=2e-3)
        assert laws.c[0] == pytest.approx(c, rel=0.01)


def test_many_curves_are_fitted_as_each_by_itself():
    curves = np.random.default_rng(1).uniform(0.2, 1.0, size=(20, 5))
    weights = np.array([1.0, 2, 3, 4, 5])
    together = fit_laws(SIZES, curves, weights)
    for row, *law in zip(curves, *together, strict=True):
        alone = fit_laws(SIZES, row[None], weights)
        assert law == pytest.approx([alone.a[0], alone.b[0], alone.c[0]])


def test_the_fit_is_the_best_one_within_its_bounds():
    """No law beside it, and none on a coarse grid, has a smaller weighted error."""
    rng = np.random.default_rng(2)
    curves = np.concatenate([rng.uniform(0, 1, size=(10, 5)), np.linspace(0.6, 1.3, 5)[None]])
    weights = rng.uniform(0.5, 2, size=5)

    def error(curve, a, b, c):
        return float((curve - a + b * SIZES**-c) ** 2 @ weights)

    for curve, a, b, c in zip(curves, *fit_laws(SIZES, curves, weights), strict=True):
        assert a <= 1
        assert b >= 0
        found = error(curve, a, b, c)
        for level in np.linspace(0, 1, 21):
            for exponent in (0.05, 0.2, 0.5, 1, 2):
                for distance in np.linspace(0, 2, 21):
                    assert found <= error(curve, level, distance * 20**exponent, exponent) + 1e-4


CURVES = {
    "power law": lambda n, u: 0.9 - (0.9 - 0.5 * u) * (n / 20) ** -(0.2 + 0.6 * u),
    "exponential": lambda n, u: 0.9 * (1 - np.exp(-((n / (40 + 200 * u)) ** 0.7))),
    "logistic": lambda n, u: 0.85 / (1 + np.exp(-1.2 * np.log(n / (40 + 100 * u)))),
    "logarithm": lambda n, u: 0.4 + 0.05 * u * np.log2(n / 20),
    "flat": lambda n, u: 0.4 + 0.5 * u + 0 * n,
}


@pytest.mark.parametrize("kind", CURVES)
@pytest.mark.parametrize("count", [3, 5])
def test_the_interval_holds_the_truth_for_most_curves(kind, count, monkeypatch):
    """Those of other laws, too."""
    monkeypatch.setattr("windowclf.evaluation.learning_curve._SAMPLES", 100)
    rng = np.random.default_rng(3)
    sizes, held, trials = SIZES[-count:], 0, 40
    for _ in range(trials):
        u, spread = rng.uniform(), rng.uniform(0.01, 0.04)
        curve = CURVES[kind]
        noise = spread * (sizes / 20)[:, None] ** -0.4 * rng.standard_normal((count, 3))
        _, found = forecast_double(sizes, np.clip(curve(sizes, u)[:, None] + noise, 0, 1))
        held += found.low <= curve(640.0, u) <= found.high
    assert held >= 0.88 * trials


def trainings(f1):
    """Trainings of 20, 40, … sentences, each row of F1 those of a size."""
    return [
        Trained(repeat=repeat, sentences=20 * 2**i, tokens=100 * 2**i, spans=9 + repeat, f1=one)
        for i, row in enumerate(f1)
        for repeat, one in enumerate(row, 1)
    ]


def test_points_and_forecast():
    given = trainings([[0.3, 0.32, 0.28], [0.5, 0.52, 0.48], [0.6, 0.61, 0.59], [0.65, 0.66, 0.64]])
    curve = make_curve(reversed(given), "dev")
    assert [point.sentences for point in curve.points] == [20, 40, 80, 160]
    first = curve.points[0]
    assert (first.tokens, first.spans, first.f1) == (100, 11, [0.3, 0.32, 0.28])
    assert first.mean == pytest.approx(0.3)
    # Variances 0.0004, 0.0004, 0.0001 and 0.0001; t of 2 + 4 degrees of freedom is 2.4469.
    moderated = (2 * 0.0004 + 4 * 0.00025) / 6
    assert first.high - first.mean == pytest.approx(2.4469 * (moderated / 3) ** 0.5, rel=1e-4)
    assert first.mean - first.low == pytest.approx(first.high - first.mean)
    found = curve.forecast
    assert found.sentences == 320
    assert 0.65 < found.f1 < 0.70
    assert found.low < found.f1 < found.high
    assert found.gain == pytest.approx(curve.law.at(320) - curve.law.at(160))
    assert curve.to_json()["forecast"]["gain"] == found.gain
    assert curve == make_curve(given, "dev")


def test_one_repeat_has_no_interval_of_its_points():
    curve = make_curve(trainings([[0.3], [0.5], [0.6], [0.65]]), "test")
    assert [(point.low, point.high) for point in curve.points] == [(None, None)] * 4
    assert curve.forecast.low < curve.forecast.f1 < curve.forecast.high


def test_trainings_that_find_next_to_nothing_have_no_forecast():
    curve = make_curve(trainings([[0.0, 0.0]] * 3 + [[0.04, 0.05]]), "test")
    assert (curve.law, curve.forecast) == (None, None)
    assert forecast_in_words(curve).startswith("no forecast: expected F1 5 or more with all")


def test_two_sizes_have_no_forecast():
    curve = make_curve(trainings([[0.3, 0.4], [0.5, 0.6]]), "test")
    assert (curve.law, curve.forecast) == (None, None)
    assert forecast_in_words(curve).startswith("no forecast: expected 3 sizes or more, got 2")


@pytest.mark.parametrize(
    ("gain", "low", "high", "ends"),
    [
        (0.041, 0.01, 0.08, "4.1 points: F1 61.0 (57.0 to 65.0)"),
        (0.041, -0.01, 0.08, "(−1.00 to +8.00): more labels of the same kind may bring little"),
        (0.004, -0.01, 0.015, "; more labels of the same kind bring little"),
    ],
)
def test_the_forecast_in_words(gain, low, high, ends):
    curve = make_curve(trainings([[0.3, 0.4], [0.5, 0.6]]), "test")
    found = Forecast(
        sentences=200, f1=0.61, low=0.57, high=0.65, gain=gain, gain_low=low, gain_high=high
    )
    said = forecast_in_words(type(curve)(scored_on="test", points=curve.points, forecast=found))
    assert said.startswith(f"twice the sentences (200) would bring about {100 * gain:.1f} points: ")
    assert said.endswith(ends)
