import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from annotation_projects import change, decide, make_project
from windowclf.annotation.current import Tally
from windowclf.annotation.entries import Change, Round, StoredSpan
from windowclf.annotation.handout import LEASE, PROPOSALS
from windowclf.annotation.store import ConflictError, Store
from windowclf.documents.paths import PROJECT_FILE as FILE
from windowclf.errors import StoreError, UsageError

DRUG = [(0, 7, 1)]


@pytest.fixture
def store(tmp_path):
    with make_project(tmp_path / "drugs") as made:
        yield made


def reopened(store):
    """Close a store and read its file again; the fixture closes what is in it then."""
    store.close()
    store.__dict__.update(Store.open(store.folder).__dict__)
    return store


def content(passage):
    return passage.state, passage.spans, passage.comment, passage.known


def one_line(raised):
    assert "\n" not in str(raised.value)
    return str(raised.value)


class TestProject:
    def test_it_is_one_file(self, store):
        decide(store, 3)
        assert [path.name for path in store.folder.iterdir()] == [FILE]

    def test_it_remembers_how_it_was_begun(self, store):
        seed, created = store.seed, store.created
        again = reopened(store)
        assert (again.seed, again.created, again.settings) == (seed, created, {"order": "random"})

    def test_a_second_one_is_refused(self, store):
        with pytest.raises(UsageError, match="there is a project already"):
            Store.create(store.folder, ["DRUG"], {}, 1)

    def test_nothing_is_left_of_one_that_failed(self, tmp_path):
        def fail(store):
            raise KeyError

        with pytest.raises(KeyError):
            Store.create(tmp_path / "drugs", ["DRUG"], {}, 1, fail)
        assert not [*(tmp_path / "drugs").iterdir()]

    def test_a_missing_one_is_named(self, tmp_path):
        with pytest.raises(StoreError, match="no such file; expected the folder of a project"):
            Store.open(tmp_path / "drugs")

    def test_it_can_be_read_where_nothing_can_be_written(self, store):
        decide(store, 3, spans=DRUG)
        store.close()
        run_as_nobody(
            store.folder,
            "with Store.open(folder, read_only=True) as store: print(store.counts().accepted)",
            says="1",
        )

    @pytest.mark.parametrize("mode", [0o444, 0o555])
    def test_a_file_that_cannot_be_written_is_reported(self, store, mode):
        store.close()
        (store.folder / FILE).chmod(mode & 0o666)
        message = run_as_nobody(store.folder, "Store.open(folder)", fails=True)
        assert "cannot be written" in message

    def test_a_newer_format_is_refused(self, store):
        with store.database.write() as connection:
            connection.execute("UPDATE meta SET value = 2 WHERE key = 'format'")
        with pytest.raises(StoreError, match=r"its format is 2; expected 1, .* update windowclf"):
            reopened(store)

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"Aspirin helps.\n" * 1000, "file is not a database"),
            (b"", "is not a project"),
            (b"SQLite format 3\x00" + b"\xff" * 5000, "."),
        ],
    )
    def test_another_file_is_refused(self, store, data, message):
        store.close()
        (store.folder / FILE).write_bytes(data)
        with pytest.raises(StoreError, match=message) as raised:
            Store.open(store.folder)
        assert FILE in one_line(raised)

    def test_another_database_is_refused(self, tmp_path):
        connection = sqlite3.connect(tmp_path / FILE)
        connection.execute("CREATE TABLE passage (id)")
        connection.close()
        with pytest.raises(StoreError, match="is not a project of"):
            Store.open(tmp_path)

    def test_damage_is_reported_in_one_line(self, store):
        decide(store, 3)
        path = store.folder / FILE
        store.close()
        whole = path.read_bytes()
        messages = []
        for start in range(100, len(whole), 1024):
            path.write_bytes(whole[:start] + b"\xa5" * 512 + whole[start + 512 :])
            try:
                with Store.open(store.folder) as damaged:
                    damaged.counts()
                    damaged.history(100)
                    damaged.take("a", 5)
                    for number in range(1, 31):
                        damaged.passage(number)
                    [*damaged.labelled(set_aside=False)]
            except (StoreError, UsageError) as error:
                messages.append(str(error))
        assert messages
        assert not [message for message in messages if "\n" in message]


