/* The opened room: what it is, what it costs under the chosen terms, what may be done, its history. */
(() => {
  "use strict";
  const grid = window.xkGrid;
  const { format, model, plan } = grid;
  const { make, icon, call } = window.xk;
  const { say, yuan, square, moment } = format;
  const panel = document.getElementById("panel");
  const columns = document.getElementById("columns");
  const words = grid.setup.words;
  const terms = { payment_method_id: null, discount_ids: new Set(), special_discount_id: null };
  let room = null, wanted = null, choices = null, turn = 0, quoting = 0;

  const section = (title, ...inner) => make("section", { class: "sec" }, make("h3", {}, title), ...inner);
  const pair = (title, value, extra = "") => [make("dt", {}, title), make("dd", { class: extra }, value)];
  const line = (name, middle, after, strong = false, why = "") => make("div", {}, make("dt", {}, name),
    ...(middle ? [make("dd", { class: `num ${middle.startsWith("−") ? "down" : "mute"}` }, middle)] : []),
    make("dd", { class: `num${middle ? "" : " one"}${strong ? " strong" : ""}` }, after),
    ...(why ? [make("dd", { class: "why" }, why)] : []));

  function head() {
    const status = format.status[room.status];
    const facts = [room.house_type, room.orientation].filter(Boolean).join(" · ");
    const close = make("button", { class: "btn ghost square close", type: "button", "aria-label": words.close, onclick: shut }, icon("close"));
    return make("header", { class: "opened" },
      make("div", {}, make("h2", { class: "num", id: "panel-title" }, [room.building, room.entrance, room.number].filter(Boolean).join(" ")),
        facts ? make("p", {}, facts) : ""),
      make("span", { class: `chip room-status st-${room.status}` }, `${status.mark} ${status.short}`), close);
  }

  function facts() {
    const list = make("dl", { class: "kv" }, ...pair(words.gross_area, square(room.gross_area), "num"));
    if (room.inside_area) list.append(...pair(words.inside_area, square(room.inside_area), "num"));
    if (room.price) {
      list.append(...pair(words.list_unit_price, yuan(room.price.list_unit_price), "num"),
        ...pair(words.list_total, `¥${yuan(room.price.list_total)}`, "num total"));
      if (room.price.floor_total) list.append(...pair(words.floor_total, yuan(room.price.floor_total), "num"));
    } else list.append(...pair(words.list_total, words.no_price, "mute"));
    return list;
  }

  const pictures = () => (room.pictures.length ? make("div", { class: "type-pictures" }, ...room.pictures.map((one) =>
    make("a", { href: one.page, title: one.name }, make("img", { src: one.url, alt: one.name, width: one.width, height: one.height, loading: "lazy" })))) : "");

  const marks = () => {
    const found = plan.marksOf(room);
    return found.length ? make("div", { class: "marks" }, ...found.map((one) => make("span", { class: `chip ${one.tint}` }, one.title))) : "";
  };

  /* Who has it: named by colleague, the customer only for those who may read him. */
  function taken() {
    const { hold, deal } = room;
    if (!hold && !deal) return "";
    const one = deal || hold;
    const list = make("dl", { class: "kv" }, ...pair(deal ? words.consultant : words.holder, one.who),
      ...pair(words.since, moment(one.since), "num"));
    if (hold?.until) list.append(...pair(words.until, moment(hold.until), "num"));
    if (hold?.customer) list.append(...pair(words.customer, hold.customer));
    if (hold?.reason) list.append(...pair(words.reason, hold.reason));
    if (deal?.buyers) list.append(...pair(words.buyers, deal.buyers));
    if (deal?.deal_total) list.append(...pair(words.deal_total, `¥${yuan(deal.deal_total)}`, "num total"));
    if (deal?.number) {
      list.append(...pair(words.number, make("a", { class: "num", href: `${grid.setup.deal_url}${deal.id}` }, deal.number)),
        ...pair(words.state, deal.state_title));
      if (deal.state === "awaiting_deposit") list.append(...pair(words.lapses, moment(deal.lapses_at), "num"));
      else list.append(...pair(words.sign_by, deal.sign_by, "num"));
    }
    return section(format.status[room.status].title, list);
  }

  /* ---- quotation: computed by the server while the terms are chosen ---- */
  async function readChoices() {
    choices ||= Promise.all([
      call(`/api/v1/payment-methods/?project_id=${grid.setup.project_id}`),
      call(`/api/v1/discounts/?project_id=${grid.setup.project_id}`),
    ]).then(([methods, discounts]) => ({ methods: methods.result, discounts: discounts.result.filter((one) => one.may_grant !== false) }));
    /* Only what holds for the room's building can be chosen. */
    const holds = (one) => !one.building_ids.length || one.building_ids.includes(room.building_id);
    try {
      const found = await choices, discounts = found.discounts.filter(holds);
      for (const id of terms.discount_ids) if (!discounts.some((one) => one.id === id)) terms.discount_ids.delete(id);
      return { methods: found.methods.filter(holds), discounts };
    } catch (error) { choices = null; throw error; }
  }

  function termsFields(found, redo) {
    const method = make("select", { "aria-label": words.payment_method },
      ...found.methods.map((one) => make("option", { value: one.id, selected: one.id === terms.payment_method_id }, one.name)));
    method.addEventListener("change", () => { terms.payment_method_id = Number(method.value); redo(); });
    const boxes = found.discounts.map((one) => {
      const box = make("input", { type: "checkbox", checked: terms.discount_ids.has(one.id) });
      box.addEventListener("change", () => {
        if (box.checked) terms.discount_ids.add(one.id); else terms.discount_ids.delete(one.id);
        redo();
      });
      return make("label", {}, box, one.name);
    });
    const specials = room.special_discounts.map((one) => {
      const box = make("input", { type: "checkbox", checked: terms.special_discount_id === one.id });
      box.addEventListener("change", () => {
        terms.special_discount_id = box.checked ? one.id : null;
        fields.querySelectorAll("[data-special]").forEach((other) => { if (other !== box) other.checked = false; });
        redo();
      });
      box.dataset.special = "";
      return make("label", {}, box, say("special", { percent: one.percent, customer: one.customer || "" }));
    });
    const fields = make("div", { class: "terms" }, method, ...boxes, ...specials);
    return fields;
  }

  function percentOf(step) {
    if (["percent", "points", "method", "special"].includes(step.kind)) return `−${Number(step.value).toFixed(2)}%`;
    return step.kind === "list" ? "" : yuan(step.amount).replace("-", "−");
  }

  function quoteLines(found, method) {
    return found.steps.map((step, number) => {
      const last = number === found.steps.length - 1;
      if (step.kind === "list") return line(words.list_total, "", yuan(step.after), last);
      const name = step.kind === "method" ? say("method_step", { name: method?.name || step.name }) : step.name;
      return line(name, percentOf(step), yuan(step.after), last, step.explained);
    });
  }

  function due(one) {
    const { kind, days, stage } = one.due_rule;
    if (kind === "subscription") return days ? say("after_subscription", { days }) : words.on_subscription;
    if (kind === "contract") return days ? say("after_contract", { days }) : words.on_contract;
    return one.due || stage || "";
  }

  async function quote(place, owed, found) {
    const mine = ++quoting;
    place.classList.add("busy");
    try {
      const answer = await call("/api/v1/quotes/", { method: "POST", body: { room_id: room.id,
        payment_method_id: terms.payment_method_id, discount_ids: [...terms.discount_ids],
        ...(terms.special_discount_id ? { special_discount_id: terms.special_discount_id } : {}) } });
      if (mine !== quoting) return;
      const method = found.methods.find((one) => one.id === terms.payment_method_id);
      const sum = line(words.deal_total, "", `¥${yuan(answer.deal_total)}`, true);
      sum.className = "sum";
      const each = answer.deal_unit_price ? [line(words.deal_unit_price, "", yuan(answer.deal_unit_price))] : [];
      place.replaceChildren(...quoteLines(answer, method), sum, ...each);
      owed.replaceChildren(...answer.receivables.map((one) => make("div", {},
        make("dt", {}, one.name, " ", make("small", {}, due(one))), make("dd", { class: "num one" }, yuan(one.amount)))));
      owed.closest(".sec").hidden = false;
    } catch (error) {
      if (mine !== quoting) return;
      place.replaceChildren(make("p", { class: "note warn" }, error.message));
      owed.closest(".sec").hidden = true;
    } finally { place.classList.remove("busy"); }
  }

  function quotation() {
    const steps = make("dl", { class: "ba" }), owed = make("dl", { class: "ba" });
    const fields = make("div", {});
    const parts = [section(words.quotation, fields, steps), section(words.receivables, owed)];
    parts[1].hidden = true;
    const own = turn;
    readChoices().then((found) => {
      if (own !== turn) return;
      if (!found.methods.length) { steps.replaceChildren(make("p", { class: "mute" }, words.no_method)); return; }
      if (!found.methods.some((one) => one.id === terms.payment_method_id)) terms.payment_method_id = found.methods[0].id;
      if (!room.special_discounts.some((one) => one.id === terms.special_discount_id)) terms.special_discount_id = null;
      const redo = () => { links(); quote(steps, owed, found); };
      fields.replaceWith(termsFields(found, redo));
      redo();
    }).catch((error) => { if (own === turn) steps.replaceChildren(make("p", { class: "note warn" }, error.message)); });
    return parts;
  }

  /* ---- what may be done now; the terms go along to the next page ---- */
  function query() {
    const asked = new URLSearchParams();
    if (terms.payment_method_id) asked.set("payment_method_id", terms.payment_method_id);
    terms.discount_ids.forEach((id) => asked.append("discount_ids", id));
    if (terms.special_discount_id) asked.set("special_discount_id", terms.special_discount_id);
    /* For whom a room is chosen goes along, unless the room is another's already. */
    if (grid.setup.buyer && !room.hold?.customer_id) asked.set("customer_id", grid.setup.buyer.id);
    return asked.toString();
  }
  function links() {
    panel.querySelectorAll("[data-terms]").forEach((link) => { link.href = `${link.dataset.terms}?${query()}`; });
  }

  const button = (name, kind = "") => make("button", { class: `btn ${kind}`, type: "button", "data-step": name,
    onclick: () => grid.steps[name](room) }, words[`do_${name}`]);
  const link = (name, address, kind = "", carries = true) => make("a", { class: `btn ${kind}`, href: address,
    ...(carries ? { "data-terms": address } : {}), "data-step": name }, words[`do_${name}`]);
  const doers = {
    subscribe: (kind) => link("subscribe", `${grid.setup.desk_url}subscribe/${room.id}`, kind),
    hold: (kind) => button("hold", kind),
    name_customer: (kind) => button("name_customer", kind),
    release: (kind) => button("release", kind),
    ask_special_discount: (kind) => link("ask_special_discount", `${grid.setup.desk_url}special-discount/${room.id}`, kind),
    quote: (kind) => link("quote", `${grid.setup.desk_url}quotation/${room.id}`, kind),
    release_for_sale: (kind) => button("release_for_sale", kind),
    withdraw: (kind) => button("withdraw", kind),
    confirm_price: (kind) => button("confirm_price", kind),
  };

  function actions() {
    const order = Object.keys(doers).filter((name) => room.actions.includes(name));
    if (!order.length) return "";
    const main = order.find((name) => ["subscribe", "release_for_sale", "confirm_price", "hold"].includes(name));
    const first = main || order[0];
    const rest = order.filter((name) => name !== first);
    const place = make("div", { class: "sec steps-now" }, doers[first](main ? "p" : ""), ...rest.map((name) => doers[name]("")));
    place.classList.toggle("odd", rest.length % 2 === 1);
    return place;
  }

  function timeline() {
    if (!room.timeline.length) return "";
    return section(words.history, make("ol", { class: "steps" }, ...room.timeline.map((one) => {
      const detail = [one.customer, one.who, one.note].filter(Boolean).join(" · ");
      const change = one.change_percent ? ` ${one.change_percent.replace("-", "−")}%` : "";
      return make("li", { class: one.kind || "" }, `${moment(one.at)} ${one.title}${change}`, detail ? make("small", {}, detail) : "");
    })));
  }

  function draw() {
    turn += 1;
    const inner = panel.querySelector(".inner"), top = inner.scrollTop;
    const quotes = room.actions.includes("quote") ? quotation() : [];
    inner.replaceChildren(head(), facts(), pictures(), marks(), taken(), ...quotes, actions(), timeline());
    inner.scrollTop = top;
    links();
  }

  const isPhone = matchMedia("(max-width: 899px)");

  /* The room is read anew whenever it changes; what was chosen for the quotation stays. */
  async function read() {
    const id = wanted;
    try {
      const found = await call(`/api/v1/rooms/${id}`);
      if (id !== wanted) return;
      room = found;
      panel.classList.remove("waiting");
      draw();
    } catch (error) {
      if (id !== wanted) return;
      window.xk.toast(error.message, "bad");
      shut();
    }
  }

  async function show(id, options = {}) {
    if (wanted === id && !panel.hidden) return;
    const first = panel.hidden;
    wanted = id;
    Object.assign(terms, { special_discount_id: null });
    panel.hidden = false;
    columns.classList.add("with-panel");
    panel.classList.add("waiting");
    plan.show(id, { scroll: options.scroll });
    address(id);
    await read();
    if (first && isPhone.matches) panel.querySelector(".close")?.focus();
    plan.show(id, { scroll: options.scroll });
  }

  /* The open room and for whom one is chosen stand in the address, for coming back. */
  function address(id) {
    const asked = new URLSearchParams();
    if (id !== null) asked.set("room", id);
    if (grid.setup.buyer) asked.set("customer", grid.setup.buyer.id);
    history.replaceState(null, "", `${location.pathname}${asked.size ? `?${asked}` : ""}`);
  }

  function shut() {
    if (panel.hidden) return;
    wanted = null;
    room = null;
    turn += 1;
    panel.hidden = true;
    columns.classList.remove("with-panel");
    plan.show(null);
    address(null);
    plan.refocus();
  }

  let soon = 0;
  function again() { clearTimeout(soon); soon = setTimeout(() => { if (wanted !== null) read(); }, 120); }
  model.on("open", (id) => show(id));
  model.on("changed", (list) => { if (list.some((one) => one.id === wanted)) again(); });
  model.on("shape", () => { if (wanted !== null && !model.rooms.has(wanted)) shut(); });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden && !document.querySelector("dialog[open], details[data-menu][open]")) shut();
  });
  document.getElementById("panel-backdrop").addEventListener("click", shut);

  grid.panel = { show, shut, again, get room() { return wanted; } };
})();
