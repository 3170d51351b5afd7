"""Runs the manuals' `curl` lines as they stand and sends signals with the CloudEvents SDK, against the real daemon.

The daemon listens where the manuals say, on 127.0.0.1:7077; this fails where something else is there.
"""

import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from cloudevents.conversion import to_binary, to_json, to_structured
from cloudevents.http import CloudEvent

AT = "http://127.0.0.1:7077"
failures = []


def check(what, holds, said=""):
    print(("ok      " if holds else "FAILED  ") + what + ("" if holds else f": {said}"))
    if not holds:
        failures.append(what)


def ask(method, path, headers=None, body=None):
    request = urllib.request.Request(AT + path, data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def status():
    return json.loads(ask("GET", "/v1/status")[1])


def wait_for(what, look, patience=30):
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            found = look()
            if found:
                return found
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    check(what, False, f"not within {patience} seconds")
    return None


def curl_lines():
    """Every command line of the manuals that begins with `curl`."""
    for manual in ["README.md", "src/daemon/README.md"]:
        for block in re.findall(r"```sh\n(.*?)```", pathlib.Path(manual).read_text(), re.S):
            for line in block.splitlines():
                if line.startswith("curl "):
                    yield manual, line


def curls():
    lines = list(curl_lines())
    check("the manuals have curl lines", len(lines) >= 2, lines)
    for manual, line in lines:
        before = status()["signals"]["accepted"]
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
        after = status()["signals"]["accepted"]
        said = done.stdout + done.stderr
        check(f"{manual}: {line[:60]}…", done.returncode == 0 and after == before + 1, said)


def cloudevents():
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    fields = {"customer": "C7", "store": "S7", "topic": "delivery"}

    def event(number):
        attributes = {
            "type": "com.example.complaint", "source": "urn:tills", "id": f"ce-{number}", "time": now,
            "subject": "C7", "datacontenttype": "application/json",
        }
        return CloudEvent(attributes, fields)

    for name, convert, number in [("structured", to_structured, 1), ("binary", to_binary, 2)]:
        headers, body = convert(event(number))
        got, said = ask("POST", "/v1/signals", headers, body)
        check(f"the CloudEvents SDK, {name}", got == 202, f"{got} {said}")
    batch = b"[" + b",".join(to_json(event(number)) for number in (3, 4)) + b"]"
    got, said = ask("POST", "/v1/signals", {"Content-Type": "application/cloudevents-batch+json"}, batch)
    check("the CloudEvents SDK, batch", got == 202 and json.loads(said)["accepted"] == 2, f"{got} {said}")
    headers, body = to_structured(CloudEvent({"type": "complant", "source": "urn:tills", "time": now}, fields))
    got, said = ask("POST", "/v1/signals", headers, body)
    check("an event of no known kind is refused with what is meant", got == 422 and "complaint" in said, f"{got} {said}")
    fired = wait_for("the third complaint", lambda: [
        firing for firing in json.loads(ask("GET", "/v1/firings?rule=repeat_complaint")[1])["firings"]
        if firing["key"].get("customer") == "C7"
    ])
    check("three events of one customer fire repeat_complaint", bool(fired) and len(fired) == 1, fired)
    check("the firing names the event that made it", bool(fired) and fired[0]["signal"].endswith("ce-3"), fired)


def main():
    data = pathlib.Path(tempfile.mkdtemp(prefix="touchline-clients-"))
    log = open(data / "log", "w+")
    daemon = subprocess.Popen(
        [sys.argv[1], "serve", "--playbooks", "playbooks/retail", "--data", str(data / "data")], stderr=log)
    try:
        if wait_for("the daemon", lambda: daemon.poll() is None and ask("GET", "/readyz")[0] == 200):
            curls()
            cloudevents()
            mails = wait_for("the alert as a mail", lambda: list((data / "data" / "mail").glob("*.eml")))
            check("the alert is written as a mail", bool(mails))
        daemon.terminate()
        check("it ends as asked", daemon.wait(timeout=30) == 0)
    finally:
        daemon.kill()
        if failures:
            log.seek(0)
            print(log.read())
        shutil.rmtree(data, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()
