"""The parameters cell, read by Python's own parser, and values for parameters from text and YAML."""

import pytest

from lib.ground import WrongUse
from lib.report import parameters, runs
from lib.report.parameters import Parameter, parsed_range


def read(tmp_path, *lines):
    path = tmp_path / "chapter.py"
    path.write_text(
        "\n".join(["# %% [markdown]", "# # Title", "", '# %% tags=["parameters"]', *lines, "", "# %%", "1 + 1"])
    )
    return parameters.read(path)


@pytest.mark.parametrize(
    ("line", "kind", "default", "about"),
    [
        ('recording: str = "pocket-sounds"  # whose; snr=2', "str", "pocket-sounds", "whose; snr=2"),
        ('colour: str = "#d33"  # of lines', "str", "#d33", "of lines"),
        ('colour: str = "#d33"', "str", "#d33", ""),
        ("seed = 0", "int", 0, ""),
        ("seed = 0  # of folds # and more", "int", 0, "of folds # and more"),
        ("rate: float = 1  # in Hz", "float", 1.0, "in Hz"),
        ("rate = -1e-3", "float", -1e-3, ""),
        ("limit: float | None = None  # no limit", "float", None, "no limit"),
        ("limit: Optional[int] = 3", "int", 3, ""),
        ("names: list[str] = []", "list", [], ""),
        ("band: list = [0, 40.0]", "list", [0.0, 40.0], ""),
        ("options: dict = {'a': 1}", "dict", {"a": 1}, ""),
        ("names: list = [\n    'a',  # one\n    'b',\n]", "list", ["a", "b"], "one"),
    ],
)
def test_a_line_is_read_as_python_reads_it(tmp_path, line, kind, default, about):
    (found,) = read(tmp_path, "# what may be changed", line).values()
    assert (found.kind, found.default, found.help) == (kind, default, about)
    assert type(found.default) is type(default)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("two = 1 + 1", r"line 6: `two = 1 \+ 1`: write the value of 'two' out"),
        ("minutes: int = 60 * 2", "write the value of 'minutes' out"),
        ("name = other", "write the value of 'name' out"),
        ("two = (1", r"line 6: `two = \(1`: '\(' was never closed"),
        ("two = = 1", "line 6: `two = = 1`: invalid syntax"),
        ("import os", "line 6: `import os`: a parameter is one line"),
        ("a = b = 1", "a parameter is one line"),
        ("a, b = 1, 2", "a parameter is one line"),
        ("a: int", "a parameter is one line"),
        ("print(1)", "a parameter is one line"),
        ("a = 1; b = 2", "on a line of its own"),
        ("size = 2", "give each parameter once"),
        ("a: path = 'x'", "its type must be one of int"),
        ("a = None", "its type must be one of int"),
        ("a: int = 'x'", "'a' must be of type int, not 'x'"),
        ("a: list[str] = [1]", r"'a' must be of type list\[str\]"),
        ("a: int = 3  # draws [at leats 1]", "a range in brackets is"),
        ("a: int = 0  # draws [at least 1]", r"'a' is 0, which is out of range \[at least 1\]"),
    ],
)
def test_what_is_not_a_parameter_is_an_error_that_names_the_line(tmp_path, line, message):
    with pytest.raises(WrongUse, match=message) as error:
        read(tmp_path, "size: int = 1", line)
    assert "chapter.py" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_there_must_be_one_such_cell(tmp_path):
    path = tmp_path / "chapter.py"
    path.write_text("# %%\nsize = 1\n")
    with pytest.raises(WrongUse, match="no cell tagged 'parameters'"):
        parameters.read(path)
    path.write_text('# %% tags=["parameters"]\nsize = 1\n# %% tags=["hide", "parameters"]\nseed = 1\n')
    with pytest.raises(WrongUse, match="more than one cell"):
        parameters.read(path)


def test_parameters_of_every_chapter_are_read():
    for chapter in runs.chapters():
        found = runs.parameters(chapter)
        assert found
        assert all(parameter.parse(parameter.default) == parameter.default for parameter in found.values())
        assert all(str(parameter).startswith(f"{name}: ") for name, parameter in found.items())


