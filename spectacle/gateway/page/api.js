/** Speaks to the gateway: with the token, if one is needed, and with its errors in its own words. */

import { byId, el, recall, keep, showError } from "./dom.js";

/** An error that the gateway has answered. */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let token = sessionStorage.getItem("spectacle.token") ?? recall("token", null);
let asking = null;

/**
 * Send a request to the gateway, by a path relative to the page, so that a token in the page's path stays.
 *
 * @returns What it answers as JSON.
 * @throws {ApiError} With the gateway's own sentence.
 */
export async function api(path, { method = "GET", body = null, headers = {} } = {}) {
  for (;;) {
    const used = token;
    let response;
    try {
      response = await fetch(path, {
        method,
        body,
        headers: { ...headers, ...(used ? { authorization: `Bearer ${used}` } : {}) },
      });
    } catch {
      throw new ApiError(0, "unreachable", "The gateway cannot be reached. Check the network, or try again later.");
    }
    if (response.status === 401) {
      await signIn(used ? "This token is not valid any more." : null);
      continue;
    }
    const answer = response.headers.get("content-type")?.includes("json") ? parse(await response.text()) : {};
    if (!response.ok) {
      throw new ApiError(response.status, answer.code ?? "error", answer.detail ?? `The gateway answered ${response.status}.`);
    }
    byId("sign-out").hidden = !token;
    return answer;
  }
}

/** Seeds have up to 63 bits, which numbers here cannot hold: they are texts of digits on this page. */
const parse = (text) => JSON.parse(text.replace(/"seed":\s*(\d+)/g, '"seed":"$1"'));

/** JSON of options, with the seed as the number that it is. */
export const optionsJson = (options) => JSON.stringify(options).replace(/"seed":"(\d+)"/, '"seed":$1');

/** Ask for a token until there is one that the gateway accepts. All who wait share one question. */
function signIn(reason) {
  asking ??= ask(reason).finally(() => { asking = null; });
  return asking;
}

async function ask(reason) {
  const dialog = byId("sign-in");
  const field = el("input", { id: "token", type: "password", required: true, autocomplete: "current-password" });
  const stay = el("input", { type: "checkbox", checked: true });
  const wrong = el("p", { class: "error", role: "alert", hidden: true });
  const form = el("form", {},
    el("h2", { id: "sign-in-title" }, "Sign in"),
    el("p", { class: "hint" }, "This gateway needs a token. Whoever runs it can make one for you: spectacle gateway token add NAME."),
    el("div", { class: "field" }, el("label", { for: "token" }, "Token"), field),
    el("label", { class: "check" }, stay, "Stay signed in on this device"),
    wrong,
    el("button", { class: "primary", type: "submit" }, "Sign in"),
  );
  dialog.replaceChildren(form);
  showError(wrong, reason);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  field.focus();
  for (;;) {
    await new Promise((resolve) => {
      form.onsubmit = (event) => { event.preventDefault(); resolve(); };
    });
    const given = field.value.trim();
    const response = await fetch("v1/kinds", { headers: { authorization: `Bearer ${given}` } }).catch(() => null);
    if (response?.ok) {
      token = given;
      sessionStorage.setItem("spectacle.token", given);
      if (stay.checked) keep("token", given);
      dialog.close();
      return;
    }
    showError(wrong, response ? "Not a valid token. Check it, or ask for another one." : "The gateway cannot be reached.");
  }
}

/** Forget the token and start again. */
export function signOut() {
  sessionStorage.removeItem("spectacle.token");
  localStorage.removeItem("spectacle.token");
  localStorage.removeItem("spectacle.records");
  location.reload();
}

/** A key by which the gateway recognizes a request that had to be sent twice. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
