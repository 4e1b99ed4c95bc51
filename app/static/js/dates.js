/* Days, moments and files: boxes that speak the reader's language in every browser. */
(() => {
  "use strict";
  const main = document.querySelector("[data-day-words]");
  if (!main) return;
  const { make, icon } = window.xk;
  const words = JSON.parse(main.dataset.dayWords);
  const two = (n) => String(n).padStart(2, "0");
  const iso = (day) => `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
  const SHAPE = /^\s*(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[T\s]+(\d{1,2})[:：](\d{2}))?/;
  let open = null;

  function read(text) {
    const match = SHAPE.exec(text);
    if (!match) return null;
    const [, year, month, date, hour = "0", minute = "0"] = match;
    const day = new Date(+year, +month - 1, +date, +hour, +minute);
    return day.getMonth() === +month - 1 && day.getDate() === +date ? day : null;
  }

  function upgrade(box) {
    if (box.dataset.picker) return;
    const timed = box.type === "datetime-local";
    const write = (day) => timed ? `${iso(day)} ${two(day.getHours())}:${two(day.getMinutes())}` : iso(day);
    const now = read(box.value);
    box.dataset.picker = "1";
    box.type = "text";
    box.autocomplete = "off";
    box.placeholder = timed ? words.moment : words.shape;
    box.classList.add("num");
    if (now) box.value = write(now);
    const button = make("button", { type: "button", class: "pickday", "aria-label": words.open, tabindex: "-1",
      onclick: () => (open?.box === box ? close() : show()) }, icon("calendar"));
    const wrap = make("span", { class: "daybox" });
    box.replaceWith(wrap);
    wrap.append(box, button);
    box.addEventListener("change", () => { const day = read(box.value); if (day) box.value = write(day); });
    box.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && event.altKey || event.key === "F4") { event.preventDefault(); show(); }
      if (event.key === "Escape" && open) { event.stopPropagation(); close(); }
    });

    function show() {
      close();
      const chosen = read(box.value) || new Date();
      const pop = make("div", { class: "calendar", role: "dialog", "aria-label": words.open });
      wrap.append(pop);
      open = { box, pop, wrap };
      draw(new Date(chosen.getFullYear(), chosen.getMonth(), 1), chosen, true);
      const below = innerHeight - wrap.getBoundingClientRect().bottom;
      pop.classList.toggle("above", below < 330 && wrap.getBoundingClientRect().top > 330);
      pop.classList.toggle("leftwards", wrap.getBoundingClientRect().left + 270 > innerWidth);
    }

    function take(day, stay) {
      const old = read(box.value);
      if (timed && old) day.setHours(old.getHours(), old.getMinutes());
      box.value = write(day);
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.dispatchEvent(new Event("change", { bubbles: true }));
      if (!stay) { close(); box.focus(); }
    }

    function draw(month, chosen, focus) {
      const { pop } = open;
      const move = (by) => draw(new Date(month.getFullYear(), month.getMonth() + by, 1), chosen, false);
      const title = words.title.replace("{year}", month.getFullYear()).replace("{month}", words.months[month.getMonth()]);
      const head = make("header", {},
        make("button", { type: "button", class: "btn ghost square", "aria-label": words.before, onclick: () => move(-1) }, icon("left")),
        make("b", { "aria-live": "polite" }, title),
        make("button", { type: "button", class: "btn ghost square", "aria-label": words.after, onclick: () => move(1) }, icon("right")));
      const start = new Date(month);
      start.setDate(1 - (month.getDay() + 6) % 7);
      const today = iso(new Date());
      const table = make("div", { class: "days" }, ...words.days.map((name) => make("span", { class: "wd" }, name)));
      for (let at = 0; at < 42; at += 1) {
        const day = new Date(start.getFullYear(), start.getMonth(), start.getDate() + at);
        const text = iso(day);
        table.append(make("button", { type: "button", class: day.getMonth() === month.getMonth() ? "" : "other",
          "data-day": text, tabindex: text === iso(chosen) ? "0" : "-1", "aria-current": text === today ? "date" : null,
          "aria-pressed": String(text === iso(chosen) && Boolean(box.value)), onclick: () => take(day, false) }, String(day.getDate())));
      }
      table.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
        if (event.key === "Escape") { event.stopPropagation(); close(); box.focus(); }
        if (!by) return;
        event.preventDefault();
        const day = read(event.target.dataset.day);
        day.setDate(day.getDate() + by);
        draw(new Date(day.getFullYear(), day.getMonth(), 1), day, true);
      });
      const foot = make("footer", {},
        make("button", { type: "button", class: "btn sm ghost", onclick: () => take(new Date(), false) }, words.today));
      if (timed) {
        const time = make("input", { type: "text", class: "num", size: "5", "aria-label": "HH:MM", value: `${two(chosen.getHours())}:${two(chosen.getMinutes())}`,
          onchange: (event) => {
            const match = /^(\d{1,2})[:：](\d{2})$/.exec(event.target.value.trim());
            if (!match || +match[1] > 23 || +match[2] > 59) return;
            const day = read(box.value) || new Date();
            day.setHours(+match[1], +match[2]);
            box.value = write(day);
          } });
        foot.append(time);
      }
      if (!box.required) foot.append(make("button", { type: "button", class: "btn sm ghost", onclick: () => {
        box.value = "";
        box.dispatchEvent(new Event("change", { bubbles: true }));
        close();
        box.focus();
      } }, words.clear));
      pop.replaceChildren(head, table, foot);
      if (focus) (pop.querySelector(`[data-day="${iso(chosen)}"]`) || table.querySelector("button")).focus();
    }
  }

  function close() { open?.pop.remove(); open = null; }
  document.addEventListener("mousedown", (event) => { if (open && !open.wrap.contains(event.target)) close(); });

  /* ---- files: the button and the name in our words, a place to drop on ---- */
  function fileBox(box) {
    const name = make("span", { class: "filename mute" }, words.none);
    const face = make("label", { class: "filebox", for: box.id || null },
      make("span", { class: "btn sm" }, icon("import"), words.file), name, make("span", { class: "faint desk-only" }, words.drop));
    box.classList.add("sr");
    box.after(face);
    const say = () => {
      const files = [...box.files];
      name.textContent = files.length ? files.map((file) => file.name).join("、") : words.none;
      name.classList.toggle("mute", !files.length);
    };
    box.addEventListener("change", say);
    if (!box.id) face.addEventListener("click", () => box.click());
    face.addEventListener("dragover", (event) => { event.preventDefault(); face.classList.add("over"); });
    face.addEventListener("dragleave", () => face.classList.remove("over"));
    face.addEventListener("drop", (event) => {
      event.preventDefault();
      face.classList.remove("over");
      if (event.dataTransfer.files.length) { box.files = event.dataTransfer.files; box.dispatchEvent(new Event("change", { bubbles: true })); }
    });
    say();
  }

  window.xk.upgradeBoxes = (root) => {
    root.querySelectorAll("input[type=date], input[type=datetime-local]").forEach(upgrade);
    root.querySelectorAll("input[type=file]:not(.sr)").forEach(fileBox);
  };
  window.xk.upgradeBoxes(document);
})();
