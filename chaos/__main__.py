"""``make chaos``: MINUTES (20), KILLS (60 a minute), SEED; ``report`` writes the page."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from dataclasses import asdict

from chaos.kills import Killer
from chaos.office import open_office
from chaos.report import describe, write_report
from chaos.run import Trial
from config import ROOT, data_dir


def main() -> int:
    """Run, add the figures to DATA_DIR/chaos.json; 1 when a rule was violated."""
    kept = data_dir() / "chaos.json"
    runs = json.loads(kept.read_text()) if kept.exists() else []
    if sys.argv[1:] == ["report"]:
        write_report(runs, ROOT / "docs/chaos.md")
        return 0
    # Said aloud: a shell that starts us in the background has SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    minutes = float(os.environ.get("MINUTES", "20"))
    wanted = int(os.environ.get("KILLS", str(round(60 * minutes))))
    seed = int(os.environ.get("SEED", str(random.randrange(10_000))))
    print(f"SEED={seed} MINUTES={minutes:g} KILLS={wanted}", flush=True)
    with open_office(keep=os.environ.get("KEEP") == "1") as office:
        print(f"the office: {office.folder}", flush=True)
        trial = Trial(office, seed=seed)
        trial.open()
        killer = Killer(office, trial.diary, seed=seed, wanted=wanted, seconds=60 * minutes)
        killer.start()
        try:
            trial.watch(killer)
            verdict = trial.close(killer)
        finally:
            killer.over.set()
            trial.scene.stop.set()
    figures = describe(asdict(verdict))
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps([*runs, figures], indent=1, ensure_ascii=False))
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    return 1 if verdict.violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
