"""A real IRC server (ngircd) and somebody in its channels, for the tests of what plumb says there."""
import os
import shutil
import socket
import ssl
import subprocess
import time

from kit.server import WAIT_S, ended, free_port, spawn, wait_until

NGIRCD = shutil.which("ngircd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def authority(folder, *names):
    """A certificate authority of its own, and a server's key and certificate by it; returns the CA's file."""
    def tool(*argv):
        subprocess.run(["certtool", *argv], cwd=folder, check=True, capture_output=True)
    for name, lines in (("ca", ["cn = test authority", "ca", "cert_signing_key", "expiration_days = 2"]),
                        ("server", ["cn = irc.test", "tls_www_server", "expiration_days = 2"] +
                         [("ip_address = " if n[0].isdigit() else "dns_name = ") + n for n in names])):
        with open(os.path.join(folder, name + ".cfg"), "w") as f:
            f.write("\n".join(lines) + "\n")
        tool("--generate-privkey", "--key-type", "ecdsa", "--outfile", name + ".key")
    tool("--generate-self-signed", "--load-privkey", "ca.key", "--template", "ca.cfg", "--outfile", "ca.pem")
    tool("--generate-certificate", "--load-privkey", "server.key", "--template", "server.cfg",
         "--load-ca-certificate", "ca.pem", "--load-ca-privkey", "ca.key", "--outfile", "server.pem")
    return os.path.join(folder, "ca.pem")


class Ngircd:
    """On a free port of loopback; with `tls` on another one, too."""

    def __init__(self, folder, tls=False, names=("localhost", "127.0.0.1")):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self.ca = authority(self.folder, *names) if tls else None
        self.process = None
        lines = ["[Global]", "Name = irc.test", "Info = test", "Listen = 127.0.0.1", "Ports = %d" % self.port,
                 "MotdPhrase = hello", "[Limits]", "MaxConnectionsIP = 0", "MaxNickLength = 16",
                 "MaxPenaltyTime = 0",
                 "[Options]", "DNS = no", "Ident = no", "PAM = no"]
        if tls:
            lines += ["[SSL]", "CertFile = %s/server.pem" % self.folder, "KeyFile = %s/server.key" % self.folder,
                      "Ports = %d" % self.tls_port]
        self.conf = os.path.join(self.folder, "ngircd.conf")
        with open(self.conf, "w") as f:
            f.write("\n".join(lines) + "\n")

    def start(self):
        assert NGIRCD, "there is no ngircd: run tools/setup test"
        log = open(os.path.join(self.folder, "ngircd.log"), "ab")
        with log:
            self.process = spawn([NGIRCD, "-n", "-f", self.conf], stdout=log, stderr=log)
        wait_until(self.is_there, what="ngircd listens")
        return self

    def is_there(self):
        assert self.process.poll() is None, open(os.path.join(self.folder, "ngircd.log")).read()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(WAIT_S)
            finally:
                ended(self.process)
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Person:
    """Somebody who is in a channel: what was said there is in `heard`, as (time, command, nick, text)."""

    def __init__(self, server, nick, room="#ops"):
        self.nick, self.room = nick, room
        self.heard, self.lines, self.rest = [], [], b""
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S)
        self.send("NICK %s" % nick, "USER %s 0 * :%s" % (nick, nick))
        self.wait(lambda: any(" 376 " in line or " 422 " in line for line in self.lines), "%s is let in" % nick)
        self.send("JOIN %s" % room)
        self.wait(lambda: any(" 366 " in line for line in self.lines), "%s is in %s" % (nick, room))

    def send(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def say(self, text, command="PRIVMSG"):
        self.send("%s %s :%s" % (command, self.room, text))

    def topic(self, text):
        self.send("TOPIC %s :%s" % (self.room, text))

    def read(self):
        """Takes what has come; answers PING."""
        self.socket.settimeout(0.02)
        try:
            got = self.socket.recv(65536)
        except (socket.timeout, ssl.SSLWantReadError):
            return
        assert got, "the IRC server hung up on %s" % self.nick
        *lines, self.rest = (self.rest + got).split(b"\r\n")
        for line in (raw.decode() for raw in lines):
            self.lines.append(line)
            if line.startswith("PING"):
                self.send("PONG" + line[4:])
            prefix, _, rest = line[1:].partition(" ")
            command, _, rest = rest.partition(" ")
            if line.startswith(":") and command in ("NOTICE", "PRIVMSG", "TOPIC") and rest.startswith(self.room):
                self.heard.append((time.monotonic(), command, prefix.partition("!")[0], rest.partition(" :")[2]))

    def wait(self, condition, what, timeout=WAIT_S):
        def read_and_ask():
            self.read()
            return condition()
        return wait_until(read_and_ask, timeout, what, every=0)

    def texts(self, command="NOTICE"):
        return [h[3] for h in self.heard if h[1] == command]

    def hears(self, part, command="NOTICE", timeout=WAIT_S):
        """Waits for such a line; returns its text."""
        def found():
            return next((t for t in self.texts(command) if part in t), None)
        try:
            return self.wait(found, "hearing %r" % part, timeout)
        except AssertionError as e:
            raise AssertionError("%s; heard %r" % (e, self.heard)) from None

    def sees(self, nick, timeout=WAIT_S):
        """Waits until that nick is in the channel."""
        def is_in():
            self.lines = [line for line in self.lines if " 353 " not in line]
            self.send("NAMES %s" % self.room)
            self.wait(lambda: any(" 353 " in line for line in self.lines), "NAMES")
            names = " ".join(line.partition(" :")[2] for line in self.lines if " 353 " in line)
            return nick in names.replace("@", "").split()
        wait_until(is_in, timeout, "%s is in %s" % (nick, self.room), every=0.1)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
