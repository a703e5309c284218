"""Backpropagation with pencil and paper: four networks, worked out line by line.

Each page is arithmetic that a pocket calculator can follow, and between its lines stands the code
that must find the same numbers. All networks read the same window, three words wide, one number
a word:

    "in Oslo in"        in = 1,  Oslo = 2        x = (1, 2, 1)

and have the same weights to two hidden units; the biases b differ from page to page:

              in   Oslo   in
    W  =  [  1    -0.5    1  ]   unit 1
          [  0.5   0.5   -1  ]   unit 2

On the way forward a unit computes z = Wx + b and a = f(z). On the way back it hears how the error
J changes with a, and makes of it its sensitivity δ ("local error signal", Goyal 2017):

    δ = ∂J/∂z = f'(z) ⊙ ∂J/∂a

Everything else follows from δ:  ∂J/∂W = δ xᵀ,  ∂J/∂b = δ,  ∂J/∂x = Wᵀδ.  The last is the words'
own: "in" stands in the window twice, so its vector collects two shares, of slot 1 and of slot 3.

Three of the pages use the logistic function, f(z) = 1 / (1 + e^-z) with the slope f' = f (1 - f),
and are made so that no more of it is needed than

      z      f(z)       f'(z)
      0    0.5        0.25
      1    0.731059   0.196612

Numbers that do not end are rounded to six digits after the point, at every step.
"""

import numpy as np

from networks import numeric_gradient
from windowclf.nn.batch import Batch
from windowclf.nn.layers import ACTIVATIONS, dense_layer, logistic, window_layer
from windowclf.nn.losses import max_margin_loss, ranking_loss, softmax_loss, squared_error_loss
from windowclf.nn.network import Network
from windowclf.nn.parameter import Parameter

PADDING, IN, OSLO, EAT = range(4)
VECTORS = np.array([[0.0], [1.0], [2.0], [4.0]])
W = np.array([[1.0, -0.5, 1.0], [0.5, 0.5, -1.0]])
WINDOW = [IN, OSLO, IN]
LOC = np.array([1])  # the right class where the classes are PER, LOC, O, or no location, location


