/* What was copied from Excel: a block from the cell on, or rows found by their room numbers. */
(() => {
  "use strict";
  const sheet = window.xkSheet;
  const { parse } = sheet.figures;
  /* headings as price lists have them → our columns */
  const HEADINGS = [
    [/^(楼栋|楼号|栋|幢|幢号|building)$/i, "building"],
    [/^(单元|单元号|entrance)$/i, "entrance"],
    [/^(房号|室号|房间号|房间|房源|room( ?number)?)$/i, "number"],
    [/底/, "floor"],
    [/单价|unit price|per m/i, "unit"],
    [/总价|总额|total/i, "total"],
    [/计价方式|basis/i, "basis"],
  ];
  const SHARE = 0.6;

  /* Tab-separated as spreadsheets copy: quotes around a cell with breaks, doubled inside. */
  function cellsOf(text) {
    const rows = [[]];
    const form = /"((?:[^"]|"")*)"(?=\t|\r?\n|$)|([^\t\r\n]*)/y;
    let at = 0;
    while (at <= text.length) {
      form.lastIndex = at;
      const found = form.exec(text);
      rows.at(-1).push(found[1] !== undefined ? found[1].replace(/""/g, '"') : found[2]);
      at = form.lastIndex;
      if (text[at] === "\t") { at += 1; continue; }
      if (text[at] === "\r") at += 1;
      if (text[at] !== "\n") break;
      at += 1;
      if (at < text.length) rows.push([]); else break;
    }
    return rows.filter((row, place) => place < rows.length - 1 || row.length > 1 || row[0] !== "");
  }

  const same = (text) => text.trim().replace(/[\s]/g, "").toLowerCase();
  function headings(row) {
    const found = row.map((cell) => HEADINGS.find(([form]) => form.test(same(cell)))?.[1] || null);
    return found.filter(Boolean).length >= 2 && found.includes("number") ? found : null;
  }

  /* number or whole name → the rooms that are called so */
  function named(rows) {
    const found = new Map();
    const add = (key, row) => { if (!found.has(key)) found.set(key, new Set()); found.get(key).add(row); };
    for (const row of rows) {
      add(same(row.number), row);
      add(same(row.title), row);
      add(same(row.building + row.number), row);
      add(same(`${row.building}-${row.number}`), row);
      add(same(row.building + row.entrance + row.number), row);
    }
    return found;
  }

  function numberColumn(block, rooms) {
    const width = Math.max(...block.map((row) => row.length));
    if (width < 2) return -1;
    let best = -1, most = SHARE * block.length;
    for (let column = 0; column < width; column += 1) {
      const hits = block.filter((row) => rooms.has(same(row[column] || ""))).length;
      if (hits >= most && hits > 0) { best = column; most = hits + 0.5; }
    }
    return best;
  }

  /* Columns of the block that hold amounts, and which of ours they are: from the active cell on. */
  function byPlace(block, number, active, editable) {
    const width = Math.max(...block.map((row) => row.length));
    const from = Math.max(0, editable.indexOf(active));
    const columns = Array(width).fill(null);
    columns[number] = "number";
    let next = from;
    for (let column = number + 1; column < width && next < editable.length; column += 1) {
      if (block.some((row) => parse(row[column] || "") !== undefined)) { columns[column] = editable[next]; next += 1; }
    }
    return columns;
  }

  function findRoom(cells, columns, rooms) {
    const pick = (name) => { const at = columns.indexOf(name); return at < 0 ? "" : (cells[at] || "").trim(); };
    const number = pick("number");
    let found = [...(rooms.get(same(number)) || [])];
    const building = same(pick("building")), entrance = same(pick("entrance"));
    if (building) found = found.filter((row) => same(row.building) === building || same(row.building).endsWith(building));
    if (entrance) found = found.filter((row) => same(row.entrance) === entrance || same(row.entrance) === `${entrance}单元`);
    return found;
  }

  /* → {cells, faults}: what is to be changed, and the lines for which no one room was found. */
  function byNumber(block, columns, rooms, editable) {
    const cells = [], faults = [];
    for (const line of block) {
      if (line.every((cell) => !cell.trim())) continue;
      const found = findRoom(line, columns, rooms);
      if (found.length !== 1) { faults.push({ line, many: found.length > 1 }); continue; }
      const [row] = found;
      const values = {};
      columns.forEach((name, at) => { if (editable.includes(name) && (line[at] || "").trim()) values[name] = line[at]; });
      if (values.basis) cells.push([row, "basis", values.basis]);
      if (values.unit && values.total) cells.push([row, "both", values.unit, values.total]);
      else if (values.unit) cells.push([row, "unit", values.unit]);
      else if (values.total) cells.push([row, "total", values.total]);
      if (values.floor) cells.push([row, "floor", values.floor]);
    }
    return { cells, faults };
  }

  /* A block without room numbers: rows down and columns right from the active cell. */
  function byCell(block, rows, at, editable, selected) {
    const from = editable.indexOf(at.column);
    const single = block.length === 1 && block[0].length === 1;
    if (from < 0) return null;
    if (single) return { cells: selected.map(([row, column]) => [row, column, block[0][0]]), faults: [] };
    const cells = [], faults = [];
    block.forEach((line, down) => {
      const row = rows[at.row + down];
      if (!row) { faults.push({ line, many: false }); return; }
      const values = {};
      line.forEach((cell, right) => { if (editable[from + right]) values[editable[from + right]] = cell; });
      if (values.basis) cells.push([row, "basis", values.basis]);
      if (values.unit?.trim() && values.total?.trim()) cells.push([row, "both", values.unit, values.total]);
      else for (const name of ["unit", "total"]) if (values[name] !== undefined) cells.push([row, name, values[name]]);
      if (values.floor !== undefined) cells.push([row, "floor", values.floor]);
    });
    return { cells, faults };
  }

  function plan(text, { rows, shown, at, editable, selected }) {
    const block = cellsOf(text);
    const rooms = named(rows);
    const head = headings(block[0] || []);
    if (head) return { ...byNumber(block.slice(1), head, rooms, editable), byNumber: true };
    const number = numberColumn(block, rooms);
    if (number >= 0) {
      const columns = byPlace(block, number, at.column, editable);
      return { ...byNumber(block, columns, rooms, editable), byNumber: true };
    }
    const found = byCell(block, shown, at, editable, selected);
    return found && { ...found, byNumber: false };
  }

  sheet.paste = { plan, cellsOf };
})();
