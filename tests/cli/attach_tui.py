"""The terminal of an agent's program, for tests: what is typed is said in the session, a file."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path


def say(text: str) -> None:
    os.write(1, f"{text}\r\n".encode())


def size(*_: object) -> None:
    columns, lines = os.get_terminal_size(0)
    say(f"window {lines} by {columns}")


def interrupted(*_: object) -> None:
    say("that was ctrl-c")


def background() -> None:
    """A child that is in a session of its own, and has lost our marks."""
    child = subprocess.Popen(
        ["sleep", "600"], env={}, start_new_session=True, stdin=subprocess.DEVNULL
    )
    Path(SESSION + ".background").write_text(str(child.pid))
    say("begun")


def chatter() -> None:
    """A child that writes to the terminal as long as it lives, and holds it open."""
    subprocess.Popen([sys.executable, "-c", "while True: print('chatter', flush=True)"])


def command(how: str, *words: str) -> None:
    """Run a command; as an orphan it is in another session, unmarked, and below nobody of ours."""
    if how == "/orphan":
        ended = "until test -s orphan; do sleep 0.1; done; cat orphan >&2"
        words = ("sh", "-c", f"(env -i setsid {' '.join(words)} >orphan 2>&1 &); {ended}")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    say(f"code {done.returncode}: {' '.join(done.stderr.split())} end")


def main() -> None:
    session = Path(SESSION).open("a")  # noqa: SIM115  # locked as long as it runs
    try:
        fcntl.flock(session, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        Path(SESSION + ".two").touch()
    for number, handler in ((signal.SIGWINCH, size), (signal.SIGINT, interrupted)):
        signal.signal(number, handler)
    say(f"TERM is {os.environ.get('TERM')}, of run {os.environ.get('SMITHERS_RUN')}")
    size()
    say("ready")
    for line in sys.stdin:
        words = line.split()
        if words == ["/quit"]:
            break
        if words == ["/fail"]:
            sys.exit(3)
        if words == ["/suspend"]:
            os.kill(0, signal.SIGTSTP)
            say("back again")
        elif words == ["/background"]:
            background()
        elif words == ["/chatter"]:
            chatter()
        elif words[:1] in (["/run"], ["/orphan"]):
            command(*words)
        else:
            session.write(f"person: {line}")
            session.flush()
            say(f"heard {line.strip()}")
    say("goodbye")


if __name__ == "__main__":
    SESSION = sys.argv[1]
    main()