def equal(found, expected):
    """Equal to six digits; the last may be off by a few, for paper rounds at every step."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        found, expected = list(found.values()), [expected[word] for word in found]
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6)


class HiddenLayer:
    """The hidden layer of a page, forward and then backward.

    Each slot of each window has its own row of ``e`` here, so that ``∂J/∂e`` is ``∂J/∂x``.
    """

    def __init__(self, *windows, b, activation):
        f, self.slope = ACTIVATIONS[activation]
        self.W = Parameter(as_slots(W))
        self.b = Parameter(np.array(b))
        slots = np.arange(3 * len(windows)).reshape(-1, 3)
        self.z, self.window_back = window_layer(self.W, self.b, VECTORS[np.ravel(windows)], slots)
        self.a = f(self.z.copy())

    def backward(self, da):
        self.delta = self.slope(self.a) * da
        self.dx = self.window_back(self.delta).reshape(-1, 3)
        self.dW = as_matrix(self.W.grad)


def as_slots(W):
    """Write ``W`` as `window_layer` has it, with one number a word: (H, 3) → (1, 3, H)."""
    return np.ascontiguousarray(W.T)[None]


def as_matrix(grad):
    """Write a gradient the way the page has it: (1, 3, H) → (H, 3)."""
    return grad[0].T


def whole_network(*windows, activation, layers, loss_gradient):
    """Run a whole network there and back, and return its gradients and the ``‖δ‖`` of each layer.

    `layers` are the hidden layers' biases and the weights between them, in order:
    ``b, U, b_u``, or with two hidden layers ``b1, W2, b2, U, b_u``.
    """
    biases, weights = [np.array(b) for b in layers[::2]], [np.array(w) for w in layers[1::2]]
    network = Network({"word": VECTORS}, [as_slots(W), *weights], biases, activation=activation)
    word_ids = np.arange(4)[:, None]  # word i reads row i of the lookup table
    s, backward = network.forward(Batch(word_ids, np.array(windows), np.ones(len(windows), int)))
    norms = backward(loss_gradient(s))
    gradients = {name: parameter.grad for name, parameter in network.parameters().items()}
    gradients["W1"] = as_matrix(gradients["W1"])
    of_words = gradients.pop("L_word")[1:, 0]  # the first row is the padding's
    gradients["words"] = dict(zip(("in", "Oslo", "eat"), of_words, strict=True))
    return gradients, norms


# ───────────────────────────────────────────────────────────────────────────────────────────────
# Row 1: the ranking scorer                                                            Goyal 2017
#
#     s = Uᵀ f(Wx + b)        J = max(0, 1 - s + s̃)        f logistic, b = (0, -0.5), U = (2, -1)
#
# A window is to score at least 1 more than a corrupted one. Here "in eat in" is the corrupted
# one, eat = 4, x̃ = (1, 4, 1).
# ───────────────────────────────────────────────────────────────────────────────────────────────


def test_row_1_ranking():
    b, U, b_u = [0, -0.5], [[2.0], [-1.0]], [0.0]

    # Forward, "in Oslo in":
    #   z₁ = 1·1   - 0.5·2 + 1·1 + 0   = 1             a₁ = f(1) = 0.731059
    #   z₂ = 0.5·1 + 0.5·2 - 1·1 - 0.5 = 0             a₂ = f(0) = 0.5
    #   s  = 2·0.731059 - 1·0.5        = 0.962118
    # Forward, "in eat in":
    #   z̃₁ = 1·1   - 0.5·4 + 1·1 + 0   = 0             ã₁ = f(0) = 0.5
    #   z̃₂ = 0.5·1 + 0.5·4 - 1·1 - 0.5 = 1             ã₂ = f(1) = 0.731059
    #   s̃  = 2·0.5 - 1·0.731059        = 0.268941
    # J = max(0, 1 - 0.962118 + 0.268941) = 0.306823
    layer = HiddenLayer(WINDOW, [IN, EAT, IN], b=b, activation="logistic")
    output, output_b = Parameter(np.array(U)), Parameter(np.array(b_u))
    s, output_back = dense_layer(output, output_b, layer.a)
    J, ds, ds_corrupt = ranking_loss(s[:1], s[1:])
    equal(layer.z, [[1, 0], [0, 1]])
    equal(layer.a, [[0.731059, 0.5], [0.5, 0.731059]])
    equal(s, [[0.962118], [0.268941]])
    equal(J, 0.306823)

    # Backward. J is above 0, so ∂J/∂s = -1 and ∂J/∂s̃ = +1:
    #   ∂J/∂U   = -a + ã = (-0.731059 + 0.5, -0.5 + 0.731059) = (-0.231059, 0.231059)
    #   ∂J/∂b_u = -1 + 1 = 0             a bias lifts both scores alike, and never learns
    equal(ds, [[-1]])
    equal(ds_corrupt, [[1]])
    layer.backward(output_back(np.concatenate([ds, ds_corrupt])))
    equal(output.grad, [[-0.231059], [0.231059]])
    equal(output_b.grad, [0])

    # δ = f'(z) ⊙ U ∂J/∂s:
    #   δ₁ = 0.196612 ·  2 · (-1) = -0.393224          δ̃₁ = 0.25     ·  2 · 1 =  0.5
    #   δ₂ = 0.25     · -1 · (-1) =  0.25              δ̃₂ = 0.196612 · -1 · 1 = -0.196612
    equal(layer.delta, [[-0.393224, 0.25], [0.5, -0.196612]])

    # ∂J/∂W = δ xᵀ + δ̃ x̃ᵀ, outer products of local error and local input:
    #   δ₁x + δ̃₁x̃ = (-0.393224, -0.786448, -0.393224) + ( 0.5,       2,        0.5     )
    #   δ₂x + δ̃₂x̃ = ( 0.25,      0.5,       0.25    ) + (-0.196612, -0.786448, -0.196612)
    # ∂J/∂b = δ + δ̃
    dW = [[0.106776, 1.213552, 0.106776], [0.053388, -0.286448, 0.053388]]
    db = [0.106776, 0.053388]
    equal(layer.dW, dW)
    equal(layer.b.grad, db)

    # ∂J/∂x = Wᵀδ, each slot through its column of W:
    #   in        1·(-0.393224) + 0.5·0.25 = -0.268224
    #   Oslo   -0.5·(-0.393224) + 0.5·0.25 =  0.321612
    #   in        1·(-0.393224) -   1·0.25 = -0.643224
    # and ∂J/∂x̃ = Wᵀδ̃:
    #   in        1·0.5 + 0.5·(-0.196612) =  0.401694
    #   eat    -0.5·0.5 + 0.5·(-0.196612) = -0.348306
    #   in        1·0.5 -   1·(-0.196612) =  0.696612
    equal(layer.dx, [[-0.268224, 0.321612, -0.643224], [0.401694, -0.348306, 0.696612]])

    # "in" stands four times in the two windows and collects all four shares:
    #   -0.268224 - 0.643224 + 0.401694 + 0.696612 = 0.186858
    found, _ = whole_network(
        WINDOW,
        [IN, EAT, IN],
        activation="logistic",
        layers=[b, U, b_u],
        loss_gradient=lambda s: np.concatenate(ranking_loss(s[:1], s[1:])[1:]),
    )
    equal(found["words"], {"in": 0.186858, "Oslo": 0.321612, "eat": -0.348306})
    equal(found["W1"], dW)
    equal(found["b1"], db)
    equal(found["U"], [[-0.231059], [0.231059]])
    equal(found["b_u"], [0])


# ───────────────────────────────────────────────────────────────────────────────────────────────
# Row 2: the same scorer with K = 3 classes
#
#     s = Uᵀ f(Wx + b) + b_u        f(z) = max(0, z), whose slope is 1 where z > 0, else 0
#
#                 PER   LOC    O
#     U    =  [   1     0.5   -1  ]        b = (1, 0)
#             [   0     2      2  ]
#     b_u  =  (   0    -0.5    0  )        "Oslo" is a LOC
# ───────────────────────────────────────────────────────────────────────────────────────────────

U_3, B_U_3 = [[1, 0.5, -1], [0, 2, 2]], [0, -0.5, 0]


def forward_of_row_2(b):
    layer = HiddenLayer(WINDOW, b=b, activation="relu")
    output, output_b = Parameter(np.array(U_3)), Parameter(np.array(B_U_3))
    s, output_back = dense_layer(output, output_b, layer.a)
    return layer, output, output_b, s, output_back


def test_row_2_max_margin():
    # Forward; every number on this page is exact.
    #   z₁ = 1·1   - 0.5·2 + 1·1 + 1 = 2               a₁ = max(0, 2)   = 2
    #   z₂ = 0.5·1 + 0.5·2 - 1·1 + 0 = 0.5             a₂ = max(0, 0.5) = 0.5
    #   s  = (1·2 + 0·0.5 + 0,  0.5·2 + 2·0.5 - 0.5,  -1·2 + 2·0.5 + 0) = (2, 1.5, -1)
    # J = max(0, 1 + 2 - 1.5) = 1.5, for PER is the best of the wrong classes
    layer, output, output_b, s, output_back = forward_of_row_2(b=[1.0, 0.0])
    J, ds = max_margin_loss(s, LOC)
    equal(layer.a, [[2, 0.5]])
    equal(s, [[2, 1.5, -1]])
    equal(J, 1.5)

    # Backward: +1 at the best wrong class, -1 at the right one.
    #   ∂J/∂s = ∂J/∂b_u = (1, -1, 0)
    #   ∂J/∂U = a (∂J/∂s)ᵀ = [ 2    -2    0 ]
    #                        [ 0.5  -0.5  0 ]
    #   ∂J/∂a = U ∂J/∂s = (1·1 + 0.5·(-1), 0·1 + 2·(-1)) = (0.5, -2)
    #   δ     = 1 ⊙ ∂J/∂a = (0.5, -2)
    #   ∂J/∂W = δ xᵀ = [  0.5   1    0.5 ]
    #                  [ -2    -4   -2   ]
    #   ∂J/∂x = Wᵀδ:  in        1·0.5 + 0.5·(-2) = -0.5
    #                 Oslo   -0.5·0.5 + 0.5·(-2) = -1.25
    #                 in        1·0.5 -   1·(-2) =  2.5
    #   ∂J/∂in = -0.5 + 2.5 = 2
    layer.backward(output_back(ds))
    equal(ds, [[1, -1, 0]])
    equal(output_b.grad, [1, -1, 0])
    equal(output.grad, [[2, -2, 0], [0.5, -0.5, 0]])
    equal(layer.delta, [[0.5, -2]])
    equal(layer.b.grad, [0.5, -2])
    equal(layer.dW, [[0.5, 1, 0.5], [-2, -4, -2]])
    equal(layer.dx, [[-0.5, -1.25, 2.5]])

    found, _ = whole_network(
        WINDOW,
        activation="relu",
        layers=[[1.0, 0.0], U_3, B_U_3],
        loss_gradient=lambda s: max_margin_loss(s, LOC)[1],
    )
    equal(found["words"], {"in": 2, "Oslo": -1.25, "eat": 0})
    equal(found["W1"], [[0.5, 1, 0.5], [-2, -4, -2]])
    equal(found["b1"], [0.5, -2])
    equal(found["U"], [[2, -2, 0], [0.5, -0.5, 0]])
    equal(found["b_u"], [1, -1, 0])


def test_row_2_softmax():
    # Forward: the same scores, s = (2, 1.5, -1).
    #   e^2 = 7.389056     e^1.5 = 4.481689     e^-1 = 0.367879     together 12.238624
    #   softmax(s) = (0.603749, 0.366192, 0.030059)
    # J = -ln 0.366192 = 1.004597
    layer, output, output_b, s, output_back = forward_of_row_2(b=[1.0, 0.0])
    J, ds = softmax_loss(s, LOC)
    equal(J, 1.004597)

    # Backward: the probabilities, less 1 at the right class.
    #   ∂J/∂s = ∂J/∂b_u = (0.603749, -0.633808, 0.030059)
    #   ∂J/∂U = a (∂J/∂s)ᵀ = 2   · ∂J/∂s = (1.207498, -1.267616, 0.060118)
    #                        0.5 · ∂J/∂s = (0.301875, -0.316904, 0.015030)
    #   ∂J/∂a₁ = 1·0.603749 + 0.5·(-0.633808) - 1·0.030059 =  0.256786
    #   ∂J/∂a₂ = 0·0.603749 +   2·(-0.633808) + 2·0.030059 = -1.207498
    #   δ      = 1 ⊙ ∂J/∂a = (0.256786, -1.207498)
    #   ∂J/∂W  = δ xᵀ = [  0.256786   0.513572   0.256786 ]
    #                   [ -1.207498  -2.414996  -1.207498 ]
    #   ∂J/∂x  = Wᵀδ:  in        1·0.256786 + 0.5·(-1.207498) = -0.346963
    #                  Oslo   -0.5·0.256786 + 0.5·(-1.207498) = -0.732142
    #                  in        1·0.256786 -   1·(-1.207498) =  1.464284
    #   ∂J/∂in = -0.346963 + 1.464284 = 1.117321
    layer.backward(output_back(ds))
    equal(ds, [[0.603749, -0.633808, 0.030059]])
    equal(output_b.grad, [0.603749, -0.633808, 0.030059])
    equal(output.grad, [[1.207498, -1.267616, 0.060118], [0.301875, -0.316904, 0.015030]])
    equal(layer.delta, [[0.256786, -1.207498]])
    equal(layer.dW, [[0.256786, 0.513572, 0.256786], [-1.207498, -2.414996, -1.207498]])
    equal(layer.dx, [[-0.346963, -0.732142, 1.464284]])

    found, _ = whole_network(
        WINDOW,
        activation="relu",
        layers=[[1.0, 0.0], U_3, B_U_3],
        loss_gradient=lambda s: softmax_loss(s, LOC)[1],
    )
    equal(found["words"], {"in": 1.117321, "Oslo": -0.732142, "eat": 0})
    equal(found["W1"], layer.dW)
    equal(found["b1"], [0.256786, -1.207498])
    equal(found["U"], output.grad)
    equal(found["b_u"], [0.603749, -0.633808, 0.030059])


def test_row_2_a_unit_that_is_silent_learns_nothing():
    # With b₂ = -1 the second unit has z₂ = -0.5, so a₂ = 0 and its slope is 0.
    #   s = (1·2, 0.5·2 - 0.5, -1·2) = (2, 0.5, -2)    J = 1 + 2 - 0.5 = 2.5
    #   ∂J/∂a = (0.5, -2) as before,                   δ = (1·0.5, 0·(-2)) = (0.5, 0)
    #   ∂J/∂x = 0.5 · (1, -0.5, 1): only the first unit has something to say
    layer, _, _, s, output_back = forward_of_row_2(b=[1.0, -1.0])
    J, ds = max_margin_loss(s, LOC)
    layer.backward(output_back(ds))
    equal(s, [[2, 0.5, -2]])
    equal(J, 2.5)
    equal(layer.delta, [[0.5, 0]])
    equal(layer.dW, [[0.5, 1, 0.5], [0, 0, 0]])
    equal(layer.dx, [[0.5, -0.25, 0.5]])


# ───────────────────────────────────────────────────────────────────────────────────────────────
# Row 4: two hidden layers                                                             Goyal 2017
#
#     z⁽²⁾ = W⁽¹⁾x    + b⁽¹⁾        a⁽²⁾ = f(z⁽²⁾)
#     z⁽³⁾ = W⁽²⁾a⁽²⁾ + b⁽²⁾        a⁽³⁾ = f(z⁽³⁾)        s = Uᵀa⁽³⁾
#
#     W⁽¹⁾ = W,  b⁽¹⁾ = (-1, -0.5)        W⁽²⁾ = [ 1   1 ]        b⁽²⁾ = (0, 0)        U = (2, -1)
#                                               [ 2  -2 ]
#
# f is logistic. As in the source it is the score itself that is differentiated: J = s, ∂J/∂s = 1.
# In the ranking loss the same numbers count with the sign of row 1.
# ───────────────────────────────────────────────────────────────────────────────────────────────


def test_row_4_two_hidden_layers():
    b1, W2, b2, U, b_u = [-1, -0.5], [[1.0, 1.0], [2.0, -2.0]], [0.0, 0.0], [[2.0], [-1.0]], [0.0]
    W2_transposed = np.array(W2).T  # a dense layer computes Uᵀa, so it holds the transpose
    f, slope = ACTIVATIONS["logistic"]

    # Forward:
    #   z⁽²⁾₁ = 1·1   - 0.5·2 + 1·1 - 1   = 0          a⁽²⁾₁ = f(0) = 0.5
    #   z⁽²⁾₂ = 0.5·1 + 0.5·2 - 1·1 - 0.5 = 0          a⁽²⁾₂ = f(0) = 0.5
    #   z⁽³⁾₁ = 1·0.5 + 1·0.5 = 1                      a⁽³⁾₁ = f(1) = 0.731059
    #   z⁽³⁾₂ = 2·0.5 - 2·0.5 = 0                      a⁽³⁾₂ = f(0) = 0.5
    #   s     = 2·0.731059 - 1·0.5 = 0.962118
    layer = HiddenLayer(WINDOW, b=b1, activation="logistic")
    second, second_b = Parameter(W2_transposed), Parameter(np.array(b2))
    z3, second_back = dense_layer(second, second_b, layer.a)
    a3 = f(z3.copy())
    output, output_b = Parameter(np.array(U)), Parameter(np.array(b_u))
    s, output_back = dense_layer(output, output_b, a3)
    equal(layer.a, [[0.5, 0.5]])
    equal(z3, [[1, 0]])
    equal(a3, [[0.731059, 0.5]])
    equal(s, [[0.962118]])

    # Backward, the last layer first:
    #   ∂s/∂U = a⁽³⁾ = (0.731059, 0.5)
    #   δ⁽³⁾  = f'(z⁽³⁾) ⊙ U = (0.196612·2, 0.25·(-1)) = (0.393224, -0.25)
    #   ∂s/∂W⁽²⁾ = δ⁽³⁾ a⁽²⁾ᵀ = [  0.196612   0.196612 ]
    #                          [ -0.125     -0.125    ]
    delta3 = slope(a3) * output_back(np.array([[1.0]]))
    layer.backward(second_back(delta3))
    equal(output.grad, [[0.731059], [0.5]])
    equal(delta3, [[0.393224, -0.25]])
    equal(second.grad.T, [[0.196612, 0.196612], [-0.125, -0.125]])

    # then the layer below, through the columns of W⁽²⁾: δ⁽²⁾ = f'(z⁽²⁾) ⊙ (W⁽²⁾ᵀ δ⁽³⁾)
    #   δ⁽²⁾₁ = 0.25 · (1·0.393224 + 2·(-0.25)) = 0.25 · (-0.106776) = -0.026694
    #   δ⁽²⁾₂ = 0.25 · (1·0.393224 - 2·(-0.25)) = 0.25 ·   0.893224  =  0.223306
    #   ∂s/∂W⁽¹⁾ = δ⁽²⁾ xᵀ = [ -0.026694  -0.053388  -0.026694 ]
    #                       [  0.223306   0.446612   0.223306 ]
    #   ∂s/∂x = W⁽¹⁾ᵀδ⁽²⁾:  in        1·(-0.026694) + 0.5·0.223306 =  0.084959
    #                       Oslo   -0.5·(-0.026694) + 0.5·0.223306 =  0.125
    #                       in        1·(-0.026694) -   1·0.223306 = -0.25
    #   ∂s/∂in = 0.084959 - 0.25 = -0.165041
    dW1 = [[-0.026694, -0.053388, -0.026694], [0.223306, 0.446612, 0.223306]]
    equal(layer.delta, [[-0.026694, 0.223306]])
    equal(layer.dW, dW1)
    equal(layer.dx, [[0.084959, 0.125, -0.25]])

    # The lengths that are reported while training:
    #   ‖δ⁽²⁾‖ = √(0.026694² + 0.223306²) = √0.050578 = 0.224896
    #   ‖δ⁽³⁾‖ = √(0.393224² + 0.25²)     = √0.217125 = 0.465967
    found, norms = whole_network(
        WINDOW,
        activation="logistic",
        layers=[b1, W2_transposed, b2, U, b_u],
        loss_gradient=np.ones_like,
    )
    equal(norms, [0.224896, 0.465967, 1])
    equal(found["words"], {"in": -0.165041, "Oslo": 0.125, "eat": 0})
    equal(found["W1"], dW1)
    equal(found["b1"], [-0.026694, 0.223306])
    equal(found["W2"].T, [[0.196612, 0.196612], [-0.125, -0.125]])
    equal(found["b2"], [0.393224, -0.25])
    equal(found["U"], [[0.731059], [0.5]])
    equal(found["b_u"], [1])


# ───────────────────────────────────────────────────────────────────────────────────────────────
# Row 6: logistic outputs and squared error                                           Tiwari 2023
#
#     h = f(Wx + b)        o = f(Uᵀh)        J = ½ Σ (t - o)²        f logistic, b = (-1, -0.5)
#
#     U = [  1  -1  ]        two outputs, "no location" and "location"
#         [  1   1  ]        "Oslo" is a location: t = (0, 1)
# ───────────────────────────────────────────────────────────────────────────────────────────────


def test_row_6_squared_error():
    b, U, b_u = [-1, -0.5], [[1.0, -1.0], [1.0, 1.0]], [0.0, 0.0]
    t = np.array([0, 1])

    # Forward:
    #   z₁ = 1·1   - 0.5·2 + 1·1 - 1   = 0             h₁ = f(0) = 0.5
    #   z₂ = 0.5·1 + 0.5·2 - 1·1 - 0.5 = 0             h₂ = f(0) = 0.5
    #   s₁ =  1·0.5 + 1·0.5 = 1                        o₁ = f(1) = 0.731059
    #   s₂ = -1·0.5 + 1·0.5 = 0                        o₂ = f(0) = 0.5
    # J = ½ ((0 - 0.731059)² + (1 - 0.5)²) = ½ (0.534447 + 0.25) = 0.392224
    layer = HiddenLayer(WINDOW, b=b, activation="logistic")
    output, output_b = Parameter(np.array(U)), Parameter(np.array(b_u))
    s, output_back = dense_layer(output, output_b, layer.a)
    J, ds = squared_error_loss(s, LOC)
    h, o = layer.a[0], logistic(s)[0]
    equal(h, [0.5, 0.5])
    equal(s, [[1, 0]])
    equal(o, [0.731059, 0.5])
    equal(J, 0.392224)

    # Backward: ∂J/∂s = (o - t) ⊙ o ⊙ (1 - o), where o ⊙ (1 - o) is the slope of f:
    #   ∂J/∂s₁ = (0.731059 - 0) · 0.196612 =  0.143735
    #   ∂J/∂s₂ = (0.5      - 1) · 0.25     = -0.125
    #   ∂J/∂U  = h (∂J/∂s)ᵀ = [ 0.071868  -0.0625 ]
    #                         [ 0.071868  -0.0625 ]
    #   δ₁ = 0.25 · (1·0.143735 - 1·(-0.125)) = 0.25 · 0.268735 = 0.067184
    #   δ₂ = 0.25 · (1·0.143735 + 1·(-0.125)) = 0.25 · 0.018735 = 0.004684
    #   ∂J/∂W = δ xᵀ = [ 0.067184  0.134368  0.067184 ]
    #                  [ 0.004684  0.009368  0.004684 ]
    #   ∂J/∂x = Wᵀδ:  in        1·0.067184 + 0.5·0.004684 =  0.069526
    #                 Oslo   -0.5·0.067184 + 0.5·0.004684 = -0.03125
    #                 in        1·0.067184 -   1·0.004684 =  0.0625
    #   ∂J/∂in = 0.069526 + 0.0625 = 0.132026
    layer.backward(output_back(ds))
    dW = [[0.067184, 0.134368, 0.067184], [0.004684, 0.009368, 0.004684]]
    equal(ds, [[0.143735, -0.125]])
    equal(output.grad, [[0.071868, -0.0625], [0.071868, -0.0625]])
    equal(layer.delta, [[0.067184, 0.004684]])
    equal(layer.dW, dW)
    equal(layer.dx, [[0.069526, -0.03125, 0.0625]])

    found, _ = whole_network(
        WINDOW,
        activation="logistic",
        layers=[b, U, b_u],
        loss_gradient=lambda s: squared_error_loss(s, LOC)[1],
    )
    equal(found["words"], {"in": 0.132026, "Oslo": -0.03125, "eat": 0})
    equal(found["W1"], dW)
    equal(found["b1"], [0.067184, 0.004684])
    equal(found["U"], [[0.071868, -0.0625], [0.071868, -0.0625]])
    equal(found["b_u"], [0.143735, -0.125])

    # The remark about the ½. "Learning Deep Neural Networks with Backpropagation" writes
    # C = Σ (t - o)², without it:
    #   C = 0.534447 + 0.25 = 0.784447 = 2J
    # so each of its gradients is twice ours, ∂C/∂s = (0.287469, -0.25). But its last line, the
    # vectorised gradient h (o ⊙ (1 - o) ⊙ (o - t))ᵀ, has dropped the 2: that is ∂J/∂U again.
    equal(numeric_gradient(lambda: np.sum((t - logistic(s)) ** 2), s), [[0.287469, -0.25]])
    equal(np.outer(h, o * (1 - o) * (o - t)), output.grad)

    # Tiwari has the ½, and calls δ what is -δ here, so that its step w ← w + ηδx goes downhill:
    #   δ_k = o_k (1 - o_k) (t_k - o_k)        = (-0.143735, 0.125)
    #   δ_h = h (1 - h) Σ_k w_hk δ_k           = (-0.067184, -0.004684)
    delta_k = o * (1 - o) * (t - o)
    equal(delta_k, [-0.143735, 0.125])
    equal(h * (1 - h) * (np.array(U) @ delta_k), [-0.067184, -0.004684])
