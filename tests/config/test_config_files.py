"""Files that are hard to read: each gives one clear answer with a line, never a surprise."""

import pytest


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1\nb: 2\n", 2, "is not YAML"),
        ("agno_integration:\n  enabled: true\n  enabled: false\n", 3, "stands twice"),
        ("- a list\n", 1, "must be a mapping"),
        ("just text\n", 1, "must be a mapping"),
        ("a: 1\n---\nb: 2\n", 2, "is not YAML"),
        ("a: !!python/object:os.system x\n", 1, "not supported"),
        ("1: x\n", 1, "a key must be text"),
        ("? [a]\n: x\n", 1, "a key must be text"),
        ("a: &a [*a]\n", 1, "nested too deeply"),
        ("a: \x07\n", None, "a character that YAML does not allow"),
        ("a: " + "9" * 5_000 + "\n", 1, "too long"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_it_breaks(operator, text, line, message):
    file = operator.agno(text)

    problem = operator.is_told_one()

    assert (problem.file, problem.line) == (str(file), line)
    assert message in problem.message


def test_text_in_another_encoding_is_refused(operator):
    operator.agno("").write_bytes("agno_integration: {} # Größe".encode("latin-1"))

    assert operator.is_told_one().message == "is not UTF-8 text"


def test_a_byte_order_mark_does_no_harm(operator):
    operator.agno("\ufeffagno_integration: {enabled: false}")

    assert operator.loads().agno.enabled is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"mcpServers": {}, // mine\n}', "comments are not allowed"),
        ('{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}', "stands twice"),
        ("[]", "must hold one JSON object"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_json_file_that_cannot_be_read_says_why(operator, text, message):
    operator.writes("downstream.json", text)

    assert message in operator.is_told_one().message


@pytest.mark.parametrize("written", ["yes", "on", "2017-12-31", "0123", "12:30", "1_000", "0x1F", "No"])
def test_what_old_yaml_takes_for_a_flag_a_number_or_a_date_stays_text(operator, written):
    operator.downstream(f"mcpServers: {{crm: {{command: x, env: {{VALUE: {written}}}}}}}")

    assert operator.loads().downstream.servers["crm"].transport.env == {"VALUE": written}


def test_an_anchor_shares_settings_between_servers(operator):
    operator.downstream(
        "mcpServers:\n  a: &shared {command: x, disabled: true}\n  b:\n    <<: *shared\n    command: y\n"
    )

    servers = operator.loads().downstream.servers

    assert (servers["b"].transport.command, servers["b"].disabled) == ("y", True)
