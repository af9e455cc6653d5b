/** The kinds that are served, and choosing one. */

import { api } from "./api.js";
import { el } from "./dom.js";

/** The kinds and the name of the default one. */
export async function loadKinds() {
  const answer = await api("v1/kinds");
  return { kinds: answer.kinds, standard: answer.default };
}

/** Most input images that a kind takes; none when that is not known. */
export const mostImages = (kind) => kind?.inputs?.images?.[1] ?? 0;

/** Fewest input images that a kind needs. */
export const leastImages = (kind) => kind?.inputs?.images?.[0] ?? 0;

export const makesSvg = (kind) => kind?.media_type === "image/svg+xml";

/** Fill a selection with kinds; those that cannot be served are shown, but cannot be chosen. */
export function fillKinds(select, kinds, chosen) {
  select.replaceChildren(...kinds.map((kind) => {
    const missing = kind.servable === false;
    return el("option", { value: kind.name, disabled: missing }, missing ? `${kind.name} (not available)` : kind.name);
  }));
  if (kinds.some((kind) => kind.name === chosen && kind.servable !== false)) select.value = chosen;
}

/** A sentence about a kind. */
export function aboutKind(kind) {
  if (!kind) return "";
  const form = makesSvg(kind) ? "SVG" : kind.media_type === "image/png" ? "PNG" : null;
  const made = [form, kind.generator && `by ${kind.generator}${kind.preset ? `, ${kind.preset}` : ""}`].filter(Boolean).join(" ");
  return [made, kind.problem].filter(Boolean).join(". ");
}
