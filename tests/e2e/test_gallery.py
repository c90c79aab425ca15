"""docs/gallery shows what the program draws: its page is up to date, and every chart of it can be drawn."""
import os
import sys

import pytest

from kit import server as kit
from kit.png import Picture

FOLDER = os.path.join(kit.ROOT, "tests", "gallery")
sys.path.insert(0, FOLDER)
import gallery  # noqa: E402


@pytest.fixture(autouse=True)
def no_process_left():
    """The module's server outlives one test."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with gallery.start(tmp_path_factory.mktemp("gallery")) as server:
        gallery.feed(server)
        yield server


def test_the_page_is_up_to_date():
    with open(os.path.join(gallery.OUT, "README.md"), encoding="utf-8") as f:
        assert f.read() == gallery.page(), "docs/gallery is stale: run make gallery"


def test_every_picture_is_there_and_no_other():
    files = {name for name in os.listdir(gallery.OUT) if name.endswith(".png")}
    assert files == {chart[0] + ".png" for chart in gallery.CHARTS}
    assert len(files) >= 30
    assert sum(os.path.getsize(os.path.join(gallery.OUT, name)) for name in files) < 2500000


@pytest.mark.parametrize("name", [chart[0] for chart in gallery.CHARTS])
def test_a_chart(site, name):
    (params,) = [p for n, _, _, p in gallery.CHARTS if n == name]
    body = gallery.draw(site, name)
    picture = Picture(body)
    assert (picture.width, picture.height) == (params.get("width", 330), params.get("height", 250))
    assert body == gallery.draw(site, name)
    if not name.startswith("empty"):
        assert len(picture.colours()) > 8, "hardly anything is drawn"
