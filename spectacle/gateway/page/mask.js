/** Painting a mask over an image, with mouse, finger, pen or keyboard. */

import { byId, el } from "./dom.js";

const HISTORY = 20;

/** Most pixels of a side while painting; the mask is enlarged to the image's size at the end. */
const WORKING_SIDE = 1600;

/**
 * Let somebody paint a mask.
 *
 * @param {Blob} image The image it is for; the mask gets the same size.
 * @param {Blob|null} before A mask to go on with.
 * @returns {Promise<File|null|undefined>} The mask as a PNG, white where the image is to be changed; null when nothing is
 *   painted, undefined when it was cancelled.
 */
export async function paintMask(image, before) {
  const full = await createImageBitmap(image);
  const scale = Math.min(1, WORKING_SIDE / Math.max(full.width, full.height));
  const width = Math.max(1, Math.round(full.width * scale));
  const height = Math.max(1, Math.round(full.height * scale));
  const bitmap = await createImageBitmap(image, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
  const mask = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (before) {
    const old = await createImageBitmap(before);
    mask.drawImage(old, 0, 0, width, height);
    toAlpha(mask, width, height);
  }
  return new Painter(bitmap, mask, full).run();
}

/** Black and white to transparent and white, so that it can be laid over the image. */
function toAlpha(context, width, height) {
  const data = context.getImageData(0, 0, width, height);
  for (let i = 0; i < data.data.length; i += 4) {
    data.data[i + 3] = data.data[i];
    data.data.fill(255, i, i + 3);
  }
  context.putImageData(data, 0, 0);
}

class Painter {
  #history = [];
  #last = null;
  #erasing = false;
  #key = false;

  constructor(bitmap, mask, full) {
    this.bitmap = bitmap;
    this.full = full;
    this.mask = mask;
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.cursor = { x: this.width / 2, y: this.height / 2 };
  }

  async run() {
    const dialog = byId("painter");
    this.canvas = el("canvas", {
      width: this.width, height: this.height, tabindex: "0", role: "application",
      "aria-label": "The image. Move with the arrow keys, hold the space bar to paint, press E to erase or paint.",
    });
    this.view = this.canvas.getContext("2d");
    this.size = el("input", { type: "range", min: "1", max: "100", value: "30", id: "brush" });
    this.erase = el("button", { type: "button", "aria-pressed": "false", onclick: () => this.#toggle() }, "Eraser");
    const undo = el("button", { type: "button", onclick: () => this.#undo() }, "Undo");
    const clear = el("button", { type: "button", onclick: () => { this.#save(); this.mask.clearRect(0, 0, this.width, this.height); this.#show(); } }, "Clear");
    const invert = el("button", { type: "button", onclick: () => this.#invert() }, "Invert");
    const cancel = el("button", { type: "button", class: "quiet", onclick: () => dialog.close("") }, "Cancel");
    const use = el("button", { type: "button", class: "primary", onclick: () => dialog.close("use") }, "Use this mask");
    dialog.replaceChildren(
      el("h2", { id: "painter-title" }, "Paint what to change"),
      el("p", { class: "hint" }, "Painted parts are changed, the rest is kept. By keyboard: arrow keys move, the space bar paints, E switches the eraser."),
      el("div", { class: "stage" }, this.canvas),
      el("div", { class: "tools" }, el("label", { for: "brush" }, "Brush", this.size), this.erase, undo, clear, invert,
        el("span", { class: "end" }, cancel, use)),
    );
    this.#listen();
    dialog.returnValue = "";
    dialog.showModal();
    this.#show();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    return dialog.returnValue === "use" ? this.#result() : undefined;
  }

  get radius() {
    return Math.max(1, (Number(this.size.value) / 400) * Math.max(this.width, this.height));
  }

  #listen() {
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return { x: ((event.clientX - box.left) / box.width) * this.width, y: ((event.clientY - box.top) / box.height) * this.height };
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.canvas.focus();
      this.canvas.setPointerCapture(event.pointerId);
      this.#save();
      this.#last = at(event);
      this.#stroke(this.#last, this.#last);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      this.cursor = at(event);
      if (this.#last) {
        this.#stroke(this.#last, this.cursor);
        this.#last = this.cursor;
      } else this.#show();
    });
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => { this.#last = null; });
    this.canvas.addEventListener("keydown", (event) => this.#press(event));
    this.canvas.addEventListener("keyup", (event) => { if (event.key === " ") this.#key = false; });
  }

  #press(event) {
    const by = Math.max(1, this.radius / 2);
    const move = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[event.key];
    if (move) {
      const from = this.cursor;
      this.cursor = { x: clamp(from.x + move[0], this.width), y: clamp(from.y + move[1], this.height) };
      if (this.#key) this.#stroke(from, this.cursor);
      else this.#show();
    } else if (event.key === " ") {
      if (!this.#key) this.#save();
      this.#key = true;
      this.#stroke(this.cursor, this.cursor);
    } else if (event.key.toLowerCase() === "e") this.#toggle();
    else return;
    event.preventDefault();
  }

  #toggle() {
    this.#erasing = !this.#erasing;
    this.erase.setAttribute("aria-pressed", String(this.#erasing));
    this.erase.classList.toggle("on", this.#erasing);
  }

  #stroke(from, to) {
    this.mask.globalCompositeOperation = this.#erasing ? "destination-out" : "source-over";
    this.mask.strokeStyle = "#fff";
    this.mask.lineCap = "round";
    this.mask.lineWidth = this.radius * 2;
    this.mask.beginPath();
    this.mask.moveTo(from.x, from.y);
    this.mask.lineTo(to.x + 0.01, to.y);
    this.mask.stroke();
    this.mask.globalCompositeOperation = "source-over";
    this.#show();
  }

  #show() {
    const { view, width, height } = this;
    view.globalCompositeOperation = "source-over";
    view.drawImage(this.bitmap, 0, 0);
    const tint = new OffscreenCanvas(width, height).getContext("2d");
    tint.fillStyle = "#5b6cf0";
    tint.fillRect(0, 0, width, height);
    tint.globalCompositeOperation = "destination-in";
    tint.drawImage(this.mask.canvas, 0, 0);
    view.globalAlpha = 0.6;
    view.drawImage(tint.canvas, 0, 0);
    view.globalAlpha = 1;
    view.lineWidth = Math.max(1, Math.max(width, height) / 500);
    for (const [colour, more] of [["#000", view.lineWidth], ["#fff", 0]]) {
      view.strokeStyle = colour;
      view.beginPath();
      view.arc(this.cursor.x, this.cursor.y, this.radius + more, 0, Math.PI * 2);
      view.stroke();
    }
  }

  #save() {
    this.#history.push(this.mask.getImageData(0, 0, this.width, this.height));
    if (this.#history.length > HISTORY) this.#history.shift();
  }

  #undo() {
    const before = this.#history.pop();
    if (before) this.mask.putImageData(before, 0, 0);
    this.#show();
  }

  #invert() {
    this.#save();
    const data = this.mask.getImageData(0, 0, this.width, this.height);
    for (let i = 3; i < data.data.length; i += 4) {
      data.data[i] = 255 - data.data[i];
      data.data.fill(255, i - 3, i);
    }
    this.mask.putImageData(data, 0, 0);
    this.#show();
  }

  async #result() {
    const data = this.mask.getImageData(0, 0, this.width, this.height).data;
    let painted = false;
    for (let i = 3; i < data.length && !painted; i += 4) painted = data[i] > 127;
    if (!painted) return null;
    const { width, height } = this.full;
    const canvas = new OffscreenCanvas(width, height);
    const flat = canvas.getContext("2d");
    flat.fillStyle = "#000";
    flat.fillRect(0, 0, width, height);
    flat.drawImage(this.mask.canvas, 0, 0, width, height);
    return new File([await canvas.convertToBlob({ type: "image/png" })], "mask.png", { type: "image/png" });
  }
}

const clamp = (value, most) => Math.min(most, Math.max(0, value));
