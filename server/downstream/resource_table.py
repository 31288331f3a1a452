"""Where a resource address leads.

Addresses stay as their servers gave them; on a conflict the later server's moves below `sophia://downstream/`. So does
everything that a server claims under `sophia:`, which is ours alone. An address that nobody listed belongs to the server
whose template it fits, the most literal template first; else to the only server that uses its scheme.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import mcp_types as t
from mcp.shared.uri_template import InvalidUriTemplate, UriTemplate

from server.downstream.offer import Offer

__all__ = ["ResourceTable", "resource_table"]

OURS = "sophia:"
MOVED = "sophia://downstream/"


@dataclass(frozen=True, slots=True)
class Listed:
    """One resource: whose it is, its address there, and the form that is published."""

    server: str
    original: str
    form: t.Resource


@dataclass(frozen=True, slots=True)
class Template:
    """One template and whose it is. `pattern` is None where its form is beyond what can be matched."""

    server: str
    form: t.ResourceTemplate
    pattern: UriTemplate | None

    @property
    def literal(self) -> str:
        """What every address of it begins with."""
        return self.form.uri_template.partition("{")[0]

    def fits(self, uri: str) -> bool:
        """Whether the address can be one of this template."""
        return uri.startswith(self.literal) if self.pattern is None else self.pattern.match(uri) is not None


@dataclass(frozen=True, slots=True)
class ResourceTable:
    """What all servers offer, by published address; templates in the order of the configuration."""

    listed: dict[str, Listed]
    templates: tuple[Template, ...]
    remarks: tuple[str, ...]

    def owner(self, uri: str) -> tuple[str, str] | None:
        """The server of an address and its address there."""
        if found := self.listed.get(uri):
            return found.server, found.original
        if uri.startswith(MOVED):
            server, _, encoded = uri.removeprefix(MOVED).partition("/")
            return server, unquote(encoded)
        if uri.startswith(OURS):
            return None
        fitting = [template for template in self.templates if template.fits(uri)]
        if fitting:
            return max(fitting, key=lambda template: len(template.literal)).server, uri
        users = {one.server for one in self.listed.values() if _scheme(one.original) == _scheme(uri)}
        users |= {one.server for one in self.templates if _scheme(one.form.uri_template) == _scheme(uri)}
        return (users.pop(), uri) if len(users) == 1 else None

    def template_owner(self, template: str) -> str | None:
        """The first server that has this very template."""
        return next((one.server for one in self.templates if one.form.uri_template == template), None)


def resource_table(offers: Sequence[tuple[str, Offer]]) -> ResourceTable:
    """Made of each server's offer, in the order of the configuration."""
    listed: dict[str, Listed] = {}
    templates: list[Template] = []
    remarks: list[str] = []
    for server, offer in offers:
        for resource in offer.resources:
            original = uri = str(resource.uri)
            if original.startswith(OURS) or uri in listed:
                uri = f"{MOVED}{server}/{quote(original, safe='')}"
                holder = "Sophia" if original.startswith(OURS) else f"`{listed[original].server}`"
                remarks.append(f"resource {original} of `{server}` is published as {uri}: {holder} has it")
            listed[uri] = Listed(server, original, resource.model_copy(update={"uri": uri}))
        for template in offer.templates:
            if template.uri_template.startswith(OURS):
                remarks.append(f"template {template.uri_template} of `{server}` is left out: Sophia has it")
            else:
                templates.append(Template(server, template, _pattern(template.uri_template)))
    return ResourceTable(listed, tuple(templates), tuple(remarks))


def _pattern(template: str) -> UriTemplate | None:
    try:
        return UriTemplate.parse(template)
    except InvalidUriTemplate:
        return None


def _scheme(uri: str) -> str:
    return uri.partition(":")[0]
