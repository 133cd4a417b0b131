"""Draws what the benches throughput and latency measured: ours and the peers side by side, without
TLS on the left and with TLS on the right."""

import math

import benches
from svg import Drawing

WIDTH = 1240
MARGIN = 36
GUTTER = 48
COLUMN = (WIDTH - 2 * MARGIN - GUTTER) / 2
LABEL = 138  # to the left of the rows
VALUE = 132  # to the right of the axis
ROW = 21
BAR = 13

OURS, OURS_OTHER, PEER, PEER_OTHER = "#1b5e9e", "#86aed6", "#8b8579", "#c3beb2"
GRID, INK, FAINT = "#e4e4e0", "#222222", "#666666"

LOADS = {"idle": "idle: one event a second", "low": "low: one event at a time",
         "half": "half of the highest rate", "full": "full: the highest rate"}


def colour(row):
    is_variant = benches.subject(row) != row["subject"]
    if row["subject"] == "mqcluster":
        return OURS_OTHER if is_variant else OURS
    return PEER_OTHER if is_variant else PEER


def rank(row):
    """Ours first, then by name, variants behind."""
    return (row["subject"] != "mqcluster", row["subject"], benches.subject(row))


def step(greatest):
    """A round distance of ticks that makes at most six of them."""
    least = greatest / 6
    power = 10 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)


