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
  const found = document.querySelector("[data-all-found]");
  let last = null;
  function everything(on) {
    found.classList.toggle("on", on);
    document.querySelectorAll("input[data-all]").forEach((input) => { input.disabled = !on; });
    boxes.forEach((box) => { box.setAttribute("form", on ? "" : "picked"); });
  }
  found?.addEventListener("click", () => { everything(true); picked(); });
  function picked() {
    const count = boxes.filter((box) => box.checked).length;
    if (bar) {
      bar.hidden = count === 0;
      bar.querySelector("[data-picked]").textContent = count;
    }
    if (found) {
      const whole = count === boxes.length && count > 0;
      if (!whole) everything(false);
      found.hidden = !whole || found.classList.contains("on");
      if (found.classList.contains("on")) bar.querySelector("[data-picked]").textContent = Number(found.dataset.allFound).toLocaleString();
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

  /* ---- columns: ticked, moved by buttons or by dragging, kept by the server ---- */
  const chooser = document.querySelector("[data-columns]");
  if (chooser) {
    const list = chooser.querySelector("ol");
    let dragged = null;
    chooser.addEventListener("click", (event) => {
      const button = event.target.closest("[data-up], [data-down]");
      if (!button) return;
      const line = button.closest("li");
      const other = "up" in button.dataset ? line.previousElementSibling : line.nextElementSibling;
      if (other) "up" in button.dataset ? other.before(line) : other.after(line);
      button.focus();
    });
    list.addEventListener("dragstart", (event) => { dragged = event.target.closest("li"); dragged.classList.add("dragged"); });
    list.addEventListener("dragover", (event) => {
      const over = event.target.closest("li");
      if (!dragged || !over || over === dragged) return;
      event.preventDefault();
      const box = over.getBoundingClientRect();
      event.clientY < box.top + box.height / 2 ? over.before(dragged) : over.after(dragged);
    });
    list.addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = null; });
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
