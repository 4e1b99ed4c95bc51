/* A building drawn as the grid draws it, whose cells are chosen as in a spreadsheet.
   Only the floors near the window are filled: a hundred floors cost no more than thirty. */
(() => {
  "use strict";
  const { make } = window.xk;
  const keyOf = (floor, entrance, column) => `${floor}:${entrance}:${column}`;

  /* options: label, paint(cell, item), chosen(keys), open(key); words: floor, column, entrance, all */
  window.xkDeck = (root, options) => {
    const words = options.words;
    let shape = null, items = new Map(), tracks = [], bands = [], active = null, anchor = null, many = false;
    let dragging = false;
    const picked = new Set();
    const cells = new Map();
    const watch = new IntersectionObserver(
      (seen) => seen.forEach((one) => (one.isIntersecting ? fill(one.target) : clear(one.target))),
      { root, rootMargin: "600px 0px" });

    /* shape: {floors: names from the top, entrances: [{name, columns}]}; items: key → {rows, columns, …} */
    function draw(next, found) {
      const same = shape && JSON.stringify(next) === JSON.stringify(shape) && sameReach(found);
      shape = next;
      items = found;
      if (same) { bands.filter((band) => band.filled).forEach(patch); return; }
      build();
    }

    const reach = (found) => [...found.values()].filter((one) => one.rows > 1 || one.columns > 1)
      .map((one) => `${one.key}+${one.rows}x${one.columns}`).join(",");
    let reached = "";
    function sameReach(found) { return reach(found) === reached; }

    function build() {
      reached = reach(items);
      watch.disconnect();
      cells.clear();
      tracks = shape.entrances.flatMap((one, entrance) =>
        Array.from({ length: one.columns }, (_none, column) => ({ entrance, column: column + 1 })));
      for (const key of [...picked]) if (!within(key)) picked.delete(key);
      const deck = make("div", { class: "deck" });
      deck.style.setProperty("--cols", shape.entrances.map((one) =>
        `repeat(${one.columns}, minmax(var(--cell), var(--most)))`).join(" var(--gap) "));
      deck.style.setProperty("--n", tracks.length);
      deck.style.setProperty("--gaps", shape.entrances.length - 1);
      deck.append(...heads());
      bands = [];
      let row = 0;
      while (row < shape.floors.length) row = band(deck, row);
      root.replaceChildren(deck);
      bands.forEach((one) => watch.observe(one));
      if (active && !within(active)) active = null;
    }

    const within = (key) => {
      const [floor, entrance, column] = key.split(":").map(Number);
      return floor < shape.floors.length && entrance < shape.entrances.length && column <= shape.entrances[entrance].columns;
    };
    const floorAt = (row) => shape.floors.length - 1 - row;
    const start = (entrance) => shape.entrances.slice(0, entrance).reduce((sum, one) => sum + one.columns + 1, 2);
    const trackOf = (entrance, column) => start(entrance) + column - 1;

    function heads() {
      const names = make("div", { class: "fl names", role: "row" },
        make("i", { class: "corner", role: "columnheader", "data-all": true, title: words.all, "aria-label": words.all }, window.xk.icon("grid")));
      const numbers = make("div", { class: "fl names numbers", role: "row" }, make("i"));
      shape.entrances.forEach((one, entrance) => {
        const head = make("span", { role: "columnheader", "data-entrance": entrance }, one.name || "");
        head.style.gridColumn = `${start(entrance)} / span ${one.columns}`;
        names.append(head);
        for (let column = 1; column <= one.columns; column += 1) {
          const number = make("span", { role: "columnheader", "data-column": `${entrance}:${column}`, title: words.column }, String(column));
          number.style.gridColumn = trackOf(entrance, column);
          numbers.append(number);
        }
      });
      return [names, numbers];
    }

    /* Floors that share a room of several floors' height stand in one band. */
    function band(deck, first) {
      let last = first;
      for (let row = first; row <= last; row += 1) {
        for (const one of tracks) {
          const item = items.get(keyOf(floorAt(row), one.entrance, one.column));
          if (item) last = Math.max(last, row + item.rows - 1);
        }
      }
      const line = make("div", { class: last > first ? "fl band" : "fl", role: "row" });
      Object.assign(line, { first, last, filled: false });
      line.style.minHeight = `${(last - first + 1) * 46 + 9}px`;
      bands.push(line);
      deck.append(line);
      return last + 1;
    }

    function fill(line) {
      if (line.filled) return;
      line.filled = true;
      const covered = new Set();
      for (let row = line.first; row <= line.last; row += 1) {
        const floor = floorAt(row);
        const label = make("i", { role: "rowheader", "data-floor": floor, title: words.floor }, shape.floors[row]);
        label.style.gridRow = row - line.first + 1;
        line.append(label);
        for (const { entrance, column } of tracks) {
          const key = keyOf(floor, entrance, column);
          if (covered.has(key)) continue;
          const item = items.get(key);
          const rows = item?.rows || 1, columns = item?.columns || 1;
          for (let down = 0; down < rows; down += 1) {
            for (let right = 0; right < columns; right += 1) covered.add(keyOf(floor - down, entrance, column + right));
          }
          const cell = make("div", { role: "gridcell", "data-key": key, tabindex: "-1" });
          cell.style.gridColumn = `${trackOf(entrance, column)} / span ${columns}`;
          cell.style.gridRow = `${row - line.first + 1} / span ${rows}`;
          cells.set(key, cell);
          dress(cell, item);
          line.append(cell);
        }
      }
    }

    function clear(line) {
      if (!line.filled || line.contains(document.activeElement)) return;
      line.filled = false;
      line.querySelectorAll("[data-key]").forEach((cell) => cells.delete(cell.dataset.key));
      line.replaceChildren();
    }

    function dress(cell, item) {
      cell.className = "room";
      cell.item = item;
      options.paint(cell, item);
      mark(cell);
    }
    function mark(cell) {
      cell.setAttribute("aria-selected", String(picked.has(cell.dataset.key)));
      cell.setAttribute("tabindex", cell.dataset.key === active ? "0" : "-1");
    }
    function patch(line) {
      line.querySelectorAll("[data-key]").forEach((cell) => {
        const item = items.get(cell.dataset.key);
        if (!item || !cell.item || item.sign !== cell.item.sign) dress(cell, item);
      });
    }

    /* ---- choosing ---- */
    const all = () => shape.floors.flatMap((_name, row) => tracks.map((one) => keyOf(floorAt(row), one.entrance, one.column)));
    const spots = (key) => {
      const [floor, entrance, column] = key.split(":").map(Number);
      return { row: shape.floors.length - 1 - floor, track: tracks.findIndex((one) => one.entrance === entrance && one.column === column) };
    };
    const at = (row, track) => keyOf(floorAt(row), tracks[track].entrance, tracks[track].column);
    function box(one, other) {
      const a = spots(one), b = spots(other), found = [];
      for (let row = Math.min(a.row, b.row); row <= Math.max(a.row, b.row); row += 1) {
        for (let track = Math.min(a.track, b.track); track <= Math.max(a.track, b.track); track += 1) found.push(at(row, track));
      }
      return found;
    }
    function choose(keys, { keep = false, toggle = false } = {}) {
      if (!keep) picked.clear();
      const off = toggle && keys.every((key) => picked.has(key));
      keys.forEach((key) => (off ? picked.delete(key) : picked.add(key)));
      cells.forEach(mark);
      options.chosen([...picked]);
    }
    function go(key, focus) {
      active = key;
      cells.forEach(mark);
      const cell = cells.get(key);
      cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
      if (focus) cell?.focus({ preventScroll: true });
    }

    root.addEventListener("pointerdown", (event) => {
      const cell = event.target.closest("[data-key]");
      if (!cell || event.button !== 0 || event.pointerType === "touch") return;
      event.preventDefault();
      press(cell.dataset.key, event);
      dragging = true;
      addEventListener("pointerup", () => { dragging = false; }, { once: true });
    });
    function press(key, { shiftKey, ctrlKey, metaKey }) {
      if (shiftKey && anchor) choose(box(anchor, key), { keep: ctrlKey || metaKey });
      else { choose([key], { keep: ctrlKey || metaKey || many, toggle: ctrlKey || metaKey || many }); anchor = key; }
      go(key, true);
    }
    root.addEventListener("pointerover", (event) => {
      const cell = dragging && event.target.closest("[data-key]");
      if (cell && anchor) { choose(box(anchor, cell.dataset.key), { keep: many }); go(cell.dataset.key, false); }
    });
    root.addEventListener("click", (event) => {
      const keep = event.ctrlKey || event.metaKey || many;
      const hit = (name) => event.target.closest(`[data-${name}]`)?.dataset[name];
      const cell = event.target.closest("[data-key]");
      if (cell) { if (event.pointerType === "touch") press(cell.dataset.key, event); return; }
      if (hit("all") !== undefined) choose(all());
      else if (hit("floor") !== undefined) choose(tracks.map((one) => keyOf(Number(hit("floor")), one.entrance, one.column)), { keep, toggle: keep });
      else if (hit("column") !== undefined) {
        const [entrance, column] = hit("column").split(":").map(Number);
        choose(shape.floors.map((_name, row) => keyOf(floorAt(row), entrance, column)), { keep, toggle: keep });
      } else if (hit("entrance") !== undefined) choose(all().filter((key) => key.split(":")[1] === hit("entrance")), { keep, toggle: keep });
      else return;
      land();
    });
    /* Keys work on what was chosen by its floor or column, which stays where it is seen. */
    function land() {
      const key = [...picked].find((one) => cells.has(one));
      if (!key) return;
      active = anchor = key;
      cells.forEach(mark);
      cells.get(key).focus({ preventScroll: true });
    }
    root.addEventListener("dblclick", (event) => {
      const cell = event.target.closest("[data-key]");
      if (cell) options.open?.(cell.dataset.key);
    });
    const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    root.addEventListener("keydown", (event) => {
      const cell = event.target.closest("[data-key]");
      if (!cell) return;
      if (arrows[event.key]) {
        event.preventDefault();
        const next = neighbour(active || cell.dataset.key, ...arrows[event.key]);
        if (event.shiftKey && anchor) choose(box(anchor, next)); else { choose([next]); anchor = next; }
        go(next, true);
      } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); choose(all()); }
      else if (event.key === "Escape") choose([]);
      else if (event.key === "Enter" || event.key === "F2") { event.preventDefault(); options.open?.(cell.dataset.key); }
      else if (event.key === "Delete" && options.remove) { event.preventDefault(); options.remove(); }
    });
    /* The next cell that is drawn: what a wide room covers is stepped over. */
    function neighbour(key, down, right) {
      const from = spots(key), item = items.get(key);
      let row = from.row + (down > 0 ? item?.rows || 1 : down), track = from.track + (right > 0 ? item?.columns || 1 : right);
      row = Math.min(Math.max(row, 0), shape.floors.length - 1);
      track = Math.min(Math.max(track, 0), tracks.length - 1);
      while (row >= 0 && track >= 0) {
        const next = at(row, track);
        if (cells.has(next) || !bands.some((line) => line.filled && line.first <= row && row <= line.last)) return next;
        if (down) row -= 1; else track -= 1;
      }
      return key;
    }

    const several = document.getElementById("many");
    several.addEventListener("click", () => {
      many = !many;
      several.setAttribute("aria-pressed", String(many));
      several.classList.toggle("p", many);
    });

    return { draw, choose, picked, get shape() { return shape; }, item: (key) => items.get(key), focus: (key) => go(key, true),
      nameOf: (key) => {
        const [floor, entrance, column] = key.split(":").map(Number);
        return [shape.entrances[entrance].name, shape.floors[shape.floors.length - 1 - floor], column].filter(Boolean).join(" · ");
      } };
  };
  window.xkDeck.key = keyOf;

  /* Steps that can be taken back: each keeps the whole of what it made; buttons and keys go to and fro. */
  window.xkSteps = (first, changed) => {
    const undo = document.getElementById("undo"), redo = document.getElementById("redo");
    let now = first, past = [], future = [];
    function tell() {
      undo.disabled = !past.length;
      redo.disabled = !future.length;
      changed();
    }
    const move = (from, to) => { if (from.length) { to.push(now); now = from.pop(); tell(); } };
    undo.addEventListener("click", () => move(past, future));
    redo.addEventListener("click", () => move(future, past));
    addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.target.closest("input, textarea, select, dialog")) return;
      if (event.key !== "z" && event.key !== "y") return;
      event.preventDefault();
      if (event.key === "y" || event.shiftKey) move(future, past); else move(past, future);
    });
    return { get now() { return now; },
      take(next) { past.push(now); future = []; now = next; tell(); },
      forget(next) { past = []; future = []; now = next; tell(); } };
  };
})();
