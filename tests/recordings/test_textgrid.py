"""Reading TextGrids: every format that Praat writes, whatever stands in labels and comments, and grids that are cut."""

import struct

import pytest

from lib.recordings.textgrid import is_mark, read_tiers

ROWS = [("", 0.0, 0.5), ('say "HI"', 0.5, 1.0), ("ÉTÉ! 3 [2]", 1.0, 2.25)]
WANTED = [[onset, offset, label] for label, onset, offset in ROWS]


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def long_form(tiers, after=lambda line: ""):
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", "xmax = 2.25 "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, rows) in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f"        name = {quoted(name)} "]
        lines += ["        xmin = 0 ", "        xmax = 2.25 ", f"        intervals: size = {len(rows)} "]
        for place, (label, onset, offset) in enumerate(rows, 1):
            lines += [f"        intervals [{place}]", f"            xmin = {onset} ", f"            xmax = {offset} "]
            lines += [f"            text = {quoted(label)} "]
    return "\n".join(line + after(line) for line in lines) + "\n"


def short_form(tiers):
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "2.25", "<exists>", str(len(tiers))]
    for name, rows in tiers:
        lines += ['"IntervalTier"', quoted(name), "0", "2.25", str(len(rows))]
        lines += [text for label, onset, offset in rows for text in (str(onset), str(offset), quoted(label))]
    return "\n".join(lines) + "\n"


def binary_form(tiers):
    """As Praat writes it: big-endian, short texts in one byte a character, others in two after a -1."""

    def text(label):
        if label.isascii():
            return struct.pack(">h", len(label)) + label.encode()
        return struct.pack(">hh", -1, len(label)) + label.encode("utf-16-be")

    out = b"ooBinaryFile\x08TextGrid" + struct.pack(">ddbi", 0, 2.25, 1, len(tiers) + 1)
    out += b"\x08TextTier" + text("beeps") + struct.pack(">ddid", 0, 2.25, 1, 0.5) + text("x")
    for name, rows in tiers:
        out += b"\x0cIntervalTier" + text(name) + struct.pack(">ddi", 0, 2.25, len(rows))
        out += b"".join(struct.pack(">dd", onset, offset) + text(label) for label, onset, offset in rows)
    return out


def read(tmp_path, content):
    path = tmp_path / "a.TextGrid"
    path.write_bytes(content)
    return [(name, tier.to_numpy().tolist()) for name, tier in read_tiers(path)]


TIERS = [("WORD", ROWS), ("empty", [])]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("form", [long_form, short_form])
def test_text_formats_in_every_encoding(tmp_path, form, coding):
    assert read(tmp_path, form(TIERS).encode(coding)) == [("WORD", WANTED), ("empty", [])]
    assert read(tmp_path, form(TIERS).replace("\n", "\r\n").encode(coding)) == [("WORD", WANTED), ("empty", [])]


def test_the_binary_format(tmp_path):
    assert read(tmp_path, binary_form(TIERS)) == [("WORD", WANTED), ("empty", [])]
    with pytest.raises(ValueError, match="ends too early"):
        read(tmp_path, binary_form(TIERS)[:-20])


def test_comments_carry_nothing(tmp_path):
    def after(line):
        return '! checked 7 times in 2 "tiers"' if line.strip()[:4] in ("xmin", "xmax", "size", "inte") else ""

    assert read(tmp_path, long_form(TIERS, after).encode()) == [("WORD", WANTED), ("empty", [])]
    by_hand = '"ooTextFile" "TextGrid" 0 2 ! of 1 grid\n<exists> 1 tier\n"IntervalTier" "WORD" ! tier 1\n0 2\n'
    by_hand += '1 interval coming\n0 2 "" ! interval 1 on tier 1\n'
    assert read(tmp_path, by_hand.encode()) == [("WORD", [[0.0, 2.0, ""]])]


def test_two_tiers_of_one_name_are_two(tmp_path):
    assert [name for name, _ in read(tmp_path, short_form([("WORD", ROWS), ("WORD", []), ("word", [])]).encode())] == [
        "WORD",
        "WORD",
        "word",
    ]


def test_a_count_that_is_too_small_is_noticed(tmp_path):
    with pytest.raises(ValueError, match="goes on"):
        read(tmp_path, short_form([("WORD", ROWS)]).replace("\n3\n", "\n2\n").encode())


def test_tiers_of_points_are_left_out(tmp_path):
    text = short_form(TIERS).replace("<exists>\n2\n", '<exists>\n3\n"TextTier"\n"beeps"\n0\n2\n1\n0.5\n"x"\n')
    assert [name for name, _ in read(tmp_path, text.encode())] == ["WORD", "empty"]


@pytest.mark.parametrize("word", ["A", "sails", "nobody's", "LSD", "o'clock", "spoken", "I"])
def test_words_are_no_marks(word):
    assert not is_mark(word)
