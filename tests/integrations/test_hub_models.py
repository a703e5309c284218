"""Models to the hub and back: the real client, in processes of its own, and a loopback hub."""

import json
import time

import msgspec
import pytest
from huggingface_hub import EvalResult, ModelCard

import tiny
from hub_client import client
from hub_server import HubError, Repository, hub_server
from windowclf import WindowClassifier
from windowclf.errors import ModelError
from windowclf.integrations.hub import HubClassifier
from windowclf.model.manifest import MANIFEST, read_manifest

SENTENCES = [sentence.tokens for sentence in tiny.sentences()]
CLIENT = f"""
import json, sys
from windowclf.errors import WindowclfError
from windowclf.integrations.hub import HubClassifier

for line in sys.stdin:
    name, options = json.loads(line)
    try:
        if "folder" in options:
            answer = HubClassifier.load(options.pop("folder")).push_to_hub(name, **options)
        else:
            answer = HubClassifier.from_pretrained(name, **options).predict({SENTENCES!r})
    except WindowclfError as error:
        answer = {{"error": type(error).__name__, "message": str(error)}}
    print(json.dumps(answer), flush=True)
"""
TOKEN = "hf_of_ana"


@pytest.fixture(scope="module")
def hub(model_folder, other, tmp_path_factory):
    def files(folder):
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def model(files, **options):
        return Repository({"main": files}, "model", **options)

    whole = files(model_folder)
    other.save(tmp_path_factory.mktemp("other"))
    long = max(whole, key=lambda name: len(whole[name]))
    outside = {MANIFEST: _manifest(model_folder, lambda name: f"../../{name}")}
    repositories = {
        "ana/ready": model(whole | {"README.md": b"# A card", "notes.txt": b"Not for you."}),
        "ana/private": model(whole, private=True),
        "ana/gated": model(whole, gated=True),
        "ana/empty": model({"README.md": b""}),
        "ana/part": model({MANIFEST: whole[MANIFEST]}),
        "ana/short": model(whole | {long: whole[long][:-1]}),
        "ana/json": model(whole | {MANIFEST: whole[MANIFEST][:-9]}),
        "ana/outside": model(whole | outside),
    }
    with hub_server(repositories) as hub:
        yield hub


def _manifest(folder, rename):
    """Forge a manifest, checksum and all."""
    manifest = read_manifest(folder)
    files = {
        kind: msgspec.structs.replace(entry, name=rename(entry.name))
        for kind, entry in manifest.files.items()
    }
    forged = msgspec.structs.replace(manifest, files=files)
    return msgspec.json.encode(forged.sealed())


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def reader(hub, home):
    with client(home, hub.endpoint, home / "log", CLIENT) as ask:
        yield ask


@pytest.fixture(scope="module")
def writer(hub, tmp_path_factory):
    home = tmp_path_factory.mktemp("writer")
    # Xet, which would take large files, has servers of its own; without it they go by LFS.
    with client(home, hub.endpoint, home / "log", CLIENT, HF_HUB_DISABLE_XET="1") as ask:
        yield ask


def refusal(answer, kind):
    assert answer["error"] == kind
    assert "\n" not in answer["message"]
    return answer["message"]


def test_only_the_files_of_the_model_are_fetched(reader, hub, classifier, model_folder):
    hub.requests.clear()
    assert reader("ana/ready") == classifier.predict(SENTENCES)
    commit = hub.repositories["ana/ready"].commit("main")
    names = read_manifest(model_folder).files.values()
    files = {f"main/{MANIFEST}", *(f"{commit}/{entry.name}" for entry in names)}
    asked = [request.partition("/resolve/")[2] for request in hub.requests]
    assert set(filter(None, asked)) == files
    hub.requests.clear()
    assert reader("ana/ready") == classifier.predict(SENTENCES)
    assert len(hub.requests) == 1  # whether there is a new commit


def test_push_and_fetch_in_another_process(
    reader, writer, hub, home, classifier, other, model_folder, tmp_path
):
    address = writer("ana/news", folder=str(model_folder), token=TOKEN)
    files = hub.repositories["ana/news"].revisions["main"]
    first = hub.repositories["ana/news"].commit("main")
    assert address == f"{hub.endpoint}/ana/news/commit/{first}"
    assert set(files) == {"README.md", *(path.name for path in model_folder.iterdir())}
    assert set(hub.large.values()) == {
        (model_folder / name).read_bytes() for name in files if name.endswith(".safetensors")
    }
    assert reader("ana/news") == classifier.predict(SENTENCES)

    other.save(tmp_path / "other")  # in place of the first, whose files go
    writer("ana/news", folder=str(tmp_path / "other"), token=TOKEN)
    files = hub.repositories["ana/news"].revisions["main"]
    assert set(files) == {"README.md", *(path.name for path in (tmp_path / "other").iterdir())}
    assert classifier.predict(SENTENCES) != other.predict(SENTENCES)
    assert reader("ana/news") == other.predict(SENTENCES)
    assert reader("ana/news", revision=first) == classifier.predict(SENTENCES)


