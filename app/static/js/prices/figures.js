/* Exact amounts as whole hundredths (BigInt): what the server works out, previewed to the fen. */
(() => {
  "use strict";
  const sheet = window.xkSheet = window.xkSheet || {};
  const HUNDRED = 100n;
  const LARGEST = 99999999999999n;
  const PLAIN = /^-?\d+(\.\d{1,2})?$/;
  const GROUPED = /^-?\d{1,3}(,\d{3})+(\.\d{1,2})?$/;

  /* Half up, for what is not below 0. */
  const divide = (top, under) => (2n * top + under) / (2n * under);
  const read = (text) => (text === null || text === undefined || text === "" ? null : parse(String(text)));

  /* What people type or paste: 1,234.50, ¥1234.5, full-width digits, a unit behind it. */
  function clean(text) {
    return text.replace(/[０-９．，－]/g, (one) => String.fromCharCode(one.charCodeAt(0) - 0xfee0))
      .replace(/[\s\u00a0]/g, "").replace(/^[¥￥]/, "").replace(/(元\/㎡|元\/m²|元)$/, "").replace(/\u2212/g, "-");
  }
  /* Hundredths, or undefined for what is no amount with at most two decimals. */
  function parse(text) {
    const typed = clean(text);
    if (!PLAIN.test(typed) && !GROUPED.test(typed)) return undefined;
    const [whole, part = ""] = typed.replace(/,/g, "").replace("-", "").split(".");
    const amount = BigInt(whole) * HUNDRED + BigInt(part.padEnd(2, "0"));
    return typed.startsWith("-") ? -amount : amount;
  }
  function plain(amount) {
    if (amount === null) return "";
    const digits = (amount < 0n ? -amount : amount).toString().padStart(3, "0");
    return `${amount < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
  }
  const show = (amount) => (amount === null ? "" : plain(amount).replace(/\B(?=(\d{3})+\.)/g, ","));

  function rounded(amount, step) { return divide(amount, step) * step; }
  const totalOf = (unit, area, step) => rounded(divide(unit * area, HUNDRED), step);
  const unitOf = (total, area) => divide(total * HUNDRED, area);
  /* percent in hundredths, step in hundredths: up to the step, at most the total */
  function floorOf(total, percent, step) {
    const under = 10000n * step;
    const floor = ((total * percent + under - 1n) / under) * step;
    return floor < total ? floor : total;
  }
  /* May miss by one yuan or the rounding, and by half a fen for each m². */
  function fits(total, unit, area, step) {
    const apart = divide(unit * area, HUNDRED) - total;
    const allowed = (step > HUNDRED ? step : HUNDRED) * HUNDRED + area / 2n;
    return (apart < 0n ? -apart : apart) * HUNDRED <= allowed;
  }
  /* Hundredths of a percent, half away from nought. */
  function change(before, after) {
    if (before === null || after === null || before === 0n) return null;
    const apart = after - before;
    const size = divide((apart < 0n ? -apart : apart) * 10000n, before);
    return apart < 0n ? -size : size;
  }

  sheet.figures = { read, parse, plain, show, totalOf, unitOf, floorOf, fits, change, LARGEST };
})();
