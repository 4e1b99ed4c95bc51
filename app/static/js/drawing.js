/* Buildings on a site plan, rooms on a floor plan: placed by click, drag or keys, moved, taken off. */
(() => {
  "use strict";
  const desk = document.getElementById("drawing");
  const { drawing, by, records, editable, place, take_off: takeOff, words } = JSON.parse(desk.dataset.setup);
  const { make, call, toast } = window.xk;
  const { draw, middle, corners, sheetOf, spotOf, framed } = window.xkSheet;
  const STEP = 0.005;
  const canvas = document.getElementById("canvas");
  const hint = document.getElementById("drawing-hint");
  const list = document.getElementById("unplaced");
  const undo = document.getElementById("drawing-undo");
  const find = document.getElementById("unplaced-find");
  const inRow = document.getElementById("place-in-row"), byCorners = document.getElementById("place-by-corners");
  const { width, height } = drawing;
  const spots = new Map(drawing.spots.map((spot) => [spot[by], spot.points]));
  /* What the server holds, and what it has yet to be told: the newest place of each. */
  const kept = new Map(spots), wanted = new Map();
  const sending = new Set();
  let past = [];
  let choosing = null, selected = null, outline = null, path = [];

  const all = new Map(records.map((one, order) => [one.id, { ...one, order }]));
  const name = (id) => all.get(id)?.name ?? "";
  const say = (sentence, known = {}) => sentence.replace(/\{(\w+)\}/g, (_all, key) => known[key] ?? "");
  const rest = () => [...all.values()].filter(({ id }) => !spots.has(id));

  const sheet = sheetOf(drawing);
  const layer = draw("g");
  sheet.append(layer);
  canvas.append(framed(sheet, drawing, words));

  const clamp = (value) => Math.min(1, Math.max(0, value));
  function at(event) {
    const box = sheet.getBoundingClientRect();
    const scale = Math.min(box.width / width, box.height / height);
    const left = box.left + (box.width - width * scale) / 2, top = box.top + (box.height - height * scale) / 2;
    return [clamp((event.clientX - left) / (width * scale)), clamp((event.clientY - top) / (height * scale))];
  }

  function redraw({ focus = null } = {}) {
    layer.replaceChildren(...[...spots].map(([id, points]) => spotOf(drawing, points, [name(id)],
      { class: id === selected ? "spot sel" : "spot", "aria-label": name(id), "data-id": id })));
    if (focus !== null) layer.querySelector(`[data-id="${focus}"]`)?.focus({ preventScroll: true });
    if (!editable) return;
    canvas.classList.toggle("placing", choosing !== null);
    undo.disabled = !past.length;
    hint.textContent = choosing !== null ? say(path.length ? words.corner : byCorners.checked ? words.first_corner : words.placing, { name: name(choosing) })
      : selected !== null ? say(words.chosen, { name: name(selected) }) : words.choose;
    drawList();
  }

  function drawList() {
    const left = rest(), asked = find.value.trim().toLowerCase();
    const shown = left.filter((one) => one.name.toLowerCase().includes(asked));
    let group = null;
    list.replaceChildren(...(left.length ? shown.flatMap((one) => {
      const head = one.group && one.group !== group ? [make("li", { class: "group" }, group = one.group)] : [];
      return [...head, make("li", {}, make("button", {
        class: "btn sm", type: "button", "aria-pressed": String(one.id === choosing),
        onclick: (event) => choose(one.id, { byKeys: event.detail === 0 }) }, one.name))];
    }) : [make("li", { class: "group" }, words.all_placed)]));
    if (left.length && !shown.length) list.append(make("li", { class: "group" }, words.none_found));
  }

  /* A pointer places where it clicks; keys place in the middle and move from there. */
  function choose(id, { byKeys }) {
    path = [];
    if (byKeys) {
      [choosing, selected] = [null, id];
      keep(id, outline ? centred(outline, [0.5, 0.5]) : [[0.5, 0.5]]);
      return;
    }
    choosing = choosing === id ? null : id;
    selected = null;
    redraw();
  }

  /* ---- keeping: one call at a time for each record, always with its newest place ---- */
  function keep(id, points, { remember = true } = {}) {
    const before = spots.get(id) ?? null;
    if (remember) past.push([id, before]);
    if (points) spots.set(id, points); else spots.delete(id);
    wanted.set(id, points);
    redraw({ focus: points ? id : null });
    if (!sending.has(id)) send(id);
  }

  async function send(id) {
    sending.add(id);
    while (wanted.has(id)) {
      const points = wanted.get(id), seen = kept.get(id);
      wanted.delete(id);
      try {
        if (points) kept.set(id, (await call(place, { method: "PUT", body: { [by]: id, points, moved_from: seen ?? [] } })).points);
        else if (seen) { await call(takeOff, { method: "POST", body: { [by]: id } }); kept.delete(id); }
        if (!wanted.has(id)) hint.textContent = say(points ? words.placed : words.off, { name: name(id) });
      } catch (error) {
        wanted.delete(id);
        past = past.filter(([other]) => other !== id);
        if (kept.has(id)) spots.set(id, kept.get(id)); else spots.delete(id);
        redraw();
        toast(error.message, "bad");
      }
    }
    sending.delete(id);
  }
  window.addEventListener("beforeunload", (event) => { if (sending.size) event.preventDefault(); });

  /* ---- shapes ---- */
  const moved = (points, dx, dy) => {
    const low = [0, 1].map((axis) => Math.min(...points.map((one) => one[axis])));
    const high = [0, 1].map((axis) => Math.max(...points.map((one) => one[axis])));
    const way = [Math.min(1 - high[0], Math.max(-low[0], dx)), Math.min(1 - high[1], Math.max(-low[1], dy))];
    return points.map(([x, y]) => [x + way[0], y + way[1]]);
  };
  const centred = (points, [x, y]) => { const [left, top] = middle(points); return moved(points, x - left, y - top); };
  const box = (a, b) => [[a[0], a[1]], [b[0], a[1]], [b[0], b[1]], [a[0], b[1]]];
  const isDrag = (a, b) => Math.abs(a[0] - b[0]) * width > 8 && Math.abs(a[1] - b[1]) * height > 8;
  const isNear = (a, b) => Math.hypot((a[0] - b[0]) * width, (a[1] - b[1]) * height) < Math.max(width, height) / 80;

  function put(points) {
    const id = choosing;
    if (points.length > 1) outline = points;
    path = [];
    sheet.querySelector(".draft")?.remove();
    choosing = null;
    selected = id;
    keep(id, points);
    if (!inRow.checked) return;
    choosing = rest().find((one) => one.order > all.get(id).order)?.id ?? null;
    if (choosing !== null) selected = null;
    redraw();
  }

  function addCorner(point) {
    if (path.length > 2 && isNear(path[0], point)) { put(path); return; }
    path = [...path, point].slice(0, 60);
    preview(path);
    redraw();
  }

  sheet.addEventListener("pointerdown", (event) => {
    if (!editable || event.button !== 0) return;
    const spot = event.target.closest(".spot"), begun = at(event);
    if (choosing === null && !spot) { selected = null; redraw(); return; }
    if (choosing === null) {
      const id = Number(spot.dataset.id);
      if (selected !== id) { selected = id; redraw({ focus: id }); }
      drag(event, (now) => preview(moved(spots.get(id), now[0] - begun[0], now[1] - begun[1])),
        (now) => { if (Math.hypot(now[0] - begun[0], now[1] - begun[1]) > 0.004) keep(id, moved(spots.get(id), now[0] - begun[0], now[1] - begun[1])); });
      return;
    }
    if (byCorners.checked) { drag(event, () => {}, addCorner); return; }
    drag(event, (now) => { if (isDrag(begun, now)) preview(box(begun, now)); },
      (now) => put(isDrag(begun, now) ? box(begun, now) : inRow.checked && outline ? centred(outline, begun) : [begun]));
  });

  function preview(points) {
    sheet.querySelector(".draft")?.remove();
    const [x, y] = points[0];
    sheet.append(points.length === 1 ? draw("circle", { class: "draft", cx: x * width, cy: y * height, r: Math.max(width, height) / 90 })
      : draw("polygon", { class: "draft", points: corners(drawing, points) }));
  }

  function drag(event, during, done) {
    event.preventDefault();
    sheet.setPointerCapture(event.pointerId);
    const move = (next) => during(at(next));
    const end = (next) => {
      sheet.removeEventListener("pointermove", move);
      sheet.removeEventListener("pointerup", end);
      sheet.removeEventListener("pointercancel", end);
      sheet.querySelector(".draft")?.remove();
      if (next.type === "pointerup") done(at(next));
    };
    sheet.addEventListener("pointermove", move);
    sheet.addEventListener("pointerup", end);
    sheet.addEventListener("pointercancel", end);
  }

  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  sheet.addEventListener("keydown", (event) => {
    const spot = event.target.closest(".spot");
    if (!spot || !editable || event.ctrlKey || event.metaKey || event.altKey) return;
    const id = Number(spot.dataset.id);
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); selected = id; redraw({ focus: id }); }
    if (arrows[event.key]) {
      event.preventDefault();
      selected = id;
      const [dx, dy] = arrows[event.key], far = event.shiftKey ? 5 : 1;
      keep(id, moved(spots.get(id), dx * STEP * far, dy * STEP * far));
    }
    if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); selected = null; keep(id, null); }
  });

  document.addEventListener("keydown", (event) => {
    if (choosing === null || event.target.closest?.("input[type=search], dialog")) return;
    if (event.key === "Escape") { choosing = null; path = []; sheet.querySelector(".draft")?.remove(); redraw(); }
    if (event.key === "Enter" && path.length > 2) { event.preventDefault(); put(path); }
    if (event.key === "Backspace" && path.length) { event.preventDefault(); path = path.slice(0, -1); sheet.querySelector(".draft")?.remove(); if (path.length) preview(path); redraw(); }
  });

  undo?.addEventListener("click", () => {
    const [id, before] = past.pop() ?? [];
    if (id !== undefined) keep(id, before, { remember: false });
  });
  find?.addEventListener("input", drawList);
  byCorners?.addEventListener("change", () => { path = []; redraw(); });

  redraw();
})();
