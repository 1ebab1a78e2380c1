"""Whatever the code says to admins in English is said in Vietnamese, too: found in the code itself, so that a new
sentence without its Vietnamese fails here."""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import jmespath.lexer
import jmespath.parser
import pytest
import yaml
from pydantic_core import PydanticKnownError

from adapters.operations.sending import _StepName
from config.yaml_text import YamlMistake, read_yaml
from contracts.adapter import Sending
from contracts.agency import AgencySpec
from contracts.observation import Channel
from hub.admin.alerts import GIVEN_UP
from hub.admin.calls import OPERATIONS
from hub.admin.quarantine import CHANNELS
from hub.wording import retold, vietnamese

_ROOT = Path(__file__).parents[3]

_IN_STUDIO = ("advice", "check", "draft", "from_openapi", "from_wsdl", "guesses", "introspect", "yaml_writer")
#: Where it is said what an admin reads on a page.
_PLACES = (
    "adapters",
    *(f"contracts/{name}.py" for name in ("agency", "mapping", "operations", "pushing", "spec_model", "system")),
    *(f"config/{name}.py" for name in ("secrets", "spec_file", "yaml_text")),
    *(f"hub/admin/{name}" for name in ("quarantine.py", "spec.py", "studio")),
    "hub/documents",
    "hub/gate",
    *(f"hub/intake/{name}.py" for name in ("inbox", "proofs", "push", "replay", "signature")),
    "hub/secrets/keeping.py",
    "hub/specs",
    "hub/streams",
    *(f"hub/studio/{name}.py" for name in _IN_STUDIO),
    "hub/subscriptions/channel.py",
    "sync_jobs",
)
#: What is said there and stands on no page.
_ELSEWHERE = {
    "⟦⟧ bytes of ⟦⟧",  # a digest is taken of it
    "Value error, ",  # pydantic's, which is cut off
    "no, without saying why",  # in the place of an agency's words: told with what it follows
    "the agency",  # a place
    "there is no secret",  # how a sentence begins that is left out
    "environment or file",  # likewise
    "⟦⟧ has changed the draft of ⟦⟧ meanwhile",  # pages say it by themselves
    "⟦⟧ has version ⟦⟧ by now, which ⟦⟧ published: look at it first",
    "⟦⟧ has no version ⟦⟧",
}
_NO_SENTENCE = re.compile(r"(SELECT|INSERT|UPDATE|DELETE|SET) |.* WHERE |agency, version|(application|text)/|<schema")
#: Two words beside each other: a sentence, or a part of one.
_WORDS = re.compile(r"[A-Za-z][a-z]*[,;:']?s? [a-z]+|[a-z]+, [a-z]+")

_FACT = "⟦⟧"
#: What is always the same kind of fact.
_STANDS_FOR = {"self._name()": "A record", "failed[0]": "malformed"}
#: Of calls to these, nobody is told what they are given.
_NOT_TOLD = {"AssertionError", "ProblemError", "Text", "Field", "compile"}
_NOT_TOLD |= {"debug", "error", "exception", "info", "text", "warning"}
_ENGLISH = re.compile(r"\b(and|are|be|been|by|cannot|for|has|have|in|is|it|its|no|not|of|that|the|which|with)\b")


def test_what_the_code_says_has_its_vietnamese() -> None:
    said = list(_all_that_is_said())

    wrong = {place: each for place, each in said if _lacking(each)}

    assert len(said) > 300
    assert not wrong, "say it in hub/wording, too: every fact in it, and no English word"


@pytest.mark.parametrize("place", ["adapters/calling/http.py", "hub/studio/check.py"])
def test_a_sentence_that_is_new_would_be_found(place: str) -> None:
    before = (_ROOT / place).read_text("utf-8")
    new = before + '\n\ndef _more(n: int) -> None:\n    raise ValueError(f"the agency has eaten {n} rows")\n'

    assert "the agency has eaten ⟦⟧ rows" in {each for _, each in _said(new)}
    assert _lacking("the agency has eaten ⟦⟧ rows")


