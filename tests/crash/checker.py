"""Compares what was accepted with what every receiver handled, as their logs tell."""

import collections
import struct

from cluster import Broken

# As in record.h and node.c.
RECORD = struct.Struct("=IIHHHHIIQ")
MARK = 0x43524153
START, INTENT, ACCEPTED, HANDLED, KNOWN = range(1, 6)
TOTALS = struct.Struct("=8Q")
Totals = collections.namedtuple(
    "Totals", "published dropped received duplicates missing repeated spooled kept")

EXAMPLES_MOST = 20
LOST_EXAMPLES_MOST = 5

# The events of one thread on one topic in one life of the sender; numbered 1, 2, 3, ...
Stream = collections.namedtuple("Stream", "start thread topic")


class Log:
    """Reads what was appended since the last time."""

    def __init__(self, path):
        self.path = path
        self.offset = 0

    def records(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            data = file.read()
        data = data[:len(data) - len(data) % RECORD.size]
        self.offset += len(data)
        return RECORD.iter_unpack(data)


def all_totals(folder, name):
    """What the library counted, for each start of a node."""
    path = folder / f"{name}.stats"
    data = path.read_bytes() if path.exists() else b""
    return [Totals(*slot) for slot in TOTALS.iter_unpack(data[:len(data) - len(data) % TOTALS.size])]


def totals(folder, name):
    """The sums of that; senseless for what is "now"."""
    return Totals(*map(sum, zip((0,) * len(Totals._fields), *all_totals(folder, name))))


class Sent:
    """What the sender did. Events that were about to be published when the sender was killed may
    have been accepted."""

    def __init__(self, path):
        self.log = Log(path)
        self.intended = collections.Counter()
        self.accepted = collections.Counter()
        self.last_start = 0

    def read(self):
        for start, number, thread, topic, kind, _, _, mark, _ in self.log.records():
            stream = (start, thread, topic)
            if kind == INTENT:
                is_next = self.intended[stream] == number - 1
                self.intended[stream] = number
            elif kind == ACCEPTED:
                is_next = self.accepted[stream] == number - 1 < self.intended[stream]
                self.accepted[stream] = number
            else:
                is_next = kind == START
                self.last_start = start
            if not is_next or mark != MARK:
                raise Broken(f"the sender's log is broken at {stream}, {number}")

    def maybe(self):
        return sum(self.intended.values()) - sum(self.accepted.values())


class Received:
    """What one receiver handled."""

    def __init__(self, name, path, topics):
        self.name = name
        self.log = Log(path)
        self.topics = topics
        self.last = collections.Counter()
        self.missing = collections.defaultdict(set)
        self.last_start = collections.Counter()
        self.counts = collections.Counter()
        self.examples = []

    def read(self):
        """Returns how many records there were."""
        count = 0
        for start, number, thread, topic, kind, is_uncertain, clock_ms, mark, sequence in \
                self.log.records():
            count += 1
            if mark != MARK:
                raise Broken(f"the log of {self.name} is broken")
            self.counts["uncertain"] += is_uncertain
            if kind == HANDLED:
                self._take(Stream(start, thread, topic), number, (clock_ms, sequence))
        return count

    def _take(self, stream, number, where):
        self.counts["delivered"] += 1
        last = self.last[stream]
        if number == last + 1:
            self.last[stream] = number
        elif number > last:
            self.missing[stream].update(range(last + 1, number))
            self.last[stream] = number
        elif number in self.missing[stream]:
            self.missing[stream].remove(number)
            self._blame("out_of_order", f"{number} after {last} of {stream}", where)
        else:
            self._blame("duplicates", f"{number} again after {last} of {stream}", where)
            return
        if stream.topic not in self.topics:
            self._blame("unknown", f"{stream} is for others", where)
        self._check_start(stream, number, where)

    def _check_start(self, stream, number, where):
        """Everything of an earlier life of the sender comes before what is of a later one."""
        place = stream[1:]
        if stream.start < self.last_start[place]:
            self._blame("late_starts", f"{number} of {stream} after start "
                        f"{self.last_start[place]}", where)
        else:
            self.last_start[place] = stream.start

    def _blame(self, fault, text, where):
        self.counts[fault] += 1
        if len(self.examples) < EXAMPLES_MOST:
            self.examples.append(f"{self.name}: {fault}: {text} (clock {where[0]} ms, sequence "
                                 f"{where[1]})")


class Checker:
    """Reads on as the logs grow; verdict() when nothing more comes."""

    def __init__(self, folder, scenario):
        self.folder = folder
        self.may_keep = scenario.may_keep
        self.sent = Sent(folder / "sender.records")
        self.received = [
            Received(name, folder / f"{name}.records",
                     {index for index, topic in enumerate(scenario.topics)
                      if name in topic.receivers})
            for name in scenario.receivers]

    def read(self):
        """Returns whether anything was new."""
        self.sent.read()
        return sum([received.read() for received in self.received]) > 0

    def _expected(self, received):
        return ((stream, count) for stream, count in self.sent.accepted.items()
                if stream[2] in received.topics)

    def lost(self, received):
        """Yields each stream of which a receiver lacks something, and how many."""
        for stream, count in self._expected(received):
            missing = sum(number <= count for number in received.missing.get(stream, ()))
            missing += max(0, count - received.last[stream])
            if missing > 0:
                yield stream, missing

    def has_everything(self):
        return not any(True for received in self.received for _ in self.lost(received))

    def has_ends(self):
        """Whether the last event of every stream has arrived, of the sender's present life."""
        return all(received.last[stream] >= count for received in self.received
                   for stream, count in self._expected(received)
                   if stream[0] == self.sent.last_start)

    def has_let_go(self):
        """Whether the sender has nothing on disk that it need not keep."""
        slots = all_totals(self.folder, "sender")
        return bool(slots) and slots[-1].spooled <= (slots[-1].kept if self.may_keep else 0)

    def _unknown(self, received):
        """How many events a receiver has that were never to be published."""
        return sum(max(0, last - self.sent.intended[stream])
                   for stream, last in received.last.items())

    def _counted_by_library(self, received):
        sums = totals(self.folder, received.name)
        return {"repeated": sums.duplicates, "gaps_reported": sums.missing}

    def verdict(self):
        """The counts of the report."""
        counts = collections.Counter()
        for received in self.received:
            counts.update(received.counts)
            counts["unknown"] += self._unknown(received)
            counts["expected"] += sum(count for _, count in self._expected(received))
            counts["lost"] += sum(count for _, count in self.lost(received))
            counts.update(self._counted_by_library(received))
        return {"accepted": sum(self.sent.accepted.values()), "maybe": self.sent.maybe(),
                **{name: counts[name] for name in
                   ("expected", "delivered", "lost", "duplicates", "out_of_order", "late_starts",
                    "unknown", "uncertain", "repeated", "gaps_reported")},
                "messages_asked_for": totals(self.folder, "sender").repeated}

    def examples(self):
        """Some of what is wrong, for people."""
        for received in self.received:
            yield from received.examples
            lost = list(self.lost(received))
            for stream, count in lost[:LOST_EXAMPLES_MOST]:
                some = sorted(received.missing.get(stream, ()))[:5]
                yield (f"{received.name}: lost: {count} of {Stream(*stream)}: has up to "
                       f"{received.last[stream]} of {self.sent.accepted[stream]}, without {some}")
            if len(lost) > LOST_EXAMPLES_MOST:
                yield f"{received.name}: lost: some of {len(lost)} streams in all"
