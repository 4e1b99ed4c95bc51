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

  /* ---- leaving with something typed asks first ---- */
  document.querySelectorAll("form[data-keep]").forEach((form) => {
    const facts = () => new URLSearchParams(new FormData(form)).toString();
    const first = facts();
    let sent = false;
    form.addEventListener("submit", () => { sent = true; });
    addEventListener("beforeunload", (event) => { if (!sent && facts() !== first) event.preventDefault(); });
  });
})();
