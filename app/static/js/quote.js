/* The quotation beside a form: asked again whenever a payment method or discount is chosen. */
(() => {
  "use strict";
  const { make, call } = window.xk;
  const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const show = (amount) => money.format(Number(amount));
  const RATES = ["percent", "points", "method", "special"];

  document.querySelectorAll("form[data-terms]").forEach((form) => {
    const card = form.querySelector("[data-quote]");
    if (!card) return;
    const words = JSON.parse(card.dataset.words);
    const refused = card.querySelector("[data-refused]");
    let turn = 0;

    const line = (name, by, amount, kind = "", of = "num by", why = "") => make("div", { class: kind },
      make("dt", {}, name, ...(why ? [make("small", { class: "step-why" }, why)] : [])), make("dd", { class: of }, by), make("dd", { class: "num" }, amount));
    const due = ({ due: day, due_rule: rule }) => day || (rule?.kind === "contract"
      ? (rule.days ? words.after_signing.replace("{days}", rule.days) : words.on_signing) : rule?.stage || "");
    const draw = (quote) => {
      const steps = quote.steps.map((step, place) => line(step.name,
        place === 0 ? "" : RATES.includes(step.kind) ? `−${step.value}%` : show(step.amount),
        show(step.after), place === 0 ? "first" : "", "num by", step.explained));
      const unit = quote.deal_unit_price ? `${show(quote.deal_unit_price)} /㎡` : "";
      steps.push(line(words.deal_total, unit, `¥${show(quote.deal_total)}`, "sum"));
      card.querySelector("[data-steps]").replaceChildren(make("dl", { class: "pricing" }, ...steps));
      card.querySelector("[data-lines]").replaceChildren(make("dl", { class: "pricing" },
        ...quote.receivables.map((one) => line(one.name, due(one), show(one.amount), "", "by mute"))));
    };
    const ask = async () => {
      const mine = ++turn;
      const facts = new FormData(form);
      const method = Number(facts.get("payment_method_id"));
      if (!method) return;
      card.classList.add("asking");
      try {
        const quote = await call(card.dataset.quote, { method: "POST", body: {
          room_id: Number(card.dataset.room),
          payment_method_id: method,
          discount_ids: facts.getAll("discount_ids").map(Number),
          special_discount_id: Number(facts.get("special_discount_id")) || null,
        } });
        if (mine !== turn) return;
        refused.hidden = true;
        draw(quote);
      } catch (error) {
        if (mine !== turn) return;
        refused.textContent = error.message;
        refused.hidden = false;
      } finally { if (mine === turn) card.classList.remove("asking"); }
    };
    form.addEventListener("change", (event) => {
      if (["payment_method_id", "discount_ids", "special_discount_id"].includes(event.target.name)) ask();
    });
  });

  /* A form that only asks: sent as soon as something is chosen. */
  document.querySelectorAll("form[data-auto]").forEach((form) => {
    form.addEventListener("change", () => form.requestSubmit());
  });
})();
