"""HTML and SVG as a tree that is written out at the end: what comes from outside is escaped by construction."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

__all__ = ["Element", "figure", "html_document", "made"]

UNSHOWN = "\ufffd"


def made(tag: str, attributes: Mapping[str, str | float] | None = None, *children: Element | str) -> Element:
    """An element with attributes, texts and elements in it."""
    element = Element(tag, {name: _written(value) for name, value in (attributes or {}).items()})
    for child in children:
        if isinstance(child, Element):
            element.append(child)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + _shown(child)
        else:
            element.text = (element.text or "") + _shown(child)
    return element


def figure(name: str, title: str, description: str, size: tuple[int, int], *drawn: Element) -> Element:
    """A picture, told in words too. `name` is its id, and no other's on the page."""
    svg = made(
        "svg",
        {
            "viewBox": f"0 0 {size[0]} {size[1]}",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
            "preserveAspectRatio": "xMidYMid meet",
        },
        made("title", {"id": f"{name}-title"}, title),
        made("desc", {"id": f"{name}-desc"}, description),
        *drawn,
    )
    return made("figure", None, made("figcaption", None, title), svg)


def html_document(title: str, style: str, *body: Element) -> str:
    """A page that needs nothing from outside, and is let have nothing."""
    root = Element("html", {"lang": "en"})
    head = SubElement(root, "head")
    head.append(made("meta", {"charset": "utf-8"}))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head.append(made("meta", {"http-equiv": "Content-Security-Policy", "content": policy}))
    head.append(made("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}))
    head.append(made("meta", {"name": "color-scheme", "content": "light dark"}))
    head.append(made("title", None, title))
    head.append(made("style", None, style))
    root.append(made("body", None, *body))
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _written(value: str | float) -> str:
    return _shown(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def _shown(text: str) -> str:
    """Without what moves, hides or ends text where it is shown."""
    return "".join(letter if letter.isprintable() or letter == "\n" else UNSHOWN for letter in text)