def test_the_card_that_is_pushed(writer, hub, model_folder):
    metadata = {"language": "en", "license": "mit"}
    # By a bare name: the client knows whose it is.
    writer("carded", folder=str(model_folder), token=TOKEN, model_card_kwargs=metadata)
    card = ModelCard(hub.repositories["ana/carded"].revisions["main"]["README.md"].decode())
    assert card.data.to_dict().items() >= metadata.items()
    assert 'HubClassifier.from_pretrained("ana/carded")' in card.text


def test_private(reader, writer, hub, classifier, model_folder):
    message = refusal(reader("ana/private"), "UsageError")
    assert message.startswith("unknown model 'ana/private': there is no such folder, and")
    assert "or it is private (then log in with 'hf auth login', or give a token)" in message
    assert reader("ana/private", token=TOKEN) == classifier.predict(SENTENCES)
    writer("ana/secret", folder=str(model_folder), token=TOKEN, private=True)
    assert hub.repositories["ana/secret"].private


@pytest.mark.parametrize(
    ("name", "options", "kind", "message"),
    [
        ("ana/unknown", {}, "UsageError", "unknown model 'ana/unknown': there is no such folder"),
        (
            "/no/such/folder",
            {},
            "UsageError",
            "'/no/such/folder' is neither a folder nor a name on the",
        ),
        ("ana/ready", {"revision": "v2"}, "UsageError", "model ana/ready has no revision 'v2'"),
        ("ana/gated", {"token": TOKEN}, "ModelError", "model ana/gated is gated: accept its terms"),
        ("ana/empty", {}, "ModelError", "model ana/empty has no file model.json: expected a model"),
        ("ana/part", {}, "ModelError", "model ana/part has no file parameters-"),
        ("ana/short", {}, "ModelError", "the file is not the one that model.json names"),
        ("ana/json", {}, "ModelError", "model.json: damaged model: "),
        ("ana/outside", {}, "ModelError", "leaves the folder"),
        (
            "ana/private",
            {"local_files_only": True, "revision": "v1"},
            "ModelError",
            "model ana/private is not in the cache, and local_files_only prevents",
        ),
        (
            "ana/unknown",
            {"local_files_only": True, "force_download": True},
            "UsageError",
            "model ana/unknown: Cannot pass 'force_download=True' and 'local_files_only=True'",
        ),
        ("ana/ready", {"cache_dir": __file__}, "ModelError", f"model ana/ready: {__file__}"),
    ],
)
def test_what_cannot_be_fetched(reader, name, options, kind, message):
    assert message in refusal(reader(name, **options), kind)


@pytest.mark.parametrize(
    ("name", "options", "kind", "message"),
    [
        ("ana/new", {}, "ModelError", "refused model ana/new (401): log in with"),
        (
            "new",
            {},
            "ModelError",
            "model new: the Hugging Face hub requires a login: log in",
        ),
        ("bo/new", {"token": TOKEN}, "ModelError", "refused model bo/new (403): log in with"),
        (
            "ana/a/b",
            {"token": TOKEN},
            "UsageError",
            "'ana/a/b' is neither a folder nor a name on the",
        ),
        ("ana/ready", {"token": TOKEN, "branch": "v2"}, "UsageError", "has no revision 'v2'"),
    ],
)
def test_what_cannot_be_pushed(writer, hub, model_folder, name, options, kind, message):
    assert message in refusal(writer(name, folder=str(model_folder), **options), kind)
    assert name not in hub.repositories or name == "ana/ready"


@pytest.mark.parametrize(
    ("status", "words", "message"),
    [
        (503, "Service Unavailable", "answered 503): check the network, set HF_ENDPOINT"),
        (401, "Invalid credentials in Authorization header", "refused model ana/x (401): log in"),
    ],
)
def test_a_hub_that_refuses(reader, writer, hub, model_folder, status, words, message):
    hub.outage = HubError(status, "", words)
    answers = [reader("ana/x"), writer("ana/x", folder=str(model_folder), token=TOKEN)]
    hub.outage = None
    for answer in answers:
        assert message in refusal(answer, "ModelError")


def test_without_network(reader, home, model_folder, tmp_path):
    found = reader("ana/ready")  # now it is in the cache
    with client(home, "http://127.0.0.1:9", tmp_path / "log", CLIENT) as cut_off:
        assert cut_off("ana/ready") == found
        start = time.monotonic()
        message = refusal(cut_off("ana/unknown"), "ModelError")
        assert "model ana/unknown: the Hugging Face hub could not be reached (http://" in message
        pushed = cut_off("ana/x", folder=str(model_folder), token=TOKEN)
        assert "could not be reached (http://127.0.0.1:9: " in refusal(pushed, "ModelError")
        assert time.monotonic() - start < 5


def test_offline(reader, home, hub, tmp_path):
    found = reader("ana/ready")
    asked = len(hub.requests)
    with client(home, hub.endpoint, tmp_path / "log", CLIENT, HF_HUB_OFFLINE="1") as offline:
        assert offline("ana/ready") == found
        message = refusal(offline("ana/unknown"), "ModelError")
    assert message == "model ana/unknown: offline mode is on: unset HF_HUB_OFFLINE"
    assert len(hub.requests) == asked


