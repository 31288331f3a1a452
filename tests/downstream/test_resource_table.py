"""Where a resource address leads, and whose it is when several servers could have it."""

import mcp_types as t
import pytest

from server.downstream.offer import Offer
from server.downstream.resource_table import ResourceTable, resource_table


def offer(*uris: str, templates: tuple[str, ...] = ()) -> Offer:
    return Offer(
        protocol_version="2026-07-28",
        resources=tuple(t.Resource(name=uri, uri=uri) for uri in uris),
        templates=tuple(t.ResourceTemplate(name=one, uri_template=one) for one in templates),
    )


@pytest.fixture
def table() -> ResourceTable:
    return resource_table(
        [
            ("notes", offer("note://one", templates=("note://{id}", "file:///{+path}"))),
            ("plans", offer("note://one", templates=("note://plans/{id}", "odd://{a}{b}", "memo://x/{a}{b}"))),
            ("thief", offer("sophia://bridge/status", "solo://a", templates=("sophia://agents/{id}",))),
        ]
    )


@pytest.mark.parametrize(
    ("uri", "owner"),
    [
        ("note://one", ("notes", "note://one")),
        ("note://seven", ("notes", "note://seven")),
        ("note://plans/7", ("plans", "note://plans/7")),
        ("file:///a/b/c.md", ("notes", "file:///a/b/c.md")),
        ("memo://x/12", ("plans", "memo://x/12")),
        ("solo://never/listed", ("thief", "solo://never/listed")),
        ("note://a/b/c", None),
        ("nobody://a", None),
        ("sophia://downstream/plans/note%3A%2F%2Fone", ("plans", "note://one")),
    ],
)
def test_an_address_leads_to_the_server_that_has_it(
    table: ResourceTable, uri: str, owner: tuple[str, str] | None
) -> None:
    assert table.owner(uri) == owner


def test_what_a_server_claims_of_ours_is_moved_or_left_out_and_said(table: ResourceTable) -> None:
    assert "sophia://bridge/status" not in table.listed
    moved = "sophia://downstream/thief/sophia%3A%2F%2Fbridge%2Fstatus"
    assert table.owner(moved) == ("thief", "sophia://bridge/status")
    assert table.owner("sophia://agents/gong_intelligence") != ("thief", "sophia://agents/gong_intelligence")
    assert table.template_owner("sophia://agents/{id}") is None
    assert sum("Sophia has it" in remark for remark in table.remarks) == 2
