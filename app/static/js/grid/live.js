/* One stream of changes for all tabs of the browser; catches up, and says when it is not live. */
(() => {
  "use strict";
  const grid = window.xkGrid;
  const { model } = grid;
  const name = `xk-grid-${grid.setup.project_id}-${grid.setup.user_id}`;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : null;
  /* The server beats every 15 s; a line that says nothing for so long is dead. */
  const SILENCE = 40000;
  let cursor = null, source = null, silent = 0, tries = 0, waiting = 0, leads = false, isLive = false, asking = 0;

  function light(on) {
    isLive = on;
    window.xk.live(on);
  }

  /* The leader tells the other tabs what it hears and how it is. */
  const share = (message) => channel?.postMessage(message);
  function state(on) { light(on); share({ kind: "state", on, cursor }); window.xkNotices?.line(on); }

  let heard = [], frame = 0;
  function hear(room) {
    heard.push(room);
    frame ||= setTimeout(() => {
      frame = 0;
      const { unknown, changed } = model.hear(heard.splice(0));
      if (unknown || changed) askForMore(unknown);
    }, 16);
  }

  /* Names and prices come by REST, not all at once from every open screen. */
  function askForMore(soon) {
    if (asking) return;
    asking = setTimeout(async () => {
      asking = 0;
      if (document.hidden) { asking = -1; return; }
      await fetchChanges();
    }, soon ? 50 : 300 + Math.random() * 900);
  }
  async function fetchChanges() {
    try { await model.refresh(); } catch (error) { if (error.status !== 0) window.xk.toast(error.message, "bad"); }
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && asking === -1) { asking = 0; askForMore(true); }
  });

  function reload() { askForMore(true); }

  function open() {
    clearTimeout(waiting);
    source?.close();
    const from = cursor === null ? "" : `?since=${cursor}`;
    source = new EventSource(`${grid.setup.stream_url}${from}`);
    source.addEventListener("open", () => { tries = 0; listen(); state(true); });
    window.xkNotices?.listen(source);
    source.addEventListener("message", (event) => {
      listen();
      cursor = event.lastEventId || cursor;
      const room = JSON.parse(event.data);
      hear(room);
      share({ kind: "room", room, cursor });
    });
    source.addEventListener("beat", (event) => { listen(); cursor = event.lastEventId || cursor; share({ kind: "state", on: true, cursor }); window.xkNotices?.line(true); });
    source.addEventListener("reload", (event) => {
      listen();
      cursor = event.lastEventId || cursor;
      reload();
      share({ kind: "reload", cursor });
    });
    source.addEventListener("error", () => {
      /* The ticket is over, the server is away, or the line is cut: back to the first address. */
      source.close();
      again();
    });
    listen();
  }

  function listen() { clearTimeout(silent); silent = setTimeout(again, SILENCE); }

  function again() {
    clearTimeout(silent);
    clearTimeout(waiting);
    tries += 1;
    /* An ended ticket opens again at once; only a second failure means that nothing is heard. */
    if (tries > 1) state(false);
    if (tries === 3) fetchChanges();
    /* At once, without a timer: browsers slow the timers of a hidden tab, and others listen to it. */
    if (tries === 1) open();
    else waiting = setTimeout(open, Math.min(1000 * 2 ** (tries - 2), 15000) * (0.7 + Math.random() * 0.6));
  }

  channel?.addEventListener("message", ({ data }) => {
    if (data.kind === "hello" && leads) { share({ kind: "state", on: isLive, cursor }); return; }
    if (leads) return;
    if (data.cursor) cursor = data.cursor;
    if (data.kind === "state") light(data.on);
    if (data.kind === "room") hear(data.room);
    if (data.kind === "reload") reload();
  });

  function lead() {
    leads = true;
    open();
    return new Promise(() => { /* Held until the tab is closed. */ });
  }

  function start() {
    cursor = model.cursor;
    light(false);
    addEventListener("online", () => { if (leads) { tries = 0; open(); } });
    /* Without locks (a page that is not served securely) every tab has a stream of its own. */
    if (!navigator.locks || !channel) { lead(); return; }
    navigator.locks.request(name, lead);
    share({ kind: "hello" });
  }

  grid.live = { start, get isLive() { return isLive; }, get leads() { return leads; } };
})();
