import json
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation_projects import decide, make_project
from labelled_documents import NO_SCORE, spans_of, texts
from windowclf.annotation.cutting import LONG, LONGEST, cut_passages
from windowclf.annotation.entries import StoredSpan
from windowclf.annotation.intake import IMPORTED, import_labelled, take_texts
from windowclf.annotation.store import Store
from windowclf.documents.document import LabelledSpan
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, StoreError, UsageError
from windowclf.text.tokenizer import split_words, token_starts

SENTENCE = "He took 5 mg of aspirin on Monday morning and felt fine. "


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.fixture
def empty(tmp_path):
    with Store.create(tmp_path / "drugs", ["DRUG"], {}, 1) as store:
        yield store


def passages(store):
    return [store.passage(number) for number in range(1, store.counts().passages + 1)]


class TestCutting:
    def pieces(self, text, *given, **named):
        return [text[piece.start : piece.end] for piece in cut_passages(text, *given, **named)]

    def test_a_passage_is_a_paragraph_with_the_white_space_behind_it(self):
        assert self.pieces("\n\nOne\nline.\n \n\n Two \n") == ["\n\nOne\nline.\n \n\n ", "Two \n"]

    def test_or_a_line(self):
        assert self.pieces("One\nline.\n\nTwo", unit="line") == ["One\n", "line.\n\n", "Two"]

    def test_a_long_one_is_cut_at_the_ends_of_sentences(self):
        found = self.pieces(SENTENCE * 40)
        assert all(piece.endswith("fine. ") and len(piece) <= LONG for piece in found)
        assert len(found) == 3

    @pytest.mark.parametrize("text", ["word " * 2000, "w" * 9000, "a, " * 9000])
    def test_a_long_sentence_is_cut_at_tokens(self, text):
        found = self.pieces(text)
        assert max(map(len, found)) <= LONGEST
        assert "".join(found) == text
        assert all(not piece[0].isspace() for piece in found)

    def test_no_span_is_cut(self):
        text = "word " * 2000
        first, *others = self.pieces(text, None, [LabelledSpan(5, 4500, "LOC")])
        assert 4500 <= len(first) <= 4500 + LONGEST
        assert all(len(piece) <= LONGEST for piece in others)

    def test_ten_megabytes_are_cut(self):
        text = SENTENCE * 180_000
        found = self.pieces(text)
        assert "".join(found) == text
        assert max(map(len, found)) <= LONG

    @given(st.data(), texts, st.sampled_from(["auto", "line"]), st.integers(1, 400))
    def test_passages_partition_a_text(self, data, text, unit, times):
        text = data.draw(st.sampled_from([text, (text + " ") * times]))
        spans = data.draw(spans_of(text[:50], st.just("LOC"), NO_SCORE))
        words = data.draw(st.sampled_from([None, split_words(text)]))
        found = cut_passages(text, words, spans, unit)
        borders = [0, *(piece.end for piece in found)]
        assert [piece.start for piece in found] == borders[:-1]
        assert borders[-1] == len(text)
        if not text.isspace() and text:
            assert all(text[piece.start : piece.end].strip() for piece in found)
        for span in spans:
            assert any(p.start <= span.start and span.end <= p.end for p in found)
        if words is not None:
            own = [word for piece in found for one in piece.words for word in one]
            assert own == [word for sentence in words for word in sentence]
            for piece in found:
                token_starts(text[piece.start : piece.end], [w for s in piece.words for w in s])


