"""The header of a MusicXML score: titles, people, rights, fields, and the records they become."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.score import Tune
from canzona.score.musicxml import read_musicxml, write_musicxml
from melodies import star
from musicxml_text import ATTRIBUTES, note, score, tune_of


def records(header: str) -> list[tuple[str, str]]:
    """The records of a score with a header."""
    return list(tune_of(score(ATTRIBUTES + note("C4", 4), header=header)).records)


def identified(content: str) -> list[tuple[str, str]]:
    """The records of a score with an `<identification>`."""
    return records(f"<identification>{content}</identification>")


def back(tune: Tune) -> Tune:
    """What a reader finds of a written tune."""
    return next(read_musicxml(write_musicxml([tune]).data))


# Titles.


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        ("<movement-title>Spring</movement-title>", [("OTL", "Spring")]),
        ("<work><work-title>Songs</work-title></work>", [("OTL", "Songs")]),
        (
            "<work><work-title>Songs</work-title></work><movement-title>Spring</movement-title>",
            [("OTL", "Spring"), ("OPR", "Songs")],
        ),
        (
            "<work><work-title>Spring</work-title></work><movement-title>Spring</movement-title>",
            [("OTL", "Spring")],
        ),
        (
            "<work><work-number>D 795</work-number></work><movement-number>1</movement-number>"
            "<movement-title>Das Wandern</movement-title>",
            [("OTL", "Das Wandern"), ("OMV", "1"), ("OPS", "D 795")],
        ),
        ("<movement-title>  </movement-title>", []),
        (
            '<credit page="1"><credit-type>composer</credit-type><credit-words>X</credit-words></credit>'
            '<credit page="1"><credit-type>title</credit-type><credit-words>Spring </credit-words></credit>',
            [("OTL", "Spring")],
        ),
        (
            "<movement-title>Spring</movement-title>"
            "<credit><credit-type>title</credit-type><credit-words>SPRING</credit-words></credit>",
            [("OTL", "Spring")],
        ),
        ("<credit><credit-words>Spring</credit-words></credit>", []),
    ],
)
def test_the_title_is_where_programs_write_it(header: str, found: list[tuple[str, str]]) -> None:
    assert records(header) == found


# People, rights and sources.


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ('type="composer"', "COM"),
        ('type="lyricist"', "LYR"),
        ('type="poet"', "LYR"),
        ('type="arranger"', "LAR"),
        ('type="translator"', "TRN"),
        ("", "COM"),
    ],
)
def test_each_kind_of_creator_has_its_record(kind: str, key: str) -> None:
    assert identified(f"<creator {kind}> Anna Nowak </creator>") == [(key, "Anna Nowak")]


def test_all_creators_are_kept() -> None:
    found = identified('<creator type="composer">A</creator><creator type="composer">B</creator>')
    assert found == [("COM", "A"), ("COM", "B")]


@pytest.mark.parametrize(
    ("content", "record"),
    [
        ("<rights>CC0</rights>", ("YEM", "CC0")),
        ("<source>a book</source>", ("SMS", "a book")),
        ("<encoding><encoder>E. F.</encoder></encoding>", ("ENC", "E. F.")),
        ("<encoding><encoding-date>2001-02-03</encoding-date></encoding>", ("END", "2001-02-03")),
        (
            '<miscellaneous><miscellaneous-field name="ARE">Asia</miscellaneous-field></miscellaneous>',
            ("ARE", "Asia"),
        ),
        (
            '<miscellaneous><miscellaneous-field name="difficulty">3</miscellaneous-field></miscellaneous>',
            ("difficulty", "3"),
        ),
    ],
)
def test_what_else_is_known_of_a_score_is_a_record(content: str, record: tuple[str, str]) -> None:
    assert identified(content) == [record]


@pytest.mark.parametrize(
    "content",
    [
        "<rights/>",
        "<creator type='composer'/>",
        "<encoding><software>Finale</software></encoding>",
        "<miscellaneous><miscellaneous-field>x</miscellaneous-field></miscellaneous>",
    ],
)
def test_what_is_empty_or_about_the_program_is_no_record(content: str) -> None:
    assert identified(content) == []


def test_signs_of_xml_in_names_are_read_and_written() -> None:
    tune = star().replace(records=(("OTL", 'A & B <"C">'), ("AGN", "x<y & z")), comments=("1 < 2 && 3 > 2",))
    assert back(tune) == tune


# Writing.


def test_records_stand_where_other_programs_look_for_them() -> None:
    tune = star().replace(
        records=(
            ("OTL", "Das Wandern"),
            ("OPR", "Die schöne Müllerin"),
            ("OMV", "1"),
            ("OPS", "D 795"),
            ("COM", "Schubert, Franz"),
            ("LYR", "Müller, Wilhelm"),
            ("YEM", "public domain"),
            ("SMS", "first edition"),
            ("ENC", "A. B."),
            ("END", "2020-01-02"),
            ("ARE", "Europa"),
        )
    )
    root = ElementTree.fromstring(write_musicxml([tune]).data)
    assert root.findtext("movement-title") == "Das Wandern"
    assert root.findtext("work/work-title") == "Die schöne Müllerin"
    assert (root.findtext("movement-number"), root.findtext("work/work-number")) == ("1", "D 795")
    creators = [(element.get("type"), element.text) for element in root.iter("creator")]
    assert creators == [("composer", "Schubert, Franz"), ("lyricist", "Müller, Wilhelm")]
    assert root.findtext("identification/rights") == "public domain"
    assert root.findtext("identification/source") == "first edition"
    assert root.findtext("identification/encoding/encoder") == "A. B."
    assert root.findtext("identification/encoding/encoding-date") == "2020-01-02"
    fields = {element.get("name"): element.text for element in root.iter("miscellaneous-field")}
    assert fields["ARE"] == "Europa"
    assert back(tune) == tune


@pytest.mark.parametrize("order", list(itertools.permutations(("OTL", "COM", "ARE", "YEM"))))
def test_records_come_back_in_any_order(order: tuple[str, ...]) -> None:
    tune = star().replace(records=tuple((key, f"the {key}") for key in order))
    assert back(tune).records == tune.records


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["OTL", "OPR", "OMV", "COM", "LYR", "TRN", "YEM", "SMS", "ENC", "ARE", "ONB", "X-1"]
            ),
            st.sampled_from(["a", "b c", "", " d ", "e\nf", "Ł & <"]),
        ),
        max_size=8,
    )
)
@settings(max_examples=60)
def test_any_records_come_back(found: list[tuple[str, str]]) -> None:
    tune = star().replace(records=tuple(found))
    written = write_musicxml([tune])
    assert written.losses == ()
    assert next(read_musicxml(written.data)).records == tune.records


def test_two_of_what_musicxml_holds_once_are_both_kept() -> None:
    for key in ("OTL", "OPR", "OMV", "OPS", "YEM", "SMS", "ENC", "END"):
        tune = star().replace(records=((key, "one"), (key, "two"), ("OTL", "last")))
        assert back(tune).records == tune.records


@pytest.mark.parametrize(
    "key", ["comment", "canzona-order", "canzona-phrases", "canzona-key", "canzona-expansion"]
)
def test_a_record_that_is_called_as_one_of_our_own_fields_is_said_to_be_lost(key: str) -> None:
    written = write_musicxml([star().replace(records=(("OTL", "A"), (key, "x")))])
    assert "records" in written.losses


def test_comments_come_back_in_their_order() -> None:
    comments = ("sung by a miller", "", "second <b>", "sung by a miller")
    assert back(star().replace(comments=comments)).comments == comments


def test_the_instrument_is_the_name_of_the_part() -> None:
    for name in ("Flute", "", "Voice & pipe", "Geige <1>"):
        assert back(star().replace(instrument=name)).instrument == name


def test_expansion_lists_come_back() -> None:
    tune = star().replace(expansions=(("", ("A", "B", "A")), ("norep", ("A", "B")), ("odd", ())))
    assert back(tune).expansions == tune.expansions


@pytest.mark.parametrize(
    "text", ["", "x", "[]", '["", "A"]', '["", ["A", 1]]', "[[", '{"a": 1}', "[1, []]", "null"]
)
def test_a_damaged_field_of_ours_is_passed_over(text: str) -> None:
    for name in ("canzona-expansion", "canzona-key", "canzona-order"):
        field = f'<miscellaneous-field name="{name}">{text.replace("&", "&amp;")}</miscellaneous-field>'
        fields = f"<identification><miscellaneous>{field}</miscellaneous></identification>"
        header = f"<movement-title>A</movement-title>{fields}"
        tune = tune_of(score(ATTRIBUTES + note("C4", 4), header=header))
        assert (tune.expansions, tune.keys, tune.title) == ((), (), "A")


@pytest.mark.parametrize("phrasing", ["marked", "inferred", "none"])
def test_how_phrases_were_found_is_kept(phrasing: str) -> None:
    tune = star().replace(phrasing=phrasing)
    if phrasing == "none":
        plain = tuple(
            type(n)(n.onset, n.duration, n.pitch, False, False, n.graces, n.attachments) for n in tune.notes
        )
        tune = tune.replace(notes=plain)
    assert back(tune) == tune


def test_how_a_file_was_made_is_said_once_and_by_name() -> None:
    made = '{"command":"convert","options":{"to":"musicxml"},"version":"0.1.0"}'
    root = ElementTree.fromstring(write_musicxml([star().replace(provenance=made)]).data)
    assert [element.text for element in root.iter("encoding-description")] == [made]
    bare = ElementTree.fromstring(write_musicxml([star().replace(provenance="")]).data)
    assert list(bare.iter("encoding-description")) == []