class TestLabels:
    def test_a_number_never_changes(self, store):
        store.rename_label(1, "MEDICINE")
        added = store.add_label("DRUG")
        names = [(label.id, label.name) for label in reopened(store).labels()]
        assert names == [(1, "MEDICINE"), (2, "DOSE"), (added.id, "DRUG")]

    def test_a_passage_lacks_the_labels_that_were_added_later(self, store):
        number = next(n for n in range(1, 31) if not store.passage(n).set_aside)
        decide(store, number, spans=DRUG)
        added = store.add_label("ROUTE")
        assert added.added == store.passage(number).version
        [read] = store.labelled(set_aside=False)
        assert read.lacks == ("ROUTE",)
        decide(store, number, spans=DRUG)
        [read] = store.labelled(set_aside=False)
        assert read.lacks == ()

    @pytest.mark.parametrize("name", ["drug", "Drug", "DRUG"])
    def test_names_that_differ_in_case_are_refused(self, store, name):
        with pytest.raises(UsageError, match="there is 'DRUG' already"):
            store.add_label(name)
        with pytest.raises(UsageError, match="there is 'DRUG' already"):
            store.rename_label(2, name)
        with pytest.raises(UsageError, match="there is 'DRUG' already"):
            Store.create(store.folder / "other", ["DRUG", name], {}, 1)

    def test_a_name_is_compared_as_it_looks(self, store):
        store.add_label("Caf\u00e9")
        with pytest.raises(UsageError, match="already"):
            store.add_label("CAFE\u0301")

    def test_a_label_may_change_its_own_case(self, store):
        assert store.rename_label(1, "Drug").name == "Drug"

    @pytest.mark.parametrize(
        "name",
        [
            "",
            " ",
            " A",
            "A\t",
            "A\nB",
            "A\x00",
            "\x1b[31m",
            "\u202eA",
            "O",
            "A" * 101,
            "A" * 100_000,
            "\ud800",
            None,
            7,
        ],
    )
    def test_a_name_that_cannot_be_is_refused(self, store, name):
        with pytest.raises(UsageError, match=r"^label ") as raised:
            store.add_label(name)
        assert len(one_line(raised)) < 200

    @pytest.mark.parametrize(
        "name", ["Date of birth", "<script>alert(1)</script>", "नाम", "می\u200cرود"]
    )
    def test_other_names_are_kept(self, store, name):
        store.add_label(name)
        assert reopened(store).labels()[-1].name == name

    def test_a_label_that_is_not_there_is_not_renamed(self, store):
        with pytest.raises(UsageError, match="label 9"):
            store.rename_label(9, "NEW")


class TestGuidelines:
    def test_they_are_kept(self, store):
        assert store.guidelines() == ("", 0)
        text = "<script>\x00" + "a" * 100_000
        assert store.set_guidelines(text, 0) == 1
        assert reopened(store).guidelines() == (text, 1)

    def test_a_change_of_an_old_version_is_refused(self, store):
        store.set_guidelines("one", 0)
        with pytest.raises(ConflictError):
            store.set_guidelines("two", 0)
        assert store.guidelines() == ("one", 1)

    @pytest.mark.parametrize("text", ["\ud800", "a" * 1_000_001, None])
    def test_what_cannot_be_kept_is_refused(self, store, text):
        with pytest.raises(UsageError, match=r"^guidelines: "):
            store.set_guidelines(text, 0)