class TestTexts:
    def test_a_line_of_a_text_file_is_a_document(self, empty, tmp_path):
        path = tmp_path / "t.txt"
        path.write_text("Aspirin helps.\n\n \nIt does.\nAspirin helps.\n")
        taken = take_texts(empty, [str(path)])
        assert (taken.read, taken.empty, taken.duplicates, taken.documents) == (5, 2, 1, 2)
        assert [(p.text, p.name) for p in passages(empty)] == [
            ("Aspirin helps.", f"{path}:1"),
            ("It does.", f"{path}:4"),
        ]

    def test_a_document_has_its_paragraphs(self, empty, tmp_path):
        text = "One.\n\nTwo.\n\n\nThree."
        take_texts(empty, [write_lines(tmp_path / "t.jsonl", [{"text": "Zero."}, {"text": text}])])
        found = passages(empty)
        assert [(p.document, p.position, p.count) for p in found] == [
            (1, 0, 1),
            (2, 0, 3),
            (2, 1, 3),
            (2, 2, 3),
        ]
        assert "".join(p.text for p in found[1:]) == text

    def test_other_fields_are_kept(self, empty, tmp_path):
        rows = [{"text": "One.", "id": 7, "meta": {"a": [1, None]}}, {"text": "Two."}]
        rows += [{"text": "Three.", "vector": [0.5] * 5000, "id": 9}]
        options = ReadOptions(labels=False)
        take_texts(empty, [write_lines(tmp_path / "t.jsonl", rows)], options)
        with empty.database.read() as connection:
            found = connection.execute("SELECT fields FROM document ORDER BY id").fetchall()
        assert json.loads(found[0][0]) == {"id": 7, "meta": {"a": [1, None]}}
        assert found[1:] == [(None,), (None,)]
        assert "other fields are too large to keep: 1" in options.report.line()

    def test_tokens_of_the_source_stay_as_they_are(self, empty, tmp_path):
        rows = [{"tokens": ["5mg", "of", "As-pirin", "."]}]
        take_texts(empty, [write_lines(tmp_path / "t.jsonl", rows)])
        [passage] = passages(empty)
        assert passage.text == "5mg of As-pirin ."
        assert passage.tokens == [(0, 3), (4, 6), (7, 15), (16, 17)]
        decide(empty, 1)
        assert empty.counts().tokens == 4
        [read] = empty.labelled(set_aside=False)
        assert read.document.words == [rows[0]["tokens"]]

    def test_more_can_be_taken_in_later(self, empty, tmp_path):
        first = write_lines(tmp_path / "a.jsonl", [{"text": "One."}, {"text": "Two."}])
        second = write_lines(tmp_path / "b.jsonl", [{"text": "Two."}, {"text": "Three."}])
        take_texts(empty, [first])
        assert empty.counts().passages == 2
        assert take_texts(empty, [second]).duplicates == 1
        assert [p.text for p in passages(empty)] == ["One.", "Two.", "Three."]

    @pytest.mark.parametrize("rows", [[], [{"text": ""}, {"text": " \n"}]])
    def test_no_text_at_all_is_reported(self, empty, tmp_path, rows):
        path = write_lines(tmp_path / "t.jsonl", rows)
        with pytest.raises(DataError, match="no text to label"):
            take_texts(empty, [path])

    @pytest.mark.parametrize("pool", [0, -1])
    def test_a_pool_of_nothing_is_refused(self, empty, tmp_path, pool):
        path = write_lines(tmp_path / "t.jsonl", [{"text": "One."}])
        with pytest.raises(UsageError, match="pool: expected at least 1"):
            take_texts(empty, [path], pool=pool)

    def test_nothing_is_saved_of_a_file_that_cannot_be_read(self, empty, tmp_path):
        path = tmp_path / "t.jsonl"
        path.write_text('{"text": "One."}\n{"text": \n')
        with pytest.raises(DataError):
            take_texts(empty, [str(path)])
        assert empty.counts().passages == 0
        path.write_text('{"text": "One."}\n')
        assert take_texts(empty, [str(path)]).documents == 1

    def test_half_of_a_surrogate_pair_is_reported(self, empty, tmp_path):
        with pytest.raises((DataError, StoreError)) as raised:
            take_texts(empty, [write_lines(tmp_path / "t.jsonl", [{"text": "a \ud800 b"}])])
        assert "\n" not in str(raised.value)

    def test_hostile_texts_are_kept_as_they_are(self, empty, tmp_path):
        hostile = ["<script>alert(1)</script>", "a\x00b\x1b[31m\u202e", "'); DROP TABLE passage"]
        hostile += ["w" * 1500, "\U0001f600 e\u0301"]
        take_texts(empty, [write_lines(tmp_path / "t.jsonl", [{"text": text} for text in hostile])])
        assert [p.text for p in passages(empty)] == hostile


