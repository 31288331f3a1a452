"""What is worth saying of servers that are written correctly: secrets in the file, references to nothing."""

from collections.abc import Iterator, Mapping

from server.config.downstream import DownstreamFile, ServerEntry
from server.config.layers import Layer
from server.config.masking import disguise, disguise_args
from server.config.problems import Keys, Problem, dotted
from server.config.references import references, why_missing


def written_secrets(file: DownstreamFile, layer: Layer) -> list[Problem]:
    """Values that look like secrets and stand in the file itself."""
    return [
        _at(
            layer,
            keys,
            "looks like a secret that is written out",
            "write where it is instead: ${env:NAME} or ${file:PATH}",
        )
        for name, entry in file.mcp_servers.items()
        for keys, text, shown in _texts(name, entry)
        if text != shown
    ]


def missing_references(file: DownstreamFile, layer: Layer, environ: Mapping[str, str]) -> list[Problem]:
    """References of enabled servers that lead to nothing at this moment."""
    return [
        _at(layer, keys, f"{reference}: {why}", None)
        for name, entry in file.mcp_servers.items()
        if not entry.disabled
        for keys, text, _ in _texts(name, entry)
        for reference in references(text)
        if (why := why_missing(reference, environ)) is not None
    ]


def _texts(name: str, entry: ServerEntry) -> Iterator[tuple[Keys, str, str]]:
    """Every text of a server that may hold a reference or a secret: where, as written, as it may be shown."""
    top = ("mcpServers", name)
    for key, text in (("command", entry.command), ("cwd", entry.cwd), ("url", entry.url)):
        if text is not None:
            yield (*top, key), text, disguise("", text)
    for at, (text, shown) in enumerate(zip(entry.args, disguise_args(entry.args), strict=True)):
        yield (*top, "args", at), text, shown
    for group, values in (("env", entry.env), ("headers", entry.headers)):
        for key, text in values.items():
            yield (*top, group, key), text, disguise(key, text)


def _at(layer: Layer, keys: Keys, message: str, suggestion: str | None) -> Problem:
    source = layer.source(keys)
    return Problem(source.place, dotted(keys), message, suggestion, source.line)
