/* The building-shaped page: cells are chosen and set, looked at before → after, and saved as one step. */
(() => {
  "use strict";
  const { make, call, toast, ask } = window.xk;
  const board = document.getElementById("board");
  const setup = JSON.parse(board.dataset.setup);
  const { words } = setup;
  const by = (id) => document.getElementById(id);
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
  const types = new Map(setup.house_types.map((one) => [one.id, one]));
  const rooms = new Map();
  /* Pending values by room; each step keeps the whole of it, so that it can be taken back. */
  const steps = window.xkSteps(new Map(), () => draw());
  let layout = null, selected = [], mains = new Map();
  const offMarket = new Set(["unreleased", "repricing"]);

  const valueOf = (room, name) => {
    const changed = steps.now.get(room.id);
    const value = changed && name in changed ? changed[name] : room[name];
    return value === undefined ? null : value;
  };
  const shownAs = (name, value) => {
    if (value === null || value === "") return "";
    if (name === "house_type_id") return types.get(value)?.name || "";
    if (name === "fit_out_id") return setup.fit_outs[value] || "";
    if (name === "usage") return setup.usages[value];
    if (name === "is_accessory") return value ? words.accessory : "";
    if (name === "main_room_id") return mains.get(value) || "";
    return String(value);
  };
  const said = (room) => {
    const name = by("shown").value;
    const value = name === "usage" ? valueOf(room, name) || layout.building.usage : valueOf(room, name);
    return shownAs(name, value) + (name === "gross_area" ? "\u2060㎡" : "");
  };

  const deck = window.xkDeck(by("deck"), {
    words,
    paint(cell, item) {
      const status = item && setup.statuses[item.room.status];
      cell.classList.add(item ? `st-${item.room.status}` : "none");
      cell.classList.toggle("changed", Boolean(item?.changed));
      cell.setAttribute("aria-label", [deck.nameOf(cell.dataset.key), item?.room.number || words.blank, status?.title, item?.text].filter(Boolean).join(" "));
      cell.title = item && item.room.status !== "unreleased" ? status.title : "";
      cell.replaceChildren(make("b", {}, item?.room.number || ""), make("u", {}, status && item.room.status !== "unreleased" ? status.mark : ""), make("s", {}, item?.text || ""));
    },
    chosen: show,
    open: () => by("cellbar").querySelector("select, input")?.focus(),
  });

  async function load() {
    by("deck").setAttribute("aria-busy", "true");
    layout = await call(setup.layout_url);
    rooms.clear();
    layout.rooms.forEach((room) => rooms.set(room.id, room));
    layout.rooms.forEach((room) => mains.set(room.id, [layout.building.name, layout.entrances[room.entrance].name, room.number].filter(Boolean).join("-")));
    by("deck").setAttribute("aria-busy", "false");
    draw();
  }
  function draw() {
    const items = new Map();
    let area = 0;
    for (const room of layout.rooms) {
      area += Math.round(Number(valueOf(room, "gross_area")) * 100);
      const key = window.xkDeck.key(room.floor, room.entrance, room.column);
      const item = { key, room, rows: room.rows, columns: room.columns, text: said(room), changed: steps.now.has(room.id) };
      item.sign = `${room.id}|${room.number}|${room.status}|${item.text}|${item.changed}`;
      items.set(key, item);
    }
    deck.draw({ floors: layout.floors.map(([, name]) => name).reverse(), entrances: layout.entrances.map((one) => ({ name: one.name, columns: one.columns })) }, items);
    by("facts").textContent = fill(words.facts, { floors: layout.floors.length, rooms: layout.rooms.length,
      area: (area / 100).toLocaleString("en-US", { minimumFractionDigits: 2 }) });
    by("save").disabled = !steps.now.size;
    by("save").textContent = steps.now.size ? fill(words.save, { count: steps.now.size }) : words.save_none;
    show([...deck.picked]);
  }

  /* ---- the chosen rooms ---- */
  function show(keys) {
    selected = keys.map((key) => deck.item(key)?.room).filter(Boolean);
    by("cellbar").hidden = !keys.length;
    by("picked").textContent = selected.length ? fill(words.rooms, { count: selected.length }) : by("picked").dataset.none;
    for (const input of by("cellbar").querySelectorAll("[data-cell]")) {
      const name = input.dataset.cell;
      input.disabled = !selected.length;
      if (document.activeElement === input && input.dataset.touched) continue;
      const found = new Set(selected.map((room) => valueOf(room, name)));
      const one = found.size === 1 ? [...found][0] : null;
      const mixed = found.size > 1;
      if (input.type === "hidden") {
        input.value = one ?? "";
        const text = input.parentElement.querySelector("input[type=text]");
        text.value = mixed ? "" : shownAs(name, one);
        text.disabled = input.disabled;
      } else if (input.tagName === "SELECT") input.value = mixed ? "…" : name === "is_accessory" ? (one ? "1" : "") : String(one ?? "");
      else { input.value = one ?? ""; input.placeholder = mixed ? "…" : ""; }
    }
    const single = selected.length === 1 ? selected[0] : null;
    by("open").hidden = !single;
    if (single) by("open").href = setup.room_url.replace(/0$/, single.id);
    const clean = !steps.now.size;
    by("unsaved").hidden = clean || !setup.may_reshape;
    board.querySelectorAll("[data-merge]").forEach((button) => { button.disabled = !single || !clean; });
    if (by("split")) by("split").disabled = !single || !clean || !(single.was_merged || single.rows > 1 || single.columns > 1);
    board.querySelectorAll("[data-insert], #delete-column").forEach((button) => { button.disabled = !clean || !keys.length; });
  }
  by("picked").dataset.none = by("picked").textContent;

  function change(name, value) {
    const next = new Map(steps.now);
    for (const room of selected) {
      const values = { ...next.get(room.id) };
      put(room, values, name, value);
      if (name === "house_type_id") propose(room, values, types.get(value));
      if (name === "main_room_id" && value !== null) put(room, values, "is_accessory", true);
      if (name === "is_accessory" && !value) put(room, values, "main_room_id", null);
      if (Object.keys(values).length) next.set(room.id, values); else next.delete(room.id);
    }
    steps.take(next);
  }
  function put(room, values, name, value) {
    if ((room[name] ?? null) === value || (name === "is_accessory" && Boolean(room[name]) === value)) delete values[name];
    else values[name] = value;
  }
  /* A house type brings its structure, and its areas where the room is off the market. */
  function propose(room, values, type) {
    if (type?.structure) put(room, values, "structure", type.structure);
    if (type?.gross_area && offMarket.has(room.status)) {
      put(room, values, "gross_area", type.gross_area);
      put(room, values, "inside_area", type.inside_area);
    }
  }
  const read = {
    house_type_id: (text) => Number(text) || null, fit_out_id: (text) => Number(text) || null, main_room_id: (text) => Number(text) || null,
    is_accessory: (text) => text === "1", usage: (text) => text || null,
    gross_area: (text) => two(text), inside_area: (text) => two(text),
  };
  const two = (text) => { const plain = text.replaceAll(",", "").trim(); return /^\d+(\.\d{1,2})?$/.test(plain) ? Number(plain).toFixed(2) : plain || null; };
  by("cellbar").addEventListener("input", (event) => { if (event.target.dataset.cell) event.target.dataset.touched = "1"; });
  by("cellbar").addEventListener("change", (event) => {
    const { cell: name } = event.target.dataset;
    if (!name || event.target.value === "…") return;
    delete event.target.dataset.touched;
    const typed = event.target.value.trim();
    if (name === "gross_area" && !typed) { show([...deck.picked]); return; }
    if (name === "main_room_id" && typed) mains.set(Number(typed), event.target.parentElement.querySelector("input[type=text]").value);
    change(name, read[name] ? read[name](typed) : typed || null);
  });
  by("plain").addEventListener("click", () => {
    const next = new Map(steps.now);
    selected.forEach((room) => next.delete(room.id));
    steps.take(next);
  });
  by("shown").addEventListener("change", draw);
  by("building").addEventListener("change", () => by("switch").requestSubmit());

  /* ---- saving: what changes is looked at first ---- */
  function body(dryRun) {
    const alike = new Map();
    for (const [id, values] of steps.now) {
      const sign = JSON.stringify(Object.entries(values).sort());
      if (!alike.has(sign)) alike.set(sign, { room_ids: [], values });
      alike.get(sign).room_ids.push(id);
    }
    return { changes: [...alike.values()], versions: Object.fromEntries([...steps.now.keys()].map((id) => [id, rooms.get(id).version])), dry_run: dryRun };
  }
  function answered(dialog) {
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => { dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }); });
  }
  async function attempt(button, action) {
    button.classList.add("busy");
    try { await action(); } catch (error) { toast([error.message, ...Object.values(error.fields || {}).filter((one) => one !== error.message)].join(" "), "bad"); } finally { button.classList.remove("busy"); }
  }
  const row = (title, before, after, count) => make("tr", {}, make("td", {}, title), make("td", { class: "mute" }, before || words.nothing),
    make("td", { class: "strong" }, after || words.nothing), make("td", { class: "r num" }, String(count)));
  by("save").addEventListener("click", () => attempt(by("save"), async () => {
    const found = await call(setup.set_url, { method: "POST", body: body(true) });
    const dialog = by("summary");
    const lines = found.changes.map((one) => row(words[one.field], one.before, one.after, one.rooms));
    if (found.gross_before !== found.gross_after) lines.push(row(words.area_sum, found.gross_before, found.gross_after, found.rooms));
    dialog.querySelector("tbody").replaceChildren(...lines);
    const note = dialog.querySelector(".note");
    note.hidden = !found.resized;
    note.textContent = fill(words.reprice, { count: found.resized });
    if (!(await answered(dialog))) return;
    const done = await call(setup.set_url, { method: "POST", body: body(false), key: crypto.randomUUID?.() });
    await load();
    steps.forget(new Map());
    toast(fill(words.saved, { count: done.rooms }));
  }));
  addEventListener("beforeunload", (event) => { if (steps.now.size) event.preventDefault(); });

  /* ---- merging, splitting, columns ---- */
  const post = (url, id, given) => call(url.replace("/0/", `/${id}/`), { method: "POST", body: given, key: crypto.randomUUID?.() });
  board.querySelectorAll("[data-merge]").forEach((button) => button.addEventListener("click", async () => {
    const [room] = selected, side = button.dataset.merge;
    if (!(await ask(fill(words[`merge_${side}`], { room: mains.get(room.id) }), { yes: words.merge }))) return;
    await attempt(button, async () => {
      const made = await post(setup.merge_url, room.id, { side });
      await load();
      toast(fill(words.merged, { room: made.title, area: made.gross_area }));
    });
  }));
  by("split")?.addEventListener("click", () => attempt(by("split"), async () => {
    const [room] = selected, dialog = by("splitting");
    const { parts } = await call(setup.parts_url.replace("/0/", `/${room.id}/`));
    dialog.querySelector("h2").textContent = `${words.split} ${mains.get(room.id)}`;
    const box = (name, value, label) => make("input", { type: "text", class: "num", value: value ?? "", "data-name": name, "aria-label": label, size: 8 });
    dialog.querySelector("tbody").replaceChildren(...parts.map((part, place) => make("tr", {},
      make("td", {}, `${part.floor} · ${part.column}`), make("td", {}, box("number", part.number, words.room_number)),
      make("td", { class: "r" }, box("gross_area", part.gross_area, words.gross_area)), make("td", { class: "r" }, box("inside_area", part.inside_area, words.inside_area)),
      make("td", { class: "mute" }, place ? words.is_new : words.keeps))));
    if (!(await answered(dialog))) return;
    const wished = [...dialog.querySelectorAll("tbody tr")].map((line) => Object.fromEntries(
      [...line.querySelectorAll("input")].map((input) => [input.dataset.name, input.value.trim() || null])));
    const made = await post(setup.split_url, room.id, { parts: wished });
    await load();
    toast(fill(words.split_done, { count: made.rooms.length }));
  }));
  function columnPlace() {
    const [, entrance, column] = [...deck.picked][0].split(":").map(Number);
    return { entrance, entrance_id: layout.entrances[entrance].id, column };
  }
  board.querySelectorAll("[data-insert]").forEach((button) => button.addEventListener("click", async () => {
    const place = columnPlace(), dialog = by("inserting");
    button.closest("details").open = false;
    if (!(await answered(dialog))) return;
    const given = Object.fromEntries([...dialog.querySelectorAll("[name]")].map((input) => [input.name, input.value.trim() || null]));
    await attempt(button, async () => {
      const made = await call(setup.insert_url, { method: "POST", key: crypto.randomUUID?.(),
        body: { ...given, suffix: given.suffix || "", entrance_id: place.entrance_id, column: place.column + Number(button.dataset.insert) } });
      deck.choose([]);
      await load();
      toast(fill(words.column_new, { count: made.rooms }));
    });
  }));
  by("delete-column")?.addEventListener("click", async () => {
    const place = columnPlace(), button = by("delete-column");
    button.closest("details").open = false;
    const count = layout.rooms.filter((room) => room.entrance === place.entrance && room.column === place.column).length;
    const entrance = layout.entrances[place.entrance].name || layout.building.name;
    if (!(await ask(fill(words.delete_column, { column: place.column, entrance, count }), { yes: words.delete, danger: true }))) return;
    await attempt(button, async () => {
      await call(setup.delete_url, { method: "POST", body: { entrance_id: place.entrance_id, column: place.column }, key: crypto.randomUUID?.() });
      deck.choose([]);
      await load();
      toast(words.column_gone);
    });
  });

  load().catch((error) => toast(error.message, "bad"));
})();
