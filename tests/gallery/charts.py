"""The gallery's charts: (file, heading, targets, parameters). Times are fixed; DAY is the usual range."""
from data import CLOCKS_CHANGE, DAY, HOUR, MINUTE, T0, WEEK, YEAR_FROM

ONE_DAY = {"from": T0, "until": T0 + DAY}
EVENING = {"from": T0 + 12 * HOUR, "until": T0 + 18 * HOUR}
CHAT = {}  # 330 x 250 is the usual size
PANEL = {"width": 586, "height": 308}
WALL = {"width": 1200, "height": 600}
LONG = "production.eu-west-1.kubernetes.cluster-blue.namespace-checkout.deployment-payment-gateway.container.requests"
SHALOM, SALAM = "\u05d1\u05e7\u05e9\u05d5\u05ea \u05dc\u05d3\u05e7\u05d4", "\u0637\u0644\u0628\u0627\u062a"
JAPANESE, CHINESE = "\u30ed\u30b0\u30a4\u30f3\u6570", "\u767b\u5f55\u9519\u8bef"
DEPLOYS = "alias(color(drawAsInfinite(events.deploy.website),'#d62728'),'deploy of website')"
HOSTS = "aliasByNode(web.*.requests,1)"
CPU = "aliasByNode(cpu.*,1)"


def of(*parts, **more):
    """Parameters put together; the later win."""
    out = {}
    for part in parts:
        out.update(part)
    out.update(more)
    return out