KINDS = {
    "count": Parameter("count", "int", 3),
    "rate": Parameter("rate", "float", 1.0),
    "flag": Parameter("flag", "bool", False),
    "word": Parameter("word", "str", "x"),
    "limit": Parameter("limit", "float", None, optional=True),
    "words": Parameter("words", "list", ["a"], element="str"),
    "rates": Parameter("rates", "list", [1.0], element="float"),
    "some": Parameter("some", "list", []),
}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", "1e3", 1000),
        ("count", "-4", -4),
        ("count", 5.0, 5),
        ("rate", "2", 2.0),
        ("rate", 2, 2.0),
        ("rate", "1e-3", 1e-3),
        ("flag", "true", True),
        ("flag", "False", False),
        ("word", "3", "3"),
        ("word", "[a]", "[a]"),
        ("limit", "none", None),
        ("limit", "2", 2.0),
        ("words", "a,b", ["a", "b"]),
        ("words", "mini-speech", ["mini-speech"]),
        ("words", '["a, b", "c"]', ["a, b", "c"]),
        ("words", "['a']", ["a"]),
        ("words", "[a, b]", ["a", "b"]),
        ("words", "1,2", ["1", "2"]),
        ("words", "", []),
        ("words", "[]", []),
        ("rates", "1,40.5", [1.0, 40.5]),
        ("rates", [1, 2], [1.0, 2.0]),
        ("some", "surprisal", ["surprisal"]),
    ],
)
def test_values_may_be_given_in_the_usual_ways(name, text, value):
    found = KINDS[name].parse(text)
    assert found == value
    assert type(found) is type(value)
    assert not isinstance(value, list) or [type(one) for one in found] == [type(one) for one in value]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("count", "2.5", "must be of type int, not '2.5': a whole number"),
        ("count", "True", "must be of type int"),
        ("count", True, "must be of type int"),
        ("count", "1e999", "must be of type int"),
        ("count", "many", "must be of type int"),
        ("rate", "nan", "must be of type float"),
        ("rate", "None", "must be of type float"),
        ("flag", "1", "must be of type bool, not '1': True or False"),
        ("word", 3, "must be of type str"),
        ("words", "[1, 2]", r"Give a list as one,two or as JSON, '\[\"one\", \"two\"\]'"),
        ("words", "a,,b", "must be of type list"),
        ("words", {"a": 1}, "must be of type list"),
        ("rates", "a,b", r"Give a list as 0.5,40 or as JSON, '\[0.5, 40\]'"),
    ],
)
def test_what_is_not_of_the_type_is_refused_and_the_message_says_how(name, text, message):
    with pytest.raises(WrongUse, match=message):
        KINDS[name].parse(text)


@pytest.mark.parametrize(
    ("words", "good", "bad"),
    [
        ("at least 1", [1, 7], [0, -5]),
        ("above 0", [1e-9], [0, -1]),
        ("at most 1", [1, -3], [1.5]),
        ("below 1", [0.99], [1]),
        ("0 to 1", [0, 0.5, 1], [-0.1, 1.1]),
        ("-1e-3 to 2.5", [-1e-3, 2.5], [-1, 3]),
        ("one of shift, auto", ["shift", "auto"], ["shuffle", ""]),
        ("2 values", [[1, 2]], [[1], [1, 2, 3]]),
        ("2 values, rising", [[1, 2]], [[2, 1], [1, 1]]),
        ("2 values, rising, at least 0", [[0, 1]], [[-1, 1]]),
        ("at least 1, at most 3", [1, 2, 3], [0, 4]),
        ("one of a, b", [["a", "b"]], [["a", "c"]]),
    ],
)
def test_ranges_say_what_they_mean(words, good, bad):
    found = parsed_range(words)
    assert found.text == words
    assert [found.holds(value) for value in good] == [True] * len(good)
    assert [found.holds(value) for value in bad] == [False] * len(bad)
    assert found.holds(None)


@pytest.mark.parametrize("words", ["", "1", "at least", "at least one", "about 3", "two values"])
def test_other_words_are_no_range(words):
    with pytest.raises(ValueError):
        parsed_range(words)
