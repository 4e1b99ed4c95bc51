/* The page of interfaces: sends a call as the signed-in person and shows the bare answer. */
(() => {
  "use strict";
  const { words, csrf, ask } = window.xk;
  document.querySelectorAll(".callform").forEach((form) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { method } = form.dataset;
    let path = form.dataset.path;
    const query = new URLSearchParams();
    const headers = { Accept: "application/json" };
    let body;
    for (const input of form.querySelectorAll("[data-in]")) {
      const value = input.value.trim();
      if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(value));
      else if (input.dataset.in === "query" && value) query.append(input.name, value);
      else if (input.dataset.in === "header" && value) headers[input.name] = value;
      else if (input.dataset.in === "body") body = value || "{}";
    }
    if (method !== "GET") {
      if (!(await ask(`${method} ${path}`))) return;
      headers["X-CSRFToken"] = csrf;
      if (body !== undefined) headers["Content-Type"] = "application/json";
    }
    const place = form.querySelector(".answer");
    place.hidden = false;
    const status = place.querySelector("[data-status]");
    const text = place.querySelector("[data-answer]");
    try {
      const answer = await fetch(query.size ? `${path}?${query}` : path, { method, headers, body, credentials: "same-origin" });
      status.textContent = String(answer.status);
      const raw = await answer.text();
      try { text.textContent = JSON.stringify(JSON.parse(raw), null, 2).slice(0, 200000); } catch { text.textContent = raw.slice(0, 20000); }
    } catch { status.textContent = words.failed; text.textContent = ""; }
  }));
})();
