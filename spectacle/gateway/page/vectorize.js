/** The tab that turns an image into SVG, with before and after. */

import { byId, el, showError } from "./dom.js";
import { codePart, fileName } from "./gallery.js";
import { DropZone } from "./images.js";
import { aboutKind, fillKinds, makesSvg, mostImages } from "./kinds.js";
import { OptionFields } from "./options.js";
import { stateWords } from "./requests.js";

const PREFERRED = ["supersvg", "omnisvg"];
const MAX_SIDE = 4096;

/** The tab. */
export class Vectorize {
  #kinds = [];
  #fields = null;
  #shown = null;

  /** @param {import("./jobs.js").Jobs} jobs */
  constructor(jobs) {
    this.jobs = jobs;
    this.image = new DropZone(byId("vector-image"), { label: "vector-label" });
    this.image.addEventListener("change", () => this.#preview());
    byId("vector-kind").addEventListener("change", () => this.#kindChanged());
    byId("vector-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
      if (files.length && !byId("panel-vectorize").hidden) this.image.add(files);
    });
    for (const event of ["changed", "removed"]) jobs.addEventListener(event, (happened) => {
      if (happened.detail.id === this.#shown?.id) this.#show(happened.detail);
    });
    this.#preview();
  }

  /** Whether a kind is served that can do it. */
  get able() {
    return this.#kinds.some((kind) => kind.servable !== false);
  }

  setKinds(kinds) {
    const rank = (kind) => (PREFERRED.indexOf(kind.generator) + 1) || PREFERRED.length + 1;
    this.#kinds = kinds.filter((kind) => makesSvg(kind) && mostImages(kind)).sort((a, b) => rank(a) - rank(b));
    const before = byId("vector-kind").value;
    fillKinds(byId("vector-kind"), this.#kinds, before || this.#kinds.find((kind) => kind.servable !== false)?.name);
    byId("vector-form").querySelector("[type=submit]").disabled = !this.able;
    this.#kindChanged();
  }

  /** Begin with an image. */
  use(file) {
    this.image.set([file]);
    byId("vector-form").querySelector("[type=submit]").focus();
  }

  #kindChanged() {
    const kind = this.#kinds.find((each) => each.name === byId("vector-kind").value);
    byId("vector-about").textContent = this.#kinds.length
      ? aboutKind(kind)
      : "No kind that is served makes SVG of an image. Add one with the generator supersvg to the daemon's configuration.";
    this.#fields = new OptionFields(byId("vector-options"), kind?.options_schema, "vector-option");
  }

  #preview() {
    this.#shown = null;
    const [file] = this.image.files;
    const place = byId("vector-result");
    if (!file) {
      place.replaceChildren(el("div", { class: "empty" }, el("p", {}, "Choose a photograph, a logo or an icon: it becomes an SVG that can be enlarged without limit.")));
      return;
    }
    place.replaceChildren(el("div", { class: "compare" }, el("img", { src: URL.createObjectURL(file), alt: "Before" })));
  }

  async #submit() {
    showError(byId("vector-error"), null);
    try {
      const [file] = this.image.files;
      if (!file) throw new Error("There is no image. Choose one.");
      const bitmap = await createImageBitmap(file);
      const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
      const order = {
        prompt: "",
        kind: byId("vector-kind").value,
        width: Math.max(1, Math.round(bitmap.width * scale)),
        height: Math.max(1, Math.round(bitmap.height * scale)),
        options: this.#fields.values(),
      };
      const job = await this.jobs.submit(order, { inputs: [file] });
      this.#shown = { id: job.id, file };
      this.#show(job);
    } catch (error) {
      showError(byId("vector-error"), error.message);
    }
  }

  #show(job) {
    const before = URL.createObjectURL(this.#shown.file);
    const place = byId("vector-result");
    const svg = job.outputs.find((output) => output.media_type === "image/svg+xml");
    if (job.status === "succeeded" && svg) {
      if (place.querySelector(".after")) return;
      place.replaceChildren(...comparison(before, svg));
      this.#tellSize(svg, place);
      return;
    }
    const state = el("p", { class: "state", role: "status" }, stateWords(job));
    const bar = el("progress", { max: "1", "aria-label": "Progress" });
    if (job.progress?.fraction) bar.value = job.progress.fraction;
    const running = job.status === "queued" || job.status === "running";
    if (running && place.querySelector(".vector-actions progress")) {
      place.querySelector(".state").replaceWith(state);
      place.querySelector("progress").replaceWith(bar);
      return;
    }
    const cancel = el("button", { type: "button", onclick: () => this.jobs.cancel(job.id) }, "Cancel");
    place.replaceChildren(
      el("div", { class: "compare" }, el("img", { src: before, alt: "Before" })),
      el("div", { class: "vector-actions" }, ...(running ? [bar, state, cancel] : [state])));
    if (job.status === "failed") showError(byId("vector-error"), job.error?.message);
  }

  async #tellSize(svg, place) {
    const text = await (await fetch(svg.url)).text();
    const paths = (text.match(/<path\b/g) ?? []).length;
    const size = text.length < 1e6 ? `${Math.ceil(text.length / 1000)} kB` : `${(text.length / 1e6).toFixed(1)} MB`;
    place.querySelector(".vector-actions .state").textContent = `${size}${paths ? `, ${paths} paths` : ""}`;
  }
}

/** Two images over each other, and a slider that moves the line between them. */
function comparison(before, svg) {
  const after = el("img", { class: "after", src: svg.url, alt: "After: the SVG" });
  const slider = el("input", { type: "range", min: "0", max: "100", value: "50", class: "slider", "aria-label": "How much of the image before is shown" });
  const move = () => { after.style.clipPath = `inset(0 0 0 ${slider.value}%)`; };
  slider.addEventListener("input", move);
  move();
  return [
    el("div", { class: "comparison" },
      el("div", { class: "compare" }, el("img", { src: before, alt: "Before" }), after,
        el("span", { class: "tag left", "aria-hidden": "true" }, "Before"), el("span", { class: "tag right", "aria-hidden": "true" }, "After")),
      slider),
    el("div", { class: "vector-actions actions" },
      el("a", { class: "button first", href: svg.url, download: fileName("vectorized", undefined, svg) }, "Download"),
      el("span", { class: "state hint" })),
    codePart(svg.url),
  ];
}
