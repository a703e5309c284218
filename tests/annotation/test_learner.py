import json
import subprocess
import sys
from itertools import count

import pytest

from tests import tiny
from windowclf import WindowClassifier
from windowclf.annotation.entries import Change, StoredSpan
from windowclf.annotation.handout import PROPOSALS, read_queue
from windowclf.annotation.intake import take_texts
from windowclf.annotation.learner import FEWEST, MODEL, Learner
from windowclf.annotation.proposers import counterparts
from windowclf.annotation.store import Store
from windowclf.errors import TrainingError, UsageError
from windowclf.tags.schemes import Scheme, spans

NOTHING = {"model": "none", "base": "none"}
LABELS = ["PER", "LOC"]
requests = count()


def offsets(marked, labels):
    """List the names of a marked sentence as the store has them; words are joined by spaces."""
    sentence = tiny.parse(marked)
    starts = [len(" ".join(sentence.tokens[:i])) + (i > 0) for i in range(len(sentence))]
    return [
        StoredSpan(starts[a], starts[b - 1] + len(sentence.tokens[b - 1]), labels[name])
        for a, b, name in spans(sentence.tags, Scheme.IOB2)
        if name in labels
    ]


def begin(folder, settings=NOTHING, labels=LABELS):
    texts = folder / "texts.txt"
    texts.write_text("\n\n".join(map(tiny.unmarked, tiny.MARKED)), encoding="utf-8")
    return Store.create(
        folder / "project", labels, {"text_unit": "line", **settings}, 1,
        lambda store: take_texts(store, [str(texts)]),
    )  # fmt: skip


def learner_of(store, **options):
    events = []
    learner = Learner(store, events.append, training=tiny.QUICK, threads=1, **options)
    return learner, events


def accept(store, count=1, *, set_aside=None, labels=None):
    """Accept open passages with their marked names; return their numbers."""
    ids = labels or {label.name: label.id for label in store.labels()}
    marked = {tiny.unmarked(each): each for each in tiny.MARKED}
    learner = Learner(store)
    some = [False, True] if set_aside is None else [set_aside]
    open_ones = [n for aside in some for n in learner.backlog.ids(None, set_aside=aside)]
    done = []
    for number in open_ones[:count]:
        passage = store.passage(number)
        found = offsets(marked[passage.text.strip()], ids)
        change = Change(number, passage.version, "accepted", found)
        store.decide(f"request {next(requests)}", "Ada", [change])
        done.append(number)
    return done


@pytest.fixture
def store(tmp_path):
    with begin(tmp_path) as store:
        yield store


@pytest.fixture
def learned(store):
    """A project after its first round."""
    accept(store, 20, set_aside=False)
    accept(store, 10, set_aside=True)
    learner, events = learner_of(store)
    learner.train_round()
    return store, learner, events


def proposed(store, number):
    found = Learner(store).cache.of([number])[number]
    text = store.passage(number).text
    return [(text[start:end], label) for start, end, label, _ in found.spans]


def test_without_a_model_nothing_is_proposed_at_first(store):
    learner, events = learner_of(store)
    learner.propose_first()
    found = [*learner.cache.all()]
    assert len(found) == store.counts().passages
    assert not any(each.spans for each in found)
    assert {each.round for each in found} == {0}
    assert events == [{"event": "proposals", "round": 0}]
    assert [*read_queue(store.folder)] == []


def test_a_list_of_names_proposes_at_first(tmp_path):
    names = tmp_path / "people.txt"
    names.write_text("Grace Hopper\nTom\n", encoding="utf-8")
    with begin(tmp_path, NOTHING | {"gazetteers": {"PER": str(names)}}) as store:
        learner, _ = learner_of(store)
        learner.propose_first()
        [grace] = [
            each.passage
            for each in learner.cache.all()
            if store.passage(each.passage).text.strip() == "Grace Hopper met Tom ."
        ]
        assert proposed(store, grace) == [("Grace Hopper", 1), ("Tom", 1)]


@pytest.fixture(scope="session")
def people_and_places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    WindowClassifier(**tiny.SETTINGS).fit(tiny.sentences(), base_model=None).save(folder)
    return folder


