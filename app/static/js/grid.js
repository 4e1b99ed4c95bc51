/* Begins the sales-control grid: reads it once, then lives on changes. */
(() => {
  "use strict";
  const grid = window.xkGrid;
  const { format, model } = grid;
  const line = document.getElementById("updated");
  const place = document.getElementById("buildings");

  function say(at) {
    const names = model.buildings.filter((one) => grid.view.shows(one.id)).map((one) => one.name);
    const shown = names.length > 4 ? format.say("buildings", { count: names.length }) : names.join("、");
    line.textContent = [shown, format.say("updated", { time: format.time(at) })].filter(Boolean).join(" · ");
  }
  model.on("updated", say);
  model.on("choice", () => say(model.updated));

  /* The room that this tab has open is told by voice too when a colleague changes it. */
  const voice = document.getElementById("voice");
  model.on("moved", (list) => {
    const room = list.find((one) => one.id === grid.panel.room);
    if (room) voice.textContent = `${grid.plan.titleOf(room)} ${format.status[room.status].title}`;
  });

  async function begin() {
    try {
      await model.load();
    } catch (error) {
      place.setAttribute("aria-busy", "false");
      const note = document.getElementById("not-read").content.cloneNode(true);
      note.querySelector("p").textContent = error.message;
      note.querySelector("button").addEventListener("click", () => { location.reload(); });
      place.replaceChildren(note);
      return;
    }
    grid.live.start();
    const asked = Number(new URLSearchParams(location.search).get("room"));
    if (asked && model.rooms.has(asked)) {
      let seen = false;
      model.on("drawn", () => {
        if (!seen && grid.plan.has(asked)) { seen = true; grid.plan.show(asked, { scroll: true }); }
      });
      grid.panel.show(asked, { scroll: true });
    }
  }
  begin();
})();
