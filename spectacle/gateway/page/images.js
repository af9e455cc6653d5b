/** Places to drop, paste or choose images. */

import { el, toast } from "./dom.js";

const SENT_AS_THEY_ARE = ["image/png", "image/jpeg", "image/webp"];

/** The image as a file that can be attached: PNG, JPEG or WebP. Others are converted, if the browser can open them. */
async function attachable(file, mustBePng) {
  if (file.type === "image/png" || (!mustBePng && SENT_AS_THEY_ARE.includes(file.type))) return file;
  const bitmap = await createImageBitmap(file);
  const canvas = el("canvas", { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([blob], `${(file.name ?? "image").replace(/\.\w+$/, "")}.png`, { type: "image/png" });
}

/** A drop zone. Event: `change`. */
export class DropZone extends EventTarget {
  #files = [];
  #most = 1;

  /**
   * @param {HTMLElement} element Where it is.
   * @param {{label: string, png?: boolean}} about The id of its label, and whether only PNG is accepted.
   */
  constructor(element, { label, png = false }) {
    super();
    this.element = element;
    this.png = png;
    this.label = label;
    element.addEventListener("dragover", (event) => { event.preventDefault(); element.classList.add("over"); });
    element.addEventListener("dragleave", () => element.classList.remove("over"));
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      element.classList.remove("over");
      this.add([...event.dataTransfer.files]);
    });
    this.#show();
  }

  get files() {
    return [...this.#files];
  }

  get most() {
    return this.#most;
  }

  /** How many images it takes; what is too many is removed. */
  set most(count) {
    this.#most = count;
    if (this.#files.length > count) this.set(this.#files.slice(0, count));
    else this.#show();
  }

  /** Replace the images. */
  set(files) {
    this.#files = files;
    this.#show();
    this.dispatchEvent(new Event("change"));
  }

  /** Add images; the last ones replace what would be too many. */
  async add(files) {
    const added = [];
    for (const file of files) {
      try {
        added.push(await attachable(file, this.png));
      } catch {
        toast(`${file.name ?? "The file"}: not an image that this browser can open`);
      }
    }
    if (!added.length) return;
    const all = this.#most === 1 ? added.slice(-1) : [...this.#files, ...added];
    if (all.length > this.#most) toast(`At most ${this.#most} images`);
    this.set(all.slice(0, this.#most));
  }

  #show() {
    const thumbs = this.#files.map((file, number) => {
      const url = URL.createObjectURL(file);
      const image = el("img", { src: url, alt: `Image ${number + 1}: ${file.name ?? "pasted"}` });
      image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
      const remove = el("button", { type: "button", "aria-label": `Remove image ${number + 1}`, onclick: () => this.#remove(number) }, "×");
      return el("span", { class: "thumb" }, image, remove);
    });
    const room = this.#files.length < this.#most || this.#most === 1;
    const input = el("input", {
      type: "file", accept: "image/*", multiple: this.#most > 1, "aria-labelledby": this.label,
      onchange: () => this.add([...input.files]),
    });
    const words = this.#files.length
      ? el("span", {}, el("b", {}, this.#most === 1 ? "Choose another" : "Add more"))
      : el("span", {}, el("b", {}, this.#most === 1 ? "Choose an image" : "Choose images"), ", drop or paste here");
    this.element.replaceChildren(...thumbs, ...(room ? [el("label", { class: "pick" }, input, words)] : []));
  }

  #remove(number) {
    this.set(this.#files.filter((_, each) => each !== number));
    this.element.querySelector("input, button")?.focus();
  }
}
