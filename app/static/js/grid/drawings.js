/* Buildings whose shops or parking no grid can show: their floor plans, with the same colours, click
   and changes; and the site plan that leads to each building. */
(() => {
  "use strict";
  const grid = window.xkGrid;
  const { format, model } = grid;
  const { make } = window.xk;
  const { drawings, words } = grid.setup;
  const SVG = "http://www.w3.org/2000/svg";
  const shapes = new Map();
  const shown = new Map();
  const buildings = document.getElementById("buildings");
  const site = drawings.find((one) => one.kind === "site");

  const draw = (tag, attributes = {}, ...inner) => {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...inner);
    return made;
  };
  const middle = (points) => [0, 1].map((axis) => points.reduce((sum, one) => sum + one[axis], 0) / points.length);

  function spotOf(drawing, points, lines, attributes) {
    const { width, height } = drawing, size = Math.max(width, height) / 62;
    const [x, y] = middle(points);
    const form = points.length === 1
      ? draw("circle", { cx: x * width, cy: y * height, r: size * 1.9 })
      : draw("polygon", { points: points.map(([px, py]) => `${px * width},${py * height}`).join(" ") });
    const text = draw("text", { x: x * width, y: y * height + size * (lines.length > 1 ? -0.1 : 0.35), "font-size": size, "stroke-width": size / 5 });
    lines.forEach((line, number) => {
      const part = draw("tspan", { x: x * width, dy: number ? size * 1.1 : 0 });
      part.textContent = line;
      text.append(part);
    });
    return draw("g", { tabindex: 0, role: "button", ...attributes }, form, text);
  }

  const sheetOf = (drawing) => draw("svg", { class: "drawing", viewBox: `0 0 ${drawing.width} ${drawing.height}`, role: "group", "aria-label": drawing.name },
    draw("image", { href: drawing.url, width: drawing.width, height: drawing.height }));

  function paint(room) {
    for (const spot of shapes.get(room.id) || []) {
      const status = format.status[room.status];
      spot.setAttribute("class", `spot st-${room.status}${grid.view.fits(room) ? "" : " dim"}${room.id === grid.panel.room ? " sel" : ""}`);
      const lines = spot.querySelectorAll("tspan");
      lines[0].textContent = room.number;
      if (lines[1]) lines[1].textContent = `${status.mark} ${status.short}`;
      spot.setAttribute("aria-label", `${grid.plan.titleOf(room)} ${status.title}`);
    }
  }

  function floorOf(drawing) {
    const sheet = sheetOf(drawing);
    for (const spot of drawing.spots) {
      const room = model.rooms.get(spot.room_id);
      if (!room) continue;
      const made = spotOf(drawing, spot.points, ["", ""], { "data-room": room.id });
      shapes.set(room.id, [...(shapes.get(room.id) || []), made]);
      sheet.append(made);
      paint(room);
    }
    return make("figure", { class: "floor-drawing" }, make("figcaption", {}, drawing.name), sheet);
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
    drawSite();
  }

  /* The site plan: each building with what is still for sale in it. */
  let holder = null;
  function drawSite() {
    if (!site?.spots.length) return;
    if (!holder) {
      holder = make("details", { class: "card site-plan" }, make("summary", {}, make("h2", {}, words.site_plan)));
      buildings.before(holder);
    }
    holder.querySelector("svg")?.remove();
    const sheet = sheetOf(site);
    for (const spot of site.spots) {
      const building = model.buildings.find((one) => one.id === spot.building_id);
      if (!building) continue;
      const rooms = [...model.rooms.values()].filter((room) => room.building_id === building.id);
      const free = rooms.filter((room) => room.status === "available").length;
      const facts = format.say("site_facts", { free, rooms: rooms.length });
      const status = free ? "available" : rooms.some((room) => model.sold.has(room.status)) ? "contracted" : "unreleased";
      sheet.append(spotOf(site, spot.points, [building.name, facts],
        { class: `spot st-${status}`, "data-target": building.id, "aria-label": `${building.name} ${facts}` }));
    }
    holder.append(sheet);
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
  model.on("changed", (list) => { repaint(list); drawSite(); });
  model.on("filter", () => repaint(model.rooms.values()));
  model.on("view", () => repaint(model.rooms.values()));
  model.on("open", () => setTimeout(() => repaint(model.rooms.values())));
})();
