/* Lists: a click on a row opens it, selected rows bring their steps, columns can be hidden. */
(() => {
  "use strict";
  const interactive = "a, button, input, label, select, summary, details, textarea";

  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-href]");
    if (!row || event.target.closest(interactive) || getSelection().toString()) return;
    const box = row.querySelector("[data-pick]");
    if (box && row.closest(".picking")) { box.checked = !box.checked; box.dispatchEvent(new Event("change", { bubbles: true })); return; }
    if (event.ctrlKey || event.metaKey) open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  });
  document.addEventListener("auxclick", (event) => {
    const row = event.target.closest("tr[data-href]");
    if (row && event.button === 1 && !event.target.closest(interactive)) open(row.dataset.href, "_blank", "noopener");
  });

  /* ---- selected rows ---- */
  const bar = document.querySelector("[data-selbar]");
  const boxes = [...document.querySelectorAll("[data-pick]")];
  const all = document.querySelector("[data-pick-all]");
  let last = null;
  function picked() {
    const count = boxes.filter((box) => box.checked).length;
    if (bar) {
      bar.hidden = count === 0;
      bar.querySelector("[data-picked]").textContent = count;
    }
    if (all) { all.checked = count > 0 && count === boxes.length; all.indeterminate = count > 0 && count < boxes.length; }
  }
  document.addEventListener("change", (event) => {
    if (event.target === all) boxes.forEach((box) => { box.checked = all.checked; });
    if (event.target.matches("[data-pick], [data-pick-all]")) picked();
  });
  boxes.forEach((box, place) => box.addEventListener("click", (event) => {
    if (event.shiftKey && last !== null) {
      const [from, to] = [Math.min(last, place), Math.max(last, place)];
      for (let at = from; at <= to; at += 1) boxes[at].checked = box.checked;
    }
    last = place;
    picked();
  }));
  document.querySelector("[data-unpick]")?.addEventListener("click", () => {
    boxes.forEach((box) => { box.checked = false; });
    picked();
  });
  document.querySelector("[data-picking]")?.addEventListener("click", (event) => {
    const table = document.querySelector("table[data-list]");
    event.currentTarget.classList.toggle("on", table.classList.toggle("picking"));
  });
  addEventListener("pageshow", picked);

  /* ---- columns: which ones are shown is remembered in this browser ---- */
  const chooser = document.querySelector("[data-columns]");
  const table = document.querySelector("table[data-list]");
  if (chooser && table) {
    const key = `xk-columns-${chooser.dataset.columns}`;
    const offset = table.querySelector("thead .pick-cell") ? 1 : 0;
    const apply = (hidden) => {
      for (const line of table.rows) {
        [...line.cells].forEach((cell, place) => { cell.hidden = hidden.has(place - offset); });
      }
      chooser.querySelectorAll("input").forEach((box) => { box.checked = !hidden.has(Number(box.value)); });
      wide();
    };
    let hidden = new Set();
    try { hidden = new Set(JSON.parse(localStorage.getItem(key) || "[]")); } catch { localStorage.removeItem(key); }
    hidden.delete(0);
    chooser.addEventListener("change", (event) => {
      const place = Number(event.target.value);
      if (event.target.checked) hidden.delete(place); else hidden.add(place);
      localStorage.setItem(key, JSON.stringify([...hidden]));
      apply(hidden);
    });
    if (hidden.size) apply(hidden);
  }

  /* ---- views: conditions and order under a name, remembered in this browser ---- */
  const views = document.querySelector("[data-views]");
  if (views) {
    const key = `xk-views-${views.dataset.views}`;
    const { make, icon, words } = window.xk;
    const place = views.querySelector("[data-saved]");
    const read = () => { try { return JSON.parse(localStorage.getItem(key) || "[]"); } catch { return []; } };
    const write = (saved) => { localStorage.setItem(key, JSON.stringify(saved)); draw(); };
    const here = () => {
      const asked = new URLSearchParams(location.search);
      asked.delete("page"); asked.delete("after");
      return asked.toString();
    };
    const draw = () => place.replaceChildren(...read().map((one) => make("div", { class: "saved" },
      make("a", { class: "item", href: `?${one.query}`, "aria-current": one.query === here() ? "true" : null }, one.name),
      make("button", { class: "btn ghost square", type: "button", "aria-label": `${words.remove} ${one.name}`,
        onclick: () => write(read().filter((other) => other.name !== one.name)) }, icon("close")))));
    views.hidden = false;
    draw();
    views.querySelector("[data-save]").addEventListener("submit", (event) => {
      event.preventDefault();
      const box = event.target.querySelector("input");
      const name = box.value.trim();
      if (!name) return;
      write([...read().filter((one) => one.name !== name), { name, query: here() }]);
      box.value = "";
      views.open = false;
      window.xk.toast(words.saved);
    });
  }

  /* ---- a table wider than its place scrolls in it; others let the head stick to the page ---- */
  function wide() {
    document.querySelectorAll("[data-wide]").forEach((wrap) => {
      wrap.classList.remove("wide");
      wrap.classList.toggle("wide", wrap.firstElementChild.scrollWidth > wrap.clientWidth + 1);
    });
  }
  wide();
  addEventListener("resize", wide);

  /* Opening a filter puts the cursor where one types. */
  document.querySelectorAll(".filters details").forEach((menu) => menu.addEventListener("toggle", () => {
    if (menu.open) menu.querySelector(":scope > form input:not([type=hidden], [type=checkbox], [type=radio]), :scope > .pop > form input:not([type=hidden], [type=checkbox], [type=radio])")?.focus();
  }));
  /* Empty inputs of a filter form would only litter the address. */
  document.querySelectorAll(".filters form").forEach((form) => form.addEventListener("submit", () => {
    form.querySelectorAll("input").forEach((input) => { if (!input.value) input.disabled = true; });
    setTimeout(() => form.querySelectorAll("input").forEach((input) => { input.disabled = false; }));
  }));
})();
