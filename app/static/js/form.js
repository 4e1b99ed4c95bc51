/* Forms: choices that search as one types, amounts with separators, nothing lost by leaving. */
(() => {
  "use strict";
  const { make, call, words } = window.xk;
  let number = 0;

  /* A combobox after the ARIA pattern: the text box keeps the focus, the list is only pointed at. */
  function combobox(root) {
    const box = root.querySelector("input[role=combobox]") || root.querySelector("input[type=text]");
    const many = root.classList.contains("many");
    const kept = many ? null : root.querySelector("input[type=hidden]");
    const id = `options-${++number}`;
    const list = make("ul", { class: "options", role: "listbox", id, hidden: true });
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-controls", id);
    root.append(list);
    let turn = 0, timer = 0, shown = box.value, at = -1, options = [];

    const address = (typed) => {
      const url = new URL(root.dataset.choices, location.origin);
      const project = root.closest("form")?.querySelector("input[name=project]")?.value;
      if (project && !url.searchParams.has("project") && kept?.name !== "project") url.searchParams.set("project", project);
      url.searchParams.set("q", typed);
      return url;
    };
    const close = () => {
      list.hidden = true;
      at = -1;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    };
    const open = () => { list.hidden = false; box.setAttribute("aria-expanded", "true"); };
    const say = (text) => { options = []; list.replaceChildren(make("li", { class: "say" }, text)); open(); };
    const point = (to) => {
      at = options.length ? (to + options.length) % options.length : -1;
      [...list.children].forEach((line, place) => line.setAttribute("aria-selected", String(place === at)));
      const line = list.children[at];
      if (line) { box.setAttribute("aria-activedescendant", line.id); line.scrollIntoView({ block: "nearest" }); }
    };
    const choose = (option) => {
      if (many) {
        const picks = root.querySelector(".picks");
        const there = picks.querySelector(`input[value="${CSS.escape(String(option.id))}"]`);
        if (there) there.checked = true;
        else picks.append(make("label", { class: "f on picked" },
          make("input", { type: "checkbox", name: root.dataset.name, value: option.id, checked: true }), option.text));
        box.value = "";
      } else {
        kept.value = option.id;
        box.value = shown = option.text;
        kept.dispatchEvent(new Event("change", { bubbles: true }));
        root.dispatchEvent(new CustomEvent("xk:chosen", { bubbles: true, detail: option }));
      }
      clear.hidden = many || !kept.value;
      close();
    };
    const ask = async () => {
      const mine = ++turn;
      if (list.hidden) say(words.searching);
      try {
        const typed = box.value === shown ? "" : box.value;
        const found = await call(address(typed));
        if (mine !== turn) return;
        options = found.result;
        if (!options.length) { say(words.none); return; }
        list.replaceChildren(...options.map((option, place) => make("li",
          { role: "option", id: `${id}-${place}`, "aria-selected": "false",
            onmousedown: (event) => { event.preventDefault(); choose(option); } },
          option.text, option.detail ? make("small", {}, option.detail) : "")));
        open();
        point(0);
      } catch (error) { if (mine === turn) say(error.message); }
    };
    const clear = make("button", { class: "clear", type: "button", tabindex: "-1", "aria-label": words.clear,
      onclick: () => { kept.value = ""; box.value = shown = ""; clear.hidden = true; box.focus();
        kept.dispatchEvent(new Event("change", { bubbles: true })); } }, window.xk.icon("close"));
    clear.hidden = many || !kept.value;
    if (!many) root.append(clear);

    /* What was found for the words before must not be chosen by an Enter that comes too early. */
    box.addEventListener("input", () => { clearTimeout(timer); say(words.searching); timer = setTimeout(ask, 160); });
    box.addEventListener("click", () => { if (list.hidden) { box.select(); ask(); } });
    box.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) ask(); else point(at + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && !list.hidden) {
        event.preventDefault();
        if (options[at]) choose(options[at]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      }
    });
    box.addEventListener("blur", () => {
      close();
      turn += 1;
      if (many) { box.value = ""; return; }
      /* What was typed but not chosen is no choice: an emptied box means none, else the old one comes back. */
      if (box.value.trim() === "") { kept.value = ""; shown = ""; clear.hidden = true; } else box.value = shown;
    });
  }
  document.querySelectorAll(".combo[data-choices]").forEach(combobox);
  window.xk.combobox = combobox;

  /* ---- amounts: separated when the page comes and when they are left, plain while typing ---- */
  const amounts = "input.num[inputmode=decimal]";
  function separate(box) {
    const match = /^\s*([+-]?)(\d+)(\.\d{0,2})?\s*$/.exec(box.value.replaceAll(",", ""));
    if (match) box.value = match[1] + match[2].replace(/\B(?=(\d{3})+$)/g, ",") + (match[3] || "");
  }
  window.xk.separate = separate;
  const isAmount = (box) => box.matches?.(amounts) && !box.closest(".filters");
  document.querySelectorAll(amounts).forEach((box) => { if (isAmount(box)) separate(box); });
  document.addEventListener("focusout", (event) => { if (isAmount(event.target)) separate(event.target); });

  /* ---- the first fault is where the cursor goes ---- */
  const bad = document.querySelector(".field.bad input:not([type=hidden]), .field.bad select, .field.bad textarea");
  if (bad) bad.focus();
  else if (matchMedia("(min-width: 900px)").matches) {
    document.querySelector("form[data-keep] .field input:not([type=hidden]), form[data-keep] .field select")?.focus();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-faults] a");
    const box = link && document.getElementById(link.hash.slice(1));
    if (!box) return;
    event.preventDefault();
    box.scrollIntoView({ block: "center" });
    box.focus();
  });

  /* ---- nothing typed is lost: leaving asks first; what was sent and did not arrive comes back ---- */
  const KEY = "xk-draft";
  const person = document.body.dataset.user || "";
  const secret = (name) => /password|csrf_token|^_seen$|id_number/.test(name);
  const draftOf = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !secret(name));
  const forms = [...document.querySelectorAll("form[data-keep]")];
  let draft = null;
  try { draft = JSON.parse(sessionStorage.getItem(KEY) || "null"); } catch { draft = null; }
  // Kept while nobody is signed in: the way back to the form leads through the door.
  if (person) sessionStorage.removeItem(KEY);
  forms.forEach((form, place) => {
    const facts = () => new URLSearchParams(new FormData(form)).toString();
    let sent = false;
    const first = facts();
    const answered = Boolean(form.querySelector("[role=alert]"));
    const mine = draft && draft.person === person && draft.path === location.pathname && draft.place === place;
    if (mine && !answered && Date.now() - draft.at < 3600000) restore(form, draft.values);
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      sent = true;
      const kept = { person, path: location.pathname, place, at: Date.now(), values: draftOf(form) };
      try { sessionStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* a full store only loses the convenience */ }
    });
    addEventListener("beforeunload", (event) => { if (!sent && facts() !== first) event.preventDefault(); });
    addEventListener("pageshow", () => { sent = false; });
  });
  function restore(form, values) {
    const names = new Set(values.map(([name]) => name));
    let changed = false;
    for (const box of form.querySelectorAll("input[name], select[name], textarea[name]")) {
      if (secret(box.name) || box.type === "file" || box.closest(".combo")) continue;
      const given = values.filter(([name]) => name === box.name).map(([, value]) => value);
      if (box.type === "checkbox" || box.type === "radio") {
        const on = given.includes(box.value);
        changed ||= box.checked !== on;
        box.checked = on;
      } else if (names.has(box.name) && box.value !== given[0]) {
        box.value = given[0];
        box.dispatchEvent(new Event("input", { bubbles: true }));
        changed = true;
      }
    }
    if (changed) window.xk.toast(document.body.dataset.restored || "", "info");
  }
})();
