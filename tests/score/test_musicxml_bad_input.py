"""MusicXML that is damaged, hostile or not MusicXML: one sentence, and soon."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import CanzonaError, FormatError
from canzona.score import Tune
from canzona.score.musicxml import read_musicxml
from outcomes import outcome_of

NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"
SECONDS = 3.0
"""The promise is one second; a busy machine is given three."""


def packed(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as file:
        file.writestr(name, content)
    return target.getvalue()


def score(content: str) -> bytes:
    head = '<score-partwise>\n<part id="P1">\n<measure number="1">\n'
    return f"{head}{content}</measure></part></score-partwise>".encode()


def outcome(data: bytes) -> Tune | CanzonaError:
    """What reading gives, within the time that is promised."""
    return outcome_of(read_musicxml(data, "x.mxl"), SECONDS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.mxl, line 1: is not XML"),
        (b"**kern\n4c\n*-", "x.mxl, line 1: is not XML"),
        (b"PK\x03\x04 no zip", "x.mxl: the packed file is damaged"),
        (packed("readme.txt", b"x"), "x.mxl: the packed file holds no score"),
        (packed("s.xml", b"<score-partwise/>", zipfile.ZIP_BZIP2), "packed in a way that MusicXML does not"),
        (packed("s.xml", b" " * 30_000_000), "unpacks to more than"),
        (b"<html></html>", "holds <html>, not a MusicXML score"),
        (b"<opus/>", "holds <opus>"),
        (b"<score-partwise/>", "the score has no part"),
        (b'<?xml version="1.0" encoding="klingon"?><score-partwise/>', "its encoding is not known"),
        (b'<!DOCTYPE a [\n<!ENTITY b "cc">]>\n<score-partwise>&b;</score-partwise>', "line 2: declares"),
        (score("<note><rest/></note>"), "x.mxl, line 4: a note has neither a duration nor a value"),
        (score(NOTE.replace("<duration>1", "<duration>x")), "line 4: a duration is no positive number"),
        (score(NOTE.replace("<duration>1", "<duration>1e999999999")), "a duration is no positive number"),
        (score("\n" + NOTE.replace("C", "H")), "line 5: a pitch of step 'H'"),
        (score(NOTE.replace("<octave>4", "<octave>99999")), "has no letter or octave"),
        (score("<attributes><divisions>0</divisions></attributes>" + NOTE), "divisions"),
        (score("<attributes><key><fifths>99</fifths></key></attributes>" + NOTE), "no number of fifths"),
        (score("<attributes><time><beats>x</beats></time></attributes>"), "is no meter"),
        (score("<backup/>" + NOTE), "a <backup> has no duration"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(data: bytes, message: str) -> None:
    error = outcome(data)
    assert isinstance(error, FormatError)
    assert message in str(error)
    assert error.hint
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" * 300_000,
        b"<a>" * 140_000 + b"</a>" * 140_000,
        b"<score-partwise><part>"
        + b"<measure>" * 50_000
        + b"</measure>" * 50_000
        + b"</part></score-partwise>",
        score("").replace(b"<measure number", b"<measure/>" * 90_000 + b"<measure number"),
        score(NOTE * 10_000),
        score(
            "".join(
                f"<attributes><divisions>{n}</divisions></attributes>{NOTE}"
                for n in range(10**6, 10**6 + 6000)
            )
        ),
        score('<direction><offset>1</offset><sound tempo="9"/></direction>' * 12_000 + NOTE),
        packed("s.xml", score(NOTE * 600_000)),
        packed("s.xml", b"\0" * 500_000_000),
    ],
    ids=["open", "deep", "nested", "measures", "notes", "divisions", "directions", "bomb", "zeros"],
)
def test_a_hostile_megabyte_ends_soon(data: bytes) -> None:
    assert len(data) < 1_100_000
    outcome(data)


@given(st.binary(max_size=400))
def test_any_bytes_give_a_tune_or_an_error(data: bytes) -> None:
    outcome(data)


PIECES = st.sampled_from([
    "<note>", "</note>", NOTE, "<chord/>", "<grace/>", "<rest/>", "<duration>3</duration>",
    "<duration>-1</duration>", "<backup><duration>9</duration></backup>", "<type>eighth</type>",
    "<forward><duration>2</duration></forward>", "<attributes><divisions>3</divisions></attributes>",
    "<attributes><key/><time/></attributes>", '<tie type="start"/>', '<tie type="stop"/>', "<voice>2</voice>",
    "<harmony/>", "<direction/>", '<barline location="left"/>', "</measure><measure>", "<notations/>",
    "<barline><repeat direction='backward'/></barline>", "</measure><measure number='x'>",
    '<barline location="left"><ending number="1" type="start"/></barline>',
    "<lyric><text>la</text></lyric>", "&amp;", "text",
])  # fmt: skip


@given(st.lists(PIECES, max_size=30))
def test_any_order_of_elements_gives_a_tune_or_an_error(pieces: list[str]) -> None:
    result = outcome(score("".join(pieces)))
    if isinstance(result, Tune):
        assert all(note.duration > 0 for note in result.notes)
        assert sum(note.duration for note in result.notes) == result.duration
