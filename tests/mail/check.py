"""Takes mails and a webhook from touchline and checks them with libraries that know nothing of it.

Starts two SMTP servers (STARTTLS and implicit TLS, both asking for a password) and an HTTP receiver on this machine, runs
the Rust side against them, and compares what arrived with what the Rust side says it sent.
"""

import email
import email.policy
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from standardwebhooks.webhooks import Webhook

USER, PASSWORD = "touchline", "a password of the test"
SECRETS = {
    "HOOK_NEW_SECRET": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
HEADERS = {
    "message-id", "date", "from", "to", "subject", "reply-to", "in-reply-to", "references", "auto-submitted",
    "mime-version", "content-type", "content-transfer-encoding",
}


class Mailbox:
    """Keeps every mail with its envelope."""

    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        encrypted = server.transport.get_extra_info("sslcontext") is not None
        self.mails.append((encrypted, envelope))
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    # `handled=False`: the server answers a wrong password itself.
    return AuthResult(success=isinstance(data, LoginPassword) and data == right, handled=False)


class Hook(BaseHTTPRequestHandler):
    """Keeps every request."""

    seen = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        Hook.seen.append((dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def lines(text):
    """Blanks at the ends of lines and empty lines at the end do not count."""
    return [line.rstrip() for line in text.replace("\r\n", "\n").rstrip().split("\n")]


def check_mail(expected, envelope):
    raw = envelope.content if isinstance(envelope.content, bytes) else envelope.content.encode()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    name = expected["message_id"]
    assert not mail.defects, (name, mail.defects)
    strange = {key.lower() for key in mail.keys()} - HEADERS
    assert not strange, (name, strange)
    assert len(mail.keys()) == len(set(mail.keys())), (name, mail.keys())
    assert envelope.rcpt_tos == [expected["to"]] and envelope.mail_from == "care@shop.example.test", name
    assert mail["message-id"] == name
    assert [a.addr_spec for a in mail["to"].addresses] == [expected["to"]], name
    assert mail["from"].addresses[0].display_name == "Kundendienst Käse", mail["from"]
    assert mail["reply-to"] == "team@shop.example.test"
    assert mail["auto-submitted"] == "auto-generated"
    assert str(mail["subject"]).split() == expected["subject"].split(), (mail["subject"], expected["subject"])
    assert mail["date"].datetime.isoformat() == "2026-03-27T16:00:00+00:00", mail["date"]
    for key in ("in-reply-to", "references"):
        assert mail[key] == expected["thread"], (name, key, mail[key])
    text = mail.get_body(("plain",))
    assert lines(text.get_content()) == lines(expected["text"]), (name, text.get_content())
    html = mail.get_body(("html",))
    assert (html is None) == (expected["html"] is None), name
    if html is not None:
        assert mail.get_content_type() == "multipart/alternative"
        assert lines(html.get_content()) == lines(expected["html"]), name
    for part in mail.walk():
        assert not part.defects, (name, part.defects)


def main():
    folder = tempfile.mkdtemp(dir="target", prefix="mail-")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(f"{folder}/ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    box = Mailbox()
    common = {"hostname": "127.0.0.1", "port": 0, "authenticator": authenticate, "auth_required": True}
    starttls = Controller(box, tls_context=context, require_starttls=True, **common)
    implicit = Controller(box, ssl_context=context, auth_require_tls=False, **common)
    hook = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    for controller in (starttls, implicit):
        # A free port first: the controller connects to its own port once to see that it runs.
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            controller.port = free.getsockname()[1]
        controller.start()
    environment = {
        **os.environ,
        **SECRETS,
        "MAIL_USER": USER,
        "MAIL_PASSWORD": PASSWORD,
        "MAIL_CA": f"{folder}/ca.pem",
        "MAIL_STARTTLS_PORT": str(starttls.port),
        "MAIL_TLS_PORT": str(implicit.port),
        "MAIL_EXPECTED": f"{folder}/expected.json",
        "HOOK_PORT": str(hook.server_port),
    }
    name = "deliver::real::mails_pass_a_real_server_and_a_webhook_a_real_receiver"
    command = ["cargo", "test", "--test", "it", "--", "--ignored", "--exact", name, "--nocapture"]
    sent = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL)
    starttls.stop()
    implicit.stop()
    hook.shutdown()
    if sent.returncode != 0:
        sys.exit("the Rust side failed")
    with open(f"{folder}/expected.json", encoding="utf-8") as file:
        expected = json.load(file)
    assert len(box.mails) == len(expected) > 0, (len(box.mails), len(expected))
    for one, (encrypted, envelope) in zip(expected, box.mails):
        assert encrypted, "a mail came in the clear"
        check_mail(one, envelope)
    threads = [one["thread"] for one in expected if one["thread"]]
    assert len(threads) == 4 and len(set(threads)) == 2, threads
    assert len(Hook.seen) == 1
    headers, body = Hook.seen[0]
    for secret in SECRETS.values():
        read = Webhook(secret).verify(body, headers)
        assert read["type"] == "post" and read["data"]["values"]["say"] == 'Ačiū "labai"\n', read
    try:
        Webhook("whsec_" + "A" * 32).verify(body, headers)
    except Exception:
        pass
    else:
        sys.exit("any secret verifies: the check checks nothing")
    print(f"{len(expected)} mails and 1 webhook arrived as they were sent")


if __name__ == "__main__":
    main()
