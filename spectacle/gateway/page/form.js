/** The form for generating and editing. */

import { byId, el, keep, recall, shape, showError } from "./dom.js";
import { DropZone } from "./images.js";
import { aboutKind, fillKinds, leastImages, mostImages } from "./kinds.js";
import { paintMask } from "./mask.js";
import { OptionFields } from "./options.js";

const SIZES = [
  ["Square", 1024, 1024],
  ["Landscape", 1216, 832],
  ["Portrait", 832, 1216],
  ["Wide", 1344, 768],
  ["Tall", 768, 1344],
];
const MAX_SEED = 2n ** 63n - 1n;

/** The form. Event: `order`, with the orders and the images as `detail`. */
export class Form extends EventTarget {
  #kinds = [];
  #fields = null;
  #mask = null;

  constructor() {
    super();
    this.element = byId("form");
    this.images = new DropZone(byId("images"), { label: "images-label" });
    this.control = new DropZone(byId("control"), { label: "control-label", png: true });
    this.#buildSizes();
    this.images.addEventListener("change", () => this.#imagesChanged());
    byId("kind").addEventListener("change", () => this.#kindChanged());
    byId("mask-draw").addEventListener("click", () => this.#paint());
    byId("mask-remove").addEventListener("click", () => this.#setMask(null));
    for (const side of ["width", "height"]) byId(side).addEventListener("input", () => this.#sizeChanged());
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.element.requestSubmit();
    });
    document.addEventListener("paste", (event) => this.#paste(event));
    byId("prompt").value = recall("draft", "");
    byId("prompt").addEventListener("input", () => keep("draft", byId("prompt").value));
  }

  /** The kinds that can be chosen. */
  setKinds(kinds, standard) {
    const before = byId("kind").value || recall("kind", standard);
    this.#kinds = kinds;
    fillKinds(byId("kind"), kinds, kinds.some((kind) => kind.name === before) ? before : standard);
    this.#kindChanged();
  }

  get kind() {
    return this.#kinds.find((kind) => kind.name === byId("kind").value);
  }

  /** Fill the form with an earlier order. */
  fill({ prompt = "", kind = null, width = 1024, height = 1024, options = {}, seed = null }, images = null) {
    byId("prompt").value = prompt;
    if (this.#kinds.some((each) => each.name === kind)) {
      byId("kind").value = kind;
      this.#kindChanged();
    }
    this.#setSize(width, height);
    byId("seed").value = seed ?? options.seed ?? "";
    this.#fields?.fill(options);
    this.#optionsChanged();
    if (images) {
      this.images.set(images.inputs ?? []);
      this.control.set(images.control ? [images.control] : []);
      this.#setMask(images.mask ?? null);
    }
    byId("prompt").focus();
  }

  /** Take an image as the first input, with a kind that takes images. */
  edit(file) {
    if (!mostImages(this.kind)) {
      const able = this.#kinds.find((kind) => mostImages(kind) && kind.servable !== false && kind.inputs.prompt)
        ?? this.#kinds.find((kind) => mostImages(kind) && kind.servable !== false);
      if (!able) return false;
      byId("kind").value = able.name;
      this.#kindChanged();
    }
    this.images.set([file]);
    byId("prompt").focus();
    return true;
  }

  /** Whether any kind takes images. */
  get canEdit() {
    return this.#kinds.some((kind) => mostImages(kind) && kind.servable !== false);
  }

  #buildSizes() {
    byId("sizes").replaceChildren(...SIZES.map(([name, width, height], number) =>
      el("label", {},
        el("input", { type: "radio", name: "size", checked: number === 0, onchange: () => this.#setSize(width, height) }),
        shape(width, height), name)));
  }

  #setSize(width, height) {
    byId("width").value = width;
    byId("height").value = height;
    this.#sizeChanged();
  }

  #sizeChanged() {
    const now = [Number(byId("width").value), Number(byId("height").value)];
    byId("sizes").querySelectorAll("input").forEach((radio, number) => {
      radio.checked = SIZES[number][1] === now[0] && SIZES[number][2] === now[1];
    });
  }

  #kindChanged() {
    const kind = this.kind;
    keep("kind", kind?.name ?? null);
    byId("kind-about").textContent = aboutKind(kind);
    const most = mostImages(kind);
    byId("images-part").hidden = most === 0;
    if (most) this.images.most = most;
    byId("images-label").textContent = most === 1 ? "Input image" : `Input images, up to ${most}`;
    byId("control-part").hidden = !kind?.inputs?.control;
    byId("prompt").required = kind?.inputs?.prompt ?? false;
    this.#fields = new OptionFields(byId("options"), kind?.options_schema, "option", () => this.#optionsChanged());
    byId("options-part").hidden = this.#fields.size === 0;
    this.#optionsChanged();
    this.#imagesChanged();
  }

  #optionsChanged() {
    let count = 0;
    try {
      count = Object.keys(this.#fields.values()).length;
    } catch {
      count = 0;
    }
    byId("options-changed").hidden = count === 0;
    byId("options-changed").textContent = `${count} changed`;
  }

  #imagesChanged() {
    const able = Boolean(this.kind?.inputs?.mask) && this.images.files.length > 0;
    byId("mask-part").hidden = !able;
    if (!this.images.files.length) this.#setMask(null);
  }

  #setMask(mask) {
    this.#mask = mask;
    byId("mask-remove").hidden = !mask;
    byId("mask-draw").textContent = mask ? "Change the mask" : "Draw a mask";
    const shown = byId("mask-shown");
    shown.hidden = !mask;
    if (mask) shown.src = URL.createObjectURL(mask);
    else shown.removeAttribute("src");
  }

  async #paint() {
    const [image] = this.images.files;
    const mask = await paintMask(image, this.#mask);
    if (mask !== undefined) this.#setMask(mask);
    byId("mask-draw").focus();
  }

  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (!files.length || byId("panel-generate").hidden || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    if (mostImages(this.kind)) this.images.add(files);
    else this.edit(files[0]);
  }

  #submit() {
    showError(byId("form-error"), null);
    try {
      const kind = this.kind;
      const inputs = mostImages(kind) ? this.images.files : [];
      if (inputs.length < leastImages(kind)) throw new Error("This kind needs an input image. Choose one.");
      const options = this.#fields.values();
      const seed = this.#seed();
      const count = Number(byId("count").value);
      const order = {
        prompt: byId("prompt").value.trim(),
        kind: kind?.name ?? "",
        width: Number(byId("width").value),
        height: Number(byId("height").value),
      };
      const orders = Array.from({ length: count }, (_, number) => ({
        ...order,
        options: seed === null ? options : { ...options, seed: String(seed + BigInt(number)) },
      }));
      const images = {
        inputs,
        mask: inputs.length && kind?.inputs?.mask ? this.#mask : null,
        control: kind?.inputs?.control ? this.control.files[0] ?? null : null,
      };
      this.dispatchEvent(new CustomEvent("order", { detail: { orders, images } }));
    } catch (error) {
      showError(byId("form-error"), error.message);
    }
  }

  #seed() {
    const text = byId("seed").value.trim();
    if (text === "") return null;
    if (!/^\d+$/.test(text) || BigInt(text) > MAX_SEED) throw new Error("Seed: not a whole number from 0 to 9223372036854775807. Correct it, or clear the field.");
    return BigInt(text);
  }
}
