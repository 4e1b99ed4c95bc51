/* Draws the buildings as they stand and keeps the cells true; keyboard and selection. */
(() => {
  "use strict";
  const grid = window.xkGrid;
  const { format, model } = grid;
  const { make } = window.xk;
  const place = document.getElementById("buildings");
  const cells = new Map();
  const plans = new Map();
  const picked = new Set();
  const MOST_FLASHES = 200;
  /* More than these in a line of spaces or shops, and the line goes on below instead of sideways. */
  const WIDEST_LINE = 24;
  const SHORT_NUMBER = 3, DIGIT = 8, MOST_MORE = 72;
  let current = null, open = null, picking = false, anchor = null, turn = 0;

  const pattern = make("div", { class: "room", role: "gridcell", tabindex: "-1" },
    make("b"), make("u"), make("s"), make("em"));

  /* A line breaks between figure and figure, not before a unit or within a masked name. */
  const square = (room) => `${room.gross_area}\u2060㎡`;
  const party = (room) => (model.sold.has(room.status)
    ? [room.buyer?.replace("*", "\u2060*"), room.consultant].filter(Boolean).join("\u00a0") : "");
  const price = (room) => (room.status === "repricing" ? "" : format.short(room.list_total));
  const full = (text) => (text === null || text === undefined ? "" : format.yuan(text));
  const contents = {
    area_total: (room) => `${square(room)} ${party(room) || price(room)}`,
    area_unit: (room) => `${square(room)} ${full(room.list_unit_price)}`,
    type_area: (room) => `${room.house_type || ""} ${square(room)}`,
    total: (room) => full(room.list_total),
    unit: (room) => full(room.list_unit_price),
    floor_total: (room) => full(room.floor_total),
    party,
    nothing: () => "",
  };

  const titleOf = (room) => {
    const plan = plans.get(room.building_id);
    return [plan?.name, room.entrance, room.number].filter(Boolean).join(" ");
  };
  const marksOf = (room) => room.marks.map((code) => grid.setup.marks[code]).filter(Boolean);

  function paint(cell, room) {
    const status = format.status[room.status];
    const [number, word, text, marks] = cell.children;
    const said = (contents[grid.view.content] || contents.area_total)(room).trim();
    cell.className = `room st-${room.status}${grid.view.fits(room) ? "" : " dim"}${room.id === open ? " sel" : ""}`;
    if (picking) cell.setAttribute("aria-selected", String(picked.has(room.id)));
    else cell.removeAttribute("aria-selected");
    number.textContent = room.number;
    word.textContent = `${status.mark} ${status.short}`;
    text.textContent = said;
    const signs = marksOf(room);
    marks.textContent = signs.map((one) => one.sign).join(" ");
    marks.title = signs.map((one) => one.title).join("、");
    marks.hidden = !signs.length;
    cell.classList.toggle("marked", signs.length > 0);
    cell.setAttribute("aria-label",
      [titleOf(room), status.title, said, ...signs.map((one) => one.title)].filter(Boolean).join(" "));
  }

  function repaint(list) {
    for (const room of list) {
      const cell = cells.get(room.id);
      if (cell) paint(cell, room);
    }
  }

  /* Where everything stands: columns of all entrances side by side, floors from the top. */
  function measure(building, rooms) {
    const names = [...new Set([...building.entrances, ...rooms.map((room) => room.entrance)])]
      .filter((name) => rooms.some((room) => room.entrance === name));
    const wide = new Map(names.map((name) => [name, 0]));
    for (const room of rooms) wide.set(room.entrance, Math.max(wide.get(room.entrance), room.column + room.column_span - 1));
    const start = new Map();
    let track = 2;
    for (const name of names) { start.set(name, track); track += wide.get(name) + 1; }
    /* A floor that rooms above it take up wholly has none of its own, and still is there. */
    const labels = new Map(rooms.flatMap((room) => room.lower_floors));
    rooms.forEach((room) => labels.set(room.floor_order, room.floor));
    const floors = [...labels.keys()].sort((a, b) => b - a);
    return { names, wide, start, floors, labels };
  }

  function template(shape) {
    return shape.names.map((name) => `repeat(${shape.wide.get(name)}, minmax(calc(var(--cell) + var(--more)), var(--most)))`).join(" var(--gap) ");
  }

  function drawBuilding(building, rooms) {
    const shape = measure(building, rooms);
    const total = [...shape.wide.values()].reduce((sum, one) => sum + one, 0);
    const deck = make("div", { class: "deck" });
    deck.style.setProperty("--cols", template(shape));
    deck.style.setProperty("--n", total);
    deck.style.setProperty("--gaps", shape.names.length - 1);
    /* A long number stands beside the status, not beneath it. */
    const longest = Math.max(...rooms.map((room) => room.number.length));
    deck.style.setProperty("--more", `${Math.min(Math.max(longest - SHORT_NUMBER, 0) * DIGIT, MOST_MORE)}px`);
    const listed = isListed(shape, total, rooms);
    if (shape.names.length > 1) deck.append(entranceHeads(shape));
    const spots = new Map();
    const byFloor = group(rooms);
    let row = 0;
    while (row < shape.floors.length) row = drawBand(deck, shape, byFloor, row, spots);
    const small = make("small");
    const plan = make("div", { class: "plan", role: "grid", "aria-label": building.name }, deck);
    const kind = listed ? " listed" : rooms.length === 1 ? " single" : "";
    const card = make("section", { class: `card bld${kind}`, "data-building": building.id },
      make("header", {}, make("h2", {}, building.name), small), plan);
    plans.set(building.id, { name: building.name, card, small, spots, shape, rooms, listed });
    return card;
  }
  const isListed = (shape, total, rooms) => shape.names.length === 1 && total > WIDEST_LINE
    && rooms.every((room) => room.column_span === 1 && !room.lower_floors.length);

  function group(rooms) {
    const found = new Map();
    for (const room of rooms) {
      if (!found.has(room.floor_order)) found.set(room.floor_order, []);
      found.get(room.floor_order).push(room);
    }
    return found;
  }

  function entranceHeads(shape) {
    const line = make("div", { class: "fl names", role: "row" }, make("i"));
    for (const name of shape.names) {
      const head = make("span", { role: "columnheader" }, name || "");
      head.style.gridColumn = `${shape.start.get(name)} / span ${shape.wide.get(name)}`;
      line.append(head);
    }
    return line;
  }

  /* Floors that share a room of several floors' height stand in one band; every other is its own. */
  function drawBand(deck, shape, byFloor, first, spots) {
    let last = first;
    for (let row = first; row <= last; row += 1) {
      for (const room of byFloor.get(shape.floors[row]) || []) {
        last = Math.max(last, row + deep(shape, room) - 1);
      }
    }
    const band = make("div", last > first ? { class: "fl band" } : { class: "fl", role: "row" });
    for (let row = first; row <= last; row += 1) {
      const line = last > first ? make("div", { class: "line", role: "row" }) : band;
      const label = make("i", { role: "rowheader", "data-floor": shape.floors[row] }, floorName(shape.labels.get(shape.floors[row])));
      if (last > first) { label.style.gridRow = row - first + 1; band.append(line); }
      line.append(label);
      const here = (byFloor.get(shape.floors[row]) || []).sort((a, b) => column(shape, a) - column(shape, b));
      for (const room of here) line.append(drawRoom(shape, room, row, first, last > first, spots));
    }
    deck.append(band);
    return last + 1;
  }

  /* How many lines a room takes: down to its lowest floor, whatever other entrances have between. */
  const deep = (shape, room) => {
    const lowest = room.lower_floors.at(-1);
    return lowest ? shape.floors.indexOf(lowest[0]) - shape.floors.indexOf(room.floor_order) + 1 : 1;
  };
  const floorName = (name) => (/^\d+$/.test(name) ? `${name}F` : name);
  const column = (shape, room) => shape.start.get(room.entrance) + room.column - 1;

  function drawRoom(shape, room, row, first, banded, spots) {
    const cell = pattern.cloneNode(true);
    const at = column(shape, room);
    cell.dataset.id = room.id;
    cell.style.gridColumn = room.column_span > 1 ? `${at} / span ${room.column_span}` : at;
    const rows = deep(shape, room);
    if (banded) cell.style.gridRow = `${row - first + 1} / span ${rows}`;
    for (let down = 0; down < rows; down += 1) {
      for (let right = 0; right < room.column_span; right += 1) spots.set(`${row + down}:${at + right}`, room.id);
    }
    cells.set(room.id, cell);
    paint(cell, room);
    return cell;
  }

  const pause = () => new Promise((done) => { setTimeout(done); });

  /* The first building at once, the others without keeping the page from answering. */
  async function draw() {
    const mine = ++turn;
    cells.clear();
    plans.clear();
    const found = new Map();
    for (const room of model.rooms.values()) {
      if (!found.has(room.building_id)) found.set(room.building_id, []);
      found.get(room.building_id).push(room);
    }
    const shown = model.buildings.filter((one) => found.has(one.id) && grid.view.shows(one.id));
    place.setAttribute("aria-busy", "true");
    const cards = document.createDocumentFragment();
    for (const [number, building] of shown.entries()) {
      const card = drawBuilding(building, found.get(building.id));
      summarize(building.id);
      if (number === 0) place.replaceChildren(card); else cards.append(card);
      if (number % 4 === 0) await pause();
      if (mine !== turn) return;
    }
    if (shown.length) place.append(cards); else place.replaceChildren(empty());
    place.setAttribute("aria-busy", "false");
    focusable(cells.has(current) ? current : cells.keys().next().value);
    model.tell("drawn");
  }

  const empty = () => document.getElementById("no-rooms").content.cloneNode(true);

  function summarize(id) {
    const plan = plans.get(id);
    if (!plan) return;
    const sold = plan.rooms.filter((room) => model.sold.has(room.status)).length;
    plan.small.textContent = format.say("building_facts", { floors: plan.shape.floors.length, rooms: plan.rooms.length,
      sold: Math.round((sold / plan.rooms.length) * 100) });
  }

  /* ---- one cell of the page is in the tab order; arrows move it ---- */
  function focusable(id) {
    cells.get(current)?.setAttribute("tabindex", "-1");
    current = id ?? null;
    cells.get(current)?.setAttribute("tabindex", "0");
  }

  function step(id, down, right) {
    const room = model.rooms.get(id), plan = plans.get(room.building_id);
    const at = column(plan.shape, room), row = plan.shape.floors.indexOf(room.floor_order);
    const wide = Math.max(...[...plan.shape.start].map(([name, first]) => first + plan.shape.wide.get(name)));
    if (right) {
      const from = right > 0 ? at + room.column_span : at - 1;
      for (let to = from; to >= 2 && to <= wide; to += right) {
        const found = plan.spots.get(`${row}:${to}`);
        if (found) return found;
      }
      return id;
    }
    const beside = plan.listed && nextLine(id, down);
    if (beside) return beside;
    const from = down > 0 ? row + deep(plan.shape, room) : row - 1;
    for (let to = from; to >= 0 && to < plan.shape.floors.length; to += down) {
      for (let aside = 0; aside <= wide; aside += 1) {
        const found = plan.spots.get(`${to}:${at + aside}`) || plan.spots.get(`${to}:${at - aside}`);
        if (found) return found;
      }
    }
    return neighbour(plan, down) ?? id;
  }

  /* Where the line of a floor goes on below: what lies under or above the cell, as it is drawn. */
  function nextLine(id, down) {
    const here = cells.get(id).getBoundingClientRect();
    const found = [...cells.get(id).parentElement.querySelectorAll(".room")]
      .map((cell) => ({ id: Number(cell.dataset.id), box: cell.getBoundingClientRect() }))
      .filter(({ box }) => (down > 0 ? box.top >= here.bottom : box.bottom <= here.top))
      .sort((one, other) => Math.abs(one.box.top - here.top) - Math.abs(other.box.top - here.top)
        || Math.abs(one.box.left - here.left) - Math.abs(other.box.left - here.left));
    return found[0]?.id;
  }

  function neighbour(plan, down) {
    const next = down > 0 ? plan.card.nextElementSibling : plan.card.previousElementSibling;
    const found = [...(next?.querySelectorAll(".room") || [])];
    const cell = down > 0 ? found[0] : found.at(-1);
    return cell ? Number(cell.dataset.id) : null;
  }

  const rowEnds = (id, last) => {
    const line = [...cells.get(id).parentElement.querySelectorAll(".room")];
    return Number((last ? line.at(-1) : line[0]).dataset.id);
  };

  const moves = {
    ArrowUp: (id) => step(id, -1, 0), ArrowDown: (id) => step(id, 1, 0),
    ArrowLeft: (id) => step(id, 0, -1), ArrowRight: (id) => step(id, 0, 1),
    Home: (id) => rowEnds(id, false), End: (id) => rowEnds(id, true),
  };

  place.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".room");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const id = Number(cell.dataset.id);
    if (moves[event.key]) {
      event.preventDefault();
      const to = moves[event.key](id);
      focusable(to);
      cells.get(to).focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (picking) pick(id, event.shiftKey); else model.tell("open", id);
    }
  });

  place.addEventListener("click", (event) => {
    const cell = event.target.closest(".room");
    const label = event.target.closest("i[data-floor]");
    if (cell) {
      const id = Number(cell.dataset.id);
      focusable(id);
      if (picking) pick(id, event.shiftKey); else model.tell("open", id);
    } else if (label && picking) {
      const building = Number(label.closest("[data-building]").dataset.building);
      const line = plans.get(building).rooms.filter((room) => String(room.floor_order) === label.dataset.floor);
      choose(line.map((room) => room.id), !line.every((room) => picked.has(room.id)));
    }
  });

  /* ---- choosing several ---- */
  function pick(id, area) {
    if (area && anchor && model.rooms.get(anchor)?.building_id === model.rooms.get(id).building_id) {
      choose(between(anchor, id), true);
    } else choose([id], !picked.has(id));
    anchor = id;
  }

  function between(one, other) {
    const a = model.rooms.get(one), b = model.rooms.get(other), plan = plans.get(a.building_id);
    const inside = (value, x, y) => value >= Math.min(x, y) && value <= Math.max(x, y);
    return plan.rooms.filter((room) => inside(room.floor_order, a.floor_order, b.floor_order)
      && inside(column(plan.shape, room), column(plan.shape, a), column(plan.shape, b))).map((room) => room.id);
  }

  function choose(ids, yes) {
    ids.forEach((id) => (yes ? picked.add(id) : picked.delete(id)));
    repaint(ids.map((id) => model.rooms.get(id)).filter(Boolean));
    model.tell("picked", picked);
  }

  function pickMode(yes) {
    picking = yes;
    anchor = null;
    picked.clear();
    place.classList.toggle("picking", yes);
    place.querySelectorAll(".plan").forEach((plan) => plan.setAttribute("aria-multiselectable", String(yes)));
    repaint(model.rooms.values());
    model.tell("picked", picked);
  }

  /* ---- the room that the panel shows ---- */
  function show(id, { scroll = false, focus = false } = {}) {
    const before = open;
    open = id;
    [before, id].forEach((one) => { if (cells.has(one)) paint(cells.get(one), model.rooms.get(one)); });
    const cell = cells.get(id);
    if (cell) focusable(id);
    if (cell && scroll) cell.scrollIntoView({ block: "center", inline: "center" });
    if (cell && focus) cell.focus({ preventScroll: true });
  }
  const refocus = () => cells.get(current)?.focus();

  function flash(cell) {
    cell?.classList.add("fresh");
    cell?.addEventListener("animationend", () => cell.classList.remove("fresh"), { once: true });
  }

  model.on("shape", draw);
  model.on("changed", (list) => {
    repaint(list);
    if (list.length <= MOST_FLASHES) list.forEach((room) => flash(cells.get(room.id)));
    new Set(list.map((room) => room.building_id)).forEach(summarize);
  });
  model.on("view", () => repaint(model.rooms.values()));
  model.on("filter", () => {
    for (const [id, cell] of cells) cell.classList.toggle("dim", !grid.view.fits(model.rooms.get(id)));
  });
  model.on("choice", draw);

  grid.plan = { show, refocus, has: (id) => cells.has(id), pickMode, choose, titleOf, marksOf, picked, shown: () => [...plans.values()].flatMap((plan) => plan.rooms) };
})();
