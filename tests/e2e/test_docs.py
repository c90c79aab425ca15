"""What is written in docs/ from the program's own tables is up to date."""
import importlib.util
import os

from kit.server import ROOT

spec = importlib.util.spec_from_file_location("functions_md", os.path.join(ROOT, "tools", "functions_md.py"))
functions_md = importlib.util.module_from_spec(spec)
spec.loader.exec_module(functions_md)


def test_the_list_of_functions(server):
    written = functions_md.text(server.get("/functions?grouped=1").ok().json)
    with open(functions_md.OUT, encoding="utf-8") as f:
        assert f.read() == written, "docs/functions.md is stale: run tools/functions_md.py"


def test_every_function_is_in_it(server):
    written = functions_md.text(server.get("/functions?grouped=1").ok().json)
    for name in server.get("/functions").ok().json:
        assert "\n### %s\n" % name in written or "`%s`" % name in written, name