class TestDecide:
    def test_it_is_kept(self, store):
        version = decide(store, 3, spans=DRUG, comment="sure", who="ann")
        passage = reopened(store).passage(3)
        assert content(passage) == ("accepted", [StoredSpan(0, 7, 1)], "sure", 2)
        assert (passage.version, passage.who) == (version, "ann")
        assert abs(passage.at - time.time()) < 60

    def test_spans_are_put_in_order_without_white_space_at_their_ends(self, store):
        decide(store, 3, spans=[(8, 10, 2), (0, 8, 1)])
        assert store.passage(3).spans == [StoredSpan(0, 7, 1), StoredSpan(8, 9, 2)]

    @pytest.mark.parametrize(
        "spans",
        [[(0, 99, 1)], [(-1, 3, 1)], [(3, 3, 1)], [(0, 7, 1), (6, 9, 2)], [(7, 8, 1)], [(0, 7, 9)]],
    )
    def test_spans_that_do_not_fit_are_refused(self, store, spans):
        with pytest.raises(UsageError) as raised:
            decide(store, 3, spans=spans)
        one_line(raised)
        assert store.passage(3).version == 0

    @pytest.mark.parametrize("state", [None, "open", "ACCEPTED"])
    def test_another_state_is_refused(self, store, state):
        with pytest.raises(UsageError, match="expected accepted, skipped, flagged"):
            decide(store, 3, state)

    @pytest.mark.parametrize(
        ("request_name", "who", "comment"),
        [
            ("r" * 201, "ann", ""),
            ("r", "\ud800", ""),
            ("r", "ann", "a" * 10_001),
            ("r", "ann", "\udfff"),
            (3, "ann", ""),
        ],
    )
    def test_texts_that_cannot_be_kept_are_refused(self, store, request_name, who, comment):
        with pytest.raises(UsageError) as raised:
            store.decide(request_name, who, [Change(3, 0, "accepted", [], comment)])
        one_line(raised)

    def test_a_passage_that_is_not_there_is_refused(self, store):
        with pytest.raises(UsageError, match="passage 99: there is no passage with that number"):
            store.decide("r", "ann", [Change(99, 0, "accepted", [])])
        with pytest.raises(UsageError, match="passage 99: there is no passage with that number"):
            store.passage(99)

    def test_all_of_a_request_or_nothing_is_saved(self, store):
        decide(store, 4)
        changes = [Change(3, 0, "accepted", []), Change(4, 0, "skipped", [])]
        with pytest.raises(ConflictError) as raised:
            store.decide("r", "ann", changes)
        assert [passage.id for passage in raised.value.passages] == [4]
        assert raised.value.passages[0].state == "accepted"
        assert store.passage(3).version == 0
        one_line(raised)

    def test_a_request_that_comes_again_is_answered_alike(self, store):
        changes = [Change(3, 0, "accepted", [StoredSpan(0, 8, 1)]), Change(4, 0, "skipped", [])]
        saved = store.decide("r", "ann", changes)
        decide(store, 3, "flagged")
        assert reopened(store).decide("r", "ann", changes) == saved

    @pytest.mark.parametrize(
        "other",
        [
            [Change(3, 0, "skipped", [])],
            [Change(3, 0, "accepted", [StoredSpan(0, 7, 1)])],
            [Change(4, 0, "accepted", [])],
            [Change(3, 0, "accepted", []), Change(4, 0, "accepted", [])],
        ],
    )
    def test_a_name_that_another_request_has_is_refused(self, store, other):
        store.decide("r", "ann", [Change(3, 0, "accepted", [])])
        with pytest.raises(UsageError, match="other decisions were saved under this name"):
            store.decide("r", "ann", other)
        with pytest.raises(UsageError, match="other decisions were saved under this name"):
            store.undo("r", "ann")

    def test_two_decisions_on_a_passage_are_refused(self, store):
        with pytest.raises(UsageError, match="two decisions"):
            store.decide("r", "ann", [Change(3, 0, "accepted", []), Change(3, 0, "skipped", [])])

    def test_the_tokens_of_accepted_passages_are_counted(self, store):
        decide(store, 3, spans=DRUG)
        decide(store, 4, "skipped")
        decide(store, 5, "flagged", spans=DRUG)
        counts = store.counts()
        assert (counts.accepted, counts.skipped, counts.flagged, counts.open) == (1, 1, 1, 27)
        assert (counts.sentences, counts.tokens) == (2, 10)
        assert counts.names == {"DRUG": 1, "DOSE": 0}
        assert (counts.passages, counts.documents, counts.set_aside) == (30, 30, 6)

    def test_counts_follow_what_others_do(self, store):
        store.counts()
        with Store.open(store.folder) as other:
            decide(other, 3)
        assert store.counts().accepted == 1
        assert store.undo("u", "ann") == [3]
        assert store.counts().accepted == 0


