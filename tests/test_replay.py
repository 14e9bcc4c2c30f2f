"""Files that were moved, renamed, edited or written by nobody: what `explain` and `replay` make of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import canzona
from canzona.composition import compose
from canzona.composition.model import ComposerModel
from canzona.errors import CanzonaError, FormatError, UnsupportedError, UsageError
from canzona.origin import explain, replay
from canzona.score.provenance import Input, Provenance

SLOW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
MARK = "%%canzona "

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False),
    st.text(max_size=4), st.lists(st.integers(0, 3), max_size=2), st.just({}),
)  # fmt: skip


def line_of(path: Path) -> dict[str, Any]:
    """What an .abc file says of itself."""
    held: dict[str, Any] = json.loads(
        next(line for line in path.read_text().splitlines() if line.startswith(MARK))[len(MARK) :]
    )
    return held


def edited(path: Path, target: Path, **changes: Any) -> Path:
    """The file with other words about itself; what is put under `options` is added to those there."""
    held = line_of(path)
    if isinstance(changes.get("options"), dict):
        changes["options"] = {**held.get("options", {}), **changes["options"]}
    lines = [
        MARK + json.dumps({**held, **changes}) if line.startswith(MARK) else line
        for line in path.read_text().splitlines()
    ]
    target.write_text("\n".join(lines) + "\n")
    return target


@pytest.fixture
def source(examples: Path, tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "tune [no. 1].krn"
    path.write_bytes((examples / "greensleeves.krn").read_bytes())
    return path


@pytest.fixture
def made(source: Path, tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    canzona.convert(source, tmp_path / "out" / "tune.abc")
    return tmp_path / "out" / "tune.abc"


@pytest.mark.parametrize("name", ["tune [no. 1].krn", "a*b?.krn", "[].krn", "ü {x}.krn", ".hidden.krn"])
def test_a_moved_input_is_found_whatever_its_name(examples: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes((examples / "greensleeves.krn").read_bytes())
    canzona.convert(path, tmp_path / "tune.abc")
    new = tmp_path / "deep" / "er" / name
    new.parent.mkdir(parents=True)
    path.rename(new)
    whole = (tmp_path / "tune.abc").read_bytes()
    with pytest.raises(UsageError, match="is not there; name it with --input"):
        replay(tmp_path / "tune.abc")
    assert replay(tmp_path / "tune.abc", inputs=[tmp_path / "deep"]) == whole


def test_a_renamed_input_is_named_itself(source: Path, made: Path, tmp_path: Path) -> None:
    renamed = source.rename(tmp_path / "other.krn")
    with pytest.raises(UsageError, match="is not there"):
        replay(made, inputs=[tmp_path])
    assert replay(made, inputs=[renamed]) == made.read_bytes()


def test_of_several_inputs_of_one_name_the_right_one_is_taken(
    source: Path, made: Path, tmp_path: Path
) -> None:
    for number in range(3):
        other = tmp_path / f"place{number}" / source.name
        other.parent.mkdir()
        other.write_bytes(source.read_bytes() + b"!! changed\n" * (number != 1))
    source.write_text("**kern\n4c\n*-\n")
    assert replay(made, inputs=[tmp_path]) == made.read_bytes()
    (tmp_path / "place1" / source.name).unlink()
    with pytest.raises(UsageError, match="its SHA-256 differs"):
        replay(made, inputs=[tmp_path])


def test_the_file_itself_may_be_moved_and_renamed(source: Path, made: Path, tmp_path: Path) -> None:
    whole = made.read_bytes()
    assert replay(made.rename(tmp_path / "elsewhere.abc")) == whole


@pytest.mark.parametrize("number", ["x", [1], {}, None, "1e3"], ids=str)
def test_a_number_that_is_none_is_one_sentence(made: Path, tmp_path: Path, number: object) -> None:
    with pytest.raises(FormatError, match=r"edited\.abc: the number of its tune is none"):
        replay(edited(made, tmp_path / "edited.abc", options={"number": number}))


def test_a_tune_that_the_input_does_not_hold(tmp_path: Path) -> None:
    book = tmp_path / "book.abc"
    book.write_text("X:1\nM:2/4\nL:1/4\nK:G\nGA|BG|]\n\nX:2\nM:2/4\nL:1/4\nK:D\nDE|FD|]\n")
    canzona.convert(book, tmp_path / "out", to="abc", split=True)
    second = tmp_path / "out" / "book-002.abc"
    assert replay(second) == second.read_bytes()
    with pytest.raises(UnsupportedError, match=r"book\.abc holds no tune number 7"):
        replay(edited(second, tmp_path / "edited.abc", options={"number": 7}))


def test_no_inputs_to_convert(made: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="it names no input"):
        replay(edited(made, tmp_path / "edited.abc", inputs=[]))


@pytest.mark.parametrize("name", ["", "/", ".", "..", "a\0b", "*", "x" * 5000])
def test_an_input_of_an_impossible_name_is_not_there(made: Path, tmp_path: Path, name: str) -> None:
    inputs = [{"name": name, "sha256": "0" * 64}]
    path = edited(made, tmp_path / "edited.abc", inputs=inputs)
    with pytest.raises(UsageError, match="is not there"):
        replay(path, inputs=[tmp_path])


def test_an_edited_tune_is_not_what_is_made_again(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "edited.abc"
    other.write_text(made.read_text().replace("K:", "K: "))
    assert replay(other) == made.read_bytes() != other.read_bytes()


LOOK = ("number", "to", "tempo", "transpose", "track", "unfold", "instrument", "soundfont", "split", "new")


@given(st.dictionaries(st.sampled_from(LOOK), VALUES, max_size=3))
@SLOW
def test_any_options_of_a_conversion_are_bytes_or_a_sentence(
    examples: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    source, target = examples / "greensleeves.krn", tmp_path / "t.abc"
    if not target.exists():
        canzona.convert(source, target)
    try:
        data = replay(edited(target, tmp_path / "edited.abc", options=options))
    except CanzonaError as error:
        assert str(error) and "\n" not in str(error)
    else:
        assert isinstance(data, bytes) and data


@pytest.fixture(scope="module")
def composed(composer: ComposerModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (made,) = compose(model=composer, seed=5, bars=2, meter="2/4")
    return made.save(tmp_path_factory.mktemp("composed") / "tune.abc")


@pytest.fixture
def small_is_found(small_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANZONA_MODELS", str(small_model.parent))


def test_a_composed_tune_is_made_again(composed: Path, small_is_found: None) -> None:
    assert replay(composed) == composed.read_bytes()


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": -1}, {"options": {"number": 0}}, {"options": {"number": -3}}, {"options": {"number": "x"}},
        {"options": {"number": 10**12}}, {"options": {"bars": 0}}, {"options": {"bars": "two"}},
        {"options": {"key": 7}}, {"options": {"style": "no such"}}, {"options": {"file": 3}},
        {"options": {"file": {"tempo": "fast"}}}, {"options": {"file": {"to": "mid"}}},
        {"options": {"file": {"instrument": []}}}, {"options": {"file": {"unfold": True}}},
        {"options": {"like": "tune.krn"}}, {"options": {"continue": ""}},
        {"options": {"like": 3}}, {"options": {"temperature": 1e308}},
        {"options": {"phrases": 9}}, {"model": ""}, {"model": "~nobody/x"}, {"model": "no such"},
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_of_a_composed_tune_is_one_sentence(
    composed: Path, small_is_found: None, tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(CanzonaError) as caught:
        replay(edited(composed, tmp_path / "edited.abc", **changes))
    assert "\n" not in str(caught.value)


def test_a_home_of_nobody_is_no_crash(
    canzona_cli: Callable, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shell hands on '~name' as it is where no user has this name."""
    done = canzona_cli("models", "show", "~nobody-at-all/model")
    assert (done.code, done.err.split(";")[0]) == (4, "canzona: ~nobody-at-all/model is no folder")
    done = canzona_cli("convert", source, "-o", "x.wav", "--soundfont", "~nobody-at-all/a.sf2")
    assert done.code == 2 and "there is no sound font ~nobody-at-all/a.sf2" in done.err
    monkeypatch.setenv("CANZONA_MODELS", "~nobody-at-all/models")
    assert canzona_cli("models", "list").code == 0


