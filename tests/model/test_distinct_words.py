"""The distinct words of an array against NumPy's, which sorts."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from windowclf.model.encoding import distinct

words = arrays(
    st.sampled_from([np.int32, np.int64]),
    array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6),
    elements=st.integers(0, 30),
)


@given(words, st.integers(0, 5))
@example(np.zeros((0, 3), dtype=int), 0)
@example(np.array([4, 4, 4]), 0)
def test_distinct_against_unique(words, more):
    used, places = distinct(words, int(words.max(initial=0)) + 1 + more)
    expected, inverse = np.unique(np.append(words, 0), return_inverse=True)
    assert used.tolist() == expected.tolist()
    assert used[0] == 0
    assert places.tolist() == inverse[:-1].reshape(words.shape).tolist()
    assert used[places].tolist() == words.tolist()


def test_all_words_are_less_than_the_count():
    with pytest.raises(IndexError):
        distinct(np.array([3]), 3)