class TestUndo:
    def test_a_request_is_taken_back_as_one(self, store):
        decide(store, 3, spans=DRUG)
        changes = [change(store, n, "skipped") for n in (3, 4, 5)]
        store.decide("bulk", "ann", changes)
        assert sorted(store.undo("u", "ann")) == [3, 4, 5]
        assert content(store.passage(3)) == ("accepted", [StoredSpan(0, 7, 1)], "", 2)
        assert content(store.passage(4)) == (None, [], "", 0)

    def test_decisions_of_others_stay(self, store):
        decide(store, 3, who="ann")
        decide(store, 4, who="ben")
        decide(store, 3, "skipped", who="ben")
        assert store.undo("u1", "ann") is None
        assert store.undo("u2", "ben") == [3]
        assert store.undo("u3", "ann") == [3]
        assert store.undo("u4", "ann") is None
        assert store.passage(4).state == "accepted"

    def test_an_undo_that_comes_again_is_answered_alike(self, store):
        decide(store, 3)
        decide(store, 4)
        assert store.undo("u", "ann") == [4]
        again = reopened(store)
        assert again.undo("u", "ann") == [4]
        assert again.passage(3).state == "accepted"

    def test_history_shows_what_was_undone(self, store):
        first = decide(store, 3, spans=DRUG)
        store.undo("u", "ann")
        undo, made = store.history(10)
        assert (undo.undoes, undo.undone, undo.state) == (first, False, None)
        assert (made.id, made.undone, made.spans) == (first, True, [StoredSpan(0, 7, 1)])
        assert made.text == store.passage(3).text.strip()
        assert [each.id for each in store.history(1, before=undo.id)] == [first]


class Decisions(RuleBasedStateMachine):
    """Decisions and undos of two people, compared with a stack for each."""

    @initialize(folder=st.uuids())
    def begin(self, folder):
        self.folder = Path(self.base) / str(folder)
        self.stores = [make_project(self.folder, ["Aspirin 5 mg helps."] * 1 + ["b", "c"])]
        self.stores.append(Store.open(self.folder))
        self.stacks = {number: [] for number in (1, 2, 3)}
        self.count = 0

    @rule(
        which=st.integers(0, 1),
        who=st.sampled_from(["ann", "ben"]),
        states=st.dictionaries(
            st.integers(1, 3), st.sampled_from(["accepted", "skipped", "flagged"]), min_size=1
        ),
        comment=st.text(max_size=3),
    )
    def decide(self, which, who, states, comment):
        store = self.stores[which]
        self.count += 1
        name = f"r{self.count}"
        spans = [(0, 1, 1)] if comment else []
        changes = [change(store, n, state, spans, comment) for n, state in states.items()]
        saved = store.decide(name, who, changes)
        assert saved == self.stores[1 - which].decide(name, who, changes)
        for number, state in states.items():
            self.stacks[number].append((name, who, state, comment))

    @rule(which=st.integers(0, 1), who=st.sampled_from(["ann", "ben"]))
    def undo(self, which, who):
        self.count += 1
        tops = [stack[-1] for stack in self.stacks.values() if stack and stack[-1][1] == who]
        last = max((int(name[1:]) for name, *_ in tops), default=None)
        found = self.stores[which].undo(f"u{self.count}", who)
        expected = [n for n, s in self.stacks.items() if s and s[-1][0] == f"r{last}"]
        assert sorted(found or []) == expected
        for number in expected:
            self.stacks[number].pop()

    @rule(which=st.integers(0, 1), number=st.integers(1, 3))
    def decide_on_an_old_version(self, which, number):
        if self.stacks[number]:
            with pytest.raises(ConflictError):
                self.stores[which].decide("old", "ann", [Change(number, 0, "accepted", [])])

    @invariant()
    def stands(self):
        for store in getattr(self, "stores", ()):
            for number, stack in self.stacks.items():
                passage = store.passage(number)
                expected = stack[-1][2:] if stack else (None, "")
                assert (passage.state, passage.comment) == expected
            counts = store.counts()
            with store.database.read() as connection:
                assert counts == Tally().counts(connection)

    def teardown(self):
        for store in getattr(self, "stores", ()):
            store.close()
        shutil.rmtree(getattr(self, "folder", self.base), ignore_errors=True)


def test_any_depth_of_undo_restores_what_was_there(tmp_path):
    Decisions.base = tmp_path
    few = settings(max_examples=8, stateful_step_count=15)
    run_state_machine_as_test(Decisions, settings=few)


