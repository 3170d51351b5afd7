#!/usr/bin/env python3
"""Kills a real daemon under load, and changes its playbooks under load, and looks whether anything was lost or done twice.

    cargo build && python3 tests/kill/campaign.py --kills 200           # kill -9, half of them during reloads
    cargo build && python3 tests/kill/campaign.py --reloads 300         # reloads, every tenth invalid, no kills

Senders post complaints and come again until they are answered 202. Each complaint has one alert; a mail server of our own
takes the mails and counts them. At the end, over what the daemon itself says and what the mail server took:

- every acknowledged complaint fired, once; every firing was alerted, once, and the outbox has one row for each;
- every mail that the outbox calls sent arrived; it arrived twice only where the process was killed right after it, and then
  under the same Message-ID and with the same content;
- the switch is exact: in the journal's order the versions that decided never mix, and every answered reload took effect
  behind its position and not before; a version that does not compile never decided.

Needs only the standard library. Prints what it did; ends with 1 where a law is broken.
"""

import argparse
import collections
import http.client
import json
import os
import random
import shutil
import signal
import socketserver
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VOCABULARY = """vocabulary: Shop
time_zone: Europe/Madrid
languages: [en]
journey: {after: [service]}
channels: [email]
things:
  customer: {email: "email, personal"}
  store: {name: text}
signals:
  complaint:
    plural: complaints
    about: [customer, store]
    fields: {topic: text}
"""
STORES = 40
DIRECTORY = "company: {owner: owner@example.test}\nstore:\n" + "".join(
    f"  S{n}: {{name: Store {n}, roles: {{manager: [manager.s{n}@example.test]}}}}\n" for n in range(STORES))
PLAYBOOK = """playbook care "Care" version 1
time zone "Europe/Madrid"

rule each "Each complaint"
  when complaint
    where %(field)s is present
  then alert manager of store
    saying "version %(version)d"

rule second "Twice on one topic"
  when 2 or more complaints
    for the same customer and topic
    within 14 days
  then open case for customer with priority "high"
"""


