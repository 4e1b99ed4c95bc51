/* My exports: asks how far they are while one is open; the page is drawn anew when one ends. */
(() => {
  "use strict";
  const table = document.querySelector("[data-exports]");
  if (!table) return;
  const open = (state) => state === "waiting" || state === "running";
  async function ask() {
    if (document.hidden) return;
    let found;
    try { found = (await window.xk.call(table.dataset.exports)).result; } catch { return; /* asked again in two seconds */ }
    let ended = false;
    for (const one of found) {
      const line = table.querySelector(`[data-export="${one.id}"]`);
      if (!line || line.dataset.state === one.state && !open(one.state)) continue;
      if (open(line.dataset.state) && !open(one.state)) { ended = true; continue; }
      const bar = line.querySelector("progress");
      if (!bar) continue;
      bar.value = one.percent;
      line.querySelector("[data-percent]").textContent = `${one.percent}%`;
      line.querySelector("[data-rows]").textContent = one.total.toLocaleString();
      line.dataset.state = one.state;
    }
    if (ended) location.reload();
  }
  if ([...table.querySelectorAll("[data-state]")].some((line) => open(line.dataset.state))) setInterval(ask, 2000);
})();