class TestTake:
    def test_one_in_five_measures(self, store):
        taken = store.take("a", 5) + store.take("b", 5) + store.take("c", 10)
        assert len({*taken}) == 20
        aside = [store.passage(number).set_aside for number in taken]
        assert aside == [False, False, False, False, True] * 4

    def test_what_is_given_counts(self, store):
        taken = []
        for _ in range(10):
            taken += store.take("a", 1, exclude=taken)
        assert [store.passage(number).set_aside for number in taken] == ([False] * 4 + [True]) * 2

    def test_what_is_decided_counts(self, store):
        for number in store.take("a", 4):
            decide(store, number)
        [number] = store.take("a", 1)
        assert store.passage(number).set_aside

    def test_nobody_is_given_what_another_has(self, store):
        assert {*store.take("a", 15)}.isdisjoint(store.take("b", 15))
        assert store.take("c", 1) == []

    def test_a_window_is_given_again_what_it_lost(self, store):
        taken = store.take("a", 5)
        assert store.take("a", 5) == taken
        assert {*taken}.isdisjoint(store.take("a", 5, exclude=taken))

    def test_a_lease_ends(self, store, monkeypatch):
        taken = store.take("a", 5)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + LEASE + 1)
        assert store.take("b", 5) == taken

    def test_what_was_undone_is_open_again(self, store):
        [number] = store.take("a", 1)
        decide(store, number)
        assert store.take("a", 1) != [number]
        store.undo("u", "ann")
        assert number in store.take("b", 30)

    def test_all_of_them_come_even_if_those_to_measure_run_out(self, store):
        taken = store.take("a", 50)
        assert sorted(taken) == [*range(1, 31)]
        assert store.take("a", 50, exclude=taken) == []

    def test_in_the_given_order(self, tmp_path):
        with make_project(tmp_path / "given", order="given") as store:
            taken = [n for n in store.take("a", 20) if not store.passage(n).set_aside]
        assert taken == sorted(taken)

    def test_by_the_queue_of_the_learner(self, tmp_path):
        with make_project(tmp_path / "queued", order="uncertain") as store:
            train = [n for n in range(1, 31) if not store.passage(n).set_aside]
            decide(store, train[7])
            connection = sqlite3.connect(store.folder / PROPOSALS)
            connection.execute("CREATE TABLE queue (rank INTEGER PRIMARY KEY, passage INTEGER)")
            queue = [[train[7]], [999], *([n] for n in range(30, 0, -1))]
            connection.executemany("INSERT INTO queue (passage) VALUES (?)", queue)
            connection.commit()
            connection.close()
            taken = [n for n in store.take("a", 10) if not store.passage(n).set_aside]
            assert taken == [n for n in reversed(train) if n != train[7]][: len(taken)]

    @pytest.mark.parametrize("data", [None, b"", b"x" * 5000])
    def test_without_a_queue_at_random(self, tmp_path, data):
        with make_project(tmp_path / "queued", order="uncertain") as store:
            if data is not None:
                (store.folder / PROPOSALS).write_bytes(data)
            assert len(store.take("a", 10)) == 10


def test_rounds_are_kept(store):
    given = Round(
        at=1.5, up_to=7, sentences=10, tokens=70, names=8, seconds=2.5, measured=3, f1=0.5, low=0.25
    )
    assert store.add_round(given) == 1
    assert reopened(store).rounds() == [msgspec.structs.replace(given, id=1)]


def test_accepted_passages_are_read_with_their_labels(store):
    for number in range(1, 31):
        decide(store, number, "accepted" if number % 2 else "skipped", spans=DRUG)
    train, test = ([*store.labelled(set_aside=aside)] for aside in (False, True))
    assert len(train) + len(test) == 15
    for read in train + test:
        [span] = read.document.spans
        assert (span.start, span.end, span.label) == (0, 7, "DRUG")
        assert read.document.text == store.passage(read.id).text
        assert read.document.place.endswith(f"{read.number}")