def test_another_seed_makes_another_tune(composed: Path, small_is_found: None, tmp_path: Path) -> None:
    other = edited(composed, tmp_path / "edited.abc", seed=6)
    assert replay(other) not in (composed.read_bytes(), other.read_bytes())


NAMES = st.sampled_from(
    ["number", "bars", "phrases", "key", "mode", "meter", "temperature", "top_p", "style", "file"]
)


@given(st.dictionaries(NAMES, VALUES, max_size=3))
@SLOW
def test_any_options_of_a_composition_are_bytes_or_a_sentence(
    composed: Path, small_model: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    path = edited(composed, tmp_path / "edited.abc", options=options, model=str(small_model))
    try:
        data = replay(path)
    except CanzonaError as error:
        assert str(error)
    else:
        assert data


def test_options_are_shown_as_the_file_states_them(composed: Path, canzona_cli: Callable) -> None:
    held = json.loads(canzona_cli("explain", composed, "--json").out)
    assert held["command"] == "compose" and held["model"] == "small" and held["seed"] == 5
    assert held["options"] == {"meter": "2/4", "bars": 2, "temperature": 1.0, "top_p": 0.97, "number": 1}


JSON = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["version", "command", "inputs", "name", "sha256", "earlier", "seed", "options"]), inner,
    max_size=5), max_leaves=12)  # fmt: skip


