import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError
from windowclf.tags.columns import ColumnTags
from windowclf.tags.schemes import Scheme


def test_white_space_in_labels_becomes_underscores():
    columns = ColumnTags()
    tags = ["O", "B-date of birth", "I-date of birth", "B-x-y z", "B-a\r\n\tb", "B- c", "B-PER"]
    expected = ["O", "B-date_of_birth", "I-date_of_birth", "B-x-y_z", "B-a___b", "B-_c", "B-PER"]
    assert columns.write(tags, Scheme.IOB2) == expected
    assert columns.write(tags, Scheme.IOB2) == expected
    [note] = columns.notes()
    assert note.count(" as ") == 4
    assert "'date of birth' as date_of_birth, 'x-y z' as x-y_z, " in note
    assert "\n" not in note


def test_other_white_space_is_part_of_a_label():
    columns = ColumnTags()
    assert columns.write(["B-a\xa0b", "B-c\x0bd"], Scheme.IOB2) == ["B-a\xa0b", "B-c\x0bd"]
    assert columns.notes() == []


def test_plain_labels_are_whole_tags():
    assert ColumnTags().write(["a b-c d", "O"], Scheme.PLAIN) == ["a_b-c_d", "O"]


@pytest.mark.parametrize("tags", [["B-a b", "B-a_b"], ["U-a_b", "L-a b"], ["B-a b", "B-a\tb"]])
def test_two_labels_that_would_be_written_alike_are_refused(tags):
    with pytest.raises(DataError, match=r"labels '.*' and '.*' would both be a_b in a column file"):
        ColumnTags().write(tags, Scheme.BILOU)


@given(st.lists(st.text(" \t\n\r_ab-", min_size=1), max_size=5))
def test_different_labels_stay_different(labels):
    tags = [f"B-{label}" for label in labels]
    try:
        written = ColumnTags().write(tags, Scheme.IOB2)
    except DataError:
        return
    assert len({*written}) == len({*tags})
    assert not any(c in tag for tag in written for c in " \t\r\n")