def test_what_is_stored_as_a_code_has_its_words() -> None:
    assert set(CHANNELS) == set(Channel)
    sent = {f"{what}.{step}" for what in Sending for step in get_args(_StepName)}
    adapters = "".join(file.read_text("utf-8") for file in (_ROOT / "adapters").rglob("*.py"))
    asked = set(re.findall(r'(?:\bspeak|Listing|line\.call)\((?:spec, )?"(\w+)"', adapters))
    assert asked >= {"lookup", "changes", "login"}
    assert sent | asked <= set(OPERATIONS)
    given_up = set(re.findall(r'disabled or "(\w+)"', (_ROOT / "hub/outbox/rules.py").read_text("utf-8")))
    assert given_up
    assert given_up | {"admin"} <= set(GIVEN_UP)


def test_what_joins_values_joins_no_sentences() -> None:
    assert vietnamese("'a', 'b' or 'c'") == "'a', 'b' hoặc 'c'"
    for said in ("Ask who keeps the firewall or VPN.", "Ask them, and try again later", "HTTP 200 in 0.12 s of two"):
        assert vietnamese(said) is None
    assert vietnamese("7 events") == "7 sự kiện"
    assert vietnamese("No agency has such events") is None


def test_an_agencys_own_words_stay_as_they_are() -> None:
    words = "Lỗi: " * 5000 + "it took too long or $why"
    assert vietnamese(f"The agency says: {words}") == f"Cơ quan trả lời: {words}"
    assert vietnamese("The agency says: The answer is empty.") == "Cơ quan trả lời: The answer is empty."
    for said in ("says: later", "says: no, without saying why", "refuses our credentials: no, without saying why"):
        assert not _lacking(f"The agency {said}")
    assert vietnamese("Bảo trì") is None
    assert retold("vi", "<b>The answer is empty.</b>") == "&lt;b&gt;The answer is empty.&lt;/b&gt;"
    assert retold("vi", None) == ""


# --- what libraries say ---------------------------------------------------------------------------

#: By a kind of schema, and what limits it: what pydantic may say of a value, by its own names.
_MISTAKES: dict[str, dict[str, dict[str, Any]]] = {
    "bool": {"bool_type": {}, "bool_parsing": {}},
    "date": {"date_type": {}, "date_from_datetime_inexact": {}, "date_from_datetime_parsing": {"error": "x"}},
    "dict": {"dict_type": {}},
    "enum": {"enum": {"expected": "1, 2 or 3"}},
    "float": {"float_type": {}, "float_parsing": {}, "finite_number": {}},
    "int": {"int_type": {}, "int_parsing": {}, "int_from_float": {}, "int_parsing_size": {}},
    "ge": {"greater_than_equal": {"ge": 1}},
    "gt": {"greater_than": {"gt": 0}},
    "le": {"less_than_equal": {"le": 5}},
    "list": {"list_type": {}},
    "literal": {"literal_error": {"expected": "'a' or 'b'"}},
    "model": {"model_type": {"class_name": "FieldRule"}},
    "model-fields": {"model_attributes_type": {}, "missing": {}, "extra_forbidden": {}, "invalid_key": {}},
    "max_length": {"string_too_long": {"max_length": 60}},
    "min_length": {
        "string_too_short": {"min_length": 1},
        "too_short": {"field_type": "Tuple", "min_length": 1, "actual_length": 0},
    },
    "pattern": {"string_pattern_mismatch": {"pattern": "^[a-z]$"}},
    "str": {"string_type": {}, "string_unicode": {}},
    "tagged-union": {
        "union_tag_invalid": {"discriminator": "'kind'", "tag": "x", "expected_tags": "'a', 'b'"},
        "union_tag_not_found": {"discriminator": "'kind'"},
    },
    "time": {"time_type": {}, "time_parsing": {"error": "x"}},
    "tuple": {"tuple_type": {}},
}
#: They say nothing themselves.
_SILENT = {"any", "default", "definition-ref", "definitions", "function-after", "function-before", "function-plain"}
_SILENT |= {"model-field", "no-info", "nullable", "to-string", "union", "with-info"}
_LIMITS = {"ge", "gt", "le", "lt", "max_length", "min_length", "multiple_of", "pattern"}


