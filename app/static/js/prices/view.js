/* The table on the screen: only the rows in sight are drawn; keys and mouse as in a spreadsheet. */
(() => {
  "use strict";
  const sheet = window.xkSheet;
  const { make } = window.xk;
  const { show, change, plain } = sheet.figures;
  const ROW = 34;
  const MARGIN = 8;

  class View {
    constructor(root, model, setup, words) {
      Object.assign(this, { root, model, setup, words });
      this.columns = [
        { name: "room", title: words.room },
        { name: "storey", title: words.floor },
        { name: "type", title: words.house_type },
        { name: "area", title: `${words.area} ㎡`, right: true },
        { name: "basis", title: words.basis, edit: true },
        { name: "unitBefore", title: words.unit_before, right: true },
        { name: "totalBefore", title: words.total_before, right: true },
        { name: "unit", title: words.unit, right: true, edit: true },
        { name: "total", title: words.total, right: true, edit: true },
        ...(setup.floors ? [{ name: "floor", title: words.floor_total, right: true, edit: true }] : []),
        { name: "change", title: words.difference, right: true },
        { name: "note", title: words.note },
      ];
      if (!setup.editable) this.columns.forEach((column) => { column.edit = false; });
      this.editable = this.columns.filter((column) => column.edit).map((column) => column.name);
      this.rows = [];
      this.at = { row: 0, column: Math.max(0, this.columns.findIndex((column) => column.name === "unit")) };
      this.from = { ...this.at };
      this.drawn = new Map();
      this.build();
      this.listen();
    }

    build() {
      this.head = make("div", { class: "sheet-row sheet-head", role: "row", "aria-rowindex": "1" },
        ...this.columns.map((column, place) => make("div", { role: "columnheader", "aria-colindex": String(place + 1), class: `c-${column.name}${column.right ? " r" : ""}` }, column.title)));
      this.body = make("div", { class: "sheet-body", role: "rowgroup" });
      this.root.replaceChildren(this.head, this.body);
      this.root.setAttribute("aria-colcount", String(this.columns.length));
    }

    /* ---- drawing ---- */
    setRows(rows) {
      this.rows = rows;
      this.root.setAttribute("aria-rowcount", String(rows.length + 1));
      this.body.style.height = `${rows.length * ROW}px`;
      this.at.row = Math.min(this.at.row, Math.max(0, rows.length - 1));
      this.from = { ...this.at };
      this.redraw();
    }
    redraw() {
      this.drawn.forEach((line) => line.remove());
      this.drawn.clear();
      this.draw();
    }
    draw() {
      const top = Math.max(0, Math.floor(this.root.scrollTop / ROW) - MARGIN);
      const end = Math.min(this.rows.length, Math.ceil((this.root.scrollTop + this.root.clientHeight) / ROW) + MARGIN);
      this.drawn.forEach((line, place) => {
        if (place < top || place >= end) { line.remove(); this.drawn.delete(place); }
      });
      for (let place = top; place < end; place += 1) {
        if (!this.drawn.has(place)) {
          const line = this.line(place);
          this.drawn.set(place, line);
          this.body.append(line);
        }
      }
      this.mark();
    }
    line(place) {
      const row = this.rows[place];
      const line = make("div", { class: `sheet-row${row.gone ? " gone" : ""}`, role: "row", "aria-rowindex": String(place + 2) },
        ...this.columns.map((column, at) => this.cell(row, column, place, at)));
      line.style.transform = `translateY(${place * ROW}px)`;
      return line;
    }
    cell(row, column, place, at) {
      const { name } = column;
      const fault = row.errors[name];
      const typed = column.edit && this.model.isChanged(row, name);
      const node = make("div", {
        id: `cell-${place}-${at}`, role: at === 0 ? "rowheader" : "gridcell", "aria-colindex": String(at + 1),
        class: `c-${name}${column.right ? " r num" : ""}${column.edit ? " edit" : ""}${typed ? " typed" : ""}${fault ? " fault" : ""}`,
        "aria-invalid": fault ? "true" : null, "aria-readonly": column.edit ? null : "true", title: fault || null,
      });
      node.append(...this.content(row, name));
      return node;
    }
    content(row, name) {
      const { before, now } = row;
      switch (name) {
        case "room": return [row.title];
        case "storey": return [row.storey];
        case "type": return [row.type];
        case "area": return [show(this.model.areaOf(row))];
        case "unitBefore": return [show(before.unit)];
        case "totalBefore": return [show(before.total)];
        case "basis": return [row.raw.basis ?? this.setup.bases[now.basis]];
        case "change": {
          const moved = change(before.total, now.total);
          if (moved === null) return [];
          return [make("span", { class: moved < 0n ? "up" : moved > 0n ? "down" : "mute" }, `${moved > 0n ? "+" : ""}${plain(moved)}%`)];
        }
        case "note": return [row.note, ...Object.values(row.errors)].filter(Boolean).map((text) => make("span", { class: "say" }, text));
        default: return [row.raw[name] ?? show(now[name])];
      }
    }
    refresh() {
      this.drawn.forEach((line, place) => {
        const fresh = this.line(place);
        line.replaceWith(fresh);
        this.drawn.set(place, fresh);
      });
      this.mark();
    }

    /* ---- selection ---- */
    range() {
      const between = (one, other) => [Math.min(one, other), Math.max(one, other)];
      const [top, bottom] = between(this.at.row, this.from.row);
      const [left, right] = between(this.at.column, this.from.column);
      return { top, bottom, left, right };
    }
    selected() {
      const { top, bottom, left, right } = this.range();
      const found = [];
      for (let place = top; place <= bottom; place += 1) {
        for (let at = left; at <= right; at += 1) if (this.columns[at].edit) found.push([this.rows[place], this.columns[at].name]);
      }
      return found;
    }
    mark() {
      const { top, bottom, left, right } = this.range();
      this.drawn.forEach((line, place) => {
        [...line.children].forEach((node, at) => {
          const inside = place >= top && place <= bottom && at >= left && at <= right;
          node.classList.toggle("in", inside && !(top === bottom && left === right));
          node.classList.toggle("at", place === this.at.row && at === this.at.column);
          if (inside) node.setAttribute("aria-selected", "true"); else node.removeAttribute("aria-selected");
        });
      });
      const id = `cell-${this.at.row}-${this.at.column}`;
      const cell = document.getElementById(id);
      if (cell) this.root.setAttribute("aria-activedescendant", id);
      this.explain(cell);
    }
    /* What is wrong with the marked cell, right under it. */
    explain(cell) {
      this.tip?.remove();
      this.tip = null;
      const row = this.rows[this.at.row];
      const text = row && (row.errors[this.columns[this.at.column].name] || row.note);
      if (!cell || !text || this.box) return;
      this.tip = make("div", { class: "sheet-tip", role: "status" }, text);
      this.body.append(this.tip);
      const below = this.at.row < this.rows.length - 2 || this.rows.length < 3;
      this.tip.style.transform = `translate(${cell.offsetLeft}px, ${below ? (this.at.row + 1) * ROW + 2 : this.at.row * ROW - this.tip.offsetHeight - 2}px)`;
    }
    go(row, column, { extend = false } = {}) {
      this.at = {
        row: Math.max(0, Math.min(this.rows.length - 1, row)),
        column: Math.max(0, Math.min(this.columns.length - 1, column)),
      };
      if (!extend) this.from = { ...this.at };
      this.reveal();
      this.draw();
    }
    reveal() {
      const y = this.at.row * ROW, head = this.head.offsetHeight;
      if (y < this.root.scrollTop) this.root.scrollTop = y;
      else if (y + ROW > this.root.scrollTop + this.root.clientHeight - head) this.root.scrollTop = y + ROW - this.root.clientHeight + head;
      const title = this.head.children[this.at.column], first = this.head.children[0].offsetWidth;
      if (this.at.column > 0) {
        if (title.offsetLeft < this.root.scrollLeft + first) this.root.scrollLeft = title.offsetLeft - first;
        else if (title.offsetLeft + title.offsetWidth > this.root.scrollLeft + this.root.clientWidth) this.root.scrollLeft = title.offsetLeft + title.offsetWidth - this.root.clientWidth;
      }
    }
    show(row, name) {
      const place = this.rows.indexOf(row);
      if (place >= 0) this.go(place, this.columns.findIndex((column) => column.name === name));
      this.root.focus();
    }

    /* ---- typing into a cell ---- */
    edit(text) {
      const column = this.columns[this.at.column], row = this.rows[this.at.row];
      if (!column?.edit || !row || row.gone || this.box) return;
      const cell = document.getElementById(`cell-${this.at.row}-${this.at.column}`);
      if (!cell) return;
      const label = `${row.title} ${column.title}`;
      const present = this.model.value(row, column.name);
      this.box = column.name === "basis"
        ? make("select", { "aria-label": label }, ...Object.entries(this.setup.bases).map(([code, title]) => make("option", { value: code, selected: row.now.basis === code }, title)))
        : make("input", { "aria-label": label, inputmode: "decimal", autocomplete: "off" });
      if (this.box.tagName === "INPUT") this.box.value = text ?? present;
      this.was = this.box.value;
      cell.replaceChildren(this.box);
      cell.classList.add("typing");
      this.box.focus();
      if (text === undefined && this.box.select) this.box.select();
      this.box.addEventListener("blur", () => this.leave(true));
      if (this.box.tagName === "SELECT") this.box.addEventListener("change", () => { this.leave(true); this.root.focus(); });
    }
    /* The box goes first: what follows draws the rows anew and would take it away under its own hands. */
    leave(take) {
      const { box } = this;
      if (!box) return;
      this.box = null;
      const row = this.rows[this.at.row], { name } = this.columns[this.at.column];
      if (take && box.value !== this.was) this.model.change([[row, name, box.value]]);
      else if (take && box.tagName === "INPUT" && box.value !== this.model.value(row, name)) this.model.change([[row, name, box.value]]);
      this.refresh();
    }

    /* ---- keys ---- */
    listen() {
      this.root.addEventListener("scroll", () => { if (!this.waits) { this.waits = true; requestAnimationFrame(() => { this.waits = false; this.draw(); }); } });
      new ResizeObserver(() => this.draw()).observe(this.root);
      this.root.addEventListener("keydown", (event) => (this.box ? this.keyInBox(event) : this.key(event)));
      this.root.addEventListener("pointerdown", (event) => this.press(event));
      this.root.addEventListener("dblclick", () => this.edit());
      this.root.addEventListener("copy", (event) => this.copy(event));
      this.root.addEventListener("cut", (event) => { if (!this.box) { this.copy(event); this.clear(); } });
    }
    press(event) {
      const cell = event.target.closest("[id^='cell-']");
      if (!cell || event.target === this.box || event.button) return;
      const [, row, column] = cell.id.split("-").map(Number);
      const again = row === this.at.row && column === this.at.column && document.activeElement === this.root;
      this.leave(true);
      this.go(row, column, { extend: event.shiftKey });
      if (again && event.pointerType !== "mouse") { event.preventDefault(); this.edit(); return; }
      if (event.pointerType !== "mouse") return;
      event.preventDefault();
      this.root.focus();
      const drag = (move) => {
        const over = document.elementFromPoint(move.clientX, move.clientY)?.closest("[id^='cell-']");
        if (over) { const [, toRow, toColumn] = over.id.split("-").map(Number); this.go(toRow, toColumn, { extend: true }); }
      };
      const end = () => { removeEventListener("pointermove", drag); removeEventListener("pointerup", end); };
      addEventListener("pointermove", drag);
      addEventListener("pointerup", end);
    }
    keyInBox(event) {
      const moves = { Enter: [event.shiftKey ? -1 : 1, 0], Tab: [0, event.shiftKey ? -1 : 1] };
      if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); this.leave(false); this.root.focus(); return; }
      const move = moves[event.key] || (this.box.tagName === "INPUT" && { ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key]);
      if (!move || event.isComposing) return;
      event.preventDefault();
      this.leave(true);
      this.root.focus();
      if (event.key === "Tab") this.tab(move[1]); else this.go(this.at.row + move[0], this.at.column);
    }
    tab(step) {
      let { row, column } = this.at;
      do {
        column += step;
        if (column >= this.columns.length) { column = 0; row += 1; }
        if (column < 0) { column = this.columns.length - 1; row -= 1; }
        if (row < 0 || row >= this.rows.length) return;
      } while (!this.columns[column].edit);
      this.go(row, column);
    }
    key(event) {
      const { ctrlKey, metaKey, shiftKey: extend, altKey } = event;
      const far = ctrlKey || metaKey;
      const page = Math.max(1, Math.floor(this.root.clientHeight / ROW) - 2);
      const last = this.rows.length - 1;
      const { row, column } = this.at;
      if (altKey || !this.rows.length) return;
      const goes = {
        ArrowDown: [far ? last : row + 1, column], ArrowUp: [far ? 0 : row - 1, column],
        ArrowRight: [row, far ? this.columns.length - 1 : column + 1], ArrowLeft: [row, far ? 0 : column - 1],
        PageDown: [row + page, column], PageUp: [row - page, column],
        Home: [far ? 0 : row, 0], End: [far ? last : row, this.columns.length - 1],
      };
      const to = goes[event.key];
      if (to) { event.preventDefault(); event.stopPropagation(); this.go(...to, { extend }); return; }
      if (far) { this.command(event); return; }
      if (event.key === "Tab") {
        if (!this.editable.length) return;
        event.preventDefault();
        this.tab(extend ? -1 : 1);
      } else if (event.key === "Enter" || event.key === "F2") { event.preventDefault(); this.edit(); }
      else if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); this.clear(); }
      else if (event.key === "Escape") this.go(row, column);
      else if (event.key.length === 1 && this.columns[column].edit) { event.preventDefault(); event.stopPropagation(); this.edit(this.columns[column].name === "basis" ? undefined : event.key); }
    }
    command(event) {
      const letter = event.key.toLowerCase();
      if (letter === "a") { event.preventDefault(); this.from = { row: 0, column: this.at.column }; this.at = { row: this.rows.length - 1, column: this.at.column }; this.mark(); }
      else if (letter === "d") { event.preventDefault(); this.fillDown(); }
      else if (letter === "z" || letter === "y") {
        event.preventDefault();
        const moved = letter === "y" || event.shiftKey ? this.model.redo() : this.model.undo();
        if (moved) this.show(moved, this.columns[this.at.column].name);
      }
    }
    clear() { this.model.change(this.selected().filter(([, name]) => name !== "basis").map(([row, name]) => [row, name, ""])); }
    fillDown() {
      const { top, bottom, left, right } = this.range();
      const cells = [];
      for (let at = left; at <= right; at += 1) {
        const { name, edit } = this.columns[at];
        if (!edit) continue;
        const text = this.model.value(this.rows[top], name);
        for (let place = top + 1; place <= bottom; place += 1) cells.push([this.rows[place], name, text]);
      }
      this.model.change(cells);
    }
    copy(event) {
      if (this.box) return;
      const { top, bottom, left, right } = this.range();
      const lines = this.rows.slice(top, bottom + 1).map((row) => this.columns.slice(left, right + 1)
        .map(({ name, edit }) => (edit ? this.model.value(row, name) : this.content(row, name).map((one) => one.textContent ?? one).join(" "))).join("\t"));
      event.clipboardData.setData("text/plain", lines.join("\n"));
      event.preventDefault();
    }
  }

  sheet.View = View;
})();
