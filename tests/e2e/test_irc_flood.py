"""IRC takes its time: most of a minute, so this stands alone and runs beside the others."""
from kit.irc import Person
from test_irc import bot, ngircd  # noqa: F401 (fixtures)


def test_a_flood_arrives_whole_and_spaced(ngircd, bot):
    n = 30
    with Person(ngircd, "nora") as nora, bot(ngircd) as plumb_bot:
        nora.sees("plumb")
        for i in range(n):
            plumb_bot.point("service%02d" % i)
        nora.wait(lambda: len(nora.texts()) >= n, "%d lines" % n, 4 * n)
        assert len(nora.texts()) == n
        assert sorted({t.split()[0] for t in nora.texts()}) == ["service%02d" % i for i in range(n)]
        at = [h[0] for h in nora.heard]
        for i in range(n - 4):  # a burst of four, then one in two seconds
            assert at[i + 4] - at[i] > 1.5, (i, at)
        assert at[-1] - at[0] > 2 * (n - 4) - 3
