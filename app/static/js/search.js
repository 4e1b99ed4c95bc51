/* The search box answers as one types: grouped, with the arrow keys, Enter opens. */
(() => {
  "use strict";
  const box = document.querySelector("[data-find]");
  const form = box?.form;
  if (!form?.dataset.suggest) return;
  const { make, icon, call, words } = window.xk;
  const list = make("div", { class: "found pop", role: "listbox", id: "found", hidden: true });
  form.append(list);
  Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list", autocomplete: "off" })
    .forEach(([name, value]) => box.setAttribute(name, value));
  let turn = 0, waiting = 0, chosen = -1;
  const hits = () => [...list.querySelectorAll("[role=option]")];
  const key = `xk-recent-${document.querySelector("[data-bell]")?.dataset.bell || ""}`;

  /* ---- what was opened lately in this tab: nothing of it stays when the browser is closed ---- */
  const recent = () => { try { return JSON.parse(sessionStorage.getItem(key) || "[]"); } catch { return []; } };
  const heading = document.querySelector("main h1");
  if (heading && /\/show\/\d+|\/approvals\/\d+$/.test(location.pathname)) {
    const here = { title: heading.textContent.trim().replace(/\s+/g, " ").slice(0, 60), url: location.pathname };
    sessionStorage.setItem(key, JSON.stringify([here, ...recent().filter((one) => one.url !== here.url)].slice(0, 6)));
  }

  function open(on) { list.hidden = !on; box.setAttribute("aria-expanded", String(on)); if (!on) choose(-1); }
  function choose(to) {
    const all = hits();
    chosen = all.length ? (to + all.length) % all.length : -1;
    if (to < 0 && to !== -1) chosen = all.length - 1;
    if (to === -1) chosen = -1;
    all.forEach((one, place) => one.setAttribute("aria-selected", String(place === chosen)));
    const one = all[chosen];
    if (one) { box.setAttribute("aria-activedescendant", one.id); one.scrollIntoView({ block: "nearest" }); }
    else box.removeAttribute("aria-activedescendant");
  }
  function draw(groups) {
    let number = 0;
    list.replaceChildren(...groups.filter((group) => group.rows.length).flatMap((group) => [
      make("div", { class: "cap" }, group.title),
      ...group.rows.map((row) => make("a", { class: "item", role: "option", id: `found-${number += 1}`, href: row.url, tabindex: "-1", "aria-selected": "false" },
        icon(group.icon || "search"), make("span", {}, make("b", {}, row.title), row.detail ? make("small", {}, row.detail) : "")))]));
    if (!list.children.length) list.append(make("p", { class: "cap" }, words.none));
    open(true);
    choose(-1);
  }
  async function read() {
    const typed = box.value.trim(), mine = ++turn;
    if (!typed) {
      const lately = recent();
      if (lately.length) draw([{ title: form.dataset.recent, icon: "history", rows: lately }]); else open(false);
      return;
    }
    try {
      const found = await call(`${form.dataset.suggest}?q=${encodeURIComponent(typed)}`);
      if (mine === turn && document.activeElement === box) draw(found.groups);
    } catch (error) { if (mine === turn) { list.replaceChildren(make("p", { class: "cap" }, error.message)); open(true); } }
  }
  box.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(read, 160); });
  box.addEventListener("focus", read);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const all = hits().length;
      if (all) choose(event.key === "ArrowDown" ? (chosen + 1) % all : (chosen <= 0 ? all - 1 : chosen - 1));
    } else if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); hits()[chosen].click(); }
    else if (event.key === "Escape") { event.stopPropagation(); if (!list.hidden) open(false); else box.blur(); }
  });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) open(false); });
  form.addEventListener("focusout", () => setTimeout(() => { if (!form.contains(document.activeElement)) open(false); }));
})();
