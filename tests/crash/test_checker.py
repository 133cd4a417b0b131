#!/usr/bin/env python3
"""The checker sees each fault in logs that are made by hand."""

import pathlib
import sys
import tempfile
import unittest

from checker import ACCEPTED, HANDLED, INTENT, KNOWN, MARK, RECORD, START, TOTALS, Checker
from cluster import Broken
from scenarios import LINKS, MEMORY, Scenario, Topic

SCENARIO = Scenario("test", "", ("a", "b"),
                    (Topic("zeek/cluster/node/a/", ("a",)), Topic("common", ("a", "b"))),
                    LINKS, MEMORY)


def record(kind, number=0, start=1, topic=1, thread=0, is_uncertain=0):
    return RECORD.pack(start, number, thread, topic, kind, is_uncertain, 0, MARK, 0)


def sent(*numbers, **stream):
    return b"".join(record(kind, number, **stream) for number in numbers
                    for kind in (INTENT, ACCEPTED))


def handled(*numbers, **stream):
    return b"".join(record(HANDLED, number, **stream) for number in numbers)


class TestChecker(unittest.TestCase):
    def setUp(self):
        self.holder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.holder.name)
        for name in ("sender", "a", "b"):
            self.append(name, record(START, start=1))
        self.checker = Checker(self.folder, SCENARIO)

    def tearDown(self):
        self.holder.cleanup()

    def append(self, name, data):
        with open(self.folder / f"{name}.records", "ab") as file:
            file.write(data)

    def verdict(self, sender, a, b):
        """What the checker says, without what is zero."""
        for name, data in (("sender", sender), ("a", a), ("b", b)):
            self.append(name, data)
        self.checker.read()
        return {name: count for name, count in self.checker.verdict().items() if count != 0}

    def test_everything_once_is_right(self):
        found = self.verdict(sent(1, 2, 3), handled(1, 2, 3), handled(1, 2, 3))
        self.assertEqual(found, {"accepted": 3, "expected": 6, "delivered": 6})
        self.assertTrue(self.checker.has_everything())

    def test_an_event_in_the_middle_that_is_missing_is_lost(self):
        found = self.verdict(sent(1, 2, 3), handled(1, 2, 3), handled(1, 3))
        self.assertEqual(found, {"accepted": 3, "expected": 6, "delivered": 5, "lost": 1})
        self.assertFalse(self.checker.has_everything())
        self.assertTrue(self.checker.has_ends())

    def test_the_last_events_that_are_missing_are_lost(self):
        found = self.verdict(sent(1, 2, 3), handled(1), b"")
        self.assertEqual(found["lost"], 5)
        self.assertFalse(self.checker.has_ends())

    def test_an_event_that_comes_again_is_a_duplicate(self):
        found = self.verdict(sent(1, 2), handled(1, 2, 1), handled(1, 1, 2))
        self.assertEqual(found, {"accepted": 2, "expected": 4, "delivered": 6, "duplicates": 2})

    def test_an_event_that_comes_late_is_out_of_order_and_not_lost(self):
        found = self.verdict(sent(1, 2, 3), handled(1, 3, 2), handled(1, 2, 3))
        self.assertEqual(found, {"accepted": 3, "expected": 6, "delivered": 6, "out_of_order": 1})

    def test_an_event_of_an_earlier_start_after_a_later_one_is_late(self):
        more = record(START, start=2) + sent(1, start=2)
        found = self.verdict(sent(1, 2) + more, handled(1) + handled(1, start=2) + handled(2),
                             handled(1, 2) + handled(1, start=2))
        self.assertEqual(found, {"accepted": 3, "expected": 6, "delivered": 6, "late_starts": 1})

    def test_events_of_other_threads_and_topics_have_an_order_of_their_own(self):
        more = record(START, start=2) + sent(1, start=2, thread=1) + sent(1, start=2, topic=0)
        found = self.verdict(
            sent(1, 2) + more,
            handled(1, start=2, thread=1) + handled(1) + handled(1, start=2, topic=0) + handled(2),
            handled(1, 2) + handled(1, start=2, thread=1))
        self.assertEqual(found, {"accepted": 4, "expected": 7, "delivered": 7})

    def test_what_may_have_been_accepted_may_arrive_or_not(self):
        maybe = sent(1) + record(INTENT, 2)
        found = self.verdict(maybe, handled(1, 2), handled(1))
        self.assertEqual(found, {"accepted": 1, "maybe": 1, "expected": 2, "delivered": 3})

    def test_what_was_never_published_is_unknown(self):
        found = self.verdict(sent(1), handled(1, 2), handled(1) + handled(1, start=7))
        self.assertEqual(found["unknown"], 2)

    def test_what_is_for_another_node_is_unknown(self):
        found = self.verdict(sent(1, topic=0), handled(1, topic=0), handled(1, topic=0))
        self.assertEqual(found, {"accepted": 1, "expected": 1, "delivered": 2, "unknown": 1})

    def test_what_the_receiver_knew_is_no_duplicate(self):
        again = record(START, start=2) + record(KNOWN, 1, is_uncertain=1) + handled(2)
        found = self.verdict(sent(1, 2), handled(1) + again, handled(1, 2))
        self.assertEqual(found, {"accepted": 2, "expected": 4, "delivered": 4, "uncertain": 1})

    def test_half_a_record_is_read_when_it_is_whole(self):
        whole = handled(2)
        self.verdict(sent(1, 2), handled(1) + whole[:10], handled(1, 2))
        self.assertFalse(self.checker.has_everything())
        self.append("a", whole[10:])
        self.checker.read()
        self.assertTrue(self.checker.has_everything())

    def test_totals_are_summed_over_all_starts(self):
        (self.folder / "b.stats").write_bytes(TOTALS.pack(1, 0, 0, 7, 2, 0, 0, 0) +
                                              TOTALS.pack(1, 0, 0, 1, 3, 0, 0, 0))
        found = self.verdict(sent(1), handled(1), handled(1))
        self.assertEqual((found["repeated"], found["gaps_reported"]), (8, 5))

    def test_a_sender_has_let_go_when_its_disk_is_empty_after_the_last_start(self):
        slots = self.folder / "sender.stats"
        slots.write_bytes(TOTALS.pack(1, 0, 0, 0, 0, 0, 9, 9) + TOTALS.pack(1, 0, 0, 0, 0, 0, 2, 2))
        self.assertFalse(self.checker.has_let_go())
        self.checker.may_keep = True
        self.assertTrue(self.checker.has_let_go())
        slots.write_bytes(TOTALS.pack(1, 0, 0, 0, 0, 0, 9, 9) + TOTALS.pack(1, 0, 0, 0, 0, 0, 0, 0))
        self.checker.may_keep = False
        self.assertTrue(self.checker.has_let_go())

    def test_a_sender_that_leaves_out_a_number_is_broken(self):
        self.append("sender", sent(1, 3))
        with self.assertRaises(Broken):
            self.checker.read()


if __name__ == "__main__":
    done = unittest.main(exit=False, argv=sys.argv[:1]).result
    bad = len(done.failures) + len(done.errors)
    print(f"suite crash.checker: {done.testsRun - bad} passed, {bad} failed, 0 skipped")
    sys.exit(1 if bad else 0)
