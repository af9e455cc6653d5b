/** Fields for the options of a generator, made from their JSON Schema. */

import { el } from "./dom.js";

/** Options that have a place of their own on the page, or that it sets itself. */
const ELSEWHERE = new Set(["seed", "progress", "png", "previews", "return_png", "output_format"]);

/** What a property may be: the alternatives of `anyOf`, references followed, without null. */
function forms(property, definitions) {
  const found = [];
  const open = [property];
  for (let count = 0; open.length && count < 50; count += 1) {
    let form = open.shift();
    if (form.$ref) form = { ...form, ...definitions[form.$ref.split("/").pop()] };
    if (form.anyOf) open.push(...form.anyOf);
    else if (form.type !== "null") found.push(form);
  }
  return found;
}

const title = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

/** The fields of one kind. */
export class OptionFields {
  #fields = new Map();

  /**
   * @param {HTMLElement} parent Where they go; what was there is removed.
   * @param {object|null} schema The JSON Schema, or null when it is not known.
   * @param {string} prefix Makes their ids different from those of other fields.
   * @param {() => void} changed Called when one has been changed.
   */
  constructor(parent, schema, prefix, changed = () => {}) {
    const definitions = schema?.$defs ?? {};
    const properties = Object.entries(schema?.properties ?? {}).filter(([name]) => !ELSEWHERE.has(name));
    parent.replaceChildren(
      ...properties.map(([name, property]) => {
        const field = fieldFor(name, property, forms(property, definitions), `${prefix}-${name}`);
        this.#fields.set(name, field);
        field.element.addEventListener("input", changed);
        return field.element;
      }),
    );
    if (!properties.length) parent.append(el("p", { class: "hint" }, schema ? "This kind has no options." : "The options are not known yet."));
  }

  get size() {
    return this.#fields.size;
  }

  /** Whether there is such an option. */
  has(name) {
    return this.#fields.has(name);
  }

  /**
   * The options that differ from their defaults.
   *
   * @throws {Error} With a sentence, when a field holds what it cannot.
   */
  values() {
    const found = {};
    for (const [name, field] of this.#fields) {
      const value = field.read();
      if (value !== undefined) found[name] = value;
    }
    return found;
  }

  /** Fill the fields: those that are named get the value, the others their default. */
  fill(values) {
    for (const [name, field] of this.#fields) field.write(values[name]);
  }
}

function fieldFor(name, property, alternatives, id) {
  const form = alternatives[0] ?? {};
  const standard = property.default ?? form.default;
  const hint = property.description ?? form.description;
  const described = hint ? { "aria-describedby": `${id}-hint` } : {};
  const note = hint ? el("p", { class: "hint", id: `${id}-hint` }, plain(hint)) : null;
  const label = el("label", { for: id }, title(name));
  const choices = form.enum ?? (form.const !== undefined && alternatives.length > 1 ? alternatives.map((each) => each.const) : pattern(form));
  if (choices) return choiceField(id, label, note, described, choices, standard);
  if (form.type === "boolean") return switchField(id, label, note, described, standard);
  if (form.type === "integer" || form.type === "number") return numberField(name, id, label, note, described, form, standard);
  if (form.type === "string") return textField(id, label, note, described, form, standard);
  return jsonField(name, id, label, note, described, standard);
}

/** Descriptions are written for the documentation, with code in backquotes. */
const plain = (text) => text.replaceAll("`", "");

/** The words that a pattern allows, when it is nothing but words. */
function pattern(form) {
  const match = /^\^\(([\w-]*(?:\|[\w-]*)+)\)\$$/.exec(form.pattern ?? "");
  return match ? match[1].split("|").filter(Boolean) : null;
}

function choiceField(id, label, note, described, choices, standard) {
  const select = el("select", { id, ...described },
    el("option", { value: "" }, standard === null || standard === undefined || standard === "" ? "Default" : `Default (${standard})`),
    ...choices.map((choice) => el("option", { value: String(choice) }, String(choice))));
  return {
    element: el("div", { class: "field" }, label, select, note),
    read: () => (select.value === "" ? undefined : choices.find((choice) => String(choice) === select.value)),
    write: (value) => { select.value = value === undefined || value === null || value === standard ? "" : String(value); },
  };
}

function switchField(id, label, note, described, standard) {
  const box = el("input", { id, type: "checkbox", ...described });
  box.checked = Boolean(standard);
  return {
    element: el("div", { class: "switch" }, box, label, note),
    read: () => (box.checked === Boolean(standard) ? undefined : box.checked),
    write: (value) => { box.checked = Boolean(value ?? standard); },
  };
}

function numberField(name, id, label, note, described, form, standard) {
  const low = form.minimum ?? form.exclusiveMinimum;
  const high = form.maximum ?? form.exclusiveMaximum;
  const step = form.type === "integer" ? 1 : "any";
  const number = el("input", { id, type: "number", step: String(step), placeholder: standard === null || standard === undefined ? "default" : String(standard), ...described });
  if (form.minimum !== undefined) number.min = form.minimum;
  if (form.maximum !== undefined) number.max = form.maximum;
  let control = number;
  if (low !== undefined && high !== undefined && high - low <= 1000) {
    const fine = form.type === "integer" ? 1 : (high - low) / 100;
    const range = el("input", { type: "range", min: String(low), max: String(high), step: String(fine), "aria-label": `${title(name)}, slider` });
    range.value = standard ?? low;
    range.addEventListener("input", () => { number.value = Number(Number(range.value).toFixed(4)); });
    number.addEventListener("input", () => { range.value = number.value === "" ? standard ?? low : number.value; });
    control = el("div", { class: "range" }, range, number);
  }
  return {
    element: el("div", { class: "field" }, label, control, note),
    read: () => {
      if (!number.validity.valid) throw new Error(`${title(name)}: ${number.validationMessage}`);
      const value = number.value === "" ? undefined : Number(number.value);
      return value === standard ? undefined : value;
    },
    write: (value) => {
      number.value = value === undefined || value === null || value === standard ? "" : value;
      number.dispatchEvent(new Event("input"));
    },
  };
}

function textField(id, label, note, described, form, standard) {
  const long = !form.maxLength || form.maxLength > 100;
  const input = el(long ? "textarea" : "input", { id, placeholder: standard ? String(standard) : null, maxlength: form.maxLength ? String(form.maxLength) : null, rows: long ? "2" : null, ...described });
  return {
    element: el("div", { class: "field" }, label, input, note),
    read: () => (input.value === "" ? undefined : input.value),
    write: (value) => { input.value = value === standard ? "" : value ?? ""; },
  };
}

function jsonField(name, id, label, note, described, standard) {
  const area = el("textarea", { id, rows: "2", spellcheck: "false", placeholder: standard ? JSON.stringify(standard) : "JSON", ...described });
  return {
    element: el("div", { class: "field" }, label, area, note),
    read: () => {
      if (area.value.trim() === "") return undefined;
      try {
        return JSON.parse(area.value);
      } catch {
        throw new Error(`${title(name)}: not valid JSON. Correct it, or clear the field.`);
      }
    },
    write: (value) => { area.value = value === undefined || value === null ? "" : JSON.stringify(value); },
  };
}
