/* The wizard of rooms: settings make a specification, the server draws it, changed cells go back with it. */
(() => {
  "use strict";
  const { make, call, toast, ask } = window.xk;
  const maker = document.getElementById("maker");
  const setup = JSON.parse(maker.dataset.setup);
  const { words } = setup;
  const form = document.getElementById("settings");
  const box = (name) => form.elements[name];
  const by = (id) => document.getElementById(id);
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
  const whole = (name, most) => Math.min(Math.max(Math.trunc(Number(box(name).value)) || 0, 0), most);
  const mode = () => box("mode").value;
  const types = new Map(setup.house_types.map((one) => [one.name, one]));
  /* Changed cells by place; each step keeps the whole of it, so that it can be taken back. */
  const steps = window.xkSteps(new Map(), () => later());
  let named = null, answer = null, dirty = false, adopting = false, turn = 0, timer = 0, selected = [];
  const label = (id) => document.querySelector(`label[for="${id}"]`).textContent;
  const plans = window.xkPlans(by("plans"), {
    types,
    labels: { house_type: label("c-type"), gross_area: label("c-gross"), inside_area: label("c-inside"), orientation: label("c-orientation") },
    counted: label("columns"),
    named: (at) => fill(words.entrance_name, { number: at + 1 }),
    not_area: (place, text) => fill(words.not_area, { place, text }),
    column_name: (number) => fill(words.column_name, { number }),
    single: () => mode() !== "grid",
    alike: () => box("alike").checked,
    shown: () => Boolean(box("building_id").value),
    changed: () => { if (box("alike").checked) box("columns").value = String(plans.wide); later(); },
  });

  /* ---- the specification ---- */
  const spaced = (text) => text.split(/[\s,，、]+/).filter(Boolean);
  const area = (text) => text.replaceAll(",", "").trim() || null;
  /* Changed cells are kept by their distance from the ground: what is dug below moves none of them, and one
     that has no place any more waits until there are floors or columns for it again. */
  const ground = () => (mode() === "grid" ? whole("below", 1000) : 0);
  const storeys = () => named?.length ?? whole("above", 1000) + whole("below", 1000);
  const changes = () => [...steps.now.values()].map(({ summed, ...one }) => ({ ...one, floor: one.floor + ground() }))
    .filter((one) => mode() !== "grid" || (one.floor >= 0 && one.floor < storeys() && plans.planAt(one.entrance, one.column)));
  const changeAt = ({ floor, entrance, column }) => steps.now.get(window.xkDeck.key(floor - ground(), entrance, column));
  function specification() {
    const kind = mode();
    const wish = { mode: kind, cells: kind === "villa" ? [] : changes() };
    if (kind === "villa") {
      return { ...wish, building: box("villas").value, numbers: box("villa_number").value, column: plans.single(),
        floor_names: { above: whole("above", 100), below: whole("below", 100), basement: box("basement").value } };
    }
    wish.building_id = Number(box("building_id").value) || null;
    wish.building = box("building").value;
    if (kind === "list") {
      return { ...wish, numbers: box("numbers").value, floors: [box("list_floor").value], entrance: box("list_entrance").value, column: plans.single() };
    }
    return { ...wish, rule: box("rule").value, digits: Number(box("digits").value) || null,
      ...(named ? { floors: named } : { floor_names: { above: whole("above", 1000), below: whole("below", 1000), basement: box("basement").value,
        avoided: box("avoid").value ? setup.avoided : [], by_letter: box("avoid").value === "letter" } }),
      entrances: plans.specification() };
  }

  /* ---- drawing ---- */
  const deck = window.xkDeck(by("deck"), {
    words,
    paint(cell, item) {
      const name = item?.there?.number || item?.number || words.blank;
      const number = make("b", {}, name), text = make("s", {}, (item?.there || item)?.text || "");
      cell.classList.add(`st-${item?.there?.status || "unreleased"}`);
      cell.classList.toggle("none", !item?.room && !item?.there);
      cell.classList.toggle("there", Boolean(item?.there));
      cell.classList.toggle("changed", Boolean(item?.changed));
      cell.classList.toggle("wrong", Boolean(item?.wrong));
      cell.title = item?.wrong || (item?.there ? words.there : "");
      cell.setAttribute("aria-label", [deck.nameOf(cell.dataset.key), name, (item?.there || item)?.text, item?.there && words.there, item?.wrong].filter(Boolean).join(" "));
      cell.replaceChildren(number, text);
    },
    chosen: show,
    open: () => by("cellbar").querySelector("input:not([disabled])")?.focus(),
    remove: () => change({ blank: true }),
  });

  const undrawn = (sentences) => ({ floors: [], entrances: [], rooms: [], count: 0, fault_count: sentences.length, faults: sentences.map((message) => ({ message })) });
  function later() { dirty = true; clearTimeout(timer); timer = setTimeout(preview, 220); }
  async function preview() {
    const mine = ++turn;
    by("deck").setAttribute("aria-busy", "true");
    const unread = plans.faults();
    let drawn = unread.length ? undrawn(unread) : null;
    try {
      drawn ||= await call(setup.preview_url, { method: "POST", body: specification() });
    } catch (error) {
      if (mine !== turn) return;
      drawn = undrawn([[error.message, ...Object.values(error.fields || {})].join(" ")]);
    }
    if (mine !== turn) return;
    answer = drawn;
    if (adopting && answer.standing) adopt();
    by("deck").setAttribute("aria-busy", "false");
    draw();
  }
  /* The drawing stands among the building's own floors and entrances: its places are counted without them. */
  let lines = [], parts = [];
  function arrangeLines() {
    const floors = new Map(), entries = new Map();
    for (const [order, name, lower, entrance, column, columns] of answer.standing || []) {
      for (const [at, called] of [[order, name], ...lower]) if (!floors.has(at)) floors.set(at, { order: at, name: called, at: null });
      const part = entries.get(entrance) || { name: entrance, columns: 0, at: null };
      part.columns = Math.max(part.columns, column + columns - 1);
      entries.set(entrance, part);
    }
    answer.floors.forEach(([order, name], at) => floors.set(order, { order, name, at }));
    answer.entrances.forEach(([name, columns], at) => entries.set(name, { name, columns: Math.max(columns, entries.get(name)?.columns || 0), wide: columns, at }));
    lines = [...floors.values()].sort((one, other) => one.order - other.order);
    parts = [...entries.values()];
  }
  const onDeck = (floor, entrance, column) => window.xkDeck.key(
    lines.findIndex((one) => one.at === floor), parts.findIndex((one) => one.at === entrance), column);
  /* What the place is in the specification; null for one that only the building has. */
  function wished(key) {
    const [line, part, column] = key.split(":").map(Number);
    const floor = lines[line]?.at ?? null, entrance = parts[part]?.at ?? null;
    return floor === null || entrance === null || column > parts[part].wide ? null : { floor, entrance, column };
  }
  const keepKey = ({ floor, entrance, column }) => window.xkDeck.key(floor - ground(), entrance, column);
  function standing() {
    const line = new Map(lines.map((one, at) => [one.order, at])), found = new Map();
    for (const [order, , lower, entrance, column, columns, number, type, gross, status] of answer.standing || []) {
      const top = line.get(order), bottom = Math.min(top, ...lower.map(([at]) => line.get(at)));
      const key = window.xkDeck.key(top, parts.findIndex((one) => one.name === entrance), column);
      found.set(key, { number, status, rows: top - bottom + 1, columns, text: [type, gross && `${gross}\u2060㎡`].filter(Boolean).join(" ") });
    }
    return found;
  }
  /* In a building that is there the entrances are, as a rule, those that it has. */
  function adopt() {
    adopting = false;
    const names = [...new Set(answer.standing.map(([, , , entrance]) => entrance).filter(Boolean))];
    if (!names.length) return;
    plans.name(names);
    if (!box("list_entrance").value) [box("list_entrance").value] = names;
    plans.draw();
    later();
  }
  function draw() {
    /* What cannot be drawn is mended in the last drawing. */
    if (answer.floors.length) arrangeLines();
    const wrong = new Map(answer.faults.filter((one) => one.floor !== null && one.floor !== undefined && one.column)
      .map((one) => [onDeck(one.floor, one.entrance, one.column), one.message]));
    const items = new Map();
    for (const [floor, entrance, place, rows, columns, number, type, gross, inside, orientation] of answer.rooms) {
      const key = onDeck(floor, entrance, place);
      const text = [type, gross ? `${gross}\u2060㎡` : words.no_area].filter(Boolean).join(" ");
      const item = { key, room: true, rows, columns, number, text, house_type: type, gross_area: gross, inside_area: inside, orientation,
        changed: Boolean(changeAt({ floor, entrance, column: place })), wrong: wrong.get(key) };
      item.sign = `${number}|${text}|${item.changed}|${item.wrong || ""}`;
      items.set(key, item);
    }
    for (const one of changes()) {
      const key = onDeck(one.floor, one.entrance, one.column);
      if (!items.has(key) && one.blank) items.set(key, { key, room: false, rows: 1, columns: 1, number: "", text: "", changed: true, wrong: wrong.get(key), sign: `-${wrong.get(key) || ""}` });
    }
    for (const [key, there] of standing()) {
      const item = { key, room: false, number: "", text: "", ...items.get(key), there, rows: there.rows, columns: there.columns };
      items.set(key, { ...item, sign: `${item.sign || ""}|${there.number}|${there.text}|${there.status}` });
    }
    if (answer.floors.length) {
      if (mode() === "grid" && document.activeElement !== by("floors")) by("floors").value = answer.floors.map(([, name]) => name).join(" ");
      deck.draw({ floors: lines.map((one) => one.name).reverse(), entrances: parts.map(({ name, columns }) => ({ name, columns })) }, items);
    }
    /* What cannot be drawn leaves the last drawing, seen to be old. */
    by("deck").classList.toggle("stale", !answer.floors.length);
    by("deck").classList.toggle("listed", mode() === "list");
    say();
    show([...deck.picked]);
  }
  const grouped = (text) => Number(text || 0).toLocaleString("en-US", { minimumFractionDigits: 2 });
  function say() {
    const villas = mode() === "villa" && answer.rooms.length ? answer.count / answer.rooms.length : 0;
    by("facts").textContent = villas
      ? fill(words.facts_many, { buildings: villas, rooms: answer.count, area: grouped(answer.gross_area) })
      : fill(words.facts, { floors: answer.floors.length, rooms: answer.count, area: grouped(answer.gross_area) });
    if (answer.standing?.length) by("facts").textContent += ` · ${fill(words.standing, { count: answer.standing.length })}`;
    const good = answer.fault_count === 0 && answer.count > 0;
    by("make").disabled = !good;
    by("make").textContent = good ? fill(words.make, { count: answer.count }) : words.make_none;
    by("faults").hidden = answer.fault_count === 0;
    /* What is merely not typed yet is no fault of anybody's. */
    const lacking = answer.faults.every((one) => one.missing);
    by("faults").classList.toggle("lacking", lacking);
    by("faults").querySelector("p").className = lacking ? "note" : "note bad";
    by("faults").querySelector("p").textContent = fill(lacking ? words.lacking : words.faults, { count: answer.fault_count });
    const shown = answer.faults.slice(0, 30).map((one) => make("li", {}, one.column
      ? make("button", { type: "button", onclick: () => { const key = onDeck(one.floor, one.entrance, one.column); deck.choose([key]); deck.focus(key); } }, one.message)
      : one.message));
    if (answer.fault_count > shown.length) shown.push(make("li", {}, fill(words.more_faults, { count: answer.fault_count - shown.length })));
    by("faults").querySelector("ul").replaceChildren(...shown);
  }

  /* ---- changing cells ---- */
  const kept = ["number", "house_type", "gross_area", "inside_area", "orientation", "column_span", "row_span"];
  function show(keys) {
    /* What a wide room covers is no cell of its own. */
    const covered = new Set();
    for (const key of keys) {
      const item = deck.item(key);
      if (!item?.room) continue;
      const [floor, entrance, place] = key.split(":").map(Number);
      for (let down = 0; down < item.rows; down += 1) {
        for (let right = 0; right < item.columns; right += 1) if (down || right) covered.add(window.xkDeck.key(floor - down, entrance, place + right));
      }
    }
    /* Villas are alike: what stands on the left says all of them. */
    selected = mode() === "villa" ? [] : keys.filter((key) => !covered.has(key) && wished(key));
    by("cellbar").hidden = !selected.length;
    by("merge").hidden = !rectangle();
    by("picked").textContent = selected.length ? fill(words.picked, { count: selected.length }) : by("picked").dataset.none;
    by("cellbar").querySelectorAll("[data-one]").forEach((field) => { field.hidden = selected.length !== 1 || !fits(field); });
    for (const input of by("cellbar").querySelectorAll("[data-cell]")) {
      if (document.activeElement === input && input.dataset.touched) continue;
      const name = input.dataset.cell;
      input.removeAttribute("aria-invalid");
      const found = new Set(selected.map((key) => {
        const item = deck.item(key);
        if (name === "column_span") return String(item?.columns || 1);
        if (name === "row_span") return String(item?.rows || 1);
        return item?.[name] ?? "";
      }));
      input.value = found.size === 1 ? [...found][0] : "";
      input.placeholder = found.size > 1 ? "…" : "";
    }
  }
  by("picked").dataset.none = by("picked").textContent;
  function change(values) {
    if (!selected.length) return;
    const next = new Map(steps.now);
    selected.map(wished).forEach((one) => put(next, one, values));
    steps.take(next);
  }
  function put(next, one, values) {
    const key = keepKey(one);
    next.set(key, { ...one, floor: one.floor - ground(), ...next.get(key), ...values });
  }
  /* A room over several cells has what they have together, unless somebody said its area. */
  function areaAt(one, name) {
    const own = changeAt(one);
    if (own?.gross_area && !own.summed) return own[name];
    return area(plans.planAt(one.entrance, one.column)?.[name] || "");
  }
  function reach(one, wide, high) {
    const own = changeAt(one);
    if (own?.gross_area && !own.summed) return { column_span: wide, row_span: high };
    const sum = (name) => {
      let hundredths = 0;
      for (let down = 0; down < high; down += 1) {
        for (let right = 0; right < wide; right += 1) {
          hundredths += Math.round(Number(areaAt({ ...one, floor: one.floor - down, column: one.column + right }, name) || NaN) * 100);
        }
      }
      return Number.isFinite(hundredths) ? (hundredths / 100).toFixed(2) : null;
    };
    const alone = wide === 1 && high === 1;
    return { column_span: wide, row_span: high, summed: !alone, gross_area: alone ? null : sum("gross_area"), inside_area: alone ? null : sum("inside_area") };
  }
  /* The chosen cells, if they are all of a block in one entrance; what a wide room covers counts too. */
  function rectangle() {
    const places = mode() === "grid" ? [...deck.picked].map(wished) : [];
    if (places.length < 2 || selected.length < 2 || places.some((one) => !one || one.entrance !== places[0].entrance)) return null;
    const floors = places.map((one) => one.floor), columns = places.map((one) => one.column);
    const top = Math.max(...floors), left = Math.min(...columns);
    const high = top - Math.min(...floors) + 1, wide = Math.max(...columns) - left + 1;
    return high * wide === places.length ? { places, corner: { floor: top, entrance: places[0].entrance, column: left }, wide, high } : null;
  }
  by("merge").addEventListener("click", () => {
    const { places, corner, wide, high } = rectangle();
    const next = new Map(steps.now);
    places.forEach((one) => { if (one.floor !== corner.floor || one.column !== corner.column) next.delete(keepKey(one)); });
    put(next, corner, { blank: false, ...reach(corner, wide, high) });
    deck.choose([onDeck(corner.floor, corner.entrance, corner.column)]);
    steps.take(next);
  });
  by("cellbar").addEventListener("input", (event) => { event.target.dataset.touched = "1"; });
  by("cellbar").addEventListener("change", (event) => {
    const { cell: name } = event.target.dataset;
    if (!name) return;
    delete event.target.dataset.touched;
    const typed = event.target.value.trim();
    const values = {};
    if (name === "column_span" || name === "row_span") {
      const item = deck.item(selected[0]), span = Math.min(Math.max(1, Math.trunc(Number(typed)) || 1), 200);
      const [wide, high] = name === "column_span" ? [span, item?.rows || 1] : [item?.columns || 1, span];
      Object.assign(values, reach(wished(selected[0]), wide, high));
    } else if (name.endsWith("area")) {
      event.target.setAttribute("aria-invalid", String(!window.xkPlans.isArea(typed)));
      if (!window.xkPlans.isArea(typed)) { toast(fill(words.not_area, { place: label(event.target.id).replace(" ㎡", ""), text: typed }), "bad"); return; }
      Object.assign(values, { [name]: area(typed), summed: false });
    } else values[name] = typed || null;
    const type = name === "house_type" && types.get(typed);
    if (type?.gross_area) Object.assign(values, { gross_area: type.gross_area, inside_area: type.inside_area });
    change(values);
  });
  by("blank").addEventListener("click", () => change({ blank: true }));
  by("unblank").addEventListener("click", () => change({ blank: false }));
  by("plain").addEventListener("click", () => {
    const next = new Map(steps.now);
    selected.forEach((key) => next.delete(keepKey(wished(key))));
    steps.take(next);
  });
  /* ---- settings ---- */
  const fits = (node) => !node.dataset.mode || node.dataset.mode.split(" ").includes(mode());
  function arrange() {
    maker.querySelectorAll("[data-mode]").forEach((node) => { if (!node.matches("[data-one]")) node.hidden = !fits(node); });
    maker.querySelectorAll("[data-new]").forEach((node) => { node.hidden = !fits(node) || Boolean(box("building_id").value); });
    plans.draw();
  }
  function resize(anew) {
    const count = Math.max(1, whole("entrances", 20)), wide = Math.max(1, whole("columns", 60));
    by("alike-field").hidden = count < 2;
    plans.resize(count, anew && wide);
  }
  form.addEventListener("input", (event) => {
    const { name } = event.target;
    if (!name) return;
    if (name === "floors") named = spaced(event.target.value);
    if (["above", "below", "avoid", "basement"].includes(name)) named = null;
    /* Places of changed cells say nothing any more in another mode or list. */
    if ((name === "mode" || name === "numbers") && steps.now.size) steps.take(new Map());
    if (name === "entrances" || name === "columns") resize(name === "columns");
    if (name === "mode") { deck.choose([]); if (mode() === "villa") box("above").value = "3"; arrange(); }
    if (name === "building_id") adopting = Boolean(box("building_id").value);
    if (name === "alike" && !box("alike").checked) plans.part();
    if (name === "building_id" || name === "alike") arrange();
    later();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  by("rename").addEventListener("click", () => { named = null; later(); });

  /* ---- making ---- */
  const key = crypto.randomUUID?.() || String(Math.random());
  by("make").addEventListener("click", async () => {
    clearTimeout(timer);
    await preview();
    if (by("make").disabled) return;
    const building = mode() === "villa" ? box("villas").value : box("building").value || box("building_id").selectedOptions[0].text;
    if (!(await ask(fill(words.make_ask, { count: answer.count, building }), { yes: by("make").textContent }))) return;
    by("make").disabled = true;
    by("make").classList.add("busy");
    try {
      const made = await call(setup.generate_url, { method: "POST", body: specification(), key: `${key}-${turn}` });
      dirty = false;
      location.assign(setup.done_url.replace(/0$/, made.id));
    } catch (error) {
      toast(error.message, "bad");
      by("make").classList.remove("busy");
      await preview();
    }
  });
  addEventListener("beforeunload", (event) => { if (dirty && steps.now.size) event.preventDefault(); });

  /* ---- as an earlier generation ---- */
  function load(found) {
    box("mode").value = found.mode || "grid";
    const choose = (name, value) => { if ([...box(name).options].some((one) => one.value === String(value))) box(name).value = String(value); };
    choose("building_id", found.building_id ?? "");
    const wish = found.floor_names || {};
    const [above, below] = found.floors && found.mode === "grid"
      ? [found.floors.filter((one) => !/^[B-]/.test(one)).length, found.floors.filter((one) => /^[B-]/.test(one)).length]
      : [wish.above ?? 1, wish.below ?? 0];
    box("above").value = String(above);
    box("below").value = String(below);
    choose("basement", wish.basement || "B");
    if (wish.avoided?.length) choose("avoid", wish.by_letter ? "letter" : "skip");
    plans.load(found.entrances, found.column);
    if (found.mode === "villa") { box("villas").value = found.building || ""; box("villa_number").value = found.numbers || "101"; return; }
    box("building").value = found.building || "";
    if (found.mode === "list") {
      [box("numbers").value, box("list_floor").value, box("list_entrance").value] = [found.numbers || "", found.floors?.[0] || "", found.entrance || ""];
    } else {
      named = found.floors || null;
      const columns = (found.entrances || []).map((one) => JSON.stringify(one.columns));
      box("entrances").value = String(Math.max(columns.length, 1));
      box("columns").value = String(plans.wide);
      box("alike").checked = columns.every((one) => one === columns[0]);
      by("alike-field").hidden = columns.length < 2;
      box("rule").value = found.rule || "column";
      choose("digits", found.digits ?? "");
    }
    steps.forget(new Map((found.cells || []).map((one) => [keepKey(one), { ...one, floor: one.floor - ground() }])));
  }

  if (setup.sample) load(setup.sample); else resize(true);
  arrange();
  preview();
  dirty = false;
})();
