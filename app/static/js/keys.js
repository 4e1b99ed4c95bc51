/* Keys, as app/web/keys.py declares them. Never while one types, and not where they are off. */
(() => {
  "use strict";
  const { make, words } = window.xk || {};
  const body = document.body;
  if (!body.dataset.keys) return;
  const on = body.dataset.keys === "on";
  const main = document.querySelector("main");
  const typing = (at) => Boolean(at.closest?.("input, textarea, select, [contenteditable], [role=listbox]"));
  const rows = () => [...main.querySelectorAll("tr[data-href], .notices .notice, .tiles .lines a")].filter((row) => row.offsetParent);
  let went = 0, at = null;

  async function help() {
    if (document.querySelector("dialog[data-keyhelp]")) return;
    const dialog = make("dialog", { class: "dialog", "data-keyhelp": true, "aria-label": words.keys });
    try {
      const answer = await fetch(`${body.dataset.keyhelp}?next=${encodeURIComponent(location.pathname + location.search)}`, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      dialog.append(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    } catch { window.xk.toast(words.failed, "bad"); return; }
    const own = [...document.querySelectorAll("[data-key][data-key-title]")];
    const place = dialog.querySelector("[data-page-keys]");
    if (own.length) {
      place.hidden = false;
      place.querySelector("dl").append(...own.map((one) => make("div", {}, make("dt", {}, make("kbd", {}, one.dataset.key)), make("dd", {}, one.dataset.keyTitle))));
    }
    dialog.addEventListener("close", () => dialog.remove());
    body.append(dialog);
    dialog.showModal();
  }
  function mark(row) {
    at?.classList.remove("at");
    at = row;
    row.classList.add("at");
    row.scrollIntoView({ block: "nearest" });
    const link = row.matches("a") ? row : row.querySelector("a");
    link?.focus({ preventScroll: true });
  }
  function step(by) {
    const all = rows();
    if (!all.length) return;
    const now = at && all.includes(at) ? all.indexOf(at) : (by > 0 ? -1 : all.length);
    mark(all[Math.max(0, Math.min(all.length - 1, now + by))]);
  }
  const press = (selector) => { const found = main.querySelector(selector); if (found) found.click(); return Boolean(found); };
  const ACTS = {
    "?": help,
    j: () => step(1),
    k: () => step(-1),
    x: () => at?.querySelector("[data-pick]")?.click(),
    n: () => press("[data-key=n]") || press(".head .acts a.btn.p[href*='/add']"),
    e: () => press("[data-key=e]") || press(".head .acts a.btn[href*='/edit/']"),
  };
  document.querySelector("[data-help-keys]")?.addEventListener("click", help);
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!on || typing(event.target) || document.querySelector("dialog[open]")) return;
    const key = event.key;
    if (went && Date.now() - went < 1500) {
      went = 0;
      const link = document.querySelector(`.nav a[data-go="${CSS.escape(key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (key === "g") { went = Date.now(); return; }
    if (ACTS[key]) { event.preventDefault(); ACTS[key](); return; }
    if (key.length === 1) {
      const own = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (own) { event.preventDefault(); own.click(); }
    }
  });
})();
