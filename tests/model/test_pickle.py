"""A classifier goes to other processes as the bytes of its folder, and comes back the same."""

import copy
import multiprocessing
import pickle
import re

import msgspec
import pytest

import tiny
import windowclf
from model_folders import KINDS, assert_same
from windowclf import WindowClassifier
from windowclf.errors import ModelError
from windowclf.model.bundle import load_model, pack_model, unpack_model
from windowclf.model.manifest import MANIFEST

TEXTS = [tiny.unmarked(marked) for marked in tiny.MARKED]


def again(classifier):
    return pickle.loads(pickle.dumps(classifier))


def found(classifier):
    sentences = [text.split() for text in TEXTS]
    proba = [p.tobytes() for p in classifier.predict_proba(sentences)]
    return [text.entities for text in classifier.pipe(TEXTS)], proba


def files(classifier):
    return pack_model(classifier.model)


@pytest.mark.parametrize("copied", [again, copy.deepcopy], ids=["pickle", "deepcopy"])
@pytest.mark.parametrize("worked", [False, True])
def test_a_copy_is_the_same_to_the_last_bit(model_folder, copied, worked):
    given = windowclf.load(model_folder)
    if worked:
        found(given)  # with a lock, and words that were seen
    copy_of = copied(given)
    assert copy_of is not given
    assert files(copy_of) == files(given)
    assert found(copy_of) == found(windowclf.load(model_folder))
    assert_same(given, copy_of)


def test_a_compressed_model_stays_as_it_was_rounded(classifier, tmp_path):
    classifier.save(tmp_path, compress=True)
    given = windowclf.load(tmp_path)
    assert files(again(given)) == files(given)
    assert found(again(given)) == found(windowclf.load(tmp_path))


def test_an_untrained_classifier_keeps_its_settings():
    new = again(WindowClassifier(hidden=7))
    assert new.config == WindowClassifier(hidden=7).config
    assert not new.is_fitted
    assert new.fit(tiny.sentences()[:5], vectors="random").is_fitted


def test_a_copy_is_trained_without_changing_the_first(classifier):
    before = files(classifier)
    copy_of = again(classifier).fit(tiny.sentences()[5:], vectors="random")
    assert files(copy_of) != before
    for parameter in again(classifier).model.parameters().values():
        parameter.value[:] = 0  # as of one that was loaded, it may be written to
    assert files(classifier) == before


class Named(WindowClassifier):
    """A subclass with something of its own."""

    def __init__(self, name, **settings):
        super().__init__(**settings)
        self.name = name


def test_a_subclass_keeps_what_it_has():
    copy_of = again(Named("mine", hidden=3))
    assert type(copy_of) is Named
    assert (copy_of.name, copy_of.config.hidden) == ("mine", (3,))


def test_the_carried_model_is_small():
    content = pickle.dumps(windowclf.load())
    assert len(content) < 20_000_000
    assert content == pickle.dumps(windowclf.load()) == pickle.dumps(pickle.loads(content))


def test_workers_that_are_spawned_tag_the_same(classifier):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(classifier.tag, TEXTS[:3]) == [classifier.tag(text) for text in TEXTS[:3]]


def test_the_files_of_a_model_are_those_of_its_folder(classifier, tmp_path):
    for compress in (False, True):
        folder = tmp_path / str(compress)
        classifier.save(folder, compress=compress)
        content = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert pack_model(classifier.model, compress=compress) == content
        assert pack_model(load_model(folder)) == content
        assert pack_model(unpack_model(content, "memory")) == content


def test_a_pickle_does_not_take_the_time_to_zip(classifier):
    content = pack_model(classifier.model, compress=True, zip_lexicon=False)
    assert not [name for name in content if name.endswith(".gz")]
    again = pack_model(unpack_model(content, "memory"))
    assert again == pack_model(classifier.model, compress=True)
    packed = msgspec.msgpack.decode(windowclf.load().to_bytes())  # of a compressed model
    assert not [name for name in packed if name.endswith(".gz")]


def damaged(classifier, change):
    content = msgspec.msgpack.decode(classifier.to_bytes())
    change(content)
    packed = msgspec.msgpack.encode(content)
    with pytest.raises(ModelError) as refused:
        WindowClassifier.from_bytes(packed)
    state = {**classifier.__getstate__(), "_model": packed}
    with pytest.raises(ModelError, match=re.escape(str(refused.value))):
        WindowClassifier().__setstate__(state)
    return str(refused.value)


@pytest.mark.parametrize("kind", [*KINDS, "model"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_damaged_pickle_is_refused(classifier, kind, place):
    def flip(content):
        name = next(name for name in content if name.startswith(kind))
        changed = bytearray(content[name])
        changed[place] ^= 1
        content[name] = bytes(changed)

    assert re.match(f"the packed classifier/{kind}.*: damaged model: ", damaged(classifier, flip))


def test_bytes_with_a_bit_flipped_are_refused_or_harmless(classifier):
    packed = bytearray(classifier.to_bytes())
    end = packed.find(b"safetensors")  # the first name is before it
    for place in range(8 * end):
        packed[place // 8] ^= 1 << place % 8
        with pytest.raises(ModelError, match="damaged"):
            WindowClassifier.from_bytes(bytes(packed))
        packed[place // 8] ^= 1 << place % 8


@pytest.mark.parametrize("kind", [*KINDS, "model"])
def test_a_pickle_without_a_file_is_refused(classifier, kind):
    def drop(content):
        del content[next(name for name in content if name.startswith(kind))]

    assert re.match("the packed classifier/.*: damaged model: ", damaged(classifier, drop))


def test_a_pickle_of_a_newer_version_says_so(classifier):
    def newer(content):
        content[MANIFEST] = b'{"format": 99}'

    told = damaged(classifier, newer)
    assert "written in model format 99, this windowclf reads up to" in told


def test_settings_that_0_1_0_pickled_have_their_names_of_today():
    # The pickle names this place, which is a function now.
    config = windowclf.config.Config(repeats=False, recase=0.1)
    assert config == windowclf.Config(document_context=False, case_augmentation=0.1)
