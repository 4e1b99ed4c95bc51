/* How figures, moments and statuses are written on the grid. */
(() => {
  "use strict";
  const grid = (window.xkGrid ||= {});
  const root = document.getElementById("grid");
  const setup = (grid.setup = JSON.parse(root.dataset.setup));
  const chinese = document.documentElement.lang.startsWith("zh");
  const grouped = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const status = Object.fromEntries(setup.statuses.map((one) => [one.code, one]));

  /* Words with places: fill("{n} rooms", {n: 3}). */
  const fill = (sentence, values = {}) => sentence.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
  const say = (name, values) => fill(setup.words[name] ?? name, values);

  /* Yuan as a cell writes them: 655.6万; in English 6.56 m. */
  function short(yuan) {
    if (yuan === null || yuan === undefined) return "";
    const value = Number(yuan);
    if (!chinese) return value >= 1e6 ? `${(value / 1e6).toFixed(2)} m` : whole.format(value);
    return value >= 1e4 ? `${(value / 1e4).toFixed(1)}万` : whole.format(value);
  }

  /* Yuan as a counter writes them: 10.96 亿, 436 万. */
  function large(yuan) {
    if (!chinese) return yuan >= 1e9 ? `${(yuan / 1e9).toFixed(2)} bn` : `${(yuan / 1e6).toFixed(1)} m`;
    return yuan >= 1e7 || yuan === 0 ? `${(yuan / 1e8).toFixed(2)} 亿` : `${(yuan / 1e4).toFixed(0)} 万`;
  }

  /* In full, as a price list has it; whole yuan are written without their noughts. */
  function yuan(text) {
    if (text === null || text === undefined) return "–";
    const value = Number(text);
    return Number.isInteger(value) ? whole.format(value) : grouped.format(value);
  }
  const square = (text) => (text === null || text === undefined ? "–" : `${grouped.format(Number(text))} ㎡`);

  const zone = { timeZone: "Asia/Shanghai", hour12: false };
  const dayOf = new Intl.DateTimeFormat("sv-SE", { ...zone, dateStyle: "short" });
  const hourOf = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "2-digit", minute: "2-digit" });
  const clockOf = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });

  /* 今天 09:12, 昨天 18:40, 11-18 10:00, 2025-11-18 10:00: always on a Chinese clock. */
  function moment(text) {
    if (!text) return "";
    const then = new Date(text), now = new Date();
    const day = dayOf.format(then), hour = hourOf.format(then);
    if (day === dayOf.format(now)) return say("today", { hour });
    if (day === dayOf.format(new Date(now.getTime() - 864e5))) return say("yesterday", { hour });
    return `${day.startsWith(dayOf.format(now).slice(0, 4)) ? day.slice(5) : day} ${hour}`;
  }

  grid.format = { fill, say, short, large, yuan, square, moment, day: (date) => dayOf.format(date), time: (date) => clockOf.format(date), status };
})();