class Mails(socketserver.ThreadingTCPServer):
    """A mail server that takes everything and notes when."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Mail)
        self.taken = collections.defaultdict(list)
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that was killed


class Mail(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 here ESMTP")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.say("250 here")
            elif verb == b"DATA":
                self.say("354 go on")
                mail = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    mail.append(line)
                if line == b"":
                    return
                text = b"".join(mail)
                name = next(l for l in mail if l.lower().startswith(b"message-id:")).decode().split("<")[1].split("@")[0]
                with self.server.lock:
                    self.server.taken[name].append((time.time(), text))
                self.say("250 taken")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Daemon:
    """One life of the daemon."""

    def __init__(self, args, folder):
        command = [args.binary, "serve", "--config", "touchline.yaml", "--listen", "127.0.0.1:0"]
        environment = {key: value for key, value in os.environ.items() if key != "TOUCHLINE_TOKEN"} | {"NO_COLOR": "1"}
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.at, told = None, []
        for line in self.process.stderr:
            told.append(line.decode())
            if b"http://" in line:
                self.at = line.decode().split("http://")[1].split(",")[0].split()[0]
                break
        if self.at is None:
            raise SystemExit("it does not start:\n" + "".join(told))
        self.log = open(folder / "log", "ab")
        threading.Thread(target=shutil.copyfileobj, args=(self.process.stderr, self.log), daemon=True).start()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.at, timeout=30)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            raise SystemExit("it did not end as asked")


class World:
    def __init__(self, args):
        self.args = args
        self.dice = random.Random(args.seed)
        self.folder = ROOT / "target" / "kill" / f"{os.getpid()}"
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "books").mkdir(parents=True)
        (self.folder / "books" / "vocabulary.yaml").write_text(VOCABULARY)
        (self.folder / "books" / "directory.yaml").write_text(DIRECTORY)
        self.mails = Mails()
        port = self.mails.server_address[1]
        (self.folder / "touchline.yaml").write_text(
            f"playbooks: books\ndata: data\nwatch: {{mode: off}}\nmail:\n  from: 'care@example.test'\n"
            f"  server: {{host: 127.0.0.1, port: {port}, tls: none}}\n")
        self.version, self.valid = 0, {0}
        self.write(0)
        self.daemon, self.over = None, False
        self.acknowledged, self.lock = {}, threading.Lock()
        self.kills, self.reloads = [], []
        self.kept_back = 0

    def write(self, version, field="topic"):
        path = self.folder / "books" / "care.play"
        path.with_suffix(".new").write_text(PLAYBOOK % {"version": version, "field": field})
        path.with_suffix(".new").rename(path)

    def send(self, sender):
        dice, number = random.Random(f"{self.args.seed} {sender}"), 0
        while not self.over:
            batch = []
            for _ in range(dice.choice([1, 1, 1, 5])):
                number += 1
                at = datetime.now(timezone.utc).isoformat()
                batch.append({"id": f"{sender}-{number}", "signal": "complaint", "at": at, "store": f"S{dice.randrange(STORES)}",
                              "customer": f"C{dice.randrange(200)}", "topic": "delivery"})
            while not self.over:
                daemon = self.daemon
                try:
                    status, _ = daemon.ask("POST", "/v1/signals", json.dumps(batch))
                except (OSError, http.client.HTTPException, AttributeError, ValueError):
                    time.sleep(0.02)
                    continue
                if status == 202:
                    with self.lock:
                        self.acknowledged.update((signal["id"], time.time()) for signal in batch)
                    break
                time.sleep(0.02)
            time.sleep(self.args.pause)

    def reload(self):
        """Lays other playbooks down and has them taken; every tenth does not compile."""
        self.version += 1
        broken = self.version % 10 == 0
        self.write(self.version, "topci" if broken else "topic")
        if not broken:
            self.valid.add(self.version)
        try:
            status, report = self.daemon.ask("POST", "/-/reload")
        except (OSError, http.client.HTTPException, ValueError):
            return  # killed meanwhile
        if broken:
            self.kept_back += 1
            assert status == 409, (status, report)
        else:
            assert status == 200 and report["outcome"] == "switched", (status, report)
            self.reloads.append((report["position"], self.version))

    def run(self):
        self.daemon = Daemon(self.args, self.folder)
        senders = [threading.Thread(target=self.send, args=(sender,)) for sender in range(4)]
        [sender.start() for sender in senders]
        for _ in range(self.args.reloads):
            self.reload()
            time.sleep(self.dice.random() * 0.05)
        for number in range(self.args.kills):
            time.sleep(self.dice.random() * 0.8)
            during = self.dice.random() < 0.5
            if during:
                reloading = threading.Thread(target=self.reload)
                reloading.start()
                time.sleep(self.dice.random() * 0.25)
            self.daemon.kill()
            self.kills.append(time.time())
            if during:
                reloading.join()
            self.daemon = Daemon(self.args, self.folder)
            if (number + 1) % 20 == 0:
                print(f"{number + 1} kills, {len(self.acknowledged)} acknowledged", flush=True)
        time.sleep(0.5)
        self.over = True
        [sender.join() for sender in senders]
        return self.judge()

    def pages(self, name):
        found, after = [], "0"
        while after is not None:
            status, page = self.daemon.ask("GET", f"/v1/{name}?limit=1000&after={after}")
            assert status == 200, page
            found += page[name]
            after = page["next"]
        return found

    def outbox(self):
        path = self.folder / "data" / "touchline.sqlite"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            return [(effect.hex() + f".{recipient}", state)
                    for effect, recipient, state in store.execute("SELECT effect, recipient, state FROM outbox")]

    def judge(self):
        begun = time.time()
        while True:
            rows = self.outbox()
            taken = len(self.mails.taken)
            _, status = self.daemon.ask("GET", "/v1/status")
            if status["journal"]["behind"] == 0 and status["outbox"]["waiting"] == 0 and taken >= len(rows):
                break
            if time.time() - begun > 600:
                raise SystemExit(f"it does not come to rest: {status}, {taken} of {len(rows)} mails")
            time.sleep(0.5)
        time.sleep(1)
        firings = [firing for firing in self.pages("firings") if firing["rule"] == "each"]
        alerts = self.pages("alerts")
        self.daemon.stop()
        rows = self.outbox()
        broken = []

        def law(holds, text):
            if not holds:
                broken.append(text)

        fired = collections.Counter(firing["signal"] for firing in firings)
        lost = [name for name in self.acknowledged if fired[name] == 0]
        law(not lost, f"{len(lost)} acknowledged complaints never fired: {lost[:5]}")
        twice = [name for name, times in fired.items() if times > 1]
        law(not twice, f"{len(twice)} complaints fired twice: {twice[:5]}")
        alerted = collections.Counter(alert["firing"]["signal"] for alert in alerts if alert["outcome"] == "sent")
        law(alerted == fired, f"firings and alerts differ: {list((alerted - fired) + (fired - alerted))[:5]}")
        law(len(rows) == len(fired), f"{len(rows)} rows in the outbox for {len(fired)} alerts")
        names = [name for name, _ in rows]
        missing = [name for name in names if name not in self.mails.taken]
        law(not missing, f"{len(missing)} mails never arrived: {missing[:5]}")
        law(not set(self.mails.taken) - set(names), "mails arrived that the outbox does not know")
        doubled = 0
        for name, copies in self.mails.taken.items():
            law(len({text for _, text in copies}) == 1, f"{name} arrived with different contents")
            for (first, _), (again, _) in zip(copies, copies[1:]):
                doubled += 1
                between = any(first - 0.1 <= kill <= again for kill in self.kills)
                law(between, f"{name} arrived twice, and nobody was killed in between")
        law(doubled <= 20 * len(self.kills), f"{doubled} mails arrived twice")

        order = sorted((alert["firing"]["position"], int(alert["text"].split()[1])) for alert in alerts)
        blocks = [version for at, (_, version) in enumerate(order) if at == 0 or order[at - 1][1] != version]
        law(len(blocks) == len(set(blocks)), f"versions mix: {blocks}")
        law(set(blocks) <= self.valid, f"a version decided that does not compile: {set(blocks) - self.valid}")
        for position, version in self.reloads:
            wrong = [(at, by) for at, by in order if (at > position) != (by >= version) and by in self.valid]
            law(not wrong, f"version {version} took over at {position}, and these differ: {wrong[:3]}")
        print(f"{len(self.kills)} kills, {len(self.reloads)} reloads answered, {self.kept_back} kept back; "
              f"{len(self.acknowledged)} acknowledged, {len(fired)} fired, {len(rows)} mails, "
              f"{doubled} of them arrived twice around a kill, {len(blocks)} versions decided")
        law(len(self.acknowledged) > 2 * (len(self.kills) + len(self.reloads)), "that was no load")
        for text in broken:
            print(f"BROKEN  {text}")
        if not broken:
            shutil.rmtree(self.folder)
        return 1 if broken else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--kills", type=int, default=0)
    arguments.add_argument("--reloads", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--pause", type=float, default=0.02, help="seconds between two posts of one sender")
    arguments.add_argument("--binary", default=str(ROOT / "target" / "debug" / "touchline"))
    args = arguments.parse_args()
    print(f"seed {args.seed}", flush=True)
    world = World(args)
    try:
        code = world.run()
    finally:
        world.over = True
        if world.daemon and world.daemon.process.poll() is None:
            world.daemon.kill()
    sys.exit(code)


main()
