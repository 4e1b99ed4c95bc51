/* What is done from the grid: hold, release, put on sale, take off; one room or many. */
(() => {
  "use strict";
  const grid = window.xkGrid;
  const { format, model, plan } = grid;
  const { make, icon, call, toast } = window.xk;
  const words = grid.setup.words;
  const { say } = format;
  const api = "/api/v1/rooms";

  const refresh = () => model.refresh().then(() => grid.panel.again(), (error) => toast(error.message, "bad"));

  /* ---- one dialog for all: fields, the server's faults beside them, nothing typed is lost ---- */
  function field(one) {
    const id = `step-${one.name}`;
    const control = one.control(id);
    const fault = make("div", { class: "error", id: `${id}-error`, hidden: true });
    const help = one.help ? make("div", { class: "help" }, one.help) : "";
    const box = make("div", { class: "field wide", "data-name": one.name },
      make("label", { for: id }, one.label, one.required ? make("span", { class: "req", "aria-hidden": "true" }, "*") : ""), control, help, fault);
    return box;
  }

  const textarea = (name, label, more = {}) => ({ name, label, ...more, control: (id) => make("textarea", { id, name, maxlength: 200, rows: 2 }) });
  const until = (name, label, more = {}) => ({ name, label, ...more, control: (id) => make("input", { id, name, type: "datetime-local" }) });
  const customer = (name, label, more = {}) => ({ name, label, ...more, control: (id) => {
    const { buyer } = grid.setup;
    const combo = make("div", { class: "combo", "data-choices": grid.setup.customers_url },
      make("input", { type: "hidden", name, value: buyer?.id ?? "" }),
      make("input", { type: "text", id, autocomplete: "off", placeholder: words.find_customer, value: buyer?.name ?? "" }));
    setTimeout(() => window.xk.combobox(combo));
    return combo;
  } });

  function dialog({ title, intro, fields = [], yes, kind = "p", send }) {
    const note = make("p", { class: "note bad", role: "alert", hidden: true });
    const go = make("button", { class: `btn ${kind}` }, yes);
    const boxes = fields.map(field);
    const form = make("form", { method: "dialog", novalidate: true },
      make("header", {}, make("h2", {}, title)),
      make("div", { class: "body" }, intro ? make("p", { class: "mute" }, intro) : "", note, ...boxes),
      make("footer", {}, make("button", { class: "btn", type: "button", "data-close": true }, window.xk.words.cancel), go));
    const box = make("dialog", { class: "dialog" }, form);
    box.addEventListener("close", () => box.remove());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      note.hidden = true;
      boxes.forEach((one) => { one.classList.remove("bad"); one.querySelector(".error").hidden = true; });
      go.classList.add("busy");
      try {
        await send(Object.fromEntries(new FormData(form)));
        box.close();
      } catch (error) {
        fault(boxes, note, error);
        /* Somebody was first: the grid and the panel show who before the dialog is closed. */
        if (error.status === 409) refresh();
      } finally { go.classList.remove("busy"); }
    });
    document.body.append(box);
    window.xk.upgradeBoxes?.(box);
    box.showModal();
    box.querySelector("textarea, input:not([type=hidden])")?.focus();
  }

  function fault(boxes, note, error) {
    let placed = false;
    for (const one of boxes) {
      const sentence = error.fields?.[one.dataset.name];
      if (!sentence) continue;
      placed = true;
      one.classList.add("bad");
      const place = one.querySelector(".error");
      place.textContent = sentence;
      place.hidden = false;
      if (one === boxes.find((other) => other.classList.contains("bad"))) one.querySelector("textarea, input:not([type=hidden])").focus();
    }
    note.className = `note ${error.code === "room_taken" ? "warn" : "bad"}`;
    note.textContent = error.message;
    note.hidden = placed;
  }

  const post = (address, body) => call(address, { method: "POST", body, key: crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2) });
  const name = (room) => [room.building ?? plan.titleOf(room), room.building ? room.entrance : "", room.building ? room.number : ""].filter(Boolean).join("-");

  /* A moment typed on a Chinese clock. */
  const typed = (text) => (text ? `${text.trim().replace(" ", "T")}:00+08:00` : null);

  function hold(room) {
    dialog({
      title: say("hold_title", { room: name(room) }), yes: words.do_hold,
      intro: grid.setup.holds_alone ? words.hold_intro_control : words.hold_intro_own,
      fields: [
        ...(grid.setup.may.customers ? [customer("customer_id", words.customer)] : []),
        textarea("reason", words.reason, { required: grid.setup.holds_alone }),
        until("until", words.until, { help: words.until_help }),
      ],
      send: async (values) => {
        const hold = await post(`${api}/${room.id}/hold`, { reason: values.reason, until: typed(values.until),
          ...(values.customer_id ? { customer_id: Number(values.customer_id) } : {}) });
        toast(say(hold.kind === "held" ? "kept_done" : "held_done", { room: name(room) }));
        await refresh();
      },
    });
  }

  function name_customer(room) {
    dialog({
      title: say("name_customer_title", { room: name(room) }), yes: words.do_name_customer,
      fields: [customer("customer_id", words.customer, { required: true })],
      send: async (values) => {
        if (!values.customer_id) throw Object.assign(new Error(words.choose_customer), { fields: { customer_id: words.choose_customer } });
        await post(`${api}/${room.id}/hold/customer`, { customer_id: Number(values.customer_id) });
        toast(say("named_done", { room: name(room) }));
        await refresh();
      },
    });
  }

  function release(room) {
    dialog({
      title: say("release_title", { room: name(room) }), yes: words.do_release, intro: words.release_intro,
      fields: [textarea("reason", words.reason)],
      send: async (values) => {
        await post(`${api}/${room.id}/release`, { reason: values.reason });
        toast(say("released_done", { room: name(room) }));
        await refresh();
      },
    });
  }

  async function confirm_price(room) {
    const total = room.price ? `¥${format.yuan(room.price.list_total)}` : "";
    if (!(await window.xk.ask(say("confirm_price_ask", { room: name(room), total }), { yes: words.do_confirm_price }))) return;
    try {
      await post(`${api}/${room.id}/confirm-price`, {});
      toast(say("released_done", { room: name(room) }));
    } catch (error) { toast(error.message, "bad"); }
    await refresh();
  }

  /* What the buildings of these rooms still wait for, each thing once. */
  const unreadyOf = (rooms) => [...new Set(rooms.flatMap((room) => (grid.setup.unready[room.building_id] ?? "").split("、")).filter(Boolean))].join("、");

  function market(step, address) {
    return (rooms) => dialog({
      title: rooms.length === 1 ? say(`${step}_title`, { room: name(rooms[0]) }) : say(`${step}_many`, { count: rooms.length }),
      intro: words[`${step}_intro`], yes: words[`do_${step}`],
      fields: [textarea("reason", words.reason, { required: true }),
        ...(step === "release_for_sale" && unreadyOf(rooms) ? [textarea("unready_reason", words.unready_reason, { help: unreadyOf(rooms) })] : [])],
      send: async (values) => {
        const found = await post(`${api}/${address}`, { room_ids: rooms.map((room) => room.id), reason: values.reason,
          ...(values.unready_reason ? { unready_reason: values.unready_reason } : {}) });
        toast(say("moved_done", { count: found.count ?? rooms.length }));
        grid.bulk?.end();
        await refresh();
      },
    });
  }
  const release_for_sale = market("release_for_sale", "release-for-sale");
  const withdraw = market("withdraw", "withdraw");

  /* Many holds are many steps: each is won or lost by itself, and the lost ones are named. */
  function holdMany(rooms) {
    dialog({
      title: say("hold_many", { count: rooms.length }), yes: words.do_hold_many, intro: words.hold_many_intro,
      fields: [textarea("reason", words.reason, { required: true }), until("until", words.until)],
      send: async (values) => {
        const lost = [];
        for (const room of rooms) {
          try {
            await post(`${api}/${room.id}/hold`, { reason: values.reason, until: typed(values.until) });
          } catch (error) {
            if (error.status === 422 || error.status === 403) throw error;
            lost.push(error.message);
          }
        }
        toast(say("moved_done", { count: rooms.length - lost.length }), lost.length ? "warn" : "ok");
        lost.slice(0, 3).forEach((sentence) => toast(sentence, "warn"));
        grid.bulk?.end();
        await refresh();
      },
    });
  }

  grid.steps = { hold, name_customer, release, confirm_price,
    release_for_sale: (room) => release_for_sale([room]), withdraw: (room) => withdraw([room]) };

  /* ---- several rooms at once ---- */
  const opener = document.getElementById("bulk");
  if (!opener) return;
  const bar = make("div", { class: "selbar", hidden: true, role: "toolbar", "aria-label": words.bulk });
  document.getElementById("buildings").after(bar);
  const offers = [
    { may: "release", from: ["unreleased"], word: "do_release_for_sale", run: release_for_sale, kind: "p" },
    { may: "withdraw", from: ["available", "repricing"], word: "do_withdraw", run: withdraw, kind: "" },
    { may: "control", from: ["available"], word: "do_hold_many", run: holdMany, kind: "" },
  ].filter((one) => grid.setup.may[one.may]);

  function drawBar(picked) {
    const rooms = [...picked].map((id) => model.rooms.get(id)).filter(Boolean);
    const fen = rooms.reduce((sum, room) => sum + model.fen(room.list_total), 0);
    const buttons = offers.map((offer) => {
      const fit = rooms.filter((room) => offer.from.includes(room.status));
      return make("button", { class: `btn ${offer.kind}`, type: "button", disabled: !fit.length, onclick: () => offer.run(fit) },
        fit.length ? `${words[offer.word]} ${fit.length}` : words[offer.word]);
    });
    bar.replaceChildren(make("span", { "aria-live": "polite" }, say("picked", { count: rooms.length, total: format.large(fen / 100) })),
      make("button", { class: "btn sm", type: "button", onclick: all }, words.pick_all), ...buttons,
      make("button", { class: "btn ghost square", type: "button", "aria-label": words.end_picking, onclick: end }, icon("close")));
  }
  const all = () => plan.choose(grid.view.fitting(plan.shown()).map((room) => room.id), true);

  function begin() {
    grid.panel.shut();
    bar.hidden = false;
    opener.setAttribute("aria-pressed", "true");
    plan.pickMode(true);
  }
  function end() {
    bar.hidden = true;
    opener.setAttribute("aria-pressed", "false");
    plan.pickMode(false);
    opener.focus();
  }
  opener.addEventListener("click", () => (bar.hidden ? begin() : end()));
  addEventListener("keydown", (event) => { if (event.key === "Escape" && !bar.hidden && !document.querySelector("dialog[open]")) end(); });
  model.on("picked", drawBar);
  grid.bulk = { end: () => { if (!bar.hidden) end(); } };
})();