@given(JSON)
@settings(max_examples=150)
def test_any_json_is_provenance_or_a_sentence(value: object) -> None:
    try:
        found = Provenance.from_json(json.dumps(value), source="tune.krn")
    except FormatError as error:
        assert str(error).startswith("tune.krn: what says how it was made")
    else:
        assert Provenance.from_json(found.to_json()).to_json() == found.to_json()


@pytest.mark.parametrize("text", ["", "{", "[" * 50_000, "null", '{"version": 1}', '"text"', "\ud800"])
def test_what_is_no_provenance_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        Provenance.from_json(text)


def test_a_long_chain_of_earlier_ones_is_no_recursion() -> None:
    text = '{"version":"1","command":"c","earlier":' * 3000 + "null" + "}" * 3000
    try:
        Provenance.from_json(text)
    except FormatError:
        return


PROVENANCE = st.builds(
    Provenance,
    version=st.text(max_size=8),
    command=st.sampled_from(["compose", "convert"]),
    model=st.text(min_size=1, max_size=5),
    model_hash=st.text("0123456789abcdef", min_size=1, max_size=64),
    seed=st.none() | st.integers(0, 2**63),
    options=st.dictionaries(
        st.text(max_size=4), st.integers() | st.text(max_size=4) | st.booleans(), max_size=3
    ),
    inputs=st.lists(st.builds(Input, st.text(max_size=5), st.text(max_size=5)), max_size=2).map(tuple),
)


@given(PROVENANCE, PROVENANCE)
def test_provenance_survives_its_line(first: Provenance, second: Provenance) -> None:
    whole = Provenance(**{name: getattr(first, name) for name in Provenance.__slots__} | {"earlier": second})
    line = whole.to_json()
    assert "\n" not in line and line.isascii()
    assert Provenance.from_json(line) == whole


def test_a_folder_or_a_missing_file_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.krn"):
        with pytest.raises(FormatError):
            explain(path)