def test_a_model_proposes_its_labels_that_have_a_counterpart(tmp_path, people_and_places):
    settings = {"model": str(people_and_places), "base": "none", "map": {"LOC": "TOWN"}}
    with begin(tmp_path, settings, ["TOWN", "person"]) as store:
        learner, _ = learner_of(store)
        learner.propose_first()
        texts = {store.passage(each.passage).text.strip(): each for each in learner.cache.all()}
        number = texts["Grace Hopper lives in New York ."].passage
        assert proposed(store, number) == [("Grace Hopper", 2), ("New York", 1)]
        assert any(each.uncertainty > 0 for each in texts.values())


def test_counterparts_of_labels():
    known = ["PER", "LOC", "MISC"]
    assert counterparts(known, {"person": 1, "loc": 2}, {}) == {"PER": 1, "LOC": 2}
    assert counterparts(known, {"DRUG": 7}, {"MISC": "drug"}) == {"MISC": 7}
    with pytest.raises(UsageError, match="model has no label 'ORG'"):
        counterparts(known, {"DRUG": 7}, {"ORG": "DRUG"})
    with pytest.raises(UsageError, match="project has no label 'DOSE'"):
        counterparts(known, {"DRUG": 7}, {"MISC": "DOSE"})


def test_a_round_is_due_after_some_sentences(store):
    learner, _ = learner_of(store)
    assert learner.missing() == FEWEST
    accept(store, 3, set_aside=True)
    accept(store, FEWEST - 1, set_aside=False)
    assert learner.missing() == 1
    assert not learner.due()
    accept(store, set_aside=False)
    assert learner.due()


def test_without_a_name_no_round_is_due(store):
    accept(store, FEWEST + 3, set_aside=False, labels={"NONE": 0})
    learner, _ = learner_of(store)
    assert learner.missing() == 1
    assert not learner.due()


def test_a_round_learns_measures_and_proposes(learned):
    store, learner, events = learned
    [done] = store.rounds()
    assert (done.sentences, done.measured) == (20, 10)
    assert done.up_to == 30
    assert done.low <= done.f1 <= done.high
    assert done.names == sum(len(store.passage(n).spans) for n in learner.backlog.ids(
        "accepted", set_aside=False
    ))  # fmt: skip
    assert WindowClassifier.load(store.folder / MODEL).labels == sorted(LABELS)
    still = learner.backlog.ids(None, set_aside=False)
    everywhere = {each.passage for each in learner.cache.all()}
    assert {*still} <= everywhere
    assert sorted(read_queue(store.folder)) == sorted(still)
    assert {*learner.backlog.ids("accepted", set_aside=True)} <= everywhere
    assert not {*learner.backlog.ids("accepted", set_aside=False)} & everywhere
    assert [event["event"] for event in events] == ["training", "proposals", "round"]
    assert events[-1]["f1"] == done.f1
    assert events[-1]["labels"]["PER"]["gold"] > 0
    assert not learner.due()


def test_another_round_is_due_when_enough_is_new_or_changed(learned):
    store, learner, _ = learned
    assert learner.missing() == 5
    accept(store, 2, set_aside=False)
    [first, *_] = learner.backlog.ids("accepted", set_aside=False)
    change = Change(first, store.passage(first).version, "accepted", [])
    store.decide(f"request {next(requests)}", "Ada", [change])
    assert learner.missing() == 2
    accept(store, 2, set_aside=False)
    assert learner.due()


def test_a_round_is_due_when_labels_change(learned):
    store, learner, _ = learned
    store.rename_label(1, "PERSON")
    assert learner.due()
    learner.train_round()
    assert WindowClassifier.load(store.folder / MODEL).labels == ["LOC", "PERSON"]
    assert not learner.due()


def test_passages_decided_before_a_label_was_added_lack_it(learned):
    store, learner, _ = learned
    added = store.add_label("VERB")
    accept(store, 5, set_aside=False, labels={"PER": added.id, "LOC": 2})
    learner.train_round()
    model = WindowClassifier.load(store.folder / MODEL)
    assert model.labels == ["LOC", "PER", "VERB"]
    assert {tuple(part.lacks) for part in model.model.record.corpora} == {(), ("VERB",)}


def test_the_model_of_the_last_round_proposes_after_a_restart(learned):
    store, _, _ = learned
    (store.folder / PROPOSALS).unlink()
    learner, events = learner_of(store)
    learner.propose_first()
    assert events == [{"event": "proposals", "round": 1}]
    assert {each.round for each in learner.cache.all()} == {1}
    assert [*read_queue(store.folder)]


