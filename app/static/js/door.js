/* The door: what the operator before has left in this browser goes; passwords can be looked at. */
(() => {
  "use strict";
  // Only at the door itself: nobody is signed in there.
  if (document.querySelector("#username")) {
    try {
      // Only a form whose session ended while it was being filled in is kept, for the same person on the way back to it.
      const draft = sessionStorage.getItem("xk-draft");
      const next = (new URLSearchParams(location.search).get("next") || "").split("?")[0];
      sessionStorage.clear();
      if (draft && JSON.parse(draft).path === next) sessionStorage.setItem("xk-draft", draft);
    } catch { /* A browser without storage has nothing to forget. */ }
  }
  document.querySelectorAll("[data-reveal]").forEach((button) => {
    const box = document.getElementById(button.dataset.reveal);
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = box.type === "text";
      box.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
      box.focus();
    });
    box.form.addEventListener("submit", () => { box.type = "password"; });
  });
  const caps = document.querySelector("[data-caps]");
  if (caps) {
    document.addEventListener("keyup", (event) => {
      if (event.getModifierState) caps.hidden = !event.getModifierState("CapsLock");
    });
  }
  // A second click must not try twice.
  document.addEventListener("submit", (event) => {
    setTimeout(() => event.submitter?.classList.add("busy"));
  });
  addEventListener("pageshow", () => document.querySelectorAll(".btn.busy").forEach((b) => b.classList.remove("busy")));
})();