def short(value):
    """A rate as it stands at a tick."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g} {name}"
    return f"{value:g}"


def span(us):
    """A time as people say it."""
    if us < 999.5:
        return f"{us:.0f} µs"
    return f"{us / 1e3:.3g} ms" if us < 999.5e3 else f"{us / 1e6:.3g} s"


class Panel:
    """One column of a chart: rows below each other on one axis."""

    def __init__(self, drawing, x, y, place, ticks):
        self.drawing = drawing
        self.left = x + LABEL
        self.right = x + COLUMN - VALUE
        self.label = x + LABEL - 8
        self.value = x + COLUMN
        self.top = self.y = y
        self.place = place  # of a value, from 0 to 1
        self.ticks = ticks  # value and text

    def at(self, value):
        return self.left + self.place(value) * (self.right - self.left)

    def group(self, text):
        self.y += 10
        self.drawing.text(self.left, self.y + 12, text, 11.5, FAINT, bold=True)
        self.y += 19

    def row(self, name, is_ours):
        """Begins a row and returns the middle of it."""
        middle = self.y + ROW / 2
        self.drawing.text(self.label, middle + 4, name, 12, INK, "end", bold=is_ours)
        self.y += ROW
        return middle

    def tell(self, middle, text, x=None):
        """The figures of a row: at x, or to the right of the axis."""
        self.drawing.text(x or self.value, middle + 4, text, 12, INK, "start" if x else "end")

    def grid(self, bottom):
        for value, text in self.ticks:
            x = self.at(value)
            self.drawing.line(x, self.top + 4, x, bottom, GRID)
            self.drawing.text(x, bottom + 15, text, 10.5, FAINT, "middle")


def columns(drawing, y, rows, place, ticks, fill):
    """Lets fill(panel, rows) draw the rows without TLS and those with it; returns where that
    ends. The grid comes first, so that it lies below."""
    def panels(target):
        made = []
        for i, tls in enumerate((False, True)):
            chosen = [row for row in rows if row["tls"] == tls]
            if chosen:
                x = MARGIN + i * (COLUMN + GUTTER)
                target.text(x + LABEL, y, "with TLS" if tls else "without TLS", 13, INK, bold=True)
                made.append(Panel(target, x, y, place, ticks))
                fill(made[-1], chosen)
        return made

    bottom = max(panel.y for panel in panels(Drawing(WIDTH))) + 4
    for i, tls in enumerate((False, True)):
        if any(row["tls"] == tls for row in rows):
            Panel(drawing, MARGIN + i * (COLUMN + GUTTER), y, place, ticks).grid(bottom)
    panels(drawing)
    return bottom + 20


def shape(row):
    """What is said of a row that has more than one topic and receiver."""
    many = [f"{row[name]} {name}" for name in ("topics", "receivers") if row[name] > 1]
    return ", ".join(many)


def is_bold(row):
    return row["subject"] == "mqcluster" and benches.subject(row) == "mqcluster"


def rate(panel, row):
    middle = panel.row(shape(row) or benches.subject(row), is_bold(row))
    end = max(panel.left + 1, panel.at(row["events_per_s"]))
    value = f"{row['events_per_s']:,.0f}"
    panel.drawing.bar(panel.left, middle - BAR / 2, end - panel.left, BAR, colour(row),
                      f"{benches.subject(row)}: {value} events/s")
    lost = row["accepted"] - row["received"]
    panel.tell(middle, f"{value}, {lost:,} lost" if lost else value, end + 7)


def throughput(drawing, y, rows):
    rows = [row for row in rows if row["bench"] == "throughput" and "events_per_s" in row
            and row["payload_bytes"] == 100]
    if not rows:
        return y
    greatest = max(row["events_per_s"] for row in rows)
    distance = step(greatest)
    ticks = [(i * distance, short(i * distance) if i else "0")
             for i in range(int(greatest / distance) + 1)]

    def fill(panel, chosen):
        for qos, promise in ((0, "at most once"), (1, "acknowledged")):
            of_qos = [row for row in chosen if row["qos"] == qos]
            single = sorted((row for row in of_qos if not shape(row)), key=rank)
            several = sorted((row for row in of_qos if shape(row)),
                             key=lambda row: (row["topics"], row["receivers"]))
            for text, group in ((f"QoS {qos}: {promise}", single),
                                (f"QoS {qos}: mqcluster with several topics or receivers", several)):
                if group:
                    panel.group(text)
                for row in group:
                    rate(panel, row)

    drawing.text(MARGIN, y + 6, "Events per second", 17, INK, bold=True)
    drawing.text(MARGIN, y + 25, "100 bytes each, from one process through the broker to another; "
                 "more is better. With several receivers each gets every event.", 12, FAINT)
    drawing.text(MARGIN, y + 42, "batch 1: each event in a message of its own; send asap: each "
                 "written at once.", 12, FAINT)
    return columns(drawing, y + 72, rows, lambda value: value / greatest, ticks, fill)


def highest_qos(rows):
    """One row for each subject and load, that with the highest QoS."""
    found = {}
    for row in sorted(rows, key=lambda row: row["qos"]):
        found[benches.subject(row), row["tls"], row["load"]] = row
    return list(found.values())


def latency(drawing, y, rows):
    rows = highest_qos(row for row in rows if row["bench"] == "latency" and "p99_us" in row)
    if not rows:
        return y
    low = math.floor(math.log10(max(1, min(row["p50_us"] for row in rows))))
    high = max(low + 1, math.log10(max(row["p99_us"] for row in rows)))
    ticks = [(10.0 ** i, span(10 ** i)) for i in range(low, math.floor(high) + 1)]

    def fill(panel, chosen):
        for load, text in LOADS.items():
            group = [row for row in chosen if row["load"] == load]
            if group:
                panel.group(text)
            for row in sorted(group, key=rank):
                middle = panel.row(benches.subject(row), is_bold(row))
                p50, p90, p99 = (panel.at(row[name]) for name in ("p50_us", "p90_us", "p99_us"))
                panel.drawing.line(p50, middle, p99, middle, colour(row), 2.5)
                panel.drawing.line(p90, middle - 5, p90, middle + 5, colour(row), 2)
                panel.drawing.dot(p99, middle, 3.5, colour(row), "#ffffff")
                panel.drawing.dot(p50, middle, 4, colour(row))
                panel.tell(middle, f"{span(row['p50_us'])} … {span(row['p99_us'])}")

    drawing.text(MARGIN, y + 6, "Latency", 17, INK, bold=True)
    drawing.text(MARGIN, y + 25, "From publish to the receiver's callback, 100 bytes, at the "
                 "highest QoS that each has (nats: 0, others: 1); less is better, the scale is "
                 "logarithmic. The figures are p50 and p99.", 12, FAINT)
    drawing.dot(MARGIN + 5, y + 40, 4, INK)
    drawing.text(MARGIN + 14, y + 44, "p50", 11.5, FAINT)
    drawing.line(MARGIN + 60, y + 35, MARGIN + 60, y + 45, INK, 2)
    drawing.text(MARGIN + 67, y + 44, "p90", 11.5, FAINT)
    drawing.dot(MARGIN + 114, y + 40, 3.5, INK, "#ffffff")
    drawing.text(MARGIN + 123, y + 44, "p99", 11.5, FAINT)
    return columns(drawing, y + 72, rows,
                   lambda value: (math.log10(max(value, 1)) - low) / (high - low), ticks, fill)


def draw(rows, title, lines):
    """Returns the SVG with a title and lines of text below it; None when there is nothing to
    draw."""
    drawing = Drawing(WIDTH)
    drawing.text(MARGIN, 44, title, 22, INK, bold=True)
    y = 66
    for line in lines:
        drawing.text(MARGIN, y, line, 12, FAINT)
        y += 18
    begin = y
    for chart in (throughput, latency):
        end = chart(drawing, y + 20, rows)
        y = end + 10 if end != y + 20 else y
    return drawing.finish(MARGIN / 2) if y != begin else None
