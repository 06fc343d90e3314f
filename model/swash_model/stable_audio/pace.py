"""How long the parts of a neural sound take on this machine, by what they took lately."""

SHARE_OF_NEWS = 0.3  # a busy minute should show, one hiccup should not


class Pace:
    """Seconds of each kind of work, each of some size."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, int], float] = {}

    def took(self, kind: str, size: int, seconds: float) -> None:
        """Learn from one piece of work."""
        known = self._seconds.get((kind, size), seconds)
        self._seconds[kind, size] = known + SHARE_OF_NEWS * (seconds - known)

    def forget(self) -> None:
        """Know nothing again."""
        self._seconds.clear()

    def expected_s(self, kind: str, size: int) -> float:
        """Return the seconds of a piece of work; of a size never seen, in proportion to the nearest; 0 if none."""
        known = [
            (abs(other - size), other, seconds) for (its, other), seconds in self._seconds.items() if its == kind
        ]
        if not known:
            return 0.0
        _, nearest, seconds = min(known)
        return seconds * size / nearest
