/* The cashier's desk: the amount in words while it is typed, and buttons that fill it in. */
(() => {
  "use strict";
  const form = document.querySelector("[data-pay]");
  if (!form) return;
  const amount = form.elements.amount;
  const words = form.querySelector("[data-words-of-amount]");
  let asked;

  async function say() {
    const typed = amount.value.trim();
    asked?.abort();
    if (!typed) { words.textContent = ""; return; }
    asked = new AbortController();
    try {
      const answer = await xk.call(`${form.dataset.pay}?${new URLSearchParams({ amount: typed })}`,
        { signal: asked.signal });
      words.classList.toggle("bad", !answer.words);
      words.textContent = answer.words || answer.message;
    } catch (error) {
      if (error.name !== "AbortError") words.textContent = "";
    }
  }

  let timer;
  amount.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(say, 150); });
  /* What is owed stands beside the form, not in it. */
  document.addEventListener("click", (event) => {
    const filler = event.target.closest("[data-fill]");
    if (!filler) return;
    amount.value = filler.dataset.fill;
    xk.separate(amount);
    if (filler.dataset.purpose !== undefined) form.elements.purpose.value = filler.dataset.purpose;
    say();
    amount.focus();
  });
  say();
})();