def test_each_mistake_against_the_schema_has_its_vietnamese() -> None:
    kinds = set(_kinds(AgencySpec.__pydantic_core_schema__)) - _SILENT

    assert not kinds - _MISTAKES.keys(), "say what pydantic says of these"
    for kind in sorted(kinds):
        for type_, context in _MISTAKES[kind].items():
            said = PydanticKnownError(type_, context or None).message()  # type: ignore[arg-type]
            assert not _lacking(said), said


def _kinds(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield schema["type"]
            yield from _LIMITS & schema.keys()
        schema = list(schema.values())
    if isinstance(schema, list | tuple):
        yield from chain.from_iterable(map(_kinds, schema))


def test_what_the_yaml_reader_says_has_its_vietnamese() -> None:
    parts = [*_errors(yaml.scanner, "ScannerError"), *_errors(yaml.parser, "ParserError")]
    parts += _errors(yaml.composer, "ComposerError")

    assert len(parts) > 30
    assert not [each for each in parts if _lacking(each)]


@pytest.mark.parametrize("text", ["a: b: c", "a: [1, 2", "a: 'b", "a:\n  - b\n c: d", "a: *b", "\ta: 1", "a: !x 1"])
def test_a_text_that_is_no_yaml_is_told_in_vietnamese(text: str) -> None:
    with pytest.raises(YamlMistake) as told:
        read_yaml(text)

    assert not _lacking(told.value.words), told.value.words


def test_what_the_reader_of_expressions_says_has_its_vietnamese() -> None:
    parts = [*_errors(jmespath.lexer, "LexerError"), *_errors(jmespath.parser, "ParseError")]

    assert not [each for each in parts if _lacking(each)]


def _errors(module: Any, kind: str) -> list[str]:
    """The words with which a library raises an error."""
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call) and _name(each.func).endswith(kind)]
    given = chain.from_iterable([*call.args, *(each.value for each in call.keywords)] for call in calls)
    words = (each.left if isinstance(each, ast.BinOp) else each for each in given)
    texts = [each.value for each in words if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return sorted({re.sub(r"%[rsd]", _FACT, text) for text in texts if _WORDS.search(text)})


# --- finding what is said -------------------------------------------------------------------------


def _lacking(said: str) -> bool:
    """Whether a sentence has no Vietnamese, or one that leaves out a fact or is English in part."""
    told = vietnamese(said)
    if told is None or told.count(_FACT) < said.count(_FACT):
        return True
    # Names of settings, and what is quoted, are what they are.
    return bool(_ENGLISH.search(re.sub(r"`[^`]*`|'[^']*'|\S*[._/]\S*", "", told)))


def _all_that_is_said() -> Iterator[tuple[str, str]]:
    for place in _PLACES:
        for file in sorted((_ROOT / place).rglob("*.py")) or [_ROOT / place]:
            for line, said in _said(file.read_text("utf-8")):
                yield f"{file.relative_to(_ROOT)}:{line}", said


def _said(code: str) -> Iterator[tuple[int, str]]:
    """The sentences in it, each with its line, and ⟦⟧ for each fact."""
    for line, said in _texts(ast.parse(code)):
        if _WORDS.search(said) and not _NO_SENTENCE.match(said) and "\n" not in said and said not in _ELSEWHERE:
            yield line, said


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and _name(node.func) in _NOT_TOLD):
        return
    inside: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
    elif isinstance(node, ast.JoinedStr):
        facts = [each.value for each in node.values if isinstance(each, ast.FormattedValue)]
        yield node.lineno, "".join(map(_part, node.values))
        inside = facts
    for each in inside:
        yield from _texts(each)


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.FormattedValue):
        return _STANDS_FOR.get(ast.unparse(node.value), _FACT)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
