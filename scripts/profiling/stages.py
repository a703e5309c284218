"""The functions of each stage, by the places at which they are looked up."""

from functools import cached_property
from inspect import getattr_static

import windowclf.nn.context as context
import windowclf.nn.network as network
import windowclf.nn.projection as projection
import windowclf.tagging.tagger as tagger
import windowclf.training.fit as fit
from profiling.stopwatch import Stopwatch
from windowclf.documents.formats import jsonl
from windowclf.lexicon.lexicon import Lexicon
from windowclf.lexicon.packed_values import PackedValues
from windowclf.model.calibration import Calibration
from windowclf.nn import objective, optimizers
from windowclf.nn.parameter import TableParameter
from windowclf.system.threads import one_blas_thread
from windowclf.tagging.projection_cache import ProjectionCache
from windowclf.tagging.tagged_chunk import TaggedChunk
from windowclf.tagging.tagged_text import TaggedText
from windowclf.tags.arrays import SpanFinder
from windowclf.text import tokenizer
from windowclf.training import data_parallel
from windowclf.training.batches import TrainingBatches
from windowclf.training.loop import EpochSums

REST = "the rest"
_OBJECTIVES = (objective.TokenObjective, objective.SentenceObjective, objective.RankingObjective)


def wrap_tagging(watch: Stopwatch) -> None:
    """Time the stages of tagging."""
    watch.wrap(tokenizer, "split_words", "split into tokens")
    watch.wrap(ProjectionCache, "lookup", "look words up")
    watch.wrap(Lexicon, "gazetteer_tags", "names of gazetteers")
    watch.wrap(_of_property(PackedValues, "_found_by"), "func", "index of the lexicon, once")
    watch.wrap(Lexicon, "ids", "features of new words")
    watch.wrap(projection.RowProduct, "vectors", "project new words")
    watch.wrap(projection.RowProduct, "project", "project new words")
    watch.wrap(tagger.Tagger, "first_scores", "first pass", whole=True)
    for name in ("name_keys", "find_mentions"):
        watch.wrap(tagger, name, "names that come again")
    watch.wrap(projection.Projection, "_context", "names that come again", whole=True)
    watch.wrap(tagger.Tagger, "_padded", "lay out windows")
    watch.wrap(projection, "_sum_rows", "add rows")
    watch.wrap(projection, "_mean_rows", "mean of the sentence")
    watch.wrap(projection.Projection, "scores", "f, U and the rest of the scores")
    for kind in _OBJECTIVES:
        watch.wrap(kind, "decode", "decode")
    watch.wrap(SpanFinder, "find", "spans")
    for kind in _OBJECTIVES:
        watch.wrap(kind, "span_probabilities", "confidences")
    watch.wrap(Calibration, "__call__", "confidences")
    watch.wrap(_of_property(TaggedText, "entities"), "func", "entities and offsets")
    watch.wrap(jsonl.Writer, "write", "write JSON")
    watch.wrap(SpanFinder, "spell", "write tags")
    watch.wrap(TaggedChunk, "_named", "write tags", drain=True)
    for name in ("__enter__", "__exit__"):
        watch.wrap(type(one_blas_thread), name, "threads: begin and end")


def wrap_training(watch: Stopwatch) -> None:
    """Time the stages of training."""
    watch.wrap(TrainingBatches, "part", "make a batch")
    watch.wrap(network, "lookup", "look up rows", backward="table gradients")
    for way in (network, context):
        watch.wrap(way, "dropout", "dropout", backward="dropout")
    window = "window layer, forward", "window layer, backward"
    watch.wrap(network, "window_layer", window[0], backward=window[1])
    for name, stage in (
        ("sentence_mean_layer", "mean of the sentence"),
        ("document_context", "names that come again"),
        ("dense_layer", "further layers"),
    ):
        watch.wrap(network, name, stage, backward=stage)
    stage = "f and f', sums of layers"
    watch.wrap(network.Network, "forward", stage, backward=stage)
    for kind in _OBJECTIVES:
        watch.wrap(kind, "loss", "loss")
    watch.wrap(TableParameter, "add_row_grad", "table gradients")
    watch.wrap(data_parallel, "reduce_gradients", "add up the parts")
    # Not `step`, which only waits where several threads share its work.
    watch.wrap(optimizers._Stateful, "_move", "optimiser step")
    watch.wrap(EpochSums, "add", "norms for the record")
    watch.wrap(fit, "_evaluate", "evaluation on dev", whole=True)


def _of_property(owner: type, name: str) -> "cached_property[object]":
    found = getattr_static(owner, name)
    assert isinstance(found, cached_property)
    return found
