/** The gallery of finished images, and the viewer that shows one with its recipe. */

import { byId, copy, el, toast } from "./dom.js";

/** The images of a job that are results of their own: PNG previews of an SVG are not. */
export function artifacts(job) {
  const vector = job.outputs.some((output) => output.media_type === "image/svg+xml");
  return job.outputs.filter((output) => !vector || output.media_type === "image/svg+xml");
}

/** What a tile shows of an output: its thumbnail, if the request asked for one. */
const thumbnail = (job, output) => job.thumbnails.find((each) => each.number === output.number) ?? output;

/** The content of a result. */
export async function download(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error("The image is gone, or its link is too old.");
  return response.blob();
}

const EXTENSIONS = { "image/svg+xml": "svg", "image/jpeg": "jpg", "image/webp": "webp", "image/avif": "avif" };

/** A name for a downloaded file. */
export function fileName(prompt, seed, output) {
  const words = (prompt || "image").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "image";
  const number = output.number > 1 ? `-${output.number}` : "";
  return `${words}${seed !== undefined ? `-${seed}` : ""}${number}.${EXTENSIONS[output.media_type] ?? "png"}`;
}

/** Shows finished images. */
export class Gallery {
  #tiles = new Map();
  #recipes = new Map();

  /**
   * @param {import("./jobs.js").Jobs} jobs
   * @param {{again: Function, use: Function, edit: Function, vectorize: Function, canEdit: () => boolean, canVectorize: () => boolean}} does
   *   What the viewer's buttons do.
   */
  constructor(jobs, does) {
    this.jobs = jobs;
    this.does = does;
    for (const event of ["added", "changed", "removed"]) jobs.addEventListener(event, (happened) => this.#update(happened.detail));
    byId("viewer").addEventListener("keydown", (event) => {
      if (event.target.matches("textarea, input")) return;
      if (event.key === "ArrowLeft") this.#move(-1);
      if (event.key === "ArrowRight") this.#move(1);
    });
    byId("viewer").addEventListener("click", (event) => { if (event.target === byId("viewer")) byId("viewer").close(); });
  }

  /** Everything in it, in the order in which it is shown: job and output. */
  entries() {
    return this.jobs.list().filter((job) => job.status === "succeeded").flatMap((job) => artifacts(job).map((output) => [job, output]));
  }

  #update(job) {
    const gallery = byId("gallery");
    for (const key of [...this.#tiles.keys()].filter((each) => each.startsWith(`${job.id} `))) {
      if (!this.jobs.get(job.id) || job.status !== "succeeded") {
        this.#tiles.get(key).remove();
        this.#tiles.delete(key);
      }
    }
    if (job.status === "succeeded" && this.jobs.get(job.id)) {
      const entries = this.entries();
      for (const output of artifacts(job)) {
        const key = `${job.id} ${output.number}`;
        if (this.#tiles.has(key)) continue;
        const tile = this.#tile(job, output);
        this.#tiles.set(key, tile);
        const after = entries.slice(entries.findIndex(([each, one]) => each === job && one === output) + 1)
          .map(([each, one]) => this.#tiles.get(`${each.id} ${one.number}`)).find(Boolean);
        gallery.insertBefore(tile, after ?? null);
      }
    }
    byId("empty").hidden = this.#tiles.size > 0;
  }

  #tile(job, output) {
    const image = el("img", { loading: "lazy", decoding: "async" });
    const over = el("span", { class: "over", "aria-hidden": "true" });
    const tile = el("button", { type: "button", class: "tile", onclick: () => this.open(job.id, output.number) },
      image, output.media_type === "image/svg+xml" ? el("span", { class: "badge" }, "SVG") : null, over);
    const ratio = job.width / job.height;
    tile.style.flex = `${ratio} 1 calc(${ratio} * var(--row))`;
    tile.style.aspectRatio = `${job.width} / ${job.height}`;
    tile.style.maxWidth = `calc(${ratio * 2.4} * var(--row))`;
    const name = () => {
      const prompt = this.jobs.record(job.id).prompt;
      image.alt = prompt || `Image of the kind ${job.kind ?? "default"}, ${job.width} × ${job.height}`;
      over.textContent = prompt ?? "";
    };
    name();
    if (this.jobs.record(job.id).prompt === undefined) {
      image.addEventListener("load", () => this.#recipe(job.id).then(name, () => {}), { once: true });
    }
    image.addEventListener("error", () => {
      // The link has become too old, or the image is gone.
      this.jobs.refresh(job.id).then((now) => {
        const newer = now.outputs.find((each) => each.number === output.number && each.media_type === output.media_type);
        if (newer) image.src = thumbnail(now, newer).url;
        else tile.remove();
      }, () => tile.remove());
    }, { once: true });
    image.src = thumbnail(job, output).url;
    return tile;
  }

  async #recipe(id) {
    if (!this.#recipes.has(id)) this.#recipes.set(id, await this.jobs.recipe(id));
    return this.#recipes.get(id);
  }

  /** Show one image large. */
  async open(id, number) {
    const job = await this.jobs.refresh(id).catch(() => this.jobs.get(id));
    const output = artifacts(job).find((each) => each.number === number) ?? artifacts(job)[0];
    if (!output) {
      toast("This image is gone");
      this.jobs.dismiss(id);
      return;
    }
    this.shown = { id, number };
    const recipe = await this.#recipe(id).catch(() => null);
    const dialog = byId("viewer");
    dialog.replaceChildren(this.#figure(job, output, recipe), this.#aside(job, output, recipe));
    dialog.setAttribute("aria-label", recipe?.prompt ? `Image: ${recipe.prompt}` : "Image");
    if (!dialog.open) dialog.showModal();
    dialog.querySelector(".close").focus();
  }

  #move(by) {
    const entries = this.entries();
    const at = entries.findIndex(([job, output]) => job.id === this.shown.id && output.number === this.shown.number);
    const next = entries[at + by];
    if (next) this.open(next[0].id, next[1].number);
  }

  #figure(job, output, recipe) {
    const image = el("img", { src: output.url, alt: recipe?.prompt || "Image", class: "checks" });
    return el("figure", {}, image);
  }

  #aside(job, output, recipe) {
    const close = el("button", { type: "button", class: "quiet icon close", "aria-label": "Close", onclick: () => byId("viewer").close() }, "×");
    const step = (by, sign, label) => el("button", { type: "button", class: "quiet icon", "aria-label": label, onclick: () => this.#move(by) }, sign);
    const svg = output.media_type === "image/svg+xml";
    const act = (label, what) => el("button", { type: "button", onclick: async () => {
      try {
        await what();
        byId("viewer").close();
      } catch (error) {
        toast(error.message);
      }
    } }, label);
    const seed = recipe?.seed;
    const file = async () => {
      const png = job.outputs.find((each) => each.media_type === "image/png") ?? output;
      return new File([await download(png.url)], "image.png", { type: "image/png" });
    };
    const order = () => ({ ...this.jobs.record(job.id), ...(recipe ? { prompt: recipe.prompt, kind: recipe.kind, options: recipe.options ?? {} } : {}), width: job.width, height: job.height });
    return el("aside", {},
      el("div", { class: "top" }, el("span", {}, step(-1, "‹", "Previous image"), step(1, "›", "Next image")), close),
      el("p", { class: "prompt" }, recipe?.prompt || this.jobs.record(job.id).prompt || "No prompt"),
      el("div", { class: "actions" },
        el("a", { class: "button first", href: output.url, download: fileName(recipe?.prompt, seed, output) }, "Download"),
        act("Use these settings", () => this.does.use({ ...order(), seed }, this.jobs.attached(job.id))),
        act("Again", () => this.does.again(job)),
        this.does.canEdit() && !svg ? act("Edit this", async () => this.does.edit(await file())) : null,
        this.does.canVectorize() && !svg ? act("Vectorize", async () => this.does.vectorize(await file())) : null),
      recipe ? facts(recipe, job) : el("p", { class: "hint" }, "How it was made is not known."),
      ...(recipe?.notes ?? []).map((note) => el("p", { class: "hint" }, note)),
      svg ? codePart(output.url) : null);
  }
}

function facts(recipe, job) {
  const list = el("dl", { class: "facts" });
  const add = (name, value) => { if (value !== null && value !== undefined && value !== "") list.append(el("dt", {}, name), el("dd", {}, String(value))); };
  add("Seed", recipe.seed);
  add("Size", `${job.width} × ${job.height}`);
  add("Kind", recipe.kind);
  add("Generator", [recipe.generator, recipe.preset].filter(Boolean).join(", "));
  if (recipe.model !== recipe.generator) add("Model", recipe.model);
  for (const [name, value] of Object.entries(recipe.options ?? {})) {
    if (!["seed", "progress", "png"].includes(name) && value !== null) add(name.replaceAll("_", " "), typeof value === "object" ? JSON.stringify(value).slice(0, 300) : value);
  }
  if (job.finished_at) add("Made", new Date(job.finished_at).toLocaleString());
  return list;
}

/** A part that shows the code of an SVG, and copies it. */
export function codePart(url) {
  const area = el("textarea", { readonly: true, "aria-label": "SVG code", spellcheck: "false", hidden: true });
  const load = async () => {
    if (!area.value) area.value = await (await download(url)).text();
    return area.value;
  };
  const show = el("button", { type: "button", "aria-expanded": "false", onclick: async () => {
    await load();
    area.hidden = !area.hidden;
    show.setAttribute("aria-expanded", String(!area.hidden));
    show.textContent = area.hidden ? "Show SVG code" : "Hide SVG code";
  } }, "Show SVG code");
  const take = el("button", { type: "button", onclick: async () => copy(await load(), "SVG code") }, "Copy SVG code");
  return el("div", { class: "code" }, el("div", { class: "actions" }, take, show), area);
}
