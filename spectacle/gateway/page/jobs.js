/** The requests of whoever uses the page: submitting, following and cancelling them, and what is known of each. */

import { api, newKey, optionsJson } from "./api.js";
import { keep, recall } from "./dom.js";

const SHOWN = 100;
const PAUSE = 1000;
const PAUSE_HIDDEN = 6000;
const KEPT_RECORDS = 300;

const ENDED = new Set(["succeeded", "failed", "cancelled"]);

/** Whether a job changes no more. */
export const hasEnded = (job) => ENDED.has(job.status);

/**
 * Follows the jobs. Events: `added`, `changed` and `removed`, each with the job as `detail`; `finished` when one that was
 * followed has ended.
 */
export class Jobs extends EventTarget {
  #jobs = new Map();
  /** What was asked for, by job: prompt, kind, size, options. Kept on this device, for the spool does not tell it while a job waits. */
  #records = new Map(recall("records", []));
  /** The attached images, by job; gone when the page is left. */
  #attached = new Map();
  #dismissed = new Set(recall("dismissed", []));
  #timer = null;

  /** Everything that is known, the newest first. */
  list() {
    return [...this.#jobs.values()].sort((a, b) => (b.created_at ?? "").localeCompare(a.created_at ?? "") || b.order - a.order);
  }

  get(id) {
    return this.#jobs.get(id);
  }

  /** What was asked for, or an empty object. */
  record(id) {
    return this.#records.get(id) ?? {};
  }

  attached(id) {
    return this.#attached.get(id) ?? null;
  }

  /** Get the jobs of before. */
  async load() {
    const { jobs } = await api(`v1/jobs?limit=${SHOWN}`);
    for (const job of jobs.reverse()) if (!this.#dismissed.has(job.id)) this.#take(job);
    this.#follow();
  }

  /**
   * Submit a request.
   *
   * @param {{prompt: string, kind: string, width: number, height: number, options: object}} order
   * @param {{inputs?: Blob[], mask?: Blob|null, control?: Blob|null}} images
   */
  async submit(order, images = {}) {
    const body = new FormData();
    for (const name of ["prompt", "kind", "width", "height"]) body.append(name, order[name]);
    body.append("options", optionsJson(order.options));
    for (const image of images.inputs ?? []) body.append("inputs", image, image.name ?? "image.png");
    for (const role of ["mask", "control"]) if (images[role]) body.append(role, images[role], `${role}.png`);
    const request = { method: "POST", body, headers: { "idempotency-key": newKey() } };
    let job;
    try {
      job = await api("v1/jobs", request);
    } catch (error) {
      if (error.status !== 0) throw error;
      job = await api("v1/jobs", request); // the same key: if the first one had arrived, this is the same job
    }
    this.#remember(job.id, order);
    this.#attached.set(job.id, images);
    this.#take(job);
    this.#follow();
    return job;
  }

  /** Cancel one that waits or runs. */
  async cancel(id) {
    this.#take(await api(`v1/jobs/${id}/cancel`, { method: "POST" }));
  }

  /** Look at one now, for instance because a link has become too old. */
  async refresh(id) {
    const job = await api(`v1/jobs/${id}`);
    this.#take(job);
    return job;
  }

  /** How an image was made, as its metadata tell. */
  async recipe(id) {
    const recipe = await api(`v1/jobs/${id}/recipe`);
    if (!this.#records.has(id)) {
      const { prompt, kind, width, height, options } = recipe;
      this.#remember(id, { prompt, kind, width, height, options: options ?? {} });
    }
    return recipe;
  }

  /** Show one no more. */
  dismiss(id) {
    this.#dismissed.add(id);
    keep("dismissed", [...this.#dismissed].slice(-KEPT_RECORDS));
    const job = this.#jobs.get(id);
    this.#jobs.delete(id);
    this.#tell("removed", job);
  }

  #remember(id, order) {
    this.#records.set(id, order);
    keep("records", [...this.#records].slice(-KEPT_RECORDS));
  }

  #take(job) {
    const before = this.#jobs.get(job.id);
    job.order = before?.order ?? this.#jobs.size;
    this.#jobs.set(job.id, job);
    this.#tell(before ? "changed" : "added", job);
    if (before && !hasEnded(before) && hasEnded(job)) this.#tell("finished", job);
  }

  #tell(what, job) {
    this.dispatchEvent(new CustomEvent(what, { detail: job }));
  }

  #follow() {
    if (this.#timer !== null) return;
    const look = async () => {
      const unfinished = this.list().filter((job) => !hasEnded(job));
      for (const job of unfinished) {
        try {
          await this.refresh(job.id);
        } catch (error) {
          if (error.status === 404) this.dismiss(job.id);
        }
      }
      const more = this.list().some((job) => !hasEnded(job));
      this.#timer = more ? setTimeout(look, document.hidden ? PAUSE_HIDDEN : PAUSE) : null;
    };
    this.#timer = setTimeout(look, PAUSE / 4);
  }
}
