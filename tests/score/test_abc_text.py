"""Text in ABC: the letters of ABC 2.1, section 8.2, in each spelling, encodings, comments, escapes."""

from __future__ import annotations

import html
import unicodedata
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Attachment, Key, Note, Pitch, Tune
from canzona.score.abc import read, write
from canzona.score.abc_text import decode_bytes, decode_text, encode_text, split_comment
from notation import abc

ACCENTS = [
    ("`", "AEIOUaeiou", "\u0300"), ("'", "AEIOUYaeiouy", "\u0301"), ("^", "AEIOUYaeiouy", "\u0302"),
    ("~", "ANOano", "\u0303"), ('"', "AEIOUYaeiouy", "\u0308"), ("c", "Cc", "\u0327"),
    ("u", "AEae", "\u0306"), ("v", "SZCsz", "\u030c"), ("H", "OUou", "\u030b"),
]  # fmt: skip

LETTERS = {
    r"\AA": "Å", r"\aa": "å", r"\/O": "Ø", r"\/o": "ø", r"\ss": "ß", r"\AE": "Æ", r"\ae": "æ", r"\OE": "Œ",
    r"\oe": "œ", r"\DH": "Ð", r"\dh": "ð", r"\TH": "Þ", r"\th": "þ",
}  # fmt: skip


def titled(text: str) -> str:
    return abc("C", f"X:1\nT:{text}\nK:C\n").title


@pytest.mark.parametrize(("sign", "letters", "mark"), ACCENTS)
def test_accents_by_mnemonic(sign: str, letters: str, mark: str) -> None:
    for letter in letters:
        whole = unicodedata.normalize("NFC", letter + mark)
        assert titled(f"a\\{sign}{letter}z") == f"a{whole}z"


@pytest.mark.parametrize("spelled", LETTERS)
def test_letters_by_mnemonic(spelled: str) -> None:
    assert titled(f"x{spelled}x") == f"x{LETTERS[spelled]}x"


@pytest.mark.parametrize("letter", ["ü", "é", "Å", "ß", "ø", "œ", "©", "Ç", "ñ"])
def test_a_letter_in_every_other_spelling(letter: str) -> None:
    name = next(name for name, value in html.entities.html5.items() if value == letter and name.endswith(";"))
    for spelled in (
        letter,
        f"\\u{ord(letter):04x}",
        f"\\U{ord(letter):08X}",
        f"&{name}",
        f"&#{ord(letter)};",
    ):
        assert titled(f"x {spelled} y") == f"x {letter} y"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"100\% wool", "100% wool"), (r"back\\slash", "back\\slash"), (r"Tom \& Jerry", "Tom & Jerry"),
        ("Tom & Jerry", "Tom & Jerry"), ("AT&T", "AT&T"), ("&nonesuch;", "&nonesuch;"),
        (r"\uZZZZ", r"\uZZZZ"),
        (r"\ud800", r"\ud800"), ("a % comment", "a"), (r"\\% comment", "\\"), ("&#0;", "\ufffd"),
    ],
)  # fmt: skip
def test_signs_that_would_begin_something_else(written: str, text: str) -> None:
    assert titled(written) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_files_in_every_encoding(encoding: str) -> None:
    text = (
        "X:1\nT:Müllers Café – “Ü”\nK:C\nCD|\n"
        if encoding != "latin-1"
        else "X:1\nT:Müllers Café\nK:C\nCD|\n"
    )
    (found,) = read(text.encode(encoding), "", None)
    assert found.title == text.split("\n")[1][2:]
    assert len(found.notes) == 2


def test_the_other_byte_order_and_bytes_that_no_code_page_has() -> None:
    data = "\ufeffX:1\nT:Ü\nK:C\nC\n".encode("utf-16-be")
    assert next(read(data, "", None)).title == "Ü"
    assert decode_bytes(b"X:1\x81\xff") == "X:1\x81ÿ"
    assert decode_bytes(b"") == ""


@pytest.mark.parametrize(
    ("line", "kept", "comment"),
    [
        ("CDEF % said", "CDEF ", "said"), ("CDEF", "CDEF", None), ("%all", "", "all"), ("CDEF%", "CDEF", ""),
        (r"T:5\% % said", r"T:5\% ", "said"), (r"T:\\% said", r"T:\\", "said"), ("a %b %c", "a ", "b %c"),
    ],
)  # fmt: skip
def test_a_comment_begins_at_the_first_free_percent_sign(line: str, kept: str, comment: str | None) -> None:
    assert split_comment(line) == (kept, comment)


@given(st.text(max_size=40))
def test_what_is_encoded_is_decoded_and_begins_no_comment(text: str) -> None:
    written = encode_text(text)
    assert decode_text(written) == text
    assert split_comment(written) == (written, None)
    assert "\n" not in written


@given(st.text(max_size=30), st.sampled_from(['"', "]", "_*|~", '"]']))
def test_signs_that_must_not_stand_are_spelled_by_number(text: str, also: str) -> None:
    written = encode_text(text, also)
    assert not set(written) & set(also)
    assert decode_text(written) == text


@given(st.text(max_size=60))
def test_decoding_any_text_ends_and_leaves_plain_text_alone(text: str) -> None:
    found = decode_text(text)
    if "\\" not in text and "&" not in text:
        assert found == text


PLACES = {
    "title": lambda tune, text: tune.replace(records=(("OTL", text),)),
    "chord": lambda tune, text: with_sign(tune, Attachment("chord", text)),
    "words": lambda tune, text: with_sign(tune, Attachment("text", text)),
    "tempo": lambda tune, text: with_sign(tune, Attachment("tempo", text)),
    "syllable": lambda tune, text: with_sign(tune, Attachment("lyric", text)),
    "voice": lambda tune, text: tune.replace(instrument=text),
    "comment": lambda tune, text: tune.replace(comments=(text,)),
}


def with_sign(tune: Tune, sign: Attachment) -> Tune:
    first = tune.notes[0]
    return tune.replace(notes=(Note(first.onset, first.duration, first.pitch, attachments=(sign,)),))


TRICKY = [
    '"', '""', "]", "[K:D]", "%", "%%", "\\", "\\\\", "&amp;", "&", "|", ":|", "a|b", "~", "a~b", "*", "a*b",
    "^up", "_down", "@1,2 x", "w:la", "X:2", "K:", "!trill!", "\\u00fc", "\\'e", "a  b", "né", "Żółw", "中",
    "😀", "(3", "{g}", "1.", "1e3", "007", "a-b",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", TRICKY)
def test_tricky_text_survives_everywhere(place: str, text: str) -> None:
    plain = Tune((Note(F(0), F(4), Pitch("C", F(0), 4)),), keys=((F(0), Key("C", 0, "major", ())),))
    tune = PLACES[place](plain, text)
    written = write([tune])
    (found,) = read(written.data, "", None)
    assert written.losses == ()
    assert found == tune
