"""Debian's graphite-web as a front end of a server, with this server as its only CLUSTER_SERVERS entry."""
import os

from kit import server as kit

PYTHON = "/usr/bin/python3"  # Debian's packages are its own
GRAPHITE = "/usr/lib/python3/dist-packages/graphite"

SETTINGS = """
from graphite.settings import *
SECRET_KEY = 'of a test'
ALLOWED_HOSTS = ['*']
TIME_ZONE = 'UTC'
DATABASES = {{'default': {{'NAME': '{folder}/graphite.db', 'ENGINE': 'django.db.backends.sqlite3'}}}}
CLUSTER_SERVERS = ['{backend}']
STORAGE_FINDERS = ('graphite.finders.remote.RemoteFinder',)
TAGDB = None
CACHES = {{'default': {{'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}}}
REMOTE_BUFFER_SIZE = 0
LOG_DIR = STORAGE_DIR = WHISPER_DIR = '{folder}'
STATIC_ROOT = '{folder}'
"""


class Front:
    """graphite-web on a free port."""

    def __init__(self, folder, backend):
        self.folder, self.log = str(folder), os.path.join(str(folder), "front.log")
        with open(os.path.join(self.folder, "front_settings.py"), "w") as f:
            f.write(SETTINGS.format(folder=self.folder, backend="%s:%d" % backend))
        self.http = ("127.0.0.1", kit.free_port())
        self.env = {"PYTHONPATH": self.folder, "DJANGO_SETTINGS_MODULE": "front_settings", "GRAPHITE_ROOT": self.folder,
                    "PYTHONDONTWRITEBYTECODE": "1"}

    ask, get = kit.Server.ask, kit.Server.get

    def said(self):
        with open(self.log) as f:
            return f.read()[-3000:]

    def is_up(self):
        assert self.process.poll() is None, self.said()
        try:
            return self.get("/version/").status == 200
        except OSError:
            return False

    def __enter__(self):
        with open(self.log, "wb") as log:
            run = kit.spawn([PYTHON, "-m", "django", "migrate", "--run-syncdb", "-v0"], env=self.env, stdout=log,
                            stderr=log)
            assert run.wait(60) == 0, self.said()
            kit.ended(run)
            self.process = kit.spawn([PYTHON, "-m", "django", "runserver", "--noreload", "%s:%d" % self.http],
                                     env=self.env, stdout=log, stderr=log)
        kit.wait_until(self.is_up, 30, "graphite-web answers", every=0.1)
        return self

    def __exit__(self, *_):
        kit.ended(self.process)
