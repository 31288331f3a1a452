"""Which generation is in force."""

from server.generation import Generation

__all__ = ["Control"]


class Control:
    """Holds the generation in force."""

    def __init__(self, generation: Generation) -> None:
        self.current = generation

    def look(self) -> Generation:
        """The generation in force now."""
        return self.current
