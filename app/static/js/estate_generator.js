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
  const emptyPlan = () => ({ house_type: "", gross_area: "", inside_area: "", orientation: "" });
  let entrances = [{ name: "", columns: Array.from({ length: 4 }, emptyPlan) }];
  const single = emptyPlan();

  /* ---- the specification ---- */
  const spaced = (text) => text.split(/[\s,，、]+/).filter(Boolean);
  const area = (text) => text.replaceAll(",", "").trim() || null;
  const column = (plan) => ({ house_type: plan.house_type.trim() || null, gross_area: area(plan.gross_area),
    inside_area: area(plan.inside_area), orientation: plan.orientation.trim() || null });
  function specification() {
    const kind = mode();
    const wish = { mode: kind, cells: kind === "villa" ? [] : [...steps.now.values()] };
    if (kind === "villa") {
      return { ...wish, building: box("villas").value, numbers: box("villa_number").value, column: column(single),
        floor_names: { above: whole("above", 100), below: whole("below", 100), basement: box("basement").value } };
    }
    wish.building_id = Number(box("building_id").value) || null;
    wish.building = box("building").value;
    if (kind === "list") {
      return { ...wish, numbers: box("numbers").value, floors: [box("list_floor").value], entrance: box("list_entrance").value, column: column(single) };
    }
    const alike = box("alike").checked;
    return { ...wish, rule: box("rule").value, digits: Number(box("digits").value) || null,
      ...(named ? { floors: named } : { floor_names: { above: whole("above", 1000), below: whole("below", 1000), basement: box("basement").value,
        avoided: box("avoid").value ? setup.avoided : [], by_letter: box("avoid").value === "letter" } }),
      entrances: entrances.map((one, place) => ({ name: one.name, columns: (alike ? entrances[0] : entrances[place]).columns.map(column) })) };
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

  function later() { dirty = true; clearTimeout(timer); timer = setTimeout(preview, 220); }
  async function preview() {
    const mine = ++turn;
    by("deck").setAttribute("aria-busy", "true");
    let drawn;
    try {
      drawn = await call(setup.preview_url, { method: "POST", body: specification() });
    } catch (error) {
      if (mine !== turn) return;
      drawn = { floors: [], entrances: [], rooms: [], count: 0, fault_count: 1, faults: [{ message: [error.message, ...Object.values(error.fields || {})].join(" ") }] };
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
  const wishKey = ({ floor, entrance, column }) => window.xkDeck.key(floor, entrance, column);
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
    entrances.forEach((one, at) => { one.name = names[at] || one.name; });
    if (!box("list_entrance").value) [box("list_entrance").value] = names;
    drawPlans();
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
        changed: steps.now.has(window.xkDeck.key(floor, entrance, place)), wrong: wrong.get(key) };
      item.sign = `${number}|${text}|${item.changed}|${item.wrong || ""}`;
      items.set(key, item);
    }
    for (const one of steps.now.values()) {
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
    by("faults").querySelector("p").textContent = fill(words.faults, { count: answer.fault_count });
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
    selected = keys.filter((key) => !covered.has(key) && wished(key));
    by("cellbar").hidden = !selected.length || mode() === "villa";
    by("picked").textContent = selected.length ? fill(words.picked, { count: selected.length }) : by("picked").dataset.none;
    by("cellbar").querySelectorAll("[data-one]").forEach((field) => { field.hidden = selected.length !== 1 || !fits(field); });
    for (const input of by("cellbar").querySelectorAll("[data-cell]")) {
      if (document.activeElement === input && input.dataset.touched) continue;
      const name = input.dataset.cell;
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
    selected.map(wished).forEach((one) => next.set(wishKey(one), { ...one, ...next.get(wishKey(one)), ...values }));
    steps.take(next);
  }
  by("cellbar").addEventListener("input", (event) => { event.target.dataset.touched = "1"; });
  by("cellbar").addEventListener("change", (event) => {
    const { cell: name } = event.target.dataset;
    if (!name) return;
    delete event.target.dataset.touched;
    const typed = event.target.value.trim();
    const values = {};
    if (name === "column_span" || name === "row_span") values[name] = Math.max(1, Math.trunc(Number(typed)) || 1);
    else if (name.endsWith("area")) values[name] = area(typed);
    else values[name] = typed || null;
    const type = name === "house_type" && types.get(typed);
    if (type?.gross_area) Object.assign(values, { gross_area: type.gross_area, inside_area: type.inside_area });
    change(values);
  });
  by("blank").addEventListener("click", () => change({ blank: true }));
  by("unblank").addEventListener("click", () => change({ blank: false }));
  by("plain").addEventListener("click", () => {
    const next = new Map(steps.now);
    selected.forEach((key) => next.delete(wishKey(wished(key))));
    steps.take(next);
  });
  /* ---- settings ---- */
  const fits = (node) => !node.dataset.mode || node.dataset.mode.split(" ").includes(mode());
  function arrange() {
    maker.querySelectorAll("[data-mode]").forEach((node) => { if (!node.matches("[data-one]")) node.hidden = !fits(node); });
    maker.querySelectorAll("[data-new]").forEach((node) => { node.hidden = !fits(node) || Boolean(box("building_id").value); });
    drawPlans();
  }
  function resize() {
    const count = Math.max(1, whole("entrances", 20)), wide = Math.max(1, whole("columns", 60));
    while (entrances.length < count) entrances.push({ name: "", columns: structuredClone(entrances[0].columns) });
    entrances.length = count;
    entrances.forEach((one, at) => {
      if (count > 1 && !one.name) one.name = fill(words.entrance_name, { number: at + 1 });
      if (count === 1 && !box("building_id").value && one.name === fill(words.entrance_name, { number: 1 })) one.name = "";
      while (one.columns.length < wide) one.columns.push({ ...one.columns.at(-1) || emptyPlan() });
      one.columns.length = wide;
    });
    by("alike-field").hidden = count < 2;
    drawPlans();
  }
  const labels = { house_type: by("c-type"), gross_area: by("c-gross"), inside_area: by("c-inside"), orientation: by("c-orientation") };
  const label = (name) => document.querySelector(`label[for="${labels[name].id}"]`).textContent;
  function planRow(plan, number) {
    const inputs = Object.keys(plan).map((name) => {
      const input = make("input", { type: "text", value: plan[name], "aria-label": [number, label(name)].filter(Boolean).join(" "),
        list: { house_type: "house-types", orientation: "orientations" }[name], inputmode: name.endsWith("area") ? "decimal" : null,
        class: name.endsWith("area") ? "num" : "" });
      input.addEventListener("input", () => {
        plan[name] = input.value;
        const type = name === "house_type" && types.get(input.value.trim());
        if (type?.gross_area) {
          plan.gross_area = row.children[2].value = type.gross_area;
          plan.inside_area = row.children[3].value = type.inside_area || "";
        }
        later();
      });
      return input;
    });
    const row = make("div", { class: "row" }, make("span", { class: "n" }, number ? String(number) : ""), ...inputs);
    return row;
  }
  const heads = () => make("div", { class: "row heads" }, make("span"), ...Object.keys(labels).map((name) => make("span", {}, label(name).replace(" ㎡", ""))));
  function drawPlans() {
    const host = by("plans");
    if (mode() !== "grid") { host.replaceChildren(make("div", { class: "plans-of" }, heads(), planRow(single, ""))); return; }
    const alike = box("alike").checked;
    host.replaceChildren(...entrances.map((one, at) => {
      const part = make("div", { class: "plans-of" });
      if (entrances.length > 1 || one.name || box("building_id").value) {
        const name = make("input", { type: "text", value: one.name, maxlength: 60, "aria-label": fill(words.entrance_name, { number: at + 1 }) });
        name.addEventListener("input", () => { one.name = name.value; later(); });
        part.append(make("div", { class: "ent" }, name));
      }
      if (!at || !alike) part.append(heads(), ...one.columns.map((plan, place) => planRow(plan, place + 1)));
      return part;
    }));
  }
  const reshaping = new Set(["entrances", "columns", "above", "below", "mode", "numbers"]);
  form.addEventListener("input", (event) => {
    const { name } = event.target;
    if (!name) return;
    if (name === "floors") named = spaced(event.target.value);
    if (["above", "below", "avoid", "basement"].includes(name)) named = null;
    /* Places of changed cells say nothing any more when floors, entrances or columns come and go. */
    if (reshaping.has(name) && steps.now.size) steps.take(new Map());
    if (name === "entrances" || name === "columns") resize();
    if (name === "mode") { deck.choose([]); if (mode() === "villa") box("above").value = "3"; arrange(); }
    if (name === "building_id") adopting = Boolean(box("building_id").value);
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

  resize();
  arrange();
  preview();
})();