CHARTS = [
    # -- a page a person would look at
    ("deploys-25", "25 deploys in a day, one of which broke something",
     ["alias(color(php.warnings,'#1f77b4'),'PHP warnings')", DEPLOYS],
     of(ONE_DAY, WALL, title="PHP warnings: up with one deploy, down with the next", vtitle="per minute", yMin=0)),
    ("deploys-chat", "The same in a chat window",
     ["alias(php.warnings,'PHP warnings')", DEPLOYS], of(ONE_DAY, CHAT, title="PHP warnings", yMin=0)),
    ("deploys-ledger", "Lines from the ledger: what was done, and what failed",
     ["alias(web.logins,'logins')"],
     of(EVENING, PANEL, title="Logins", changes="all")),
    ("deploys-graphite", "25 deploys in Graphite's look",
     ["alias(php.warnings,'PHP warnings')", DEPLOYS],
     of(ONE_DAY, PANEL, title="PHP warnings", template="graphite")),

    # -- sizes
    ("size-chat", "330 x 250, the usual size", [HOSTS], of(ONE_DAY, CHAT, title="Requests a second")),
    ("size-panel", "586 x 308", [HOSTS], of(ONE_DAY, PANEL, title="Requests a second")),
    ("size-wall", "1200 x 600", [HOSTS], of(ONE_DAY, WALL, title="Requests a second", vtitle="requests/s")),
    ("size-spark", "120 x 40: what there is room for", ["web.web01.load"], of(ONE_DAY, width=120, height=40)),
    ("size-strip", "600 x 90", ["aliasByNode(web.web0[12].load,1)"], of(ONE_DAY, width=600, height=90, title="Load")),
    ("size-tower", "160 x 480", [HOSTS], of(ONE_DAY, width=160, height=480, title="Requests")),

    # -- lines
    ("line-slope", "lineMode=slope: gaps stay gaps", ["queue.depth"], of(ONE_DAY, PANEL, lineMode="slope")),
    ("line-connected", "lineMode=connected, over at most 30 gaps", ["queue.depth"],
     of(ONE_DAY, PANEL, lineMode="connected", connectedLimit=30)),
    ("line-staircase", "lineMode=staircase", ["summarize(web.logins,'30min','sum')"],
     of(ONE_DAY, PANEL, lineMode="staircase", title="Logins every half hour")),
    ("line-zero", "drawNullAsZero", ["queue.depth"], of(ONE_DAY, PANEL, drawNullAsZero="true")),
    ("line-keep", "keepLastValue() over a value an hour; dots where a value stands alone",
     ["alias(keepLastValue(cron.rows),'kept')", "alias(cron.rows,'as sent')"], of(ONE_DAY, PANEL)),
    ("line-styles", "dashed(), lineWidth(), color() and alpha()",
     ["alias(dashed(web.web01.requests),'dashed')", "alias(lineWidth(web.web02.requests,4),'4 wide')",
      "alias(color(web.web03.requests,'purple'),'purple')", "alias(alpha(web.web04.requests,0.35),'alpha 0.35')"],
     of(EVENING, PANEL)),
    ("line-thickness", "thickness=4 and colorList", [HOSTS],
     of(EVENING, PANEL, thickness=4, colorList="#264653,#2a9d8f,#e9c46a,#e76f51")),
    ("line-threshold", "threshold() and constantLine()",
     ["alias(web.latency.p95,'p95')", "threshold(250,'objective','red')", "alias(dashed(constantLine(140)),'usual')"],
     of(ONE_DAY, PANEL, title="Latency", vtitle="ms")),
    ("line-spikes", "No spike is lost: 8,640 values on 500 pixels, the band shows their range",
     ["alias(fine.spikes,'queue')"], of(ONE_DAY, PANEL)),
    ("line-sparse", "minXStep=6: fewer, calmer points", ["alias(fine.latency,'latency')"],
     of(ONE_DAY, PANEL, minXStep=6)),

    # -- areas
    ("area-first", "areaMode=first", ["alias(web.logins,'logins')", "alias(web.login_errors,'errors')"],
     of(ONE_DAY, PANEL, areaMode="first")),
    ("area-all", "areaMode=all", [HOSTS], of(ONE_DAY, PANEL, areaMode="all")),
    ("area-stacked", "areaMode=stacked", [CPU], of(ONE_DAY, PANEL, areaMode="stacked", title="CPU", vtitle="%")),
    ("area-stacked-graphite", "areaMode=stacked in Graphite's look", [CPU],
     of(ONE_DAY, PANEL, areaMode="stacked", title="CPU", template="graphite")),
    ("area-alpha", "areaMode=all with areaAlpha=0.4", [HOSTS], of(ONE_DAY, PANEL, areaMode="all", areaAlpha=0.4)),
    ("area-function", "stacked() below a line", ["stacked(web.web0[123].requests)",
     "alias(color(sumSeries(web.web0[123].requests),'black'),'sum')"], of(ONE_DAY, PANEL)),
    ("area-mirror", "Traffic in above, out below zero",
     ["alias(net.in,'in')", "alias(scale(net.out,-0.3),'out')"],
     of(ONE_DAY, PANEL, areaMode="all", title="Network", vtitle="bytes/s")),
    ("area-bands", "holtWintersConfidenceBands(): what was expected, and a dip that was not",
     ["alias(week.requests,'requests')",
      "alias(areaBetween(holtWintersConfidenceBands(week.requests,3)),'expected')"],
     of(WALL, {"from": T0 - 3 * DAY, "until": T0}, title="Requests")),

    # -- axes
    ("axis-two", "Two y axes", ["alias(web.logins,'logins')", "alias(secondYAxis(web.latency.p95),'p95')"],
     of(ONE_DAY, PANEL, vtitle="logins/min", vtitleRight="ms")),
    ("axis-two-asked", "Every left and right parameter",
     ["alias(web.web04.requests,'requests')", "secondYAxis(alias(disk.free,'free'))"],
     of(ONE_DAY, PANEL, yMinLeft=0, yMaxLeft=300, yStepLeft=100, yMinRight=0, yLimitRight="500e9", yStepRight="100e9",
        leftColor="0067ac", rightColor="d1560b", leftWidth=2, rightWidth=1, rightDashed="true",
        vtitle="requests/s", vtitleRight="bytes")),
    ("axis-two-graphite", "Two y axes in Graphite's look",
     ["alias(web.logins,'logins')", "alias(secondYAxis(web.latency.p95),'p95')"],
     of(ONE_DAY, PANEL, vtitle="logins/min", vtitleRight="ms", template="graphite")),
    ("axis-log", "logBase=10", ["aliasByNode(web.latency.*,2)"], of(ONE_DAY, PANEL, logBase=10, vtitle="ms")),
    ("axis-log-far", "logBase=10 over twenty decades", ["alias(rows.total,'rows')", "alias(web.logins,'logins')"],
     of(ONE_DAY, PANEL, logBase=10)),
    ("axis-limits", "yMin, yMax, yStep", ["alias(web.logins,'logins')"],
     of(ONE_DAY, PANEL, yMin=50, yMax=125, yStep=25)),
    ("axis-limit", "yLimit and yDivisors: outliers leave the picture", ["alias(fine.spikes,'queue')"],
     of(ONE_DAY, PANEL, yMin=0, yLimit=40, yDivisors="4")),
    ("axis-si", "yUnitSystem=si", ["alias(net.out,'out')"], of(ONE_DAY, CHAT, yUnitSystem="si")),
    ("axis-binary", "yUnitSystem=binary", ["aliasByNode(mem.*,1)"], of(ONE_DAY, CHAT, yUnitSystem="binary", yMin=0)),
    ("axis-sec", "yUnitSystem=sec", ["alias(backup.age,'age of the backup')"], of(ONE_DAY, CHAT, yUnitSystem="sec")),
    ("axis-msec", "yUnitSystem=msec", ["alias(scale(backup.age,1000),'age of the backup')"],
     of(ONE_DAY, CHAT, yUnitSystem="msec")),
    ("axis-none", "yUnitSystem=none", ["alias(net.out,'out')"], of(ONE_DAY, CHAT, yUnitSystem="none")),
    ("axis-right", "yAxisSide=right", ["alias(web.logins,'logins')"], of(ONE_DAY, CHAT, yAxisSide="right")),
    ("axis-tiny", "A range of a thousandth", ["alias(grid.frequency,'grid')"], of(ONE_DAY, PANEL, vtitle="Hz")),
    ("axis-small", "Values of a tenth of a millionth", ["alias(clock.offset,'offset')"], of(ONE_DAY, PANEL, vtitle="s")),
    ("axis-huge", "Values of 10 to the 18", ["alias(rows.total,'rows')"], of(ONE_DAY, PANEL)),
    ("axis-negative", "Values around zero", ["alias(room.temperature,'room')"], of(ONE_DAY, PANEL, vtitle="\u00b0C")),
    ("axis-flat", "A flat line", ["flat.line"], of(ONE_DAY, CHAT)),

    # -- time
    ("time-minutes", "Ten minutes", ["alias(fine.latency,'latency')"],
     of(PANEL, {"from": T0 + 12 * HOUR, "until": T0 + 12 * HOUR + 10 * MINUTE})),
    ("time-hour", "An hour", ["alias(fine.latency,'latency')"],
     of(PANEL, {"from": T0 + 12 * HOUR, "until": T0 + 13 * HOUR})),
    ("time-week", "A week", ["alias(week.requests,'requests')"], of(PANEL, {"from": T0 - WEEK, "until": T0})),
    ("time-year", "A year", ["alias(year.users,'users')"],
     of(PANEL, {"from": YEAR_FROM, "until": YEAR_FROM + 365 * DAY})),
    ("time-year-graphite", "A year in Graphite's look", ["alias(year.users,'users')"],
     of(PANEL, {"from": YEAR_FROM, "until": YEAR_FROM + 365 * DAY}, template="graphite")),
    ("time-dst", "The night when clocks go forward: 2 o'clock is left out", ["alias(night.requests,'requests')"],
     of(PANEL, {"from": CLOCKS_CHANGE, "until": CLOCKS_CHANGE + 6 * HOUR}, tz="Europe/Berlin")),
    ("time-zone", "tz=Asia/Kolkata and xFormat", ["alias(web.logins,'logins')"],
     of(ONE_DAY, PANEL, tz="Asia/Kolkata", xFormat="%a %H:%M")),

    # -- what is shown at all
    ("hide-legend", "hideLegend", [HOSTS], of(ONE_DAY, CHAT, hideLegend="true", title="No legend")),
    ("hide-axes", "hideAxes", [HOSTS], of(ONE_DAY, CHAT, hideAxes="true", title="No axes")),
    ("hide-x", "hideXAxis", [HOSTS], of(ONE_DAY, CHAT, hideXAxis="true", title="No times")),
    ("hide-y", "hideYAxis", [HOSTS], of(ONE_DAY, CHAT, hideYAxis="true", title="No values")),
    ("hide-grid", "hideGrid", [HOSTS], of(ONE_DAY, CHAT, hideGrid="true", title="No grid")),
    ("graph-only", "graphOnly", [HOSTS], of(ONE_DAY, CHAT, graphOnly="true")),

    # -- legends and titles
    ("legend-many", "100 series", ["aliasByNode(many.*.requests,1)"], of(ONE_DAY, PANEL, title="A hundred hosts")),
    ("legend-many-shown", "100 series, hideLegend=false: as many names as leave the plot its place",
     ["aliasByNode(many.*.requests,1)"], of(ONE_DAY, PANEL, hideLegend="false")),
    ("legend-many-chat", "12 series, hideLegend=false, in a chat window", ["aliasByNode(many.host00?.requests,1)",
     "aliasByNode(many.host01[01].requests,1)"], of(ONE_DAY, CHAT, hideLegend="false")),
    ("legend-unique", "uniqueLegend", ["alias(web.*.requests,'requests')", "alias(web.logins,'logins')"],
     of(ONE_DAY, CHAT, uniqueLegend="true")),
    ("legend-long", "Very long names lose their middles",
     ["alias(web.web0%d.requests,'%s')" % (k, LONG + "." + end) for k, end in ((1, "rate"), (2, "p99"))],
     of(ONE_DAY, CHAT)),
    ("title-long", "A title that is too long, and one beside the axis", ["web.logins"],
     of(ONE_DAY, CHAT, title="Logins of all users in all regions by every kind of client, counted by minute",
        vtitle="a description of the axis that is longer than the picture is high")),
    ("text-scripts", "Hebrew, Arabic, Japanese, Chinese, emoji; what shows depends on the fonts of the machine",
     ["alias(web.web01.requests,'%s')" % SHALOM, "alias(web.web02.requests,'%s web02')" % SALAM,
      "alias(web.web03.requests,'%s')" % JAPANESE, "alias(web.web04.requests,'%s')" % CHINESE,
      "alias(web.logins,'\U0001f680 launches')"],
     of(ONE_DAY, PANEL, title="%s \U0001f525 %s %s" % (JAPANESE, SHALOM, CHINESE))),

    # -- templates
    ("template-dark", "template=dark", [HOSTS, DEPLOYS], of(ONE_DAY, PANEL, template="dark", title="Requests a second")),
    ("template-dark-area", "template=dark, stacked", [CPU],
     of(ONE_DAY, PANEL, template="dark", areaMode="stacked", title="CPU")),
    ("template-print", "template=print: lines differ by their dashes, too", [HOSTS],
     of(ONE_DAY, PANEL, template="print", title="Requests a second")),
    ("template-graphite", "template=graphite", [HOSTS],
     of(ONE_DAY, PANEL, template="graphite", title="Requests a second")),
    ("template-classic", "template=classic", [HOSTS],
     of(ONE_DAY, PANEL, template="classic", title="Requests a second")),
    ("template-noc", "template=noc", [HOSTS], of(ONE_DAY, CHAT, template="noc", title="Requests a second")),
    ("template-alphas", "template=alphas", [HOSTS], of(ONE_DAY, CHAT, template="alphas", areaMode="all")),
    ("template-solarized", "template=solarized-dark", [HOSTS], of(ONE_DAY, CHAT, template="solarized-dark")),
    ("template-solarized-light", "template=solarized-light", [HOSTS], of(ONE_DAY, CHAT, template="solarized-light")),
    ("template-summary", "template=summary", [HOSTS], of(ONE_DAY, CHAT, template="summary")),
    ("template-own", "bgcolor and fgcolor: grid and labels follow", [HOSTS],
     of(ONE_DAY, CHAT, bgcolor="fdf6e3", fgcolor="073642", title="On paper")),

    # -- pies
    ("pie", "graphType=pie", [CPU], of(ONE_DAY, PANEL, graphType="pie", title="CPU")),
    ("pie-numbers", "valueLabels=number, rotated", ["alias(web.latency.*,'p')", CPU],
     of(ONE_DAY, CHAT, graphType="pie", valueLabels="number", pieLabels="rotated")),
    ("pie-none", "valueLabels=none in the dark", [HOSTS],
     of(ONE_DAY, CHAT, graphType="pie", valueLabels="none", template="dark")),
    ("pie-graphite", "A pie in Graphite's look", [CPU],
     of(ONE_DAY, PANEL, graphType="pie", title="CPU", template="graphite")),

    # -- next to nothing
    ("empty", "No series", ["no.such.metric"], of(ONE_DAY, CHAT, title="Nothing here")),
    ("empty-gaps", "A series without a value in that time", ["alias(once.only,'once')"],
     of(CHAT, {"from": T0, "until": T0 + 3 * HOUR}, title="Only gaps")),
    ("one-point", "One value", ["alias(once.only,'once')"], of(ONE_DAY, CHAT, title="One value")),
    ("empty-graphite", "No series in Graphite's look", ["no.such.metric"],
     of(ONE_DAY, CHAT, title="Nothing here", template="graphite")),
]
