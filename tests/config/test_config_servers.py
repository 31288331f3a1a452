"""`downstream.yaml`: what people paste, what is set aside, what is refused."""

import pytest

from server.config import CapabilityUse, HttpTransport, Masks
from server.downstream.endpoint import endpoint_of


def test_keys_of_other_clients_are_set_aside_with_a_warning(operator):
    operator.downstream(
        "globalShortcut: Ctrl+Space\n"
        "mcpServers:\n"
        "  crm:\n"
        "    command: crm-mcp\n"
        "    alwaysAllow: [read]\n"
        "    timeout: 30\n"
    )

    configuration = operator.loads()

    assert list(configuration.downstream.servers) == ["crm"]
    assert [(warning.path, warning.line) for warning in configuration.warnings] == [
        ("globalShortcut", 1),
        ("mcpServers.crm.alwaysAllow", 5),
        ("mcpServers.crm.timeout", 6),
    ]
    assert configuration.warnings[2].suggestion == "to limit a call set call_timeout_ms under sophia:"


@pytest.mark.parametrize(
    ("entry", "message", "suggestion"),
    [
        ("{comand: x}", "unknown key", "did you mean command?"),
        ("{command: x, enabled: false}", "unknown key", "here it is called disabled"),
        ("{serverUrl: https://x.example}", "unknown key", "here it is called url"),
        ("{}", "needs either command (a program to start) or url", None),
        ("{command: x, url: https://x.example}", "needs either command", None),
        ("{command: x, type: http}", "type stdio goes with command", None),
        ("{url: https://x.example, type: http, transport: sse}", "different things", None),
        ("{command: x, type: tcp}", "must be one of stdio, http, streamable-http, sse", "valid here"),
        ("{command: x, headers: {A: b}}", "headers has no effect here", None),
        ("{url: https://x.example, args: [a]}", "args has no effect here", None),
        ("{url: x.example}", "must begin with http:// or https://", None),
        ("{command: x, args: -y}", "must be a list", None),
        ("{command: x, env: {PORT: 80}}", "must be text (put it in quotes)", None),
        ("{command: x, sophia: {prefix: a b}}", "a prefix is", None),
        ("{command: x, sophia: {classification: secret}}", "must be one of public, internal", "valid here"),
        ("{command: x, sophia: {capabilities: [1]}}", "must be a list of names", None),
        ("{command: x, sophia: {poolsize: 4}}", "unknown key", "valid here: prefix"),
        ("{command: x, env: {A: '${TOKEN}'}}", "is not a reference", "did you mean ${env:TOKEN}?"),
        ("{command: x, env: {A: '${TOKEN:-b}'}}", "is not a reference", "did you mean ${env:TOKEN}?"),
        ("{command: x, env: {A: '${evn:TOKEN}'}}", "is not a reference", "write ${env:NAME}"),
        ("{command: x, env: {A: '${file:relative}'}}", "is not a reference", "write ${file:/absolute/path}"),
        ("{command: x, env: {A: '${esc:org/env}'}}", "is not a reference", "write ${esc:org/project/env#path}"),
        ("{command: x, args: ['${env:A']}", "is not closed", "close it with }"),
    ],
)
def test_an_entry_with_a_mistake_is_refused(operator, entry, message, suggestion):
    operator.downstream(f"mcpServers: {{crm: {entry}}}")

    problem = operator.is_told_one()

    assert problem.path.startswith("mcpServers.crm")
    assert message in problem.message
    assert problem.suggestion is None if suggestion is None else (problem.suggestion or "").startswith(suggestion)


@pytest.mark.parametrize("name", ["my server", "a.b", "x" * 31, '""'])
def test_a_server_name_that_no_client_could_show_is_refused(operator, name):
    operator.downstream(f"mcpServers: {{{name}: {{command: x}}}}")

    assert "1 to 30 of the characters" in operator.is_told_one().message


def test_the_vs_code_name_of_the_group_is_answered_with_ours(operator):
    operator.downstream("servers: {crm: {command: x}}")

    assert operator.is_told_one().suggestion == "here it is called mcpServers"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("", "http"),
        ("type: http, ", "http"),
        ("transport: streamable-http, ", "http"),
        ("type: streamableHttp, ", "http"),
        ("type: sse, ", "sse"),
    ],
)
def test_an_address_is_streamable_http_unless_it_says_sse(operator, said, kind):
    operator.downstream(f"mcpServers: {{crm: {{{said}url: https://x.example/mcp}}}}")

    assert operator.loads().downstream.servers["crm"].transport == HttpTransport("https://x.example/mcp", {}, kind)


