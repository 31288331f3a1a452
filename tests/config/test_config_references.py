"""References are resolved when a server is started, and what they lead to is hidden everywhere."""

import stat
import sys
from pathlib import Path

import pytest

from server.config import HttpTransport, Masks, StdioTransport, UnresolvedReferenceError, resolve_transport
from server.config.references import resolve


def fake_esc(folder: Path, script: str) -> dict[str, str]:
    """An `esc` command on a PATH of its own."""
    program = folder / "esc"
    program.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": str(folder)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("Bearer ${env:TOKEN}", "Bearer planted"),
        ("${env:TOKEN}${env:TOKEN}", "plantedplanted"),
        ("${env:ABSENT:-fallback}", "fallback"),
        ("${env:EMPTY:-fallback}", "fallback"),
        ("${env:ABSENT:-}", ""),
        ("$${env:TOKEN} costs $5 {x}", "${env:TOKEN} costs $5 {x}"),
        ("${python}", sys.executable),
    ],
)
def test_a_text_with_references(text, value):
    assert resolve(text, {"TOKEN": "planted", "EMPTY": ""}, Masks()) == value


def test_what_a_reference_leads_to_is_not_searched_for_references():
    assert resolve("${env:A}", {"A": "${env:B}", "B": "x"}, Masks()) == "${env:B}"


def test_a_file_gives_its_text_without_the_last_line_break(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("planted value\r\n")
    masks = Masks()

    assert resolve(f"${{file:{secret}}}", {}, masks) == "planted value"
    assert "planted" not in masks.hide("error near planted value, sorry")


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"", "empty"), (b"\xff\xfe", "UTF-8"), (b"x" * 70_000, "larger")]
)
def test_a_file_that_gives_no_secret_says_why(tmp_path, content, reason):
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)

    with pytest.raises(UnresolvedReferenceError, match=reason):
        resolve(f"${{file:{secret}}}", {}, Masks())


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(UnresolvedReferenceError, match=r"\$\{env:ABSENT\}: this variable is not set"):
        resolve("${env:ABSENT}", {}, Masks())


@pytest.mark.slow
def test_an_esc_property_is_read_with_the_esc_command(tmp_path):
    environ = fake_esc(tmp_path, "print('|'.join(sys.argv[1:]))")

    value = resolve("${esc:acme/sales/prod#gong.token}", environ, Masks())

    assert value == "open|acme/sales/prod|gong.token|--format|string"


@pytest.mark.slow
def test_what_esc_prints_when_it_fails_is_not_repeated(tmp_path):
    environ = fake_esc(tmp_path, "print('planted', file=sys.stderr); sys.exit(3)")

    with pytest.raises(UnresolvedReferenceError, match="failed with exit code 3") as failed:
        resolve("${esc:acme/sales/prod#gong.token}", environ, Masks())

    assert "planted" not in str(failed.value)


def test_without_the_esc_command_its_references_say_what_to_install(tmp_path):
    with pytest.raises(UnresolvedReferenceError, match="install the Pulumi ESC command line"):
        resolve("${esc:acme/sales/prod#gong.token}", {"PATH": str(tmp_path)}, Masks())


def test_a_transport_is_ready_to_connect_with_after_resolving():
    stdio = StdioTransport("${python}", ("-m", "crm", "${env:T}"), {"CRM_TOKEN": "${env:T}"}, "${env:HOME}")
    http = HttpTransport("https://x.example/${env:TENANT}", {"Authorization": "Bearer ${env:T}"})
    environ = {"T": "planted-1", "HOME": "/home/me", "TENANT": "acme-corp"}

    assert resolve_transport(stdio, environ, Masks()) == StdioTransport(
        sys.executable, ("-m", "crm", "planted-1"), {"CRM_TOKEN": "planted-1"}, "/home/me"
    )
    assert resolve_transport(http, environ, Masks()) == HttpTransport(
        "https://x.example/acme-corp", {"Authorization": "Bearer planted-1"}
    )


def test_after_resolving_every_secret_is_hidden_also_those_written_into_the_file():
    masks = Masks()
    transport = StdioTransport(
        "crm",
        ("--token", "planted-1", "--url", "https://me:planted-2@x.example"),
        {"A_KEY": "planted-3", "B": "${env:B}"},
    )
    resolved = resolve_transport(transport, {"B": "planted-4"}, masks)
    headers = HttpTransport("https://x.example", {"Authorization": "Bearer planted-5"})
    resolve_transport(headers, {}, masks)

    for number in range(1, 6):
        assert "planted" not in masks.hide(f"crm said: bad value planted-{number}!")
    assert "planted" not in repr((resolved, headers, masks))


def test_a_secret_too_short_to_be_one_does_not_garble_the_log():
    assert Masks(["1", ""]).hide("101 calls") == "101 calls"


def test_a_secret_that_holds_another_is_hidden_whole():
    assert "planted" not in Masks(["planted", "planted-and-more"]).hide("planted-and-more")
