/* The panel of a subject's device jobs: asks how they stand, shows the paper, takes the steps. */
(() => {
  "use strict";
  const QUICK = 700, SLOW = 4000, PATIENCE = 30000;
  const OPEN = ["queued", "sent"];
  const TINTS = { queued: "info", sent: "info", succeeded: "ok", failed: "bad", unknown: "warn" };

  function start(panel) {
    const words = JSON.parse(panel.dataset.words);
    const body = panel.querySelector("[data-jobs-body]");
    const summary = panel.querySelector("[data-jobs-summary]");
    const query = new URLSearchParams({
      subject_type: panel.dataset.subjectType, subject_id: panel.dataset.subjectId });
    const papers = new Map();
    let shown = "", since = Date.now(), timer;

    async function look() {
      clearTimeout(timer);
      if (document.hidden) return;
      let wait = SLOW;
      try {
        const { result } = await xk.call(`/api/v1/device-jobs/?${query}`);
        await fetchPapers(result);
        draw(result);
        if (!result.some((job) => OPEN.includes(job.state))) return;
        if (Date.now() - since < PATIENCE) wait = QUICK;
      } catch (error) {
        if (error.status) throw error;
        wait = SLOW; /* the line is gone for a while; ask again */
      }
      timer = setTimeout(look, wait);
    }

    /* A paper is asked for once, when there can be no more of it. */
    async function fetchPapers(jobs) {
      for (const job of jobs) {
        const is_final = job.simulated && ["succeeded", "unknown"].includes(job.state);
        if (!is_final || papers.get(job.id)?.length) continue;
        const answer = await xk.call(`/api/v1/device-jobs/${job.id}/paper`);
        papers.set(job.id, answer.papers.map((paper) => ({
          text: paper.text,
          address: URL.createObjectURL(new Blob([paper.svg], { type: "image/svg+xml" })),
        })));
      }
    }

    function draw(jobs) {
      const now = JSON.stringify([jobs, [...papers].map(([id, found]) => [id, found.length])]);
      if (now === shown) return;
      shown = now;
      summary.textContent = jobs.length ? jobs.at(-1).state_title : "";
      body.replaceChildren(...(jobs.length ? jobs.map(card)
        : [xk.make("p", { class: "mute" }, words.none)]));
    }

    function card(job) {
      const facts = [`${words.job} ${job.id}`];
      if (job.device) facts.push(job.device.name);
      if (job.attempts > 1) facts.push(`${words.attempts} ${job.attempts}`);
      if (job.reprint) facts.push(`${words.reprint} ${job.reprint}`);
      if (job.next_attempt_at) {
        const at = new Date(job.next_attempt_at);
        facts.push(`${words.next} ${at.toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false })}`);
      }
      const found = papers.get(job.id);
      return xk.make("article", { class: "job", "data-job": job.id, "data-state": job.state },
        xk.make("div", { class: "row" },
          xk.make("span", { class: `chip ${TINTS[job.state] || "mute"}` }, job.state_title),
          xk.make("span", { class: "mute" }, facts.join(" · "))),
        ...(job.message ? [xk.make("p", { class: `note ${job.state === "queued" ? "warn" : "bad"}` }, job.message)] : []),
        ...(found ? [pictures(found)] : []),
        ...(job.actions.length ? [xk.make("div", { class: "row" }, ...job.actions.map((name) => button(job, name)))] : []));
    }

    function pictures(found) {
      if (!found.length) return xk.make("p", { class: "mute" }, words.no_paper);
      return xk.make("figure", { class: "papers" }, ...found.map((paper) =>
        xk.make("img", { class: "paper", src: paper.address, alt: paper.text })),
        xk.make("figcaption", { class: "faint" }, words.paper));
    }

    function button(job, name) {
      return xk.make("button", { type: "button", class: "btn sm", onclick: () => step(job, name) }, words[name]);
    }

    async function step(job, name) {
      const reason = await why(words[name]);
      if (reason === null) return;
      try {
        await xk.call(`/api/v1/device-jobs/${job.id}/${name}`,
          { method: "POST", body: { reason }, key: crypto.randomUUID?.() || `${job.id}-${Date.now()}` });
        xk.toast(words[`done_${name}`]);
      } catch (error) {
        xk.toast(error.message, "bad");
      }
      since = Date.now();
      look();
    }

    function why(title) {
      const dialog = panel.querySelector("[data-jobs-dialog]");
      const input = dialog.querySelector("input");
      dialog.querySelector("[data-jobs-step]").textContent = title;
      dialog.querySelector("[data-jobs-yes]").textContent = title;
      input.value = "";
      dialog.returnValue = "";
      return new Promise((resolve) => {
        dialog.addEventListener("close", () =>
          resolve(dialog.returnValue === "yes" ? input.value.trim() : null), { once: true });
        dialog.showModal();
      });
    }

    document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
    look();
  }

  document.querySelectorAll("[data-jobs]").forEach(start);
})();