class TestDraw:
    def test_only_the_pool_is_kept_in_the_order_of_the_files(self, tmp_path):
        with make_project(tmp_path / "p", [f"text {n}" for n in range(500)], pool=50) as store:
            numbers = [int(p.text.split()[1]) for p in passages(store)]
        assert len({*numbers}) == 50
        assert numbers == sorted(numbers)
        assert 150 < sum(numbers) / 50 < 350

    def test_every_document_has_the_same_chance(self, tmp_path):
        drawn = []
        path = tmp_path / "t.txt"
        path.write_text("".join(f"text {n}\n" for n in range(40)))
        for seed in range(40):
            with Store.create(tmp_path / f"p{seed}", ["A"], {}, seed) as store:
                taken = take_texts(store, [str(path)], pool=10)
                assert (taken.documents, taken.not_drawn) == (10, 30)
                drawn += [int(p.text.split()[1]) for p in passages(store)]
        quarters = [sum(lower <= n < lower + 10 for n in drawn) for lower in (0, 10, 20, 30)]
        assert all(70 < quarter < 130 for quarter in quarters)  # of 100

    def test_in_the_given_order_the_first_ones_are_kept(self, tmp_path):
        texts = [f"text {n}" for n in range(50)]
        with make_project(tmp_path / "p", texts, pool=10, order="given") as store:
            assert [p.text.strip() for p in passages(store)] == texts[:10]

    def test_a_fifth_of_the_documents_is_set_aside(self, tmp_path):
        text = "One {0}.\n\nTwo {0}."
        path = write_lines(tmp_path / "t.jsonl", [{"text": text.format(n)} for n in range(100)])
        with Store.create(tmp_path / "p", ["A"], {}, 1) as store:
            taken = take_texts(store, [path])
            found = passages(store)
        assert taken.set_aside == 40
        aside = {p.document for p in found if p.set_aside}
        assert len(aside) == 20
        assert {p.document for p in found if not p.set_aside}.isdisjoint(aside)
        assert max(aside) - min(aside) > 50

    def test_of_few_documents_a_fifth_of_the_passages(self, tmp_path):
        text = "\n\n".join(f"Paragraph {n}." for n in range(50))
        path = write_lines(tmp_path / "t.jsonl", [{"text": text}])
        with Store.create(tmp_path / "p", ["A"], {}, 1) as store:
            assert take_texts(store, [path]).set_aside == 10
            assert sum(p.set_aside for p in passages(store)) == 10

    def test_the_seed_decides(self, tmp_path):
        path = tmp_path / "t.txt"
        path.write_text("".join(f"text {n}\n" for n in range(100)))
        found = []
        for number, seed in enumerate((1, 1, 2)):
            with Store.create(tmp_path / f"p{number}", ["A"], {}, seed) as store:
                take_texts(store, [str(path)], pool=30)
                found.append([(p.text, p.set_aside) for p in passages(store)] + store.take("a", 30))
        assert found[0] == found[1] != found[2]


