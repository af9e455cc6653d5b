/** The list of requests that wait, run or have failed. */

import { byId, el, seconds, shape } from "./dom.js";
import { hasEnded } from "./jobs.js";

/** What a job is doing, in words. */
export function stateWords(job) {
  const progress = job.progress;
  switch (job.status) {
    case "queued":
      return [job.queue_position ? `Waiting, place ${job.queue_position}` : "Waiting", job.waiting_reason]
        .filter(Boolean).join(" · ");
    case "running": {
      const step = progress?.steps ? `step ${progress.step} of ${progress.steps}` : null;
      const left = progress?.eta_s ? `about ${seconds(progress.eta_s)} left` : null;
      const doing = progress?.state && progress.state !== "running" ? progress.state : "Running";
      return [doing, step, left, progress?.note].filter(Boolean).join(" · ");
    }
    case "failed":
      return job.error?.message ?? "Failed";
    default:
      return job.status === "cancelled" ? "Cancelled" : "";
  }
}

/** Shows the requests. */
export class RequestList {
  #rows = new Map();

  /**
   * @param {import("./jobs.js").Jobs} jobs
   * @param {{again: (job: object) => Promise<void>}} does What its buttons do; it says itself what went wrong.
   */
  constructor(jobs, does) {
    this.jobs = jobs;
    this.does = does;
    for (const event of ["added", "changed", "removed"]) jobs.addEventListener(event, () => this.show());
  }

  show() {
    const list = byId("requests");
    const wanted = this.jobs.list().filter((job) => !hasEnded(job) || job.status === "failed").reverse();
    const seen = new Set(wanted.map((job) => job.id));
    for (const [id, row] of this.#rows) {
      if (seen.has(id)) continue;
      if (row.element.contains(document.activeElement)) byId("prompt").focus();
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const job of wanted) {
      let row = this.#rows.get(job.id);
      if (!row) {
        row = this.#row(job);
        this.#rows.set(job.id, row);
        list.prepend(row.element);
      }
      row.update(job);
    }
    byId("requests-part").hidden = wanted.length === 0;
  }

  #row(job) {
    const prompt = this.jobs.record(job.id).prompt || `${job.kind ?? "image"}, ${job.width} × ${job.height}`;
    const words = el("p", { class: "words" }, prompt);
    const state = el("p", { class: "state" });
    const bar = el("progress", { max: "1", "aria-label": `Progress of ${prompt}` });
    const cancel = el("button", { type: "button", "aria-label": `Cancel ${prompt}`, onclick: async () => {
      cancel.disabled = true;
      await this.jobs.cancel(job.id);
    } }, "Cancel");
    const again = el("button", { type: "button", "aria-label": `Again: ${prompt}`, onclick: async () => {
      again.disabled = dismiss.disabled = true; // until it is submitted: a second click would make a second request
      await this.does.again(this.jobs.get(job.id));
      again.disabled = dismiss.disabled = false;
    } }, "Again");
    const dismiss = el("button", { type: "button", class: "quiet", "aria-label": `Remove ${prompt} from the list`, onclick: () => this.jobs.dismiss(job.id) }, "Remove");
    const element = el("li", { class: "request" },
      el("span", { class: "frame", "aria-hidden": "true" }, shape(job.width, job.height, 24)),
      el("div", {}, words, state, bar),
      el("div", { class: "buttons" }, cancel, again, dismiss));
    const update = (now) => {
      const failed = now.status === "failed";
      element.className = `request ${now.status}`;
      state.textContent = stateWords(now);
      bar.hidden = failed;
      if (now.progress?.fraction) bar.value = now.progress.fraction;
      else bar.removeAttribute("value");
      bar.hidden = now.status !== "running";
      cancel.hidden = failed;
      again.hidden = !failed;
      dismiss.hidden = !failed;
    };
    return { element, update };
  }
}
