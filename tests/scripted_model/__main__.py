"""`python -m tests.scripted_model --script FILE --port-file FILE`: serve until stdin or we end."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

from tests.scripted_model import ScriptedModel, script_from_json


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a scripted model on loopback.")
    parser.add_argument("--script", type=Path, required=True, help="JSON list or object of steps")
    parser.add_argument("--port-file", type=Path, required=True, help="gets the port, once ready")
    chosen = parser.parse_args()
    stop = threading.Event()

    def on_signal(number: int, frame: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    with ScriptedModel(script_from_json(json.loads(chosen.script.read_text()))) as model:
        ready = chosen.port_file.with_suffix(".part")
        ready.write_text(str(model.port))
        ready.replace(chosen.port_file)
        while not stop.wait(0.5):
            pass


if __name__ == "__main__":
    main()