class TestTogether:
    def test_each_decision_stands_once(self, store):
        kept, refused = [], []

        def work(who):
            with Store.open(store.folder) as own:
                for number in range(1, 31):
                    try:
                        kept.extend(
                            own.decide(f"{who} {number}", who, [Change(number, 0, "accepted", [])])
                        )
                    except ConflictError as error:
                        refused.extend(error.passages)

        threads = [threading.Thread(target=work, args=(who,)) for who in ("ann", "ben")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(saved.passage for saved in kept) == [*range(1, 31)]
        assert sorted(passage.id for passage in refused) == [*range(1, 31)]
        assert len(store.history(100)) == 30

    def test_who_writes_keeps_others_from_writing_from_the_start(self, store):
        other = sqlite3.connect(store.folder / FILE, timeout=0, isolation_level=None)
        with store.database.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()

    def test_one_store_may_be_used_by_several_threads(self, store):
        threads = [threading.Thread(target=decide, args=(store, number)) for number in range(1, 31)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.counts().accepted == 30


class TestFullDisk:
    def test_nothing_of_it_is_saved(self, store):
        [pages] = store.database.connection.execute("PRAGMA page_count").fetchone()
        store.database.connection.execute(f"PRAGMA max_page_count = {pages}")
        comment = "a" * 9_000
        with pytest.raises(StoreError, match="not saved: database or disk is full; free") as raised:
            decide(store, 3, comment=comment)
        one_line(raised)
        assert store.passage(3).version == 0
        store.database.connection.execute(f"PRAGMA max_page_count = {pages + 100}")
        decide(store, 3, comment=comment)
        assert reopened(store).passage(3).comment == comment

    def test_a_file_that_cannot_grow_is_reported(self, store):
        size = (store.folder / FILE).stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            with pytest.raises(StoreError, match=r"not saved: .* disk") as raised:
                decide(store, 3, comment="a" * 9_000)
            one_line(raised)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert store.passage(3).version == 0
        decide(store, 3)
        assert store.database.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    def test_a_project_that_has_no_space_is_not_begun(self, tmp_path):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        try:
            with pytest.raises(StoreError) as raised:
                make_project(tmp_path / "drugs", ["Aspirin. " * 50 + str(n) for n in range(99)])
            one_line(raised)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert not (tmp_path / "drugs" / FILE).exists()


def test_another_process_that_writes_for_long_is_reported(store, monkeypatch):
    other = sqlite3.connect(store.folder / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.database.connection.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(StoreError, match="not saved: database is locked; another process"):
        decide(store, 3)
    assert store.passage(3).version == 0
    other.execute("ROLLBACK")
    other.close()
    decide(store, 3)


def run_as_nobody(folder, statement, *, says=None, fails=False):
    """Run a program without write permission, which root has whatever the mode."""
    if os.getuid() != 0:
        pytest.skip("only root can become nobody")
    own = shutil.copytree(folder, Path("/tmp") / f"windowclf-{os.getpid()}-{folder.name}")
    try:
        program = (
            "import os, sys, urllib.parse; from pathlib import Path\n"
            "from windowclf.annotation.store import Store\n"
            f"os.setuid(65534); folder = Path(sys.argv[1])\n{statement}"
        )
        ran = subprocess.run(
            [sys.executable, "-c", program, str(own)], capture_output=True, text=True
        )
    finally:
        shutil.rmtree(own)
    assert (ran.returncode != 0) == fails, ran.stderr
    if says:
        assert ran.stdout.strip() == says
    return ran.stderr.strip().splitlines()[-1] if fails else ""


SCRIPTED = """
import sys
from windowclf.annotation.entries import Change, StoredSpan
from windowclf.annotation.store import Store

store = Store.open(sys.argv[1])
run = sys.argv[2]
count = 0
while True:
    for number in store.take(run, 5):
        version = store.passage(number).version
        count += 1
        change = Change(number, version, "accepted", [StoredSpan(0, 7, 1)], f"{run} {count}")
        [saved] = store.decide(f"{run} {count}", "ann", [change])
        print(saved.version, saved.passage, run, count, flush=True)
    if count % 3 == 0:
        store.undo(f"undo {run} {count}", "ann")
"""


@pytest.mark.slow
def test_a_kill_loses_nothing_that_was_confirmed(tmp_path):
    rng = random.Random(5)
    with make_project(tmp_path / "drugs", [f"Aspirin {n} helps." for n in range(3000)]) as store:
        folder = store.folder
    confirmed = 0
    for run in range(200):
        started = subprocess.Popen(
            [sys.executable, "-c", SCRIPTED, str(folder), f"run {run}"], stdout=subprocess.PIPE
        )
        said = started.stdout.readline()
        time.sleep(rng.random() * 0.05)
        started.send_signal(signal.SIGKILL)
        said += started.stdout.read()
        started.wait()
        started.stdout.close()
        lines = [
            line.split() for line in said.decode().splitlines(keepends=True) if line[-1] == "\n"
        ]
        connection = sqlite3.connect(folder / FILE)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for version, passage, _, number, count in lines:
            row = connection.execute(
                "SELECT passage, comment FROM decision WHERE id = ?", (version,)
            ).fetchone()
            assert row == (int(passage), f"run {number} {count}")
            confirmed += 1
        connection.close()
    assert confirmed > 200
