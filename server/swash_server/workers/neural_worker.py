"""The process that loads a model: `python -m swash_server.workers.neural_worker FD MEMORY_FD CHOICE`."""

import json
import socket
import sys
from pathlib import Path

from swash_model.engine import Engine
from swash_model.engines import ModelChoice, neural_engine
from swash_server.making import mastering
from swash_server.workers import sound_worker
from swash_server.workers.worker_process import ignore_signals, step_back

NICENESS = 10  # everything else goes first; the threads of torch inherit it


def main(connection: int, memory: int, told: str) -> None:
    """Load the model that is told as JSON, and make sounds with it until the parent is gone."""
    ignore_signals()
    step_back(NICENESS)
    folder, t5_folder, precision, threads, device = json.loads(told)
    choice = ModelChoice(Path(folder), None if t5_folder is None else Path(t5_folder), precision, threads, device)

    def load() -> Engine:
        engine = neural_engine(choice)
        engine.warm_up()
        mastering.warm_up()
        return engine

    sound_worker.serve(socket.socket(fileno=connection), memory, load)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
