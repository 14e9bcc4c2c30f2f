"""Packed MusicXML (.mxl), encodings of the text, scores ordered by time, and the lines that errors name."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import strategies
from canzona.errors import FormatError, PolyphonyError
from canzona.score import Tune, read
from canzona.score.musicxml import read_musicxml, write_musicxml
from melodies import jig, star
from musicxml_text import ATTRIBUTES, names, note, score, times, tune_of

SCORE = score(ATTRIBUTES + note("C4", 4), note("D4", 4))
OTHER = score(ATTRIBUTES + note("G4", 4))


def container(*paths: str) -> bytes:
    """A container that names score files."""
    files = "".join(f'<rootfile full-path="{path}"/>' for path in paths)
    return f"<container><rootfiles>{files}</rootfiles></container>".encode()


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of members in their order."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


CONTAINER = "META-INF/container.xml"

# Packed files.


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_a_packed_score_reads_as_the_plain_one(method: int) -> None:
    assert tune_of(packed({CONTAINER: container("s.xml"), "s.xml": SCORE}, method)) == tune_of(SCORE)


@pytest.mark.parametrize(
    "name", ["s.xml", "s.musicxml", "deep/er/S.XML", "Chœur à 1 voix.xml", "a b.musicxml"]
)
def test_the_score_may_have_any_name(name: str) -> None:
    assert names(tune_of(packed({CONTAINER: container(name), name: SCORE}))) == ["C4", "D4"]
    assert names(tune_of(packed({name: SCORE}))) == ["C4", "D4"]


def test_the_container_says_which_score_is_meant() -> None:
    members = {"a.xml": OTHER, "b.xml": SCORE, CONTAINER: container("b.xml", "a.xml")}
    assert names(tune_of(packed(members))) == ["C4", "D4"]


def test_a_container_that_names_a_missing_file_is_helped() -> None:
    members = {CONTAINER: container("gone.xml", "b.xml"), "a.xml": OTHER, "b.xml": SCORE}
    assert names(tune_of(packed(members))) == ["C4", "D4"]
    members = {CONTAINER: container("gone.xml"), "b.xml": SCORE}
    assert names(tune_of(packed(members))) == ["C4", "D4"]


def test_a_container_with_a_namespace_is_understood() -> None:
    named = container("b.xml").replace(b"<container>", b'<container xmlns="urn:oasis:names:tc:opendocument">')
    assert names(tune_of(packed({"a.xml": OTHER, CONTAINER: named, "b.xml": SCORE}))) == ["C4", "D4"]


def test_pictures_and_a_pdf_beside_the_score_do_not_matter() -> None:
    members = {"mimetype": b"application/vnd.recordare.musicxml", "thumb.png": b"\x89PNG", "s.pdf": b"%PDF",
               CONTAINER: container("s.xml", "s.pdf"), "s.xml": SCORE}  # fmt: skip
    assert names(tune_of(packed(members))) == ["C4", "D4"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "the packed file holds no score"),
        ({CONTAINER: container("s.xml")}, "the packed file holds no score"),
        ({CONTAINER: b"<container", "s.xml": SCORE}, "is not XML"),
        ({"s.xml": b""}, "is not XML"),
        ({"s.xml": b"<html/>"}, "holds <html>"),
        ({CONTAINER: b'<!DOCTYPE c [<!ENTITY a "b">]><container/>', "s.xml": SCORE}, "declares entities"),
    ],
    ids=["empty", "container alone", "broken container", "empty score", "html", "entities"],
)
def test_a_packed_file_without_a_score_is_refused(members: dict[str, bytes], message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        tune_of(packed(members))
    assert caught.value.source == "song.musicxml"


def test_a_packed_file_that_is_cut_off_is_refused() -> None:
    whole = packed({CONTAINER: container("s.xml"), "s.xml": SCORE})
    for cut in range(2, len(whole) - 22, 37):
        with pytest.raises(FormatError, match="damaged"):
            tune_of(whole[:cut])


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_packed_file_with_a_wrong_byte_is_read_right_or_refused(place: int, change: int) -> None:
    """The checksum of a zip file finds it; a byte of its dates and flags changes nothing."""
    data = bytearray(packed({"s.xml": SCORE}))
    data[place % len(data)] ^= change
    try:
        (tune,) = read_musicxml(bytes(data), "s.mxl")
    except FormatError:
        return
    assert tune == tune_of(SCORE)


def test_a_fault_in_a_packed_score_names_its_line() -> None:
    broken = SCORE.replace(b"<measure", b"\n<measure").replace(b"<step>D", b"<step>H")
    with pytest.raises(FormatError, match=r"song\.musicxml, line 3: a pitch of step 'H'"):
        tune_of(packed({"s.xml": broken}))


@pytest.mark.parametrize("suffix", [".mxl", ".xml", ".musicxml", ".MXL"])
def test_a_packed_score_is_known_by_its_bytes_whatever_its_ending(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"s{suffix}"
    path.write_bytes(packed({"s.xml": SCORE}))
    assert names(read(path)) == ["C4", "D4"]
    path.write_bytes(SCORE)
    assert names(read(path)) == ["C4", "D4"]


def test_parts_of_a_packed_score_are_chosen_alike() -> None:
    data = packed({"s.xml": score(ATTRIBUTES + note("C4", 4), parts=2)})
    with pytest.raises(PolyphonyError, match="holds 2 parts"):
        tune_of(data)
    assert tune_of(data, "2").instrument == "Voice 2"


# Encodings.


@pytest.mark.parametrize(
    ("declared", "codec", "mark"),
    [
        ("UTF-8", "utf-8", b""),
        ("UTF-8", "utf-8", b"\xef\xbb\xbf"),
        ("utf-8", "utf-8", b""),
        ("UTF-16", "utf-16-le", b"\xff\xfe"),
        ("UTF-16", "utf-16-be", b"\xfe\xff"),
        ("ISO-8859-1", "latin-1", b""),
        ("windows-1252", "cp1252", b""),
        ("US-ASCII", "ascii", b""),
    ],
)
def test_the_declared_encoding_is_believed(declared: str, codec: str, mark: bytes) -> None:
    title = "Bruder" if codec == "ascii" else "Brüder, à la fête"
    body = score(ATTRIBUTES + note("C4", 4), header=f"<movement-title>{title}</movement-title>").decode()
    text = f'<?xml version="1.0" encoding="{declared}"?>\n{body}'
    for data in (mark + text.encode(codec), packed({"s.xml": mark + text.encode(codec)})):
        assert tune_of(data).title == title


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 1.0 Partwise//EN"'
        ' "http://www.musicxml.org/dtds/partwise.dtd">',
        '<!DOCTYPE score-partwise SYSTEM "partwise.dtd">',
        "<!DOCTYPE score-partwise []>",
        "<!-- made by hand --><?xml-stylesheet href='a.xsl'?>",
    ],
)
def test_a_doctype_is_read_over_and_nothing_is_fetched(doctype: str) -> None:
    assert tune_of(f'<?xml version="1.0"?>\n{doctype}\n'.encode() + SCORE) == tune_of(SCORE)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "b">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://example.org/x.dtd"> %a;',
        '<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">',
    ],
    ids=["internal", "file", "parameter", "growing"],
)
def test_entities_are_refused_before_they_are_looked_up(declaration: str) -> None:
    data = f'<?xml version="1.0"?>\n\n<!DOCTYPE score-partwise [\n{declaration}]>\n'.encode() + SCORE
    with pytest.raises(FormatError, match=r"song\.musicxml, line 4: declares entities"):
        tune_of(data)


# Scores ordered by time.


def timewise(data: bytes) -> bytes:
    """The same score ordered by time: the measures of all parts, one after another."""
    text = data.decode()
    head = text[: text.index("<part id")].replace("score-partwise", "score-timewise")
    parts = re.findall(r'<part id="(.*?)">(.*?)</part>', text, re.DOTALL)
    measures = [re.findall(r"<measure(.*?)>(.*?)</measure>", content, re.DOTALL) for _, content in parts]
    body = ""
    for row in zip(*measures, strict=True):
        held = "".join(
            f'<part id="{part[0]}">{content}</part>' for part, (_, content) in zip(parts, row, strict=True)
        )
        body += f"<measure{row[0][0]}>{held}</measure>"
    return f"{head}{body}</score-timewise>".encode()


@pytest.mark.parametrize("tune", [star(), jig()], ids=["star", "jig"])
def test_a_written_tune_turned_by_time_is_the_same(tune: Tune) -> None:
    data = write_musicxml([tune]).data
    turned = timewise(data)
    assert b"score-timewise" in turned
    assert next(read_musicxml(turned)) == next(read_musicxml(data))


@given(strategies.plain_tunes())
def test_any_plain_tune_turned_by_time_is_the_same(tune: Tune) -> None:
    data = write_musicxml([tune.replace(records=(("OTL", "x"),))]).data
    assert next(read_musicxml(timewise(data))) == next(read_musicxml(data))


def test_parts_of_a_score_by_time_are_chosen_by_number_and_name() -> None:
    data = timewise(score(ATTRIBUTES + note("C4", 4), note("D4", 4), parts=3))
    with pytest.raises(PolyphonyError, match="holds 3 parts: 1 'Voice 1'"):
        tune_of(data)
    assert times(tune_of(data, "Voice 3")) == times(tune_of(SCORE))


def test_a_fault_in_a_score_by_time_names_its_line() -> None:
    data = timewise(SCORE).replace(b"<measure", b"\n<measure").replace(b"<step>D", b"<step>H")
    with pytest.raises(FormatError, match=r"line 3: a pitch of step 'H'"):
        tune_of(data)


# Lines.


@pytest.mark.parametrize("lines", [1, 2, 7, 400])
def test_errors_name_the_line_of_the_element(lines: int) -> None:
    data = SCORE.replace(b"<measure", b"\n" * (lines - 1) + b"<measure", 1).replace(b"<step>C", b"<step>H")
    with pytest.raises(FormatError) as caught:
        tune_of(data)
    assert (caught.value.source, caught.value.line) == ("song.musicxml", lines)


def test_errors_of_the_parser_name_their_line_too() -> None:
    with pytest.raises(FormatError) as caught:
        tune_of(SCORE.replace(b"<measure", b"\n\n<measure", 1).replace(b"</note>", b"", 1))
    assert caught.value.line == 3
    assert "mismatched tag" in caught.value.message


def test_lines_are_counted_alike_with_carriage_returns() -> None:
    data = SCORE.replace(b"<measure", b"\r\n<measure").replace(b"<step>D", b"<step>H")
    with pytest.raises(FormatError, match="line 3"):
        tune_of(data)
