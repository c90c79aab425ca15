"""The far ends of announcements, for tests: an HTTP server, a mail server, a carbon server. Each remembers what
came and answers as it is told; each ends with its `with`."""
import base64
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kit.server import wait_until


class Asked:
    """One request, when it came, and what it was answered (None: it never was)."""

    def __init__(self, handler, body):
        self.method, self.path, self.body = handler.command, handler.path, body
        self.headers = {k.lower(): v for k, v in handler.headers.items()}
        self.at = time.time()
        self.answered = None

    @property
    def json(self):
        return json.loads(self.body)


class HttpPeer:
    """answer(asked) → status, or (status, body), or (status, body, headers); None: hangs up without a word."""

    def __init__(self, answer=None):
        self.answer = answer or (lambda asked: 200)
        self.asked = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self, body)
                peer.asked.append(asked)
                answer = peer.answer(asked)
                if answer is None:
                    self.close_connection = True
                    return
                status, text, headers = (answer if isinstance(answer, tuple) else (answer,)) + ("", {})[
                    (len(answer) if isinstance(answer, tuple) else 1) - 1:]
                try:
                    self.send_response(status)
                    for k, v in headers.items():
                        self.send_header(k, v)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text.encode())
                    self.wfile.flush()
                    asked.answered = status
                except OSError:
                    pass  # the server under test was killed meanwhile

            do_POST = do_PATCH = do_PUT = do_GET = take

            def log_message(self, *_):
                pass

        ThreadingHTTPServer.request_queue_size = 64
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def wait(self, n, timeout=15):
        return wait_until(lambda: self.asked[:] if len(self.asked) >= n else None, timeout, "%d requests" % n)


class LinePeer:
    """A carbon server: remembers lines, closes when the sender does."""

    def __init__(self):
        self.lines = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)

    @property
    def addr(self):
        return "127.0.0.1:%d" % self.socket.getsockname()[1]

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as f:
                self.lines += [line.decode().rstrip("\n") for line in f]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def certificate(folder):
    """A key and a certificate of its own for 127.0.0.1, as one file."""
    path = os.path.join(str(folder), "mail.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", path + ".key", "-out", path, "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return path


class Letter:
    def __init__(self):
        self.sender, self.to, self.data, self.was_secure, self.user = None, [], b"", False, None


class MailPeer:
    """SMTP, with STARTTLS and AUTH PLAIN if it has a certificate; refuse(letter) → an answer line, or None."""

    def __init__(self, pem=None):
        self.letters, self.refuse, self.pem = [], lambda letter: None, pem
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)

    @property
    def addr(self):
        return "127.0.0.1:%d" % self.socket.getsockname()[1]

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            try:
                self.talk(connection)
            except (OSError, ssl.SSLError):
                pass
            finally:
                connection.close()

    def secure(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem, self.pem + ".key")
        return context.wrap_socket(connection, server_side=True)

    def talk(self, connection):
        letter, f = Letter(), connection.makefile("rb")

        def say(text):
            connection.sendall(text.encode() + b"\r\n")

        say("220 sink")
        while True:
            line = f.readline().decode().rstrip("\r\n")
            word = line.upper()
            if not line:
                return
            if word.startswith(("EHLO", "HELO")):
                extras = ["AUTH PLAIN"] if letter.was_secure else ["STARTTLS"] if self.pem else []
                lines = ["sink"] + extras + ["8BITMIME"]
                for i, text in enumerate(lines):
                    say("250%s%s" % ("-" if i + 1 < len(lines) else " ", text))
            elif word == "STARTTLS":
                say("220 go on")
                connection = self.secure(connection)
                f, letter.was_secure = connection.makefile("rb"), True
            elif word.startswith("AUTH PLAIN"):
                text = line[10:].strip()
                if not text:
                    say("334 ")
                    text = f.readline().decode().strip()
                letter.user = base64.b64decode(text).decode().split("\0")[1:]
                say("235 welcome")
            elif word.startswith("MAIL FROM:"):
                letter.sender = line[10:].split()[0]
                say("250 ok")
            elif word.startswith("RCPT TO:"):
                is_known = "@" in line and "nobody" not in line
                if is_known:
                    letter.to.append(line[8:])
                say("250 ok" if is_known else "550 no such person")
            elif word == "DATA":
                say("354 go on")
                raw = b""
                while not raw.endswith(b"\r\n.\r\n"):
                    raw += f.readline()
                letter.data = raw[:-5]
                answer = self.refuse(letter)
                if not answer:
                    self.letters.append(letter)
                say(answer or "250 taken")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("502 what")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()
