"""What a person at a terminal sees: `touchline test --review` answered key by key, and the progress bar of `--mutate`.

Each command runs under a pseudo-terminal of 100 columns. Usage: check.py path/to/touchline
"""

import fcntl
import os
import pathlib
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

TOUCHLINE = str(pathlib.Path(sys.argv[1]).resolve())
failures = []


def check(what, holds, said=""):
    print(("ok      " if holds else "FAILED  ") + what + ("" if holds else f":\n{said}"))
    if not holds:
        failures.append(what)


def at_terminal(folder, arguments, answers=(), patience=300):
    """Runs a command at a terminal, types each answer once its question stands there, and returns (exit code, what was shown)."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(TERM="xterm-256color")
        os.environ.pop("NO_COLOR", None)
        os.execv(TOUCHLINE, ["touchline", *arguments])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    answers, shown, seen = list(answers), b"", 0
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                more = os.read(terminal, 65536)
            except OSError:
                break
            if not more:
                break
            shown += more
        if answers and b"then Enter: " in shown[seen:]:
            seen = len(shown)
            os.write(terminal, answers.pop(0).encode())
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")


def folder_with_differences(home):
    shutil.copytree("playbooks/retail", home / "retail")
    books = home / "retail"
    path = books / "retail_care.play"
    path.write_text(path.read_text().replace("Please open another till.", "Another till, please."))
    drawn = subprocess.run([TOUCHLINE, "test", "retail"], cwd=home, capture_output=True, text=True)
    return books, drawn.stdout


def review(home):
    books, drawn = folder_with_differences(home)
    new = lambda: sorted(path.name for path in (books / "snapshots").glob("retail_care*.snap.new"))
    check("a changed text differs somewhere", len(new()) >= 1, drawn)
    timelines = len(new())
    refused = subprocess.run([TOUCHLINE, "test", "retail", "--review"], cwd=home, capture_output=True, text=True)
    check("without a terminal it says what to type instead",
          refused.returncode == 2 and "touchline test retail --accept" in refused.stderr, refused)

    code, shown = at_terminal(home, ["test", "retail", "--review"], ["s\r"] * 50)
    check("skipped: it fails, and everything stays", code == 1 and len(new()) == timelines, shown)
    code, shown = at_terminal(home, ["test", "retail", "--review"], ["\x04"])
    check("ctrl-d ends it and changes nothing", code == 1 and len(new()) == timelines, shown)
    if "then Enter" in shown:
        code, shown = at_terminal(home, ["test", "retail", "--review"], ["?\r", "r\r"] + ["r\r"] * 50)
        check("a question mark is answered", "becomes the accepted timeline" in shown, shown)
        check("rejected: the accepted timeline stays", "rejected: the accepted timeline stays" in shown and code == 1, shown)
        code, shown = at_terminal(home, ["test", "retail", "--review"], ["a\r"] * 50)
        check("accepted: said so, in colour", "accepted" in shown and "\x1b[32m" in shown, shown)
        again, said = at_terminal(home, ["test", "retail", "--review"])
        check("what was accepted is not asked again", "then Enter" not in said and "nothing to review" in said, said)
    else:
        check("something is asked", False, shown)


def bar(home):
    shutil.copytree("playbooks/retail", home / "whole")
    code, shown = at_terminal(home, ["test", "whole", "--mutate"])
    check("--mutate draws a bar that counts up to all changes", "changes, " in shown and " to go" in shown and "%" in shown, shown[-2000:])
    check("it ends clean", code == 0, shown[-2000:])
    last = shown.rsplit("to go", 1)[-1]
    check("the bar is gone before the result is printed", "\x1b[2K" in last and "changes noticed" in last, repr(last[-2000:]))


def main():
    home = pathlib.Path(tempfile.mkdtemp(prefix="touchline-terminal-"))
    try:
        review(home)
        bar(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()
