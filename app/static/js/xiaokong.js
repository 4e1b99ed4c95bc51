/* What every page needs: drawer, menus, theme, toasts, questions before a step, counts, project switch. */
(() => {
  "use strict";
  const root = document.documentElement;
  const words = JSON.parse(document.body.dataset.words || "{}");
  const csrf = document.querySelector('meta[name="csrf-token"]')?.content || "";

  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === false || value === null || value === undefined) continue;
      if (name === "class") node.className = value;
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }

  function icon(name, small = true) {
    const address = document.querySelector("svg.icon use")?.getAttribute("href").split("#")[0] || "";
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", small ? "icon sm" : "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${address}#${name}`);
    svg.append(use);
    return svg;
  }

  /* An error carries status, code, the server's sentence and its fields. */
  async function call(address, { method = "GET", body, key, signal } = {}) {
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-CSRFToken"] = csrf;
    if (body !== undefined && !(body instanceof FormData)) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    let response;
    try {
      response = await fetch(address, {
        method, headers, signal, credentials: "same-origin",
        body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
      });
    } catch (cause) {
      if (cause.name === "AbortError") throw cause;
      throw Object.assign(new Error(words.failed), { status: 0, code: "offline", fields: {}, cause });
    }
    const text = await response.text();
    let answer = {};
    try { answer = text ? JSON.parse(text) : {}; } catch { answer = {}; }
    if (response.status === 401) location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    if (!response.ok) {
      throw Object.assign(new Error(answer.message || words.failed),
        { status: response.status, code: answer.error || "", fields: answer.fields || {}, answer });
    }
    return answer;
  }

  /* ---- toasts ---- */
  const toasts = document.querySelector(".toasts");
  const leave = (node) => setTimeout(() => node.remove(), node.matches(".bad") ? 12000 : 6000);
  function toast(text, kind = "ok") {
    const node = make("div", { class: `toast ${kind}` }, make("p", {}, text),
      make("button", { type: "button", "data-dismiss": true, "aria-label": words.close }, icon("close")));
    toasts?.append(node);
    leave(node);
    return node;
  }
  toasts?.querySelectorAll(".toast").forEach(leave);

  /* ---- a question before a step; resolves to true or false ---- */
  function ask(sentence, { yes = words.sure, danger = false } = {}) {
    return new Promise((resolve) => {
      const dialog = make("dialog", { class: "dialog" },
        make("form", { method: "dialog" },
          make("div", { class: "body" }, make("p", {}, sentence)),
          make("footer", {},
            make("button", { class: "btn", value: "" }, words.cancel),
            make("button", { class: danger ? "btn d" : "btn p", value: "yes", autofocus: true }, yes))));
      dialog.addEventListener("close", () => { resolve(dialog.returnValue === "yes"); dialog.remove(); });
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const sentence = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (sentence && !form.dataset.asked) {
      event.preventDefault();
      const danger = Boolean(event.submitter?.matches(".d"));
      if (await ask(sentence, { yes: event.submitter?.textContent.trim() || words.sure, danger })) {
        form.dataset.asked = "1";
        form.requestSubmit(event.submitter);
      }
      return;
    }
    delete form.dataset.asked;
    if (event.defaultPrevented || form.method === "dialog" || form.method === "get") return;
    // A second click or Enter must not send twice; the button comes back when the page is shown again.
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => event.submitter?.classList.add("busy"));
    // An answer that is a file leaves the page where it is.
    setTimeout(() => settle(form), 8000);
  });
  function settle(form) {
    delete form.dataset.sent;
    form.querySelectorAll(".busy").forEach((button) => button.classList.remove("busy"));
  }
  addEventListener("pageshow", () => document.querySelectorAll("form").forEach(settle));

  /* ---- clicks that belong to the frame ---- */
  function drawer(open) {
    root.classList.toggle("drawer", open);
    const opener = document.querySelector(".drawer-open"), behind = document.querySelector(".page");
    const was = opener?.getAttribute("aria-expanded") === "true";
    opener?.setAttribute("aria-expanded", String(open));
    // What lies under the menu is out of reach as long as it is open; then the focus comes back.
    if (behind) behind.inert = open;
    if (was && !open) opener.focus();
    if (open) document.querySelector(".nav a[aria-current], .nav a")?.focus();
  }
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-drawer]")) drawer(!root.classList.contains("drawer"));
    at("[data-dismiss]")?.closest(".toast, .note")?.remove();
    const opener = at("[data-dialog]");
    if (opener) document.querySelector(opener.dataset.dialog)?.showModal();
    if (at("[data-close]")) at("dialog")?.close();
    if (at("[data-print]")) print();
    const chosen = at("[data-theme-choice]");
    if (chosen) theme(chosen.dataset.themeChoice);
    const money = at("[data-money-choice]");
    if (money) {
      document.cookie = `xiaokong-money=${money.dataset.moneyChoice}; path=/; max-age=31536000; samesite=lax`;
      location.reload();
    }
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    if (event.target.matches("dialog.dialog")) event.target.close();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      drawer(false);
      document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    }
    if (event.key === "Tab") within(document.querySelector("dialog:modal"), event);
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const find = document.querySelector("[data-find]") || document.querySelector(".q input");
      if (find) { event.preventDefault(); find.focus(); find.select(); }
    }
  });

  /* The focus stays in a dialog: from its last stop to its first, and back. */
  const STOPS = "a[href], button:not(:disabled), input:not([type=hidden], :disabled), select, textarea, summary, [tabindex='0']";
  function within(dialog, event) {
    const stops = dialog ? [...dialog.querySelectorAll(STOPS)].filter((one) => one.tabIndex >= 0 && one.checkVisibility()) : [];
    const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
    if (!stops.length || (document.activeElement !== from && dialog.contains(document.activeElement))) return;
    event.preventDefault();
    to.focus();
  }

  /* ---- theme: a cookie, so that the next page arrives in it ---- */
  function theme(name) {
    root.dataset.theme = name;
    document.cookie = `xiaokong-theme=${name}; path=/; max-age=31536000; samesite=lax`;
    document.querySelectorAll("[data-theme-choice]").forEach((item) =>
      item.setAttribute("aria-checked", String(item.dataset.themeChoice === name)));
    dispatchEvent(new CustomEvent("xk:theme", { detail: name }));
  }

  /* ---- the light that says whether the page is live ---- */
  function live(on) {
    const light = document.querySelector("[data-live]");
    if (!light) return;
    const word = light.querySelector(".word");
    light.hidden = false;
    light.dataset.live = on ? "on" : "off";
    const text = on ? word.dataset.on : word.dataset.off;
    word.textContent = text;
    light.title = text;
  }

  /* ---- counts in the menu: last known at once, then fresh ---- */
  const nav = document.querySelector("[data-counts]");
  function show(counts) {
    let waiting = 0;
    nav.querySelectorAll("[data-count]").forEach((badge) => {
      const number = counts[badge.dataset.count] || 0;
      waiting += number;
      badge.textContent = number > 99 ? "99+" : String(number);
      badge.hidden = number === 0;
    });
    document.querySelector(".drawer-open")?.classList.toggle("waiting", waiting > 0);
  }
  async function counts() {
    if (!nav?.querySelector("[data-count]")) return;
    try {
      const found = await call(nav.dataset.counts);
      sessionStorage.setItem("xk-counts", JSON.stringify(found));
      show(found);
    } catch { /* The next page or the next minute asks again; a missing number misleads nobody. */ }
  }
  if (nav) {
    const here = nav.querySelector("a[aria-current]");
    if (here && here.offsetTop > nav.clientHeight - 80) nav.scrollTop = here.offsetTop - nav.clientHeight / 2;
    try { show(JSON.parse(sessionStorage.getItem("xk-counts") || "{}")); } catch { sessionStorage.removeItem("xk-counts"); }
    counts();
    setInterval(() => { if (!document.hidden) counts(); }, 60000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) counts(); });
  }

  /* ---- the project switch: the list is read when it is opened ---- */
  const projects = document.querySelector("[data-projects]");
  if (projects) {
    const box = projects.querySelector("input[type=search]");
    const list = projects.querySelector("[data-list]");
    let last = 0;
    const read = async () => {
      const turn = ++last;
      try {
        const found = await call(`${projects.dataset.projects}?q=${encodeURIComponent(box.value)}`);
        if (turn !== last) return;
        list.replaceChildren(...(found.result.length ? found.result.map((one) =>
          make("button", { class: "item", formaction: one.url, "aria-current": one.here ? "true" : null },
            one.name, make("small", { class: "faint" }, one.organization)))
          : [make("p", { class: "cap" }, words.none)]));
      } catch (error) { list.replaceChildren(make("p", { class: "cap" }, error.message)); }
    };
    const menu = projects.closest("details");
    menu.addEventListener("toggle", () => { if (menu.open) { box.focus(); read(); } });
    box.addEventListener("input", read);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); list.querySelector("button")?.click(); }
    });
  }

  /* ---- what folds: how a person left it, in this browser; open on paper, and where a link leads ---- */
  const FOLDS = `xk-folds-${document.body.dataset.user}`;
  const left = () => { try { return JSON.parse(localStorage.getItem(FOLDS)) || {}; } catch { return {}; } };
  const known = left();
  document.querySelectorAll("details[data-fold]").forEach((one) => {
    const kept = known[one.dataset.fold];
    if (kept !== undefined && !("unfold" in one.dataset)) one.open = kept === 1;
    one.firstElementChild.addEventListener("click", () => {
      localStorage.setItem(FOLDS, JSON.stringify({ ...left(), [one.dataset.fold]: one.open ? 0 : 1 }));
    });
  });
  function unfold(node) {
    for (let one = node?.closest("details:not([open])"); one; one = one.parentElement.closest("details:not([open])")) one.open = true;
  }
  const named = (hash) => hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
  unfold(named(location.hash));
  addEventListener("hashchange", () => unfold(named(location.hash)));
  document.addEventListener("click", (event) => unfold(named(event.target.closest('a[href^="#"]')?.hash || "")));
  document.addEventListener("invalid", (event) => unfold(event.target), true);
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.fold:not([open])")];
    opened.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => { opened.forEach((one) => { one.open = false; }); opened = []; });

  /* What somebody else typed, or typed for another page, is forgotten as soon as anybody is here. */
  try {
    const draft = JSON.parse(sessionStorage.getItem("xk-draft") || "null");
    const { user } = document.body.dataset;
    if (draft && user && (draft.person !== user || draft.path !== location.pathname)) sessionStorage.removeItem("xk-draft");
  } catch { sessionStorage.removeItem("xk-draft"); }

  window.xk = { make, icon, call, toast, ask, live, counts, words, csrf };
  dispatchEvent(new Event("xk:ready"));
})();
