/* What the page knows: rooms by id, their buildings, counters; fed by REST and by the stream. */
(() => {
  "use strict";
  const grid = window.xkGrid;
  const rooms = new Map();
  const listeners = new Map();
  let buildings = [];
  let cursor = null;
  let updated = null;
  const sold = new Set(["subscribed", "contracted", "handed_over"]);

  const on = (name, listener) => listeners.set(name, [...(listeners.get(name) || []), listener]);
  const tell = (name, detail) => (listeners.get(name) || []).forEach((listener) => listener(detail));
  const address = (query) => `${grid.setup.grid_url}${query ? `?${query}` : ""}`;

  const fen = (text) => (text === null || text === undefined ? 0 : Math.round(Number(text) * 100));

  /* An older version than the one that is shown comes from a slower way: it is dropped. */
  function put(room, seen) {
    const known = rooms.get(room.id);
    if (room.gone) {
      if (known) { rooms.delete(room.id); seen.gone.push(known); }
      return;
    }
    if (known && known.version > room.version) return;
    if (known) {
      const before = JSON.stringify(known), moved = known.status !== room.status;
      const shape = known.column !== room.column || known.floor_order !== room.floor_order
        || known.column_span !== room.column_span || known.row_span !== room.row_span
        || String(known.lower_floors) !== String(room.lower_floors);
      Object.assign(known, room);
      if (shape) seen.shape = true;
      else if (JSON.stringify(known) !== before) seen.changed.push(known);
      if (moved) seen.moved.push(known);
    } else {
      rooms.set(room.id, room);
      seen.shape = true;
    }
  }

  /* One answer of GET grid: the whole one replaces everything, another is laid over. */
  function take(answer) {
    const seen = { changed: [], moved: [], gone: [], shape: false };
    if (answer.whole) {
      rooms.clear();
      answer.rooms.forEach((room) => rooms.set(room.id, room));
      seen.shape = true;
    } else answer.rooms.forEach((room) => put(room, seen));
    if (JSON.stringify(buildings) !== JSON.stringify(answer.buildings)) seen.shape = true;
    buildings = answer.buildings;
    cursor = answer.cursor;
    finish(seen);
  }

  function finish(seen) {
    updated = new Date();
    if (seen.shape || seen.gone.length) tell("shape");
    else if (seen.changed.length) tell("changed", seen.changed);
    if (seen.moved.length) tell("moved", seen.moved);
    tell("updated", updated);
  }

  /* A message of the stream: status, marks and version; who and for how much is asked afterwards. */
  function hear(messages) {
    const seen = { changed: [], moved: [], gone: [], shape: false };
    let unknown = false;
    for (const one of messages) {
      const known = rooms.get(one.id);
      if (!known) { unknown = unknown || !one.gone; continue; }
      if (!one.gone && known.version > one.version) continue;
      if (!one.gone && one.status === "available") Object.assign(known, { buyer: null, consultant: null, until: null });
      put(one.gone ? one : { ...one, column: known.column, floor_order: known.floor_order,
        column_span: known.column_span, row_span: known.row_span, lower_floors: known.lower_floors }, seen);
    }
    finish(seen);
    return { unknown, changed: seen.changed.length > 0 };
  }

  let reading = null, again = false;
  const read = async (query) => take(await window.xk.call(address(query)));
  const load = () => read("");
  /* Who has it, names, prices: what changed since the last answer. One question at a time; what
     is asked meanwhile is asked once more afterwards, since the answer under way may not know it. */
  function refresh() {
    if (reading) { again = true; return reading; }
    reading = (cursor === null ? load() : read(`since=${cursor}&counters=0`)).finally(() => {
      reading = null;
      if (!again) return null;
      again = false;
      return refresh();
    });
    return reading;
  }

  function counters(shown) {
    const found = {};
    for (const room of shown) {
      const one = (found[room.status] ||= { rooms: 0, fen: 0 });
      one.rooms += 1;
      one.fen += fen(room.list_total);
    }
    return found;
  }

  grid.model = { rooms, on, tell, load, refresh, hear, counters, sold, fen, get buildings() { return buildings; },
    get cursor() { return cursor; }, get updated() { return updated; } };
})();