def test_the_keys_for_sophia_have_defaults(operator):
    operator.downstream("mcpServers: {crm: {command: x}}")

    server = operator.loads().downstream.servers["crm"]

    assert (server.prefix, server.classification, server.capabilities) == ("crm", "internal", None)
    assert (server.connect_timeout_ms, server.call_timeout_ms, server.idle_timeout_ms) == (15_000, 60_000, 30_000)


def test_an_empty_prefix_keeps_the_tools_own_names(operator):
    operator.downstream('mcpServers: {crm: {command: x, sophia: {prefix: ""}}}')

    assert operator.loads().downstream.servers["crm"].prefix == ""


@pytest.mark.parametrize(
    ("said", "capabilities"),
    [
        ("[calls, deals]", {"calls": None, "deals": None}),
        ("{calls: list_calls}", {"calls": CapabilityUse(tool="list_calls")}),
        (
            "{calls: {arguments: {call_ids: ids}, given: {workspaceId: '7'}}}",
            {"calls": CapabilityUse(arguments={"call_ids": "ids"}, given={"workspaceId": "7"})},
        ),
        ("null", None),
    ],
)
def test_capabilities_are_found_listed_or_mapped(operator, said, capabilities):
    operator.downstream(f"mcpServers: {{crm: {{command: x, sophia: {{capabilities: {said}}}}}}}")

    assert operator.loads().downstream.servers["crm"].capabilities == capabilities


def test_a_servers_digest_follows_the_way_to_reach_it_and_nothing_else(operator, new_operator):
    def digest(entry: str) -> str:
        operator = new_operator()
        operator.downstream(f"mcpServers: {{crm: {entry}}}")
        return operator.loads().downstream.servers["crm"].digest

    plain = digest("{command: x, env: {A: '1', B: '2'}}")

    assert plain == digest("{env: {B: '2', A: '1'}, command: x, sophia: {call_timeout_ms: 5}}")
    assert plain != digest("{command: x, env: {A: '1', B: '3'}}")


def test_what_is_kept_of_one_account_is_not_taken_for_anothers(operator, tmp_path):
    operator.downstream("mcpServers: {crm: {command: x, env: {TOKEN: '${env:CRM_ACCOUNT}'}}}")
    server = operator.loads(CRM_ACCOUNT="one").downstream.servers["crm"]

    def kept_under(token: str) -> str:
        return endpoint_of(server, {"CRM_ACCOUNT": token}, Masks(), tmp_path).digest

    assert kept_under("one") == kept_under("one") != kept_under("two")


@pytest.mark.parametrize(
    "entry",
    [
        "{url: https://x.example, headers: {Authorization: Bearer planted-value}}",
        "{url: 'https://me:planted-value@x.example'}",
        "{url: 'https://x.example/mcp?api_key=planted-value'}",
        "{command: x, env: {CRM_TOKEN: planted-value}}",
        "{command: x, args: [--api-key, planted-value]}",
        "{command: x, args: [--token=planted-value]}",
        "{command: x, args: [--header, 'Authorization: Bearer planted-value']}",
        "{command: x, args: [-e, DB_PASSWORD=planted-value]}",
    ],
)
def test_a_secret_written_into_the_file_loads_with_a_warning_that_does_not_repeat_it(operator, entry):
    operator.downstream(f"mcpServers: {{crm: {entry}}}")

    configuration = operator.loads()

    (warning,) = configuration.warnings
    assert "looks like a secret" in warning.message
    assert "planted-value" not in f"{warning}{configuration!r}"


@pytest.mark.parametrize(
    "entry",
    [
        "{url: https://x.example, headers: {Authorization: 'Bearer ${env:TOKEN}'}}",
        "{url: 'https://me:${env:PASSWORD}@x.example'}",
        "{command: x, env: {CRM_ACCOUNT: '${file:/run/secrets/crm}', AWS_ACCESS_KEY_ID: id, MAX_TOKENS: '5', EMPTY_KEY: ''}}",
        "{command: x, args: [--token, '${env:TOKEN}', --keyboard, us]}",
    ],
)
def test_references_and_ordinary_values_raise_no_warning(operator, entry):
    operator.downstream(f"mcpServers: {{crm: {entry}}}")

    assert operator.loads().warnings == ()
