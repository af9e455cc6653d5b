/** Making and finding elements, and telling people what has happened. */

/** The element of an id. */
export const byId = (id) => document.getElementById(id);

/**
 * Make an element.
 *
 * @param {string} tag Its tag.
 * @param {object} properties Properties and attributes; `on…` functions become listeners, `class` the class, null is left out.
 * @param {...(Node|string|null)} children What is in it.
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A small rectangle with the proportions of a size. */
export function shape(width, height, side = 16) {
  const box = el("span", { class: "shape", "aria-hidden": "true" });
  const scale = side / Math.max(width, height);
  box.style.width = `${Math.max(4, width * scale)}px`;
  box.style.height = `${Math.max(4, height * scale)}px`;
  return box;
}

/** Show a short message at the bottom for a while; screen readers say it. */
export function toast(message) {
  const line = el("p", {}, message);
  byId("toasts").append(line);
  setTimeout(() => line.remove(), 5000);
}

/** Show a message in an element of the class `error`, or hide it. */
export function showError(element, message) {
  element.textContent = message ?? "";
  element.hidden = !message;
}

/** A length of time in words. */
export function seconds(value) {
  if (value < 90) return `${Math.max(1, Math.round(value))} s`;
  if (value < 5400) return `${Math.round(value / 60)} min`;
  return `${Math.round(value / 3600)} h`;
}

/** Copy a text, also where the clipboard's own interface is not available (plain HTTP from another machine). */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { readonly: true });
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(`${what} copied`);
}

/** What is kept on this device under a name, or a default when there is nothing or it cannot be read. */
export function recall(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`spectacle.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Keep a value on this device. Where the browser does not allow that, it is forgotten when the page is left. */
export function keep(name, value) {
  try {
    localStorage.setItem(`spectacle.${name}`, JSON.stringify(value));
  } catch {
    /* private windows and full storage */
  }
}
