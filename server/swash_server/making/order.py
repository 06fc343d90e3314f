"""What is to be made: an engine, a Spec and its mastering, and the key that names exactly that."""

import hashlib
from dataclasses import dataclass, replace

from swash_model.engine import Engine
from swash_model.spec import Spec
from swash_server.errors import QualityError
from swash_server.making.mastering import Mastering
from swash_server.making.quality import MAX_TRIES, next_seed


@dataclass(frozen=True, slots=True)
class Order:
    """One sound to be made: everything that its samples depend on.

    `together` are the Specs of the takes that follow, and `tries` counts the seeds from the one that was asked
    for: no part of the key.
    """

    engine: Engine
    spec: Spec
    mastering: Mastering
    together: tuple[Spec, ...] = ()
    tries: int = 1

    def key(self) -> str:
        """Return 64 hex digits that are equal exactly when the samples are."""
        parts = (
            self.engine.name.encode(),
            self.engine.version_of(self.spec).encode(),
            self.spec.canonical(),
            self.mastering.canonical(),
        )
        sized = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hashlib.blake2b(sized, digest_size=32).hexdigest()

    def frames(self) -> int | None:
        """Return the length at the mastered rate, if it is known before the sound is made."""
        return self.engine.frames(self.spec, self.mastering.sample_rate)

    def instead(self, error: QualityError) -> "Order":
        """Return what is made instead of this, which failed: the same from another seed, or raise why it failed.

        Made by rule, the same request always fails; and of the neural engine's seeds some are enough.
        """
        if self.spec.neural is None or self.tries >= MAX_TRIES:
            raise error
        return replace(self, spec=replace(self.spec, seed=next_seed(self.spec.seed)), tries=self.tries + 1)