class TestImport:
    def test_labels_are_decisions(self, empty, tmp_path):
        rows = [
            {"text": "Aspirin helps.\n\nOslo too.", "entities": [[0, 7, "DRUG"], [16, 20, "LOC"]]}
        ]
        rows.append({"text": "Nothing here.", "entities": []})
        taken = import_labelled(empty, [write_lines(tmp_path / "l.jsonl", rows)])
        assert (taken.documents, taken.passages, taken.accepted) == (2, 3, 3)
        assert taken.labels == ("LOC",)
        found = passages(empty)
        assert [p.spans for p in found] == [[StoredSpan(0, 7, 1)], [StoredSpan(0, 4, 2)], []]
        assert {(p.state, p.who, p.known) for p in found} == {("accepted", IMPORTED, 2)}
        assert empty.counts().names == {"DRUG": 1, "LOC": 1}

    def test_tags_in_any_scheme_keep_their_tokens(self, empty, tmp_path):
        path = tmp_path / "l.conll"
        path.write_text("Bob S-PER\nwent O\nto O\nNew B-LOC\nYork E-LOC\n\n5mg O\n")
        import_labelled(empty, [str(path)])
        passage = passages(empty)[0]
        labels = {label.id: label.name for label in empty.labels()}
        shown = [(passage.text[s.start : s.end], labels[s.label]) for s in passage.spans]
        assert shown == [("Bob", "PER"), ("New York", "LOC")]
        assert passages(empty)[-1].tokens[-1][1] == len(passages(empty)[-1].text.rstrip())

    def test_labels_that_differ_in_case_are_one(self, empty, tmp_path):
        rows = [{"text": "Aspirin, Codein", "entities": [[0, 7, "drug"], [9, 15, "Drug"]]}]
        assert import_labelled(empty, [write_lines(tmp_path / "l.jsonl", rows)]).labels == ()
        assert {span.label for span in passages(empty)[0].spans} == {1}

    def test_documents_without_labels_are_open(self, empty, tmp_path):
        rows = [{"text": "One."}, {"text": "Two.", "entities": []}]
        import_labelled(empty, [write_lines(tmp_path / "l.jsonl", rows)])
        assert [p.state for p in passages(empty)] == [None, "accepted"]

    def test_a_label_that_cannot_be_names_its_place(self, empty, tmp_path):
        rows = [{"text": "Aspirin", "entities": [[0, 7, "a\u0000b"]]}]
        with pytest.raises(DataError, match=r"l\.jsonl:1: label 'a.*without control"):
            import_labelled(empty, [write_lines(tmp_path / "l.jsonl", rows)])
        assert empty.counts().passages == 0
        assert len(empty.labels()) == 1

    def test_what_the_project_has_is_left_out(self, empty, tmp_path):
        path = write_lines(tmp_path / "l.jsonl", [{"text": "One.", "entities": [[0, 3, "DRUG"]]}])
        import_labelled(empty, [path])
        again = import_labelled(empty, [path])
        assert (again.documents, again.duplicates) == (0, 1)
        assert len(empty.history(10)) == 1

    def test_open_texts_of_the_project_get_their_labels(self, empty, tmp_path):
        texts = ["Aspirin.\n\nOslo.", "Aspirin, decided.", "One.\n\nTwo.", "No labels."]
        take_texts(empty, [write_lines(tmp_path / "t.jsonl", [{"text": t} for t in texts])])
        decide(empty, 3, "skipped")
        rows = [{"text": texts[0], "entities": [[0, 7, "DRUG"], [10, 14, "LOC"]]}]
        rows.append({"text": texts[1], "entities": [[0, 7, "DRUG"]]})
        rows.append({"text": texts[2], "entities": [[0, 10, "DRUG"]]})  # over two passages
        rows += [{"text": texts[3]}, {"text": "New.", "entities": []}]
        taken = import_labelled(empty, [write_lines(tmp_path / "l.jsonl", [*rows, rows[0]])])
        assert (taken.matched, taken.documents, taken.duplicates) == (1, 1, 4)
        found = passages(empty)
        assert [p.spans for p in found[:2]] == [[StoredSpan(0, 7, 1)], [StoredSpan(0, 4, 2)]]
        states = ["accepted", "accepted", "skipped", None, None, None, "accepted"]
        assert [p.state for p in found] == states

    def test_an_import_is_not_undone_by_a_person(self, empty, tmp_path):
        path = write_lines(tmp_path / "l.jsonl", [{"text": "One.", "entities": [[0, 3, "DRUG"]]}])
        import_labelled(empty, [path])
        assert empty.undo("u", "ann") is None

    @given(st.data())
    def test_spans_come_back_as_they_were(self, tmp_path_factory, data):
        text = data.draw(texts.filter(lambda text: text.strip()))
        spans = data.draw(spans_of(text, st.sampled_from(["DRUG", "DOSE"]), NO_SCORE))
        folder = tmp_path_factory.mktemp("import")
        rows = [{"text": text, "entities": [[s.start, s.end, s.label] for s in spans]}]
        with Store.create(folder / "p", [], {}, 1) as store:
            import_labelled(store, [write_lines(folder / "l.jsonl", rows)])
            labels = {label.id: label.name for label in store.labels()}
            found, start = [], 0
            for passage in passages(store):
                found += [
                    LabelledSpan(start + s.start, start + s.end, labels[s.label])
                    for s in passage.spans
                ]
                start += len(passage.text)
        assert found == [msgspec.structs.replace(span, score=None) for span in spans]


@pytest.mark.slow
def test_a_million_documents_are_drawn_without_a_list_in_memory(tmp_path):
    import resource
    import time

    rng = random.Random(1)
    path = tmp_path / "t.jsonl"
    with path.open("w") as file:
        for number in range(1_000_000):
            file.write(json.dumps({"text": f"{number} {SENTENCE * rng.randint(1, 5)}"}) + "\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.monotonic()
    taken = []
    with Store.create(
        tmp_path / "p", ["A"], {}, 1, lambda store: taken.append(take_texts(store, [str(path)]))
    ) as store:
        seconds = time.monotonic() - start
        assert store.counts().documents == 20_000
    assert (taken[0].read, taken[0].not_drawn) == (1_000_000, 980_000)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 100
    assert seconds < 60