def test_labels_that_were_renamed_are_still_proposed_after_a_restart(learned):
    store, _, _ = learned
    before = {each.passage: each.spans for each in Learner(store).cache.all()}
    store.rename_label(1, "HUMAN")
    learner, _ = learner_of(store)
    learner.propose_first()
    now = {each.passage: each.spans for each in learner.cache.all()}
    assert {n: now[n] for n in learner.backlog.ids(None, set_aside=False)} == {
        n: before[n] for n in learner.backlog.ids(None, set_aside=False)
    }


def test_the_queue_is_for_the_order_of_uncertainty_alone(tmp_path):
    with begin(tmp_path, NOTHING | {"order": "random"}) as store:
        accept(store, 12, set_aside=False)
        learner, _ = learner_of(store)
        learner.train_round()
        assert [*read_queue(store.folder)] == []


def test_decided_passages_are_tagged_by_models_that_did_not_read_them(learned, monkeypatch):
    _, learner, _ = learned
    read, tagged = [], []
    fit, propose = Learner._fit, Learner._propose

    def watch_fit(self, corpus, *listener):
        read.append({" ".join(sentence.tokens) for sentence in corpus.splits["train"]})
        return fit(self, corpus, *listener)

    def watch_propose(self, proposer, number, passages):
        found = self.backlog.words(passages)
        tagged.append({" ".join(words) for each in found for words in each.sentences})
        propose(self, proposer, number, passages)

    monkeypatch.setattr(Learner, "_fit", watch_fit)
    monkeypatch.setattr(Learner, "_propose", watch_propose)
    assert learner.propose_decided()
    assert len(read) == len(tagged) == 2
    assert [len(one & other) for one, other in zip(read, tagged, strict=True)] == [0, 0]
    accepted = learner.backlog.ids("accepted", set_aside=False)
    assert sum(map(len, tagged)) == len(accepted)
    assert {*accepted} <= {each.passage for each in learner.cache.all()}
    assert learner.propose_decided()
    assert len(read) == 2


def test_what_is_more_urgent_ends_the_work_on_decided_passages(learned):
    _, learner, _ = learned
    assert not learner.propose_decided(lambda: True)
    assert learner.propose_decided(lambda: False)


def test_a_round_that_fails_is_reported_and_not_repeated_at_once(store, monkeypatch):
    accept(store, FEWEST, set_aside=False)
    learner, events = learner_of(store)

    def fail(*_):
        raise TrainingError("the loss is nan")

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "_fit", fail)
        assert not learner.attempt(learner.train_round)
    assert events[-1] == {"event": "error", "message": "the loss is nan"}
    assert not learner.due()
    assert store.rounds() == []
    learner.step(lambda _: True)
    assert events[-1]["event"] == "error"
    accept(store, set_aside=False)
    assert learner.due()
    assert learner.attempt(learner.train_round)


def test_an_error_of_a_library_is_reported_on_one_line(store):
    learner, events = learner_of(store)

    def fail():
        raise MemoryError("no\nmemory")

    assert not learner.attempt(fail)
    assert events == [{"event": "error", "message": "MemoryError: no"}]


def test_a_step_waits_unless_a_round_is_due(store):
    learner, events = learner_of(store)
    waited = []
    learner.step(lambda seconds: waited.append(seconds) or True)
    assert events == [{"event": "waiting", "sentences": FEWEST}]
    assert len(waited) == 1
    accept(store, FEWEST, set_aside=False)
    learner.step(lambda seconds: waited.append(seconds) or True)
    assert len(store.rounds()) == 1
    assert len(waited) == 1


def start(folder):
    command = [sys.executable, "-m", "windowclf.annotation.learner", str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_process_reports_and_ends_when_its_input_is_closed(store):
    with start(store.folder) as process:
        events = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert [event["event"] for event in events] == ["proposals", "waiting"]
        accept(store, 2, set_aside=False)
        process.stdin.write("go\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"event": "waiting", "sentences": 8}
        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stdout.read() == ""


def test_a_project_that_is_not_there_is_reported(tmp_path):
    with start(tmp_path) as process:
        assert "no such file" in json.loads(process.stdout.readline())["message"]
        assert process.wait(10) == 0
