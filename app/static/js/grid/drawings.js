/* Buildings whose shops or parking no grid can show: their floor plans, with the same colours, click
   and changes; and the site plan that leads to each building. */
(() => {
  "use strict";
  const grid = window.xkGrid;
  const { format, model } = grid;
  const { make } = window.xk;
  const { drawings, words } = grid.setup;
  const { sheetOf, spotOf, write, framed } = window.xkSheet;
  const shapes = new Map();
  const shown = new Map();
  const buildings = document.getElementById("buildings");
  const site = drawings.find((one) => one.kind === "site");

  function paint(room) {
    const status = format.status[room.status];
    for (const { spot, drawing, points } of shapes.get(room.id) || []) {
      spot.setAttribute("class", `spot st-${room.status}${grid.view.fits(room) ? "" : " dim"}${room.id === grid.panel.room ? " sel" : ""}`);
      write(spot, drawing, points, [room.number, `${status.mark} ${status.short}`]);
      spot.setAttribute("aria-label", `${grid.plan.titleOf(room)} ${status.title}`);
    }
  }

  function floorOf(drawing) {
    const sheet = sheetOf(drawing);
    for (const { room_id: id, points } of drawing.spots) {
      const room = model.rooms.get(id);
      if (!room) continue;
      const spot = spotOf(drawing, points, [room.number], { "data-room": id });
      shapes.set(id, [...(shapes.get(id) || []), { spot, drawing, points }]);
      sheet.append(spot);
      paint(room);
    }
    return make("figure", { class: "floor-drawing" }, make("figcaption", {}, drawing.name), framed(sheet, drawing, words));
  }

  /* A building with floor plans has a switch between them and its grid. */
  function addSwitch(card, own) {
    const id = Number(card.dataset.building), plan = card.querySelector(".plan");
    const sheets = make("div", { class: "floor-drawings" }, ...own.map(floorOf));
    const button = make("button", { class: "btn sm", type: "button" });
    const show = (drawn) => {
      shown.set(id, drawn);
      plan.hidden = drawn;
      sheets.hidden = !drawn;
      button.textContent = drawn ? words.as_grid : words.as_drawing;
    };
    button.addEventListener("click", () => show(!shown.get(id)));
    card.querySelector("header").append(button);
    plan.after(sheets);
    show(shown.get(id) ?? grid.setup.drawn_first.includes(id));
  }

  function drawFloors() {
    shapes.clear();
    for (const card of buildings.querySelectorAll("[data-building]")) {
      const own = drawings.filter((one) => one.kind === "floor" && one.building_id === Number(card.dataset.building) && one.spots.length);
      if (own.length && !card.querySelector(".floor-drawings")) addSwitch(card, own);
    }
    openSite();
  }

  /* The site plan: each building with what is still for sale in it. */
  const places = new Map();
  let holder = null;
  function openSite() {
    if (!site?.spots.length) return;
    holder ??= make("details", { class: "card site-plan" }, make("summary", {}, make("h2", {}, words.site_plan)));
    buildings.before(holder);
    holder.querySelector(".sheet-frame")?.remove();
    places.clear();
    const sheet = sheetOf(site);
    for (const { building_id: id, points } of site.spots) {
      const building = model.buildings.find((one) => one.id === id);
      if (!building) continue;
      const spot = spotOf(site, points, [building.name], { "data-target": id });
      places.set(id, { spot, points, name: building.name });
      sheet.append(spot);
    }
    holder.append(framed(sheet, site, words));
    countSite();
  }

  function countSite() {
    const counts = new Map([...places.keys()].map((id) => [id, { rooms: 0, free: 0, sold: 0 }]));
    for (const room of model.rooms.values()) {
      const count = counts.get(room.building_id);
      if (!count) continue;
      count.rooms += 1;
      if (room.status === "available") count.free += 1;
      if (model.sold.has(room.status)) count.sold += 1;
    }
    for (const [id, { spot, points, name }] of places) {
      const { rooms, free, sold } = counts.get(id), facts = format.say("site_facts", { free, rooms });
      write(spot, site, points, [name, facts]);
      spot.setAttribute("class", `spot st-${free ? "available" : sold ? "contracted" : "unreleased"}`);
      spot.setAttribute("aria-label", `${name} ${facts}`);
    }
  }

  function act(target) {
    const spot = target.closest(".spot");
    if (!spot) return false;
    if (spot.dataset.room) model.tell("open", Number(spot.dataset.room));
    else buildings.querySelector(`[data-building="${spot.dataset.target}"]`)?.scrollIntoView({ behavior: "smooth", block: "start" });
    return true;
  }
  const place = document.querySelector(".plans");
  place.addEventListener("click", (event) => act(event.target));
  place.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.closest?.(".spot") && act(event.target)) event.preventDefault();
  });

  const repaint = (list) => { for (const room of list) paint(room); };
  model.on("drawn", drawFloors);
  model.on("changed", (list) => { repaint(list); countSite(); });
  model.on("filter", () => repaint(model.rooms.values()));
  model.on("view", () => repaint(model.rooms.values()));
  model.on("open", () => setTimeout(() => repaint(model.rooms.values())));
})();
