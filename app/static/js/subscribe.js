/* Buyers of a subscription: rows added and taken out, shares that come to a hundred. */
(() => {
  "use strict";
  const rows = document.querySelector("[data-buyers]");
  if (!rows) return;
  const sum = document.querySelector("[data-share-sum]");
  let number = rows.children.length;
  let typed = [...rows.querySelectorAll("input[name=share]")].some((box) => !["", "100.00"].includes(box.value));

  const shares = () => [...rows.querySelectorAll("input[name=share]")];
  /* Counted in hundredths of a percent, so that 33.33 + 33.33 + 33.34 is a hundred. */
  const hundredths = (text) => {
    const match = /^\s*(\d{1,3})(?:\.(\d{0,2}))?\s*$/.exec(text);
    return match ? Number(match[1]) * 100 + Number((match[2] || "").padEnd(2, "0")) : NaN;
  };
  const text = (count) => `${Math.floor(count / 100)}.${String(count % 100).padStart(2, "0")}`;
  const count = () => {
    const total = shares().reduce((all, box) => all + (hundredths(box.value) || 0), 0);
    sum.textContent = text(total);
    sum.classList.toggle("up", total !== 10000);
    rows.querySelectorAll("[data-remove-buyer]").forEach((button) => { button.hidden = rows.children.length === 1; });
  };
  /* Equal parts as long as nobody has typed others; the last takes the rest. */
  const divide = () => {
    if (typed) return;
    const boxes = shares();
    const part = Math.floor(10000 / boxes.length);
    boxes.forEach((box, place) => {
      box.value = text(place === boxes.length - 1 ? 10000 - part * (boxes.length - 1) : part);
    });
  };
  const add = () => {
    const row = rows.lastElementChild.cloneNode(true);
    number += 1;
    row.querySelectorAll(".options, .combo > .clear").forEach((node) => node.remove());
    row.querySelectorAll("[id]").forEach((node) => { node.id = node.id.replace(/\d+$/, number); });
    row.querySelectorAll("label[for]").forEach((node) => { node.htmlFor = node.htmlFor.replace(/\d+$/, number); });
    row.querySelectorAll("input").forEach((box) => { box.value = ""; });
    rows.append(row);
    window.xk.combobox(row.querySelector(".combo"));
    divide();
    count();
    row.querySelector("input[role=combobox]").focus();
  };

  document.querySelector("[data-add-buyer]").addEventListener("click", add);
  rows.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-buyer]");
    if (!button || rows.children.length === 1) return;
    button.closest("[data-buyer]").remove();
    divide();
    count();
  });
  rows.addEventListener("input", (event) => {
    if (event.target.name === "share") { typed = true; count(); }
  });
  count();
})();
