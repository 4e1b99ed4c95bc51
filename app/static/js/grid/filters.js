/* What of the grid is looked at: buildings, filters that dim, the content of cells, zoom, counters. */
(() => {
  "use strict";
  const grid = window.xkGrid;
  const { format, model } = grid;
  const { make, icon } = window.xk;
  const bar = document.getElementById("filters");
  const counts = document.getElementById("counters");
  const kept = `xk-grid-${grid.setup.project_id}`;
  const remembered = (() => {
    try { return JSON.parse(localStorage.getItem(kept)) || {}; } catch { return {}; }
  })();
  const chosen = {};
  const zooms = [1, 2, 3, 4, 5];
  const view = (grid.view = {
    content: grid.setup.contents.some((one) => one.code === remembered.content) ? remembered.content : "area_total",
    zoom: zooms.includes(remembered.zoom) ? remembered.zoom : 3,
    fits: (room) => kinds.every((kind) => !chosen[kind.code] || kind.fits(room, chosen[kind.code])),
    shows: (building) => !chosen.building || chosen.building.has(building),
  });
  const remember = () => localStorage.setItem(kept, JSON.stringify({ content: view.content, zoom: view.zoom }));

  const within = (value, { from, to }) => value !== null && (from === null || value >= from) && (to === null || value <= to);
  const number = (text) => (text === null || text === undefined ? null : Number(text));
  const words = grid.setup.words;
  const kinds = [
    { code: "house_type", list: () => distinct("house_type"), fits: (room, set) => set.has(room.house_type) },
    { code: "area", unit: "㎡", fits: (room, range) => within(number(room.gross_area), range) },
    { code: "total", unit: words.wan, fits: (room, range) => within(room.list_total === null ? null : Number(room.list_total) / 1e4, range) },
    { code: "floor", unit: "", fits: (room, range) => within(room.floor_order, range) },
    { code: "orientation", list: () => distinct("orientation"), fits: (room, set) => set.has(room.orientation) },
    { code: "status", list: () => statuses(), fits: (room, set) => set.has(room.status) },
  ];
  const building = { code: "building", list: () => model.buildings.map((one) => ({ value: one.id, text: one.name })) };

  function distinct(key) {
    const found = new Set();
    for (const room of model.rooms.values()) if (room[key]) found.add(room[key]);
    return [...found].sort((a, b) => a.localeCompare(b, "zh")).map((value) => ({ value, text: value }));
  }
  const statuses = () => grid.setup.statuses.map((one) => ({ value: one.code, text: `${one.mark} ${one.title}` }));

  /* ---- one chip: a word, what is chosen, a cross; its menu below ---- */
  function saying(kind) {
    const value = chosen[kind.code];
    if (!value) return "";
    if (!kind.list) {
      const { from, to } = value;
      if (from !== null && to !== null) return `${from}–${to}${kind.unit}`;
      return from !== null ? `≥ ${from}${kind.unit}` : `≤ ${to}${kind.unit}`;
    }
    const names = kind.list().filter((one) => value.has(one.value)).map((one) => one.text);
    return names.length > 2 ? format.say("and_more", { first: names[0], count: names.length }) : names.join("、");
  }

  function drawChip(kind) {
    const label = make("span", {}, words[`filter_${kind.code}`]), said = make("b");
    const cross = make("button", { class: "x", type: "button", hidden: true,
      "aria-label": format.say("remove_filter", { name: words[`filter_${kind.code}`] }) }, icon("close"));
    const summary = make("summary", { class: "f" }, label, said, cross);
    const pop = make("div", { class: "pop" });
    const chip = make("details", { class: "menu", "data-menu": true, "data-filter": kind.code }, summary, pop);
    cross.addEventListener("click", (event) => { event.preventDefault(); event.stopPropagation(); set(kind.code, null); });
    chip.addEventListener("toggle", () => { if (chip.open) fillMenu(kind, pop); });
    kind.update = () => {
      const text = saying(kind);
      summary.classList.toggle("on", Boolean(text));
      said.textContent = text;
      said.hidden = cross.hidden = !text;
      const empty = kind.list && kind.code !== "status" && kind.list().length < 2;
      chip.hidden = empty && !text;
    };
    return chip;
  }

  function fillMenu(kind, pop) {
    pop.replaceChildren(kind.list ? listMenu(kind) : rangeMenu(kind));
    pop.querySelector("input")?.focus();
  }

  function listMenu(kind) {
    const list = make("div", { class: "picklist" });
    for (const one of kind.list()) {
      const box = make("input", { type: "checkbox", checked: chosen[kind.code]?.has(one.value) });
      box.addEventListener("change", () => {
        const next = new Set(chosen[kind.code] || []);
        if (box.checked) next.add(one.value); else next.delete(one.value);
        set(kind.code, next.size ? next : null);
      });
      list.append(make("label", {}, box, one.text));
    }
    return list;
  }

  function rangeMenu(kind) {
    const value = chosen[kind.code] || { from: null, to: null };
    const box = (side) => {
      const input = make("input", { type: "text", inputmode: "decimal", class: "num", value: value[side] ?? "",
        "aria-label": `${words[`filter_${kind.code}`]} ${words[side]}` });
      input.addEventListener("input", () => {
        const next = { ...(chosen[kind.code] || { from: null, to: null }) };
        const typed = input.value.trim().replaceAll(",", "");
        next[side] = typed === "" || Number.isNaN(Number(typed)) ? null : Number(typed);
        set(kind.code, next.from === null && next.to === null ? null : next);
      });
      return input;
    };
    return make("div", { class: "pair" }, box("from"), make("span", {}, `– ${kind.unit}`), box("to"));
  }

  function set(code, value) {
    if (value === null) delete chosen[code]; else chosen[code] = value;
    [...kinds, building].forEach((kind) => kind.update());
    model.tell(code === "building" ? "choice" : "filter");
    drawCounters();
  }

  /* ---- what stands in a cell, and how large ---- */
  function drawDisplay() {
    const said = make("b");
    const summary = make("summary", { class: "f" }, make("span", {}, words.show), said, icon("down"));
    const pop = make("div", { class: "pop right" });
    const menu = make("details", { class: "menu", "data-menu": true }, summary, pop);
    const update = () => {
      said.textContent = grid.setup.contents.find((one) => one.code === view.content).title;
      pop.replaceChildren(...grid.setup.contents.map((one) => make("button", { class: "item", type: "button",
        role: "menuitemradio", "aria-checked": String(one.code === view.content),
        onclick: () => { view.content = one.code; menu.open = false; remember(); update(); model.tell("view"); } }, one.title)));
    };
    update();
    return menu;
  }

  function drawZoom() {
    const place = document.getElementById("buildings");
    const button = (name, by, word) => make("button", { class: "btn sm square", type: "button", "aria-label": word,
      onclick: () => zoom(view.zoom + by) }, name);
    const less = button("−", -1, words.smaller), more = button("+", 1, words.larger);
    function zoom(to) {
      view.zoom = Math.min(Math.max(to, zooms[0]), zooms.at(-1));
      place.dataset.zoom = view.zoom;
      less.disabled = view.zoom === zooms[0];
      more.disabled = view.zoom === zooms.at(-1);
      remember();
    }
    zoom(view.zoom);
    return make("div", { class: "zoom", role: "group", "aria-label": words.zoom }, less, more);
  }

  /* ---- counters of what is shown; a click looks at one status ---- */
  const always = ["available", "contracted", "subscribed", "reserved", "held"];
  function drawCounters() {
    const found = model.counters([...model.rooms.values()].filter((room) => view.shows(room.building_id)));
    const order = [...always, ...grid.setup.statuses.map((one) => one.code).filter((code) => !always.includes(code))];
    const cards = order.filter((code) => always.includes(code) || found[code]).map((code) => {
      const status = format.status[code], one = found[code] || { rooms: 0, fen: 0 };
      const on = Boolean(chosen.status?.has(code));
      const focus = document.activeElement?.dataset.status === code;
      const card = make("button", { class: `card kpi st-${code}`, type: "button", "data-status": code, "aria-pressed": String(on) },
        make("span", {}, `${status.mark} ${status.title}`), make("b", {}, String(one.rooms)),
        make("em", {}, one.fen ? format.say("counter", { total: format.large(one.fen / 100) }) : words.counter_alone));
      return [card, focus];
    });
    counts.replaceChildren(...cards.map(([card]) => card));
    cards.find(([, focus]) => focus)?.[0].focus();
    drawLegend(found);
  }

  /* Only what is there to be explained. */
  const legend = document.getElementById("legend");
  function drawLegend(found) {
    const marks = new Set();
    for (const room of model.rooms.values()) room.marks.forEach((code) => marks.add(code));
    legend.querySelectorAll("[data-status]").forEach((one) => { one.hidden = !found[one.dataset.status]; });
    legend.querySelectorAll("[data-mark]").forEach((one) => { one.hidden = !marks.has(one.dataset.mark); });
  }
  counts.addEventListener("click", (event) => {
    const code = event.target.closest("[data-status]")?.dataset.status;
    if (!code) return;
    const next = new Set(chosen.status || []);
    if (next.has(code)) next.delete(code); else next.add(code);
    set("status", next.size ? next : null);
  });

  bar.replaceChildren(...[building, ...kinds].map(drawChip), make("span", { class: "grow" }), drawDisplay(), drawZoom());
  const update = () => { [...kinds, building].forEach((kind) => kind.update()); drawCounters(); };
  model.on("shape", update);
  model.on("changed", drawCounters);
  Object.assign(grid.view, { fitting: (rooms) => rooms.filter(view.fits) });
})();
