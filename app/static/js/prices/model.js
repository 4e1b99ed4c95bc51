/* The rows of a plan: what is saved, what was typed, what is wrong; undo; kept until it is saved. */
(() => {
  "use strict";
  const sheet = window.xkSheet;
  const { read, parse, plain, totalOf, unitOf, floorOf, fits, LARGEST } = sheet.figures;
  const MOST_UNDONE = 200;
  const COLUMNS = ["unit", "total", "floor", "basis"];

  class Model {
    constructor(setup, words) {
      this.setup = setup;
      this.words = words;
      this.rounding = read(setup.rounding);
      this.floorPercent = read(setup.floorPercent);
      this.floorStep = read(setup.floorStep);
      this.rows = [];
      this.byId = new Map();
      this.done = [];
      this.undone = [];
      this.version = 0;
      this.listeners = [];
      this.keptAs = `xk-plan-${setup.plan}-${document.body.dataset.user}`;
    }

    on(listener) { this.listeners.push(listener); }
    tell() { this.listeners.forEach((listener) => listener()); }

    /* ---- reading ---- */
    take({ version, rows }) {
      this.version = version;
      const mine = new Map(this.rows.filter((row) => this.isDirty(row)).map((row) => [row.id, row]));
      this.rows = rows.map((cells) => {
        const row = this.made(cells);
        const old = mine.get(row.id);
        // What is being typed stays; what it was typed over is what was seen then.
        return old ? Object.assign(row, { saved: old.saved, now: old.now, errors: old.errors, raw: old.raw, note: old.note }) : row;
      });
      this.byId = new Map(this.rows.map((row) => [row.id, row]));
      this.tell();
    }
    made([id, building, entrance, floor, number, type, gross, inside, status, basis, unitBefore, totalBefore,
      floorBefore, unit, total, floorTotal]) {
      const saved = { basis, unit: read(unit), total: read(total), floor: read(floorTotal), typed: "both", floorTyped: true };
      return {
        id, building, entrance: entrance || "", storey: floor, number, type: type || "", status,
        title: [building, entrance, number].filter(Boolean).join("-"),
        gross: read(gross), inside: read(inside),
        before: { unit: read(unitBefore), total: read(totalBefore), floor: read(floorBefore) },
        saved, now: { ...saved }, errors: {}, raw: {}, note: "",
      };
    }
    areaOf(row, basis = row.now.basis) { return basis === "inside" ? row.inside : row.gross; }
    value(row, column) {
      if (row.raw[column] !== undefined) return row.raw[column];
      return column === "basis" ? this.setup.bases[row.now.basis] : plain(row.now[column]);
    }
    isChanged(row, column) {
      return row.raw[column] !== undefined || row.now[column] !== row.saved[column];
    }
    isFaulty(row) { return Object.keys(row.errors).length > 0; }
    isDirty(row) { return !row.gone && (this.isFaulty(row) || COLUMNS.some((column) => this.isChanged(row, column))); }
    dirty() { return this.rows.filter((row) => this.isDirty(row)); }
    faulty() { return this.rows.filter((row) => this.isFaulty(row)); }

    /* ---- changing: [row, column, text] or [row, "both", unit, total]; one call is one undo ---- */
    change(cells) {
      if (!this.setup.editable || !cells.length) return;
      const touched = new Map();
      for (const [row, column, text, more] of cells) {
        if (row.gone) continue;
        if (!touched.has(row)) touched.set(row, this.snapshot(row));
        if (column === "both") this.putBoth(row, text, more); else this.put(row, column, text);
      }
      const step = [...touched].map(([row, before]) => ({ row, before, after: this.snapshot(row) }));
      this.done.push(step);
      if (this.done.length > MOST_UNDONE) this.done.shift();
      this.undone = [];
      this.keep();
      this.tell();
    }
    snapshot(row) { return { now: { ...row.now }, errors: { ...row.errors }, raw: { ...row.raw } }; }
    restore(row, { now, errors, raw }) { row.now = { ...now }; row.errors = { ...errors }; row.raw = { ...raw }; }
    undo() { return this.move(this.done, this.undone, "before"); }
    redo() { return this.move(this.undone, this.done, "after"); }
    move(from, to, which) {
      const step = from.pop();
      if (!step) return null;
      step.forEach((one) => this.restore(one.row, one[which]));
      to.push(step);
      this.keep();
      this.tell();
      return step[0].row;
    }

    put(row, column, text) {
      delete row.errors[column];
      delete row.raw[column];
      row.note = "";
      if (column === "basis") { this.putBasis(row, text); return; }
      const typed = text.trim();
      const amount = typed === "" ? null : parse(typed);
      if (amount === undefined || (amount !== null && (amount <= 0n || amount > LARGEST))) {
        row.errors[column] = amount === undefined ? this.words.no_amount : this.words.not_positive;
        row.raw[column] = text;
        return;
      }
      if (column === "floor") this.putFloor(row, amount); else this.putPrice(row, column, amount);
    }
    putPrice(row, column, amount) {
      const area = this.areaOf(row);
      const { now } = row;
      delete row.errors.floor; delete row.raw.floor;
      if (column === "unit") { delete row.errors.total; delete row.raw.total; } else { delete row.errors.unit; delete row.raw.unit; }
      if (amount === null || area === null) {
        if (area === null) row.errors.basis = this.words.no_inside;
        Object.assign(now, { unit: null, total: null, floor: null, typed: "none" });
        return;
      }
      now[column] = amount;
      if (column === "unit") now.total = totalOf(amount, area, this.rounding); else now.unit = unitOf(amount, area);
      now.typed = column;
      now.floor = this.setup.floors ? floorOf(now.total, this.floorPercent, this.floorStep) : null;
      now.floorTyped = false;
    }
    /* Both were pasted: the total rules, the unit price stays if it comes to it. */
    putBoth(row, unit, total) {
      this.put(row, "total", total);
      const amount = parse(unit.trim());
      if (row.errors.total || row.now.total === null) return;
      if (amount !== undefined && amount > 0n && fits(row.now.total, amount, this.areaOf(row), this.rounding)) {
        Object.assign(row.now, { unit: amount, typed: "both" });
        return;
      }
      row.errors.unit = this.words.does_not_fit;
      row.raw.unit = unit;
    }
    putFloor(row, amount) {
      const { now } = row;
      if (amount !== null && (now.total === null || amount > now.total)) {
        row.errors.floor = now.total === null ? this.words.price_first : this.words.floor_above;
        row.raw.floor = plain(amount);
        return;
      }
      now.floorTyped = amount !== null;
      now.floor = amount ?? (now.total === null ? null : floorOf(now.total, this.floorPercent, this.floorStep));
    }
    putBasis(row, text) {
      const typed = text.trim();
      const found = Object.entries(this.setup.bases).find(([code, title]) => [code, title].includes(typed));
      if (!found) { row.errors.basis = this.words.no_basis; row.raw.basis = text; return; }
      const [basis] = found;
      if (this.areaOf(row, basis) === null) { row.errors.basis = this.words.no_inside; row.raw.basis = text; return; }
      const was = row.now.basis;
      row.now.basis = basis;
      const area = this.areaOf(row);
      if (row.now.total === null || this.areaOf(row, was) === area) return;
      // What was typed stays, and the other follows; what nobody typed keeps its total.
      if (row.now.typed === "unit") this.putPrice(row, "unit", row.now.unit);
      else Object.assign(row.now, { unit: unitOf(row.now.total, area), typed: "total" });
    }

    /* ---- what is sent, and what comes back ---- */
    body(rows) {
      return { rows: rows.map((row) => {
        const { now, saved } = row;
        const amount = (value) => (value === null ? null : plain(value));
        const blank = now.total === null;
        return {
          room_id: row.id,
          price_basis: now.basis,
          list_unit_price: blank || now.typed === "total" ? null : amount(now.unit),
          list_total: blank || now.typed === "unit" ? null : amount(now.total),
          floor_total: blank || !this.setup.floors || !now.floorTyped ? null : amount(now.floor),
          seen: {
            list_total: amount(saved.total),
            list_unit_price: amount(saved.unit),
            floor_total: this.setup.floors ? amount(saved.floor) : null,
          },
        };
      }) };
    }
    confirmed({ version, rows }) {
      const alone = version === this.version + 1;
      for (const one of rows) {
        const row = this.byId.get(one.room_id);
        row.saved = this.state(one);
        row.now = { ...row.saved };
        row.errors = {};
        row.raw = {};
        row.note = "";
      }
      this.version = version;
      this.done = [];
      this.undone = [];
      this.keep();
      this.tell();
      return alone;
    }
    state(one) {
      return { basis: one.price_basis, unit: read(one.list_unit_price), total: read(one.list_total),
        floor: read(one.floor_total), typed: "both", floorTyped: true };
    }
    refused(cells) {
      const columns = { list_unit_price: "unit", list_total: "total", floor_total: "floor", price_basis: "basis" };
      for (const { room_id: id, column, sentence } of cells) this.byId.get(id).errors[columns[column]] = sentence;
      this.tell();
    }
    /* Somebody was first: his figures are what one saves over next time, and they are said. */
    overtaken(rows) {
      for (const [id, one] of Object.entries(rows)) {
        const row = this.byId.get(Number(id));
        if (one === null) {
          Object.assign(row, { gone: true, note: this.words.taken_out });
        } else {
          row.saved = this.state(one);
          row.note = this.words.changed_to.replace("{total}", sheet.figures.show(row.saved.total) || "–");
        }
      }
      this.keep();
      this.tell();
    }

    /* ---- kept in the tab until it is saved ---- */
    keep() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.keepNow(), 400);
    }
    keepNow() {
      const write = (state) => Object.fromEntries(Object.entries(state).map(([name, value]) => [name, typeof value === "bigint" ? plain(value) : value]));
      const kept = this.dirty().map((row) => [row.id, write(row.now), write(row.saved), row.errors, row.raw]);
      try {
        if (kept.length) sessionStorage.setItem(this.keptAs, JSON.stringify(kept));
        else sessionStorage.removeItem(this.keptAs);
      } catch { /* The tab's store is full: the page itself still asks before it is left. */ }
    }
    recall() {
      let kept = [];
      try { kept = JSON.parse(sessionStorage.getItem(this.keptAs) || "[]"); } catch { sessionStorage.removeItem(this.keptAs); }
      const back = (state) => ({ ...state, unit: read(state.unit), total: read(state.total), floor: read(state.floor) });
      let count = 0;
      for (const [id, now, saved, errors, raw] of kept) {
        const row = this.byId.get(id);
        if (!row) continue;
        Object.assign(row, { now: back(now), saved: back(saved), errors, raw });
        count += 1;
      }
      if (count) this.tell();
      return count;
    }
  }

  sheet.Model = Model;
})();
