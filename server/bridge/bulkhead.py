"""A bulkhead: at most so many calls at once to one server, so that one that is slow does not take all there is.

Over the limit a call is refused at once. There is no queue: a server with that many calls open is slow already, and who
waits in line for it would use up the time in which the other route, or the caller, can do something else. The repeats
of the graceful strategy are the short wait that remains.
"""

__all__ = ["Bulkhead"]


class Bulkhead:
    """The places at one server."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.taken = 0

    @property
    def full(self) -> bool:
        """Whether the next call would be refused."""
        return self.taken >= self.places

    def take(self) -> bool:
        """Take a place, to be given back with `give_back`; False where there is none."""
        if self.full:
            return False
        self.taken += 1
        return True

    def give_back(self) -> None:
        """Give a place back."""
        self.taken -= 1
