"""``make bench``: ONLY=name for one, SCALE (default 0.1) for the size of the data."""

from __future__ import annotations

import os

from bench import audit, claims, every_page, grid, pages, prices, room_files, room_lists, search
from bench.measure import keep, print_table
from bench.stage import set_up
from config import data_dir

#: which module measures which figures
SUITES = {
    "claims": (claims.run, ("claim_http", "claim_cpu_ms")),
    "audit": (audit.run, ("audit_page",)),
    "grid": (grid.run, ("grid_json",)),
    "pages": (pages.run, ("page_sign_in", "page_list", "page_detail", "page_workbench")),
    "search": (search.run, ("customer_search_p95",)),
    "prices": (prices.run, ("price_adjust_10k",)),
    "room_lists": (room_lists.run, ("rooms_list_1m", "rooms_list_growth")),
    "room_files": (room_files.run, ("rooms_import", "rooms_export")),
    "every_page": (every_page.run, ("page_slowest",)),
}
TEN_THOUSAND = (grid.run, prices.run, room_lists.run)


def main() -> None:
    """Measure what is asked for; print a table and keep it in DATA_DIR/bench.json."""
    only = os.environ.get("ONLY", "")
    scale = float(os.environ.get("SCALE", "0.1"))
    wanted = [run for run, names in SUITES.values() if not only or only in names]
    if not wanted:
        names = ", ".join(name for _, names in SUITES.values() for name in names)
        raise SystemExit(f"there is no benchmark {only}; there are: {names}")
    measures = []
    for run in wanted:
        # 10,000 rooms for these at any scale; claims need theirs beside the yardstick's.
        buildings = 10 if run in TEN_THOUSAND else max(3, round(24 * scale))
        with set_up(buildings=buildings) as stage:
            measures += run(stage, scale)
    print_table(measures)
    keep(measures, data_dir() / "bench.json")


if __name__ == "__main__":
    main()
