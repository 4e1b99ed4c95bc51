"""A few kills of each kind under load, with the whole oracle; ``make chaos`` does a thousand."""

from __future__ import annotations

import pytest

from chaos.kills import WEIGHTS, Killer
from chaos.office import open_office
from chaos.run import Trial

pytestmark = [pytest.mark.commit, pytest.mark.xdist_group("chaos"), pytest.mark.timeout(600)]

SEED = 3
#: the agent first: what it had taken over is free again when its lease has run out
IN_TURN = ("agent", "simulator", *sorted(set(WEIGHTS) - {"agent", "simulator"}))


def test_each_process_killed_under_load_and_nothing_is_lost_doubled_or_stuck():
    with open_office() as office:
        trial = Trial(office, seed=SEED)
        killer = Killer(office, trial.diary, seed=SEED, wanted=0, seconds=1)
        trial.open()
        try:
            killer.kill_each(IN_TURN, pause=1.2)
            verdict = trial.close(killer)
        finally:
            trial.scene.stop.set()
        assert verdict.violations == [], office.logs()
    assert set(verdict.kills) == set(WEIGHTS)
    done = {kind for kind, counts in verdict.figures["kinds"].items() if counts["done"]}
    assert {"hold", "customer", "subscribe"} <= done