def test_a_folder(classifier, model_folder, tmp_path):
    folder = tmp_path / "mine"
    HubClassifier.from_classifier(classifier).save_pretrained(folder)
    names = {path.name for path in model_folder.iterdir()}
    assert {path.name for path in folder.iterdir()} == names | {"README.md"}  # no config.json
    again = HubClassifier.from_pretrained(folder)
    assert again.predict(SENTENCES) == classifier.predict(SENTENCES)
    (folder / "README.md").write_text("Mine.")
    again.save_pretrained(folder)
    assert (folder / "README.md").read_text() == "Mine."
    again.save(folder)  # a card is not in the way


def test_a_folder_that_holds_something_else_stays_as_it_is(classifier, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="holds files but no model"):
        HubClassifier.from_classifier(classifier).save_pretrained(tmp_path)
    assert (tmp_path / "config.json").read_text() == "{}"


def test_an_untrained_one_is_refused(tmp_path):
    with pytest.raises(ModelError, match="not trained"):
        HubClassifier.from_classifier(WindowClassifier())
    for act, name in (("save_pretrained", str(tmp_path / "new")), ("push_to_hub", "ana/new")):
        with pytest.raises(ModelError, match="not trained"):
            getattr(HubClassifier(), act)(name)
    assert not (tmp_path / "new").exists()


def test_settings_make_no_config_json(tmp_path):
    trained = HubClassifier(**tiny.QUICK).fit(tiny.sentences(), vectors="random")
    trained.save_pretrained(tmp_path / "new")
    assert not (tmp_path / "new" / "config.json").exists()


class TestCard:
    def test_figures_are_those_of_the_record(self, classifier):
        record = classifier.model.record
        card = HubClassifier.from_classifier(classifier).generate_model_card("ana/news")
        best = record.epochs[record.best_epoch - 1]
        assert {result.metric_type: result.metric_value for result in card.data.eval_results} == {
            "precision": round(best.precision, 4),
            "recall": round(best.recall, 4),
            "f1": round(best.f1, 4),
        }
        assert {result.dataset_name for result in card.data.eval_results} == {record.data}
        assert f"| F1 | {100 * best.f1:.2f} |" in card.text
        assert f"the parameters are those of epoch {record.best_epoch} |" in card.text
        assert f"| Training text | {record.sentences['train']} sentences, " in card.text
        assert "`LOC`, `PER`" in card.text
        assert card.data.library_name == "windowclf"
        assert card.data.pipeline_tag == "token-classification"

    def test_its_settings_make_the_classifier_again(self, classifier):
        card = HubClassifier.from_classifier(classifier).generate_model_card()
        settings = json.loads(card.text.split("```json\n")[1].split("```")[0])
        assert WindowClassifier(**settings).config == classifier.config

    def test_its_code_runs(self, classifier, model_folder, capsys):
        card = HubClassifier.from_classifier(classifier).generate_model_card(str(model_folder))
        code = card.text.split("```python\n")[1].split("```")[0]
        exec(compile(code, "card", "exec"), {})
        assert capsys.readouterr().out.startswith("Paris LOC 0 5 ")

    def test_no_dev_text_no_figures(self, other):
        card = HubClassifier.from_classifier(other).generate_model_card("x")
        assert card.data.eval_results is None
        assert "None: the model was trained without a dev text." in card.text

    def test_folds_tell_what_to_expect(self):
        text = tiny.sentences()
        folded = WindowClassifier(**tiny.QUICK | {"folds": 1}).fit(text, vectors="random")
        card = HubClassifier.from_classifier(folded).generate_model_card("x")
        expected = folded.model.record.expected.describe()
        assert f"Expected F1 on new text of the same kind, in percent: {expected}." in card.text

    def test_labels_of_single_tokens(self):
        data = [(["a", "cat", "|"], ["DT", "NN", "|"])]
        tagger = HubClassifier(**tiny.QUICK)
        tagger.fit(data, data, vectors="random", scheme="plain", gazetteers={"A|B": ["cat"]})
        card = tagger.generate_model_card("x")
        assert "it gives each token a label: `DT`, `NN`, `|`." in card.text
        assert "tagger.predict(" in card.text
        assert "| Gazetteers | A\\|B |" in card.text
        assert "over tokens that are not O" in card.text

    def test_one_that_is_rounded_says_so(self, classifier, tmp_path):
        classifier.save(tmp_path / "small", compress=True)
        card = HubClassifier.load(tmp_path / "small").generate_model_card("x")
        assert "The parameters were rounded afterwards." in card.text

    def test_given_figures_come_first(self, classifier):
        result = EvalResult("token-classification", "news", "News", "f1", 0.5)
        card = HubClassifier.from_classifier(classifier).generate_model_card(
            "x", eval_results=[result], model_name="x"
        )
        assert [found.metric_value for found in card.data.eval_results] == [0.5]
