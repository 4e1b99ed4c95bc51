/* Work that goes on in the background: its bar is kept up, and the page drawn anew when it ends. */
(() => {
  "use strict";
  const place = document.querySelector("[data-going-on]");
  if (!place) return;
  const bar = place.querySelector("progress");
  setInterval(async () => {
    if (document.hidden) return;
    let found;
    try { found = await window.xk.call(place.dataset.goingOn); } catch { return; /* asked again in two seconds */ }
    bar.value = found.percent;
    place.querySelector("[data-percent]").textContent = `${found.percent}%`;
    if (!found.going_on) location.reload();
  }, 2000);
})();
