/* Begins the table of a price plan: reads it, takes what is pasted, saves all of it in one step. */
(() => {
  "use strict";
  const { make, call, toast, ask } = window.xk;
  const sheet = window.xkSheet;
  const { show, change, plain } = sheet.figures;
  const root = document.getElementById("sheet");
  const setup = JSON.parse(root.dataset.setup);
  const words = JSON.parse(root.dataset.words);
  const say = (name, values = {}) => Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), words[name]);
  const model = new sheet.Model(setup, words);
  const view = new sheet.View(root, model, setup, words);
  const at = (id) => document.getElementById(id);
  const save = at("save"), notes = at("notes"), filter = at("filter"), building = at("building"), only = at("only");

  /* ---- sums under the table ---- */
  function sums() {
    let before = 0n, known = 0n, after = 0n, area = 0n, blank = 0;
    for (const row of model.rows) {
      if (row.now.total === null) { blank += 1; continue; }
      after += row.now.total;
      area += row.gross;
      if (row.before.total !== null) { before += row.before.total; known += row.now.total; }
    }
    const moved = change(before, known);
    const facts = [
      [words.rooms, String(model.rows.length)],
      [words.sum, show(after)],
      [words.average, area ? show((after * 200n + area) / (2n * area)) : "–"],
      [words.difference, before ? `${known >= before ? "+" : ""}${show(known - before)} (${moved > 0n ? "+" : ""}${plain(moved)}%)` : "–"],
    ];
    if (blank) facts.push([words.blank, String(blank)]);
    at("sums").replaceChildren(...facts.map(([title, value]) => make("div", {}, make("dt", {}, title), make("dd", { class: "num" }, value))));
  }
  function state() {
    const dirty = model.dirty().length, faulty = model.faulty().length;
    if (save) {
      save.disabled = !dirty;
      save.textContent = dirty ? say("save_count", { count: dirty }) : words.save;
    }
    at("state").textContent = faulty ? say("faulty", { count: faulty }) : dirty ? say("dirty", { count: dirty }) : words.all_saved;
    at("state").className = faulty ? "up" : "mute";
  }
  model.on(() => { view.refresh(); sums(); state(); });

  /* ---- which rows are shown ---- */
  function narrow() {
    const typed = filter.value.trim().toLowerCase();
    view.setRows(model.rows.filter((row) =>
      (!typed || row.title.toLowerCase().includes(typed) || row.type.toLowerCase().includes(typed))
      && (!building.value || row.building === building.value)
      && (only.value !== "typed" || model.isDirty(row))
      && (only.value !== "faulty" || model.isFaulty(row) || row.note)
      && (only.value !== "blank" || row.now.total === null)));
    root.scrollTop = 0;
    at("none").hidden = view.rows.length > 0;
  }
  [filter, building, only].forEach((box) => box.addEventListener("input", narrow));

  /* ---- pasting ---- */
  root.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (view.box && !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    if (!setup.editable || !text) return;
    view.leave(false);
    const column = view.columns[view.at.column].name;
    const found = sheet.paste.plan(text, {
      rows: model.rows, shown: view.rows, at: { row: view.at.row, column }, editable: view.editable, selected: view.selected(),
    });
    if (!found) { toast(words.paste_where, "warn"); return; }
    model.change(found.cells);
    root.focus();
    report(found);
  });
  function report({ cells, faults, byNumber }) {
    const rooms = new Set(cells.map(([row]) => row)).size;
    toast(say(byNumber ? "matched" : "pasted", { count: rooms }), faults.length ? "warn" : "ok");
    notes.replaceChildren();
    if (!faults.length) return;
    const list = make("ul", {}, ...faults.slice(0, 50).map(({ line, many }) =>
      make("li", {}, `${line.join(" ")} — ${many ? words.several_rooms : words.no_room}`)));
    notes.append(make("div", { class: "note warn", role: "alert" },
      make("p", { class: "strong" }, say("not_pasted", { count: faults.length })), list,
      make("button", { class: "btn sm", type: "button", "data-dismiss": true }, window.xk.words.close)));
  }

  /* ---- saving ---- */
  let saving = false;
  async function saveAll() {
    view.leave(true);
    const rows = model.dirty();
    if (saving || !rows.length || !setup.editable) return;
    const [wrong] = model.faulty();
    if (wrong) {
      toast(say("faulty", { count: model.faulty().length }), "bad");
      if (!view.rows.includes(wrong)) { filter.value = building.value = ""; only.value = "faulty"; narrow(); }
      view.show(wrong, Object.keys(wrong.errors)[0]);
      return;
    }
    saving = true;
    save.classList.add("busy");
    try {
      const answer = await call(setup.save, { method: "PATCH", body: model.body(rows), key: crypto.randomUUID?.() });
      const alone = model.confirmed(answer);
      toast(say("saved", { count: rows.length }));
      // Somebody else has saved other rooms meanwhile: they are read, what is typed here stays.
      if (!alone) model.take(await call(setup.rows));
    } catch (error) {
      if (error.code === "wrong_cells") model.refused(error.answer.cells);
      if (error.code === "rows_changed") model.overtaken(error.answer.rows);
      toast(error.message, "bad");
    } finally {
      saving = false;
      save.classList.remove("busy");
      narrowKept();
    }
  }
  function narrowKept() {
    const { scrollTop } = root, place = { ...view.at };
    narrow();
    root.scrollTop = scrollTop;
    view.go(place.row, place.column);
  }
  save?.addEventListener("click", saveAll);
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); saveAll(); }
  });
  at("undo")?.addEventListener("click", () => { view.leave(true); model.undo(); root.focus(); });
  at("redo")?.addEventListener("click", () => { view.leave(true); model.redo(); root.focus(); });
  at("remove")?.addEventListener("click", async () => {
    const { top, bottom } = view.range();
    const rows = view.rows.slice(top, bottom + 1);
    if (!rows.length || !await ask(say("remove_ask", { count: rows.length, room: rows[0].title }), { danger: true })) return;
    try {
      await call(setup.remove, { method: "POST", body: { room_ids: rows.map((row) => row.id) } });
      rows.forEach((row) => { row.gone = true; });
      model.take(await call(setup.rows));
      narrowKept();
    } catch (error) { toast(error.message, "bad"); }
  });
  addEventListener("beforeunload", (event) => { model.keepNow(); if (model.dirty().length) event.preventDefault(); });

  /* ---- beginning ---- */
  async function begin() {
    try {
      model.take(await call(setup.rows));
    } catch (error) {
      root.replaceChildren(make("p", { class: "pad note bad" }, error.message));
      return;
    }
    const names = [...new Set(model.rows.map((row) => row.building))];
    building.append(...names.map((name) => make("option", { value: name }, name)));
    building.closest("label").hidden = names.length < 2;
    const recalled = setup.editable ? model.recall() : 0;
    if (recalled) toast(say("recalled", { count: recalled }), "info");
    narrow();
    sums();
    state();
    root.setAttribute("aria-busy", "false");
  }
  begin();
})();
