"""What it costs that events are on disk before publish says that they are accepted."""

import benches
import durable

NAME = "durability"
WHAT = "events per second of eight threads, in memory and on disk, waiting for it or not"

# Durability, when it is synced, and how it is published.
CASES = tuple((durability, fsync, publish) for publish in ("wait", "async")
              for durability, fsync in (("memory", ""), ("disk", "interval"), ("disk", "always")))


def options(case):
    _, fsync, publish = case
    return [*(["--fsync", fsync] if fsync else []), *(["--async"] if publish == "async" else [])]


def make_row(case, runs):
    durability, fsync, publish = case
    return durable.row(runs, durability=durability, guarantee="broker", publish=publish,
                       **({"fsync": fsync} if fsync else {}))


def run(lab):
    if not durable.is_wanted(lab):
        return []
    found = durable.measure(lab, NAME, CASES, options)
    rows = [make_row(case, found[case]) for case in found]
    base = {row["publish"]: row for row in rows if row["durability"] == "memory"}
    durable.compare((row, base[row["publish"]]) for row in rows if row["publish"] in base)
    lab.note(f"durability: one node with {durable.THREADS} threads and {durable.TOPICS} topics; "
             f"the spool is on {durable.file_system(lab)}; wait is mqc_publish(), which returns "
             f"when the event is on disk; async is mqc_publish_async() with at most "
             f"{durable.WINDOW:,} events of each thread that wait for it; each thread is at most "
             f"{durable.AHEAD:,} events ahead of the receiver; the ratio is to memory")
    return rows


def table(rows):
    columns = ["publish", "durability", "fsync", *durable.COLUMNS]
    return benches.markdown(columns, [
        [row["publish"], row["durability"], row.get("fsync", ""), *durable.cells(row)]
        for row in rows])
