"""What end_to_end costs beside broker."""

import benches
import durable

NAME = "guarantee"
WHAT = "events per second that the receiver acknowledges, or may ask for again, and without that"

# To whom, and the guarantee.
CASES = tuple((to, guarantee) for to in ("one", "many") for guarantee in ("broker", "end_to_end"))
TOPICS = {"one": "of the receiver alone", "many": "of whoever subscribes"}


def options(case):
    to, guarantee = case
    return ["--async", "--guarantee", guarantee, *(["--to-one"] if to == "one" else [])]


def make_row(case, runs):
    to, guarantee = case
    return durable.row(runs, durability="memory", guarantee=guarantee, publish="async", to=to)


def run(lab):
    if not durable.is_wanted(lab):
        return []
    found = durable.measure(lab, NAME, CASES, options)
    rows = [make_row(case, found[case]) for case in found]
    base = {row["to"]: row for row in rows if row["guarantee"] == "broker"}
    durable.compare((row, base[row["to"]]) for row in rows if row["to"] in base)
    lab.note("guarantee: as durability, in memory and with mqc_publish_async(); the ratio is to "
             "the guarantee broker on the same topics")
    return rows


def table(rows):
    columns = ["topics", "guarantee", *durable.COLUMNS]
    return benches.markdown(columns, [
        [TOPICS[row["to"]], row["guarantee"], *durable.cells(row)] for row in rows])
