/* Buildings on a site plan, rooms on a floor plan: placed by a click or a drag, moved, taken off. */
(() => {
  "use strict";
  const desk = document.getElementById("drawing");
  const { drawing, by, names, unplaced, editable, place, take_off: takeOff, words } = JSON.parse(desk.dataset.setup);
  const { make, call, toast } = window.xk;
  const SVG = "http://www.w3.org/2000/svg";
  const STEP = 0.005;
  const canvas = document.getElementById("canvas");
  const hint = document.getElementById("drawing-hint");
  const list = document.getElementById("unplaced");
  const undo = document.getElementById("drawing-undo");
  const spots = new Map(drawing.spots.map((spot) => [spot[by], spot.points]));
  const waiting = new Map(unplaced.map((one) => [one.id, one.name]));
  const name = (id) => names[id] ?? waiting.get(id) ?? "";
  const past = [];
  let choosing = null, selected = null;

  const draw = (tag, attributes = {}, ...inner) => {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...inner);
    return made;
  };
  const { width, height } = drawing;
  const sheet = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": drawing.name },
    draw("image", { href: drawing.url, width, height }));
  const layer = draw("g");
  sheet.append(layer);
  canvas.append(sheet);

  const say = (sentence, known = {}) => sentence.replace(/\{(\w+)\}/g, (_all, key) => known[key] ?? "");
  const clamp = (value) => Math.min(1, Math.max(0, value));
  function at(event) {
    const box = sheet.getBoundingClientRect();
    const scale = Math.min(box.width / width, box.height / height);
    const left = box.left + (box.width - width * scale) / 2, top = box.top + (box.height - height * scale) / 2;
    return [clamp((event.clientX - left) / (width * scale)), clamp((event.clientY - top) / (height * scale))];
  }
  const middle = (points) => [0, 1].map((axis) => points.reduce((sum, one) => sum + one[axis], 0) / points.length);
  const corners = (points) => points.map(([x, y]) => `${x * width},${y * height}`).join(" ");

  function shape(id, points) {
    const [x, y] = middle(points), size = Math.max(width, height) / 62;
    const text = draw("text", { x: x * width, y: y * height + size / 3, "font-size": size, "stroke-width": size / 5 });
    text.textContent = name(id);
    const form = points.length === 1
      ? draw("circle", { cx: x * width, cy: y * height, r: size * 1.6 }) : draw("polygon", { points: corners(points) });
    const spot = draw("g", { class: id === selected ? "spot sel" : "spot", tabindex: 0, role: "button", "aria-label": name(id), "data-id": id }, form, text);
    return spot;
  }

  function redraw({ focus = null } = {}) {
    layer.replaceChildren(...[...spots].map(([id, points]) => shape(id, points)));
    if (focus !== null) layer.querySelector(`[data-id="${focus}"]`)?.focus();
    if (!editable) return;
    canvas.classList.toggle("placing", choosing !== null);
    undo.disabled = !past.length;
    hint.textContent = choosing !== null ? say(words.placing, { name: name(choosing) })
      : selected !== null ? say(words.chosen, { name: name(selected) }) : words.choose;
    const rest = [...waiting].filter(([id]) => !spots.has(id));
    list.replaceChildren(...(rest.length ? rest.map(([id, title]) => make("li", {}, make("button", {
      class: "btn sm", type: "button", "aria-pressed": String(id === choosing),
      onclick: () => { choosing = choosing === id ? null : id; selected = null; redraw(); } }, title)))
      : [make("p", {}, words.all_placed)]));
  }

  async function keep(id, points, { remember = true } = {}) {
    const before = spots.get(id) ?? null;
    if (remember) past.push([id, before]);
    if (points) spots.set(id, points); else spots.delete(id);
    if (!waiting.has(id)) waiting.set(id, name(id));
    names[id] ??= waiting.get(id);
    redraw({ focus: points ? id : null });
    try {
      if (points) await call(place, { method: "PUT", body: { [by]: id, points } });
      else await call(takeOff, { method: "POST", body: { [by]: id } });
      hint.textContent = say(points ? words.placed : words.off, { name: name(id) });
    } catch (error) {
      if (before) spots.set(id, before); else spots.delete(id);
      if (remember) past.pop();
      redraw();
      toast(error.message, "bad");
    }
  }

  const moved = (points, dx, dy) => {
    const low = [0, 1].map((axis) => Math.min(...points.map((one) => one[axis])));
    const high = [0, 1].map((axis) => Math.max(...points.map((one) => one[axis])));
    const by2 = [Math.min(1 - high[0], Math.max(-low[0], dx)), Math.min(1 - high[1], Math.max(-low[1], dy))];
    return points.map(([x, y]) => [x + by2[0], y + by2[1]]);
  };
  const box = (a, b) => [[a[0], a[1]], [b[0], a[1]], [b[0], b[1]], [a[0], b[1]]];
  const isDrag = (a, b) => Math.abs(a[0] - b[0]) * width > 8 && Math.abs(a[1] - b[1]) * height > 8;

  sheet.addEventListener("pointerdown", (event) => {
    if (!editable || event.button !== 0) return;
    const spot = event.target.closest(".spot"), begun = at(event);
    if (choosing === null && !spot) { selected = null; redraw(); return; }
    if (choosing === null) {
      const id = Number(spot.dataset.id);
      if (selected !== id) { selected = id; redraw({ focus: id }); }
      drag(event, begun, (now) => preview(moved(spots.get(id), now[0] - begun[0], now[1] - begun[1])),
        (now) => { if (Math.hypot(now[0] - begun[0], now[1] - begun[1]) > 0.004) keep(id, moved(spots.get(id), now[0] - begun[0], now[1] - begun[1])); });
      return;
    }
    const id = choosing;
    drag(event, begun, (now) => { if (isDrag(begun, now)) preview(box(begun, now)); }, (now) => {
      choosing = null;
      selected = id;
      keep(id, isDrag(begun, now) ? box(begun, now) : [begun]);
    });
  });

  function preview(points) {
    sheet.querySelector(".draft")?.remove();
    const [x, y] = middle(points);
    sheet.append(points.length === 1 ? draw("circle", { class: "draft", cx: x * width, cy: y * height, r: Math.max(width, height) / 40 })
      : draw("polygon", { class: "draft", points: corners(points) }));
  }

  function drag(event, begun, during, done) {
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

  undo?.addEventListener("click", () => {
    const [id, before] = past.pop() ?? [];
    if (id !== undefined) keep(id, before, { remember: false });
  });

  redraw();
})();
