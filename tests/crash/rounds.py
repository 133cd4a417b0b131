"""Rounds of faults under load, and the wait until everything has arrived."""

import collections
import random
import time

from cluster import PATIENCE_S, Broken
from scenarios import NOTHING

LOAD_S = (0.1, 0.9)
PAUSE_S = (0.01, 0.6)
OVERLAP_S = (0.0, 0.3)

# A node that loses its connection three times in a row soon after it was made, though the broker can
# be reached, takes that for a second node of its name and gives way for good. So what was cut is not
# to be reached for so long.
UNREACHABLE_S = 0.25

# Of 100 rounds, how many have one victim, two or three.
VICTIMS = (75, 20, 5)

# How many of all restart at once.
AT_ONCE = 0.5

# Rounds between two looks at whether everything arrived.
LEG = 50

# Where something may be lost: when nothing has come for so long, and the last event of every stream
# is there, what is missing stays so.
LOST_FOR_GOOD_S = 1.5


class Rounds:
    def __init__(self, cluster, checker, seed):
        self.cluster = cluster
        self.checker = checker
        self.scenario = cluster.scenario
        self.random = random.Random(seed)
        self.deck = []
        self.kills = collections.Counter()
        self.count = 0

    def run(self, count):
        """So many rounds, and everything checked in between and at the end. Returns False when
        something did not arrive in time."""
        for left in range(count, 0, -1):
            self._round()
            self.cluster.check()
            if self.count % LEG == 0 and left > 1 and not self._settle():
                return False
        return self._settle()

    # --- Faults -------------------------------------------------------------------------------

    def _round(self):
        self.count += 1
        self._pause(LOAD_S)
        restores = [self._hit(*victim) for victim in self._choose()]
        if self.random.random() >= AT_ONCE:
            self._pause(PAUSE_S)
        self.random.shuffle(restores)
        for restore in restores:
            restore()

    def _pause(self, between):
        time.sleep(self.random.uniform(*between))

    def _choose(self):
        """One victim or several different ones, or always all of them in their order."""
        if self.scenario.is_together:
            return [(kind, 0) for kind in self.scenario.victims]
        count = self.random.choices((1, 2, 3), VICTIMS)[0]
        return list(dict.fromkeys(self._draw() for _ in range(count)))

    def _draw(self):
        """A kind and which one of it. Every kind comes once before one comes again."""
        if not self.deck:
            self.deck = list(self.scenario.victims)
            self.random.shuffle(self.deck)
        kind = self.deck.pop()
        count = len(self.cluster.receivers) if kind.startswith("receiver") else 1
        return kind, self.random.randrange(count)

    def _hit(self, kind, index):
        """Returns what makes it whole again."""
        if self.random.random() < 0.5:
            self._pause(OVERLAP_S)
        self.kills[kind] += 1
        if kind == "broker":
            self.cluster.kill_broker()
            return self._restart_broker
        node = self.cluster.receivers[index] if kind.startswith("receiver") else self.cluster.sender
        if kind.endswith("-link"):
            is_silent = self.random.random() < 0.5
            node.link.cut(is_silent)
            return lambda: self._restore(node.link, is_silent)
        node.kill()
        return lambda: self.cluster.start_node(node)

    def _restart_broker(self):
        time.sleep(UNREACHABLE_S)
        self.cluster.start_broker()

    @staticmethod
    def _restore(link, is_silent):
        if is_silent:
            link.cut(False)
        time.sleep(UNREACHABLE_S)
        link.restore()

    # --- Waiting ------------------------------------------------------------------------------

    def _settle(self):
        """Ends the load, waits for what was accepted, and lets the load go on. Returns False when
        nothing came any more and not everything had arrived."""
        has_all = False
        deadline = time.monotonic() + PATIENCE_S
        while not has_all and time.monotonic() < deadline:
            self.cluster.sender.tell("rest")
            self.cluster.sender.wait_for("resting")
            has_all = self._wait_for_all()
            self.cluster.sender.tell("go")
            if self.scenario.finds == NOTHING:
                break
        return has_all

    def _wait_for_all(self):
        """Until everything has arrived, or the last event of every stream and then no more where
        something may be lost. Returns False when nothing comes any more; where the last ones may
        be lost too, that is soon."""
        may_lose = self.scenario.finds != NOTHING
        patience_s = LOST_FOR_GOOD_S if may_lose else PATIENCE_S
        news = time.monotonic()
        while time.monotonic() - news < patience_s:
            if self.checker.read():
                news = time.monotonic()
            if self.checker.has_everything() and (may_lose or self.checker.has_let_go()):
                return True
            self.cluster.check()
            time.sleep(0.02)
        return may_lose and self.checker.has_ends()
