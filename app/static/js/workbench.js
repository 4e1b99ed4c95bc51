/* The workbench: slow tiles are asked for when the page is there, and tiles are arranged by dragging
   or by their arrows; every change is kept at once. */
(() => {
  "use strict";
  const place = document.querySelector("[data-tiles]");
  if (!place) return;
  const { make, icon, call, toast, ask } = window.xk;
  const words = JSON.parse(place.dataset.words);
  const said = document.querySelector("[data-said]");
  const button = document.querySelector("[data-arrange]");
  const spare = document.querySelector("[data-hidden]");
  const none = document.querySelector("[data-none]");
  const tiles = () => [...place.querySelectorAll("[data-tile]")];
  const title = (tile) => tile.querySelector("h2").textContent;

  /* ---- tiles that take long, and tiles whose matter has just changed ---- */
  async function read(tile, address) {
    const inside = tile.querySelector("[data-inside]");
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      inside.replaceChildren(...parsed.body.childNodes);
    } catch {
      inside.replaceChildren(make("p", { class: "pad mute" }, words.failed));
    }
    inside.removeAttribute("aria-busy");
  }
  place.querySelectorAll("[data-from]").forEach((tile) => read(tile, tile.dataset.from));
  const CONCERNED = { approval: ["approvals_todo", "notices"], opinion: ["approvals_todo", "notices"], request: ["my_requests", "notices"] };
  addEventListener("xk:notice", (event) => {
    if (root.classList.contains("is-arranging")) return;
    const keys = CONCERNED[event.detail.kind.split("_")[0]] || ["notices", "my_holds", "deposits"];
    tiles().filter((tile) => keys.includes(tile.dataset.tile)).forEach((tile) => read(tile, `/work/tiles/${tile.dataset.tile}`));
  });

  /* ---- arranging ---- */
  const root = document.documentElement;
  let sorting = null, saving = Promise.resolve();
  const shown = () => tiles().map((tile) => tile.dataset.tile);
  function keep() {
    /* One after the other: the last arrangement is the one that is kept. */
    const wanted = shown();
    saving = saving.then(() => call(place.dataset.layout, { method: "POST", body: { shown: wanted } })).catch((error) => toast(error.message, "bad"));
    return saving;
  }
  function tell(tile) {
    const number = tiles().indexOf(tile) + 1;
    said.textContent = words.moved.replace("{name}", title(tile)).replace("{place}", String(number));
  }
  function move(tile, by) {
    const all = tiles(), at = all.indexOf(tile), to = at + by;
    if (to < 0 || to >= all.length) return;
    if (by < 0) all[to].before(tile); else all[to].after(tile);
    tell(tile);
    keep();
  }
  function hide(tile) {
    const next = tiles()[tiles().indexOf(tile) + 1] || tiles()[0];
    none.before(make("button", { class: "btn sm", type: "button", "data-add": tile.dataset.tile }, icon("plus"), title(tile)));
    none.hidden = true;
    tile.remove();
    (next?.querySelector(".tools .btn") || button).focus();
    keep();
  }
  function tools(tile) {
    const name = title(tile);
    const one = (picture, word, act) => make("button", { class: "btn ghost", type: "button", "aria-label": `${word}: ${name}`, title: word, onclick: act }, icon(picture));
    tile.querySelector("header .acts").append(make("span", { class: "tools" },
      one("left", words.earlier, (event) => { move(tile, -1); event.currentTarget.focus(); }),
      one("right", words.later, (event) => { move(tile, 1); event.currentTarget.focus(); }),
      one("close", words.hide, () => hide(tile))));
  }
  function arranging(on) {
    root.classList.toggle("is-arranging", on);
    button.setAttribute("aria-pressed", String(on));
    const word = button.querySelector("[data-word]");
    [word.textContent, word.dataset.done] = [word.dataset.done, word.textContent];
    button.classList.toggle("p", on);
    document.querySelectorAll("[data-arranging]").forEach((part) => { part.hidden = !on; });
    place.querySelectorAll(".tools").forEach((part) => part.remove());
    if (on) tiles().forEach(tools);
    sorting?.destroy();
    sorting = on ? new window.Sortable(place, {
      handle: "[data-handle]", draggable: "[data-tile]", filter: ".tools", preventOnFilter: false, animation: 140,
      ghostClass: "ghost", chosenClass: "lifted", delay: 120, delayOnTouchOnly: true,
      onEnd: (event) => { if (event.oldIndex !== event.newIndex) { tell(event.item); keep(); } },
    }) : null;
  }
  button.addEventListener("click", () => arranging(!root.classList.contains("is-arranging")));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.classList.contains("is-arranging") && !document.querySelector("dialog[open]")) { arranging(false); button.focus(); }
  });
  spare?.addEventListener("click", async (event) => {
    const adder = event.target.closest("[data-add]");
    if (!adder) return;
    const key = adder.dataset.add;
    const tile = make("section", { class: "card tile half", "data-tile": key },
      make("header", { "data-handle": true }, make("h2", {}, adder.textContent.trim()), make("div", { class: "acts" })),
      make("div", { class: "inside", "data-inside": true, "aria-busy": "true" }, make("div", { class: "loading" })));
    place.append(tile);
    tools(tile);
    adder.remove();
    none.hidden = Boolean(spare.querySelector("[data-add]"));
    await keep();
    await read(tile, `/work/tiles/${key}`);
  });
  document.querySelector("[data-usual]")?.addEventListener("click", async () => {
    if (!await ask(words.usual)) return;
    try {
      await saving;
      await call(place.dataset.layout, { method: "POST", body: { usual: true } });
      location.reload();
    } catch (error) { toast(error.message, "bad"); }
  });
  document.querySelector("[data-role]")?.addEventListener("change", async (event) => {
    const role = event.target.value, name = event.target.selectedOptions[0].textContent;
    event.target.value = "";
    if (!role || !await ask(words.role.replace("{role}", name))) return;
    try {
      await call(place.dataset.defaults.replace("ROLE", role), { method: "POST", body: { shown: shown() } });
      toast(words.kept);
    } catch (error) { toast(error.message, "bad"); }
  });
})();
