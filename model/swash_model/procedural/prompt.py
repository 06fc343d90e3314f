"""From words to effects. (Being written.)"""

from dataclasses import dataclass, field

from swash_model.spec import Value


@dataclass(frozen=True)
class Part:
    effect_path: str
    parameters: dict[str, Value] = field(default_factory=dict)
    level_db: float = 0.0


@dataclass(frozen=True)
class Understood:
    parts: tuple[Part, ...]
    confidence: float
    unknown_words: tuple[str, ...] = ()
    duration_s: float | None = None
    loop: bool = False

    def raise_unless_playable(self) -> None: ...


def understand(prompt: str) -> Understood:
    return Understood((Part("ocean_waves"),), 1.0)
