"""The model that Triton serves, run inside of it by its Python backend; each copy knows by its name what to do."""

import json
import os
import sys
import time
from typing import Any

sys.path.insert(0, os.environ["TRITON_PACKAGES"])  # its backend knows no packages but its own

import numpy as np
import triton_python_backend_utils as triton

MISS_S = 0.3  # that making a sound takes the model which is to be asked for equal ones


class TritonPythonModel:
    """Answers a seed with PCM: "cached" at once, "slow" late, "streamed" and "pieces" piece by piece."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read the sizes of the pieces, in samples of 16 bits, from the configuration."""
        config = json.loads(args["model_config"])
        self.name = config["name"]
        sizes = json.loads(config["parameters"]["samples"]["string_value"])
        noise = np.random.default_rng(0).integers(-30_000, 30_000, sum(sizes)).astype(np.int16)
        self.pieces = np.split(noise, np.cumsum(sizes)[:-1])

    def execute(self, requests: list[Any]) -> list[Any] | None:
        """Answer requests."""
        if self.name in {"streamed", "pieces"}:
            for request in requests:
                sender = request.get_response_sender()
                for piece in self.pieces:
                    sender.send(_answer(piece))
                sender.send(flags=triton.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
            return None
        if self.name == "slow":
            time.sleep(MISS_S)
        return [_answer(np.concatenate(self.pieces)) for _ in requests]


def _answer(samples: "np.ndarray[Any, np.dtype[np.int16]]") -> Any:
    return triton.InferenceResponse([triton.Tensor("pcm", samples)])
