"""Times, shares and amounts as people read them."""

__all__ = ["amount", "ms", "percent"]


def ms(value: float) -> str:
    """A time, in the unit that people read it in."""
    return f"{value / 1000:,.1f} s" if value >= 10_000 else f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def percent(share: float) -> str:
    """A share, with a decimal where it is small."""
    return f"{100 * share:.1f} %" if share < 0.0995 and share else f"{100 * share:.0f} %"


def amount(value: float) -> str:
    """A number that may be large or a fraction, in three figures or so."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
