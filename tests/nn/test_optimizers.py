"""Each optimiser against its textbook formula, one number at a time."""

import math

import numpy as np
import pytest

from windowclf.nn.optimizers import SCHEDULES, make_optimizer
from windowclf.nn.parameter import Parameter, TableParameter

RATES = [0.1, 0.05, 0.2, 0.01]
# Row 0 is used in every step, rows 1 and 3 now and then, row 2 never.
USED_ROWS = [[0, 1], [0, 3], [0], [0, 1, 3]]


def sgd(w, steps, momentum=0.0):
    v = 0.0
    for _, rate, g in steps:
        v = momentum * v + g
        w -= rate * v
    return w


def momentum(w, steps):
    return sgd(w, steps, momentum=0.9)


def adagrad(w, steps):
    total = 0.0
    for _, rate, g in steps:
        total += g * g
        w -= rate * g / (math.sqrt(total) + 1e-8)
    return w


def adam(w, steps):
    m = v = 0.0
    for t, rate, g in steps:
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        w -= rate * m_hat / (math.sqrt(v_hat) + 1e-8)
    return w


FORMULAS = {"sgd": sgd, "momentum": momentum, "adagrad": adagrad, "adam": adam}


def make(name, parameters):
    if name == "momentum":
        return make_optimizer("sgd", parameters, momentum=0.9)
    return make_optimizer(name, parameters)


def by_formula(name, start, steps):
    """Apply the formula; `steps` holds number, rate and gradients, NaN where there is none."""
    end = np.empty_like(start)
    for i in np.ndindex(*start.shape):
        own = [(t, rate, float(g[i])) for t, rate, g in steps if not math.isnan(g[i])]
        end[i] = FORMULAS[name](float(start[i]), own)
    return end


@pytest.mark.parametrize("name", FORMULAS)
def test_a_layer_against_the_formula(name):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(3, 2))
    weight, still = Parameter(start.copy()), Parameter(start.copy())
    optimizer = make(name, {"W": weight, "b": still})
    steps = [(t, rate, rng.normal(size=(3, 2))) for t, rate in enumerate(RATES, 1)]
    for _, rate, grad in steps:
        weight.grad = grad.copy()
        optimizer.step(rate)
        np.testing.assert_array_equal(weight.grad, grad)
    np.testing.assert_allclose(weight.value, by_formula(name, start, steps), rtol=1e-12)
    np.testing.assert_array_equal(still.value, start)  # it never had a gradient


@pytest.mark.parametrize("name", FORMULAS)
def test_a_table_transitions_in_the_rows_used_and_no_others(name):
    rng = np.random.default_rng(1)
    start = rng.normal(size=(4, 3))
    table = TableParameter(start.copy())
    optimizer = make(name, {"L": table})
    steps = []
    for t, (rate, rows) in enumerate(zip(RATES, USED_ROWS, strict=True), 1):
        grad = rng.normal(size=(len(rows), 3))
        before = table.value.copy()
        table.add_row_grad(np.array(rows), grad)
        optimizer.step(rate)
        table.clear_grad()
        unused = np.setdiff1d(np.arange(4), rows)
        assert table.value[unused].tobytes() == before[unused].tobytes()
        assert (table.value[rows] != before[rows]).all()
        all_rows = np.full((4, 3), np.nan)
        all_rows[rows] = grad
        steps.append((t, rate, all_rows))
    # The state of a row waits while it is not used; Adam's t counts every step.
    np.testing.assert_allclose(table.value, by_formula(name, start, steps), rtol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_state_is_all_that_the_next_step_depends_on(name):
    rng = np.random.default_rng(2)
    grads = rng.normal(size=(3, 2, 2))

    def run(optimizer, parameters, chosen):
        for grad in chosen:
            parameters["W"].grad = grad.copy()
            parameters["L"].add_row_grad(np.array([1, 1]), grad)
            optimizer.step(0.1)
            parameters["L"].clear_grad()

    whole = {"W": Parameter(np.ones((2, 2))), "L": TableParameter(np.ones((3, 2)))}
    run(make(name, whole), whole, grads)

    halves = {"W": Parameter(np.ones((2, 2))), "L": TableParameter(np.ones((3, 2)))}
    first, second = make(name, halves), make(name, halves)
    run(first, halves, grads[:2])
    assert first.state().keys() == second.state().keys()
    for key, array in first.state().items():
        np.copyto(second.state()[key], array)
    run(second, halves, grads[2:])
    for key, parameter in whole.items():
        assert parameter.value.tobytes() == halves[key].value.tobytes()


@pytest.mark.parametrize("name", FORMULAS)
def test_float32_stays_float32(name):
    weight, table = (
        kind(np.ones((2, 2), dtype=np.float32)) for kind in (Parameter, TableParameter)
    )
    weight.grad = np.full((2, 2), 1e-30, dtype=np.float32)  # its square is zero in float32
    table.add_row_grad(np.array([1]), np.ones((1, 2), dtype=np.float32))
    make(name, {"W": weight, "L": table}).step(0.1)
    for parameter in (weight, table):
        assert parameter.value.dtype == parameter.grad.dtype == np.float32
        assert np.isfinite(parameter.value).all()


@pytest.mark.parametrize(
    ("name", "middle", "end"), [("constant", 1, 1), ("linear", 0.5, 0), ("cosine", 0.5, 0)]
)
def test_schedules(name, middle, end):
    schedule = SCHEDULES[name]
    assert schedule(0.0) == 1
    assert schedule(0.5) == pytest.approx(middle)
    assert schedule(1.0) == pytest.approx(end)
    assert schedule(0.25) >= schedule(0.75)
    assert schedule(0.25) == pytest.approx(
        {"constant": 1, "linear": 0.75, "cosine": 0.853553}[name]
    )
