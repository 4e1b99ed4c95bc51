"""The figures of a run, and the page of docs that is made of them."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app import __version__
from chaos.records import AT_REST, all_rules

KINDS = {
    "web worker": "网页工作进程 web worker",
    "web master": "网页主进程 web master",
    "live": "实时推送 live",
    "worker": "后台任务 worker",
    "agent": "柜台设备代理 agent",
    "simulator": "打印机仿真 simulator",
    "database backend": "数据库连接进程 database backend",
    "database helper": "数据库辅助进程 database helper",
    "postmaster": "数据库主进程 postmaster",
}


def describe(verdict: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict with where and when it was found."""
    return {
        "version": __version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "load": [round(part, 1) for part in os.getloadavg()],
        "rules": len(all_rules()) + len(AT_REST),
        "kills_total": sum(verdict["kills"].values()),
        **verdict,
    }


def write_report(runs: list[dict[str, Any]], path: Path) -> None:
    """Write docs/chaos.md from the kept figures: the last run at length, the others in a row."""
    last = runs[-1]
    lines = [*_head(last), *_kills(last), *_deeds(last), *_runs(runs)]
    path.write_text("\n".join(lines) + "\n")


def _runs(runs: list[dict[str, Any]]) -> list[str]:
    lines = ["", "## 历次试验", "", "| 时间 | 版本 | SEED | 分钟 | 杀进程 | 请求 | 违例 |"]
    lines.append("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    lines += [
        f"| {one['at'][:16]} | {one['version']} | {one['seed']} | {one['seconds'] / 60:.1f}"
        f" | {one['kills_total']} | {one['figures']['deeds']} | {len(one['violations'])} |"
        for one in runs
    ]
    total = sum(one["kills_total"] for one in runs)
    return [*lines, "", f"合计杀进程 {total} 次。"]


def _head(figures: dict[str, Any]) -> list[str]:
    told = figures["figures"]
    return [
        "# 随机杀进程试验 Chaos",
        "",
        "本页由命令 `make chaos-report` 依据 `make chaos` 的结果生成，请勿手改。",
        "",
        f"版本 {figures['version']}，{figures['at']}，{figures['machine']}，"
        f"负载 {figures['load'][0]}，种子 SEED={figures['seed']}，"
        f"历时 {figures['seconds'] / 60:.1f} 分钟。",
        "",
        "试验启动一套完整的系统（数据库、网页、实时推送、后台任务、设备代理、打印机仿真），"
        "十四个线程像真人一样同时售房、审批、收款、红冲、导入，断线时用同一个"
        " Idempotency-Key 重发；同时在随机时刻对随机进程执行 `kill -9`。"
        "裁判对照数据库、打印出的纸和客户端得到的每个答复。",
        "",
        f"- 杀进程 **{figures['kills_total']}** 次",
        f"- 业务请求 **{told['deeds']}** 个，发送 {told['attempts']} 次，"
        f"其中 {told['repeated']} 个请求至少重发过一次",
        f"- 裁判规则 {figures['rules']} 条，全量核对 {figures['checks']} 次",
        f"- **违例 {len(figures['violations'])}**",
        "",
    ]


def _kills(figures: dict[str, Any]) -> list[str]:
    lines = ["## 被杀的进程", "", "| 进程 | 次数 |", "| --- | ---: |"]
    for kind, count in sorted(figures["kills"].items(), key=lambda pair: -pair[1]):
        lines.append(f"| {KINDS[kind]} | {count} |")
    return [*lines, ""]


def _deeds(figures: dict[str, Any]) -> list[str]:
    told = figures["figures"]
    lines = ["## 业务请求", "", "| 请求 | 成功 | 被拒 | 无答复 |", "| --- | ---: | ---: | ---: |"]
    for kind, counts in told["kinds"].items():
        lines.append(f"| {kind} | {counts['done']} | {counts['refused']} | {counts['open']} |")
    lines += ["", "## 每次发送的结果", "", "| 结果 | 次数 |", "| --- | ---: |"]
    lines += [f"| {what} | {count} |" for what, count in told["outcomes"].items()]
    jobs = "，".join(f"{state} {count}" for state, count in told["jobs"].items())
    screens = "，".join(
        f"收到 {one['events']} 条事件、重连 {one['reconnects']} 次" for one in told["screens"]
    )
    lines += [
        "",
        f"打印任务：{jobs}；打印机共出纸 {told['papers']} 张。",
        f"两块打开的屏幕：{screens}；结束时与数据库一致。",
        "",
        "## 规则",
        "",
        *(f"- {name}" for name in (*all_rules(), *AT_REST)),
        "- 另对照答复：成功者恰有一份，被拒者不留痕迹，同键同答",
        "- 账本自检通过，进程全部恢复，推送追平",
    ]
    return lines
