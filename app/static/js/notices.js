/* The bell: counts what is unread, hears of new notices within a second, shows the newest ones.
   One stream per browser: the tab that holds the Web Lock listens and tells the others; while a
   grid is open in this browser its stream carries the notices too, and this one is closed. */
(() => {
  "use strict";
  const bell = document.querySelector("[data-bell]");
  if (!bell || !window.xk) return;
  const { call, toast, make } = window.xk;
  const user = bell.dataset.bell;
  const panel = bell.querySelector("[data-bell-panel]");
  const badge = bell.querySelector("[data-bell-count]");
  const summary = bell.querySelector("summary");
  const name = `xk-notices-${user}`;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : null;
  const share = (message) => channel?.postMessage(message);
  /* The server beats every 15 s; a line that says nothing for so long is dead. */
  const SILENCE = 40000, POLL = 20000, GRACE = 4000;
  const plain = summary.getAttribute("aria-label");
  let source = null, leads = false, waiting = 0, silent = 0, tries = 0, heardAt = 0, gridAt = 0, newest = 0;

  /* ---- the count ---- */
  function show(unread) {
    badge.textContent = unread > 99 ? "99+" : String(unread);
    badge.hidden = unread === 0;
    summary.setAttribute("aria-label", unread ? `${summary.dataset.one} ${badge.textContent}` : plain);
    try { sessionStorage.setItem(name, String(unread)); } catch { /* Private windows: the next page asks. */ }
  }
  async function ask() {
    const found = await call(`${bell.dataset.notices}?unread=1&limit=5`);
    show(found.unread);
    return found;
  }
  const quietly = (work) => work().catch((error) => {
    /* The bell asks again by itself; a missing count misleads nobody. */
    if (error.status !== undefined) return;
    throw error;
  });
  function told(unread) { show(unread); share({ kind: "count", unread }); }

  /* ---- something new ---- */
  async function hear(notice, shared) {
    show(notice.unread);
    if (!shared) share({ kind: "notice", notice });
    if (notice.id <= newest) return;
    newest = notice.id;
    dispatchEvent(new CustomEvent("xk:notice", { detail: notice }));
    window.xk.counts();
    if (bell.open) await quietly(read);
    else if (!document.hidden) await quietly(() => announce(notice.id));
  }
  async function announce(id) {
    const found = await ask();
    const one = found.result.find((notice) => notice.id === id);
    if (!one) return;
    const node = toast("", "info");
    node.querySelector("p").replaceChildren(
      make("a", { href: one.link, "data-notice": String(one.id) }, make("b", {}, one.title), " ", one.sentence));
  }

  /* ---- the line ---- */
  const alive = () => { heardAt = Date.now(); clearTimeout(silent); silent = setTimeout(again, SILENCE); };
  const served = () => Date.now() - gridAt < SILENCE;
  function listen(to, grid) {
    to.addEventListener("hello", () => { heardAt = Date.now(); tries = 0; quietly(ask).then((found) => found && share({ kind: "count", unread: found.unread })); });
    to.addEventListener("notice", (event) => { heardAt = Date.now(); hear(JSON.parse(event.data), false); });
    if (!grid) to.addEventListener("beat", alive);
  }
  function open() {
    clearTimeout(waiting);
    source?.close();
    source = null;
    if (served()) return;
    source = new EventSource(bell.dataset.stream);
    listen(source, false);
    source.addEventListener("open", alive);
    source.addEventListener("error", again);
    alive();
  }
  function again() {
    clearTimeout(silent);
    clearTimeout(waiting);
    source?.close();
    source = null;
    tries += 1;
    /* The first time it is only the ticket that has ended. */
    waiting = setTimeout(open, tries === 1 ? 0 : Math.min(1000 * 2 ** (tries - 2), 30000) * (0.7 + Math.random() * 0.6));
  }
  function grid(on) {
    gridAt = on ? Date.now() : 0;
    if (on) heardAt = Date.now();
    if (!leads) return;
    if (on && source) { clearTimeout(silent); clearTimeout(waiting); source.close(); source = null; }
    if (!on && !source) open();
  }
  channel?.addEventListener("message", ({ data }) => {
    if (data.kind === "count") show(data.unread);
    if (data.kind === "notice") { heardAt = Date.now(); hear(data.notice, true); }
    if (data.kind === "alive") heardAt = Date.now();
    if (data.kind === "grid") grid(data.on);
    if (data.kind === "who" && gridLive) share({ kind: "grid", on: true });
    if (data.kind === "who" && leads && source) share({ kind: "alive" });
  });
  let gridLive = false;
  /* What the grid's own line calls: it is open, it is not, and whom to listen to. */
  window.xkNotices = {
    line(on) { gridLive = on; grid(on); share({ kind: "grid", on }); },
    listen(to) { listen(to, true); },
  };
  function lead() {
    leads = true;
    /* A grid that is open already answers at once; then no second line is needed. */
    waiting = setTimeout(open, 150);
    return new Promise(() => { /* Held until the tab is closed. */ });
  }
  try { show(Number(sessionStorage.getItem(name) || "0")); } catch { show(0); }
  share({ kind: "who" });
  if (navigator.locks && channel) navigator.locks.request(name, lead); else lead();
  setInterval(() => {
    if (leads && !source && !served()) open();
    if (leads && source?.readyState === EventSource.OPEN) share({ kind: "alive" });
  }, 10000);
  /* Without a line, a light question now and then. */
  setTimeout(function poll() {
    const deaf = Date.now() - heardAt > SILENCE || heardAt === 0;
    if (deaf && !document.hidden) quietly(ask);
    setTimeout(poll, POLL);
  }, GRACE);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - heardAt > SILENCE) quietly(ask); });

  /* ---- the panel ---- */
  async function read() {
    const response = await fetch(bell.dataset.panel, { credentials: "same-origin" });
    if (response.redirected || !response.ok) { panel.replaceChildren(make("p", { class: "cap" }, window.xk.words.failed)); return; }
    /* The server's own markup, parsed without running anything. */
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    panel.replaceChildren(...parsed.body.childNodes);
    told(Number(panel.querySelector("[data-unread]")?.dataset.unread || 0));
  }
  bell.addEventListener("toggle", () => { if (bell.open) quietly(read); });
  panel.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-read-all]")) return;
    const first = panel.querySelector("[data-notice]")?.dataset.notice;
    try {
      told((await call(`${bell.dataset.notices}read?until=${first}`, { method: "POST" })).unread);
      await read();
    } catch (error) { toast(error.message, "bad"); }
  });

  /* Whoever opens a notice has read it; the page it leads to does not wait for that. */
  document.addEventListener("click", (event) => {
    const line = event.target.closest("a[data-notice]");
    if (!line) return;
    fetch(`${bell.dataset.notices}${line.dataset.notice}/read`, {
      method: "POST", keepalive: true, credentials: "same-origin", headers: { "X-CSRFToken": window.xk.csrf },
    }).then((answer) => (answer.ok ? answer.json() : null)).then((answer) => { if (answer) told(answer.unread); })
      .catch(() => { /* Leaving the page: the count is asked anew on the next one. */ });
    line.classList.remove("unread");
  });
})();
