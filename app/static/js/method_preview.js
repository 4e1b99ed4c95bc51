/* What the lines of a payment method come to, asked again while they are typed. */
(() => {
  "use strict";
  const place = document.getElementById("method-preview");
  if (!place) return;
  const { make, csrf } = window.xk;
  const form = place.closest("form");
  const list = place.querySelector("tbody"), note = place.querySelector(".note");
  const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  let turn = 0, waiting = 0;

  function draw(found) {
    note.hidden = !found.problem;
    note.textContent = found.problem || "";
    list.replaceChildren(...(found.receivables || []).map((one) => make("tr", {},
      make("td", {}, one.name), make("td", { class: "mute" }, one.due || one.due_rule.stage || ""),
      make("td", { class: "r num strong" }, money.format(Number(one.amount))))));
  }

  async function ask() {
    const mine = ++turn;
    try {
      const answer = await fetch(place.dataset.address, { method: "POST", body: new FormData(form), headers: { "X-CSRFToken": csrf } });
      if (mine === turn && answer.ok) draw(await answer.json());
    } catch (_error) { /* The line is cut: what stands there stays until something is typed again. */ }
  }

  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 300); });
  form.addEventListener("change", () => { clearTimeout(waiting); waiting = setTimeout(ask, 50); });
  if (form.querySelector("[name$='-kind'] option[selected]:not([value=''])")) ask();
})();
