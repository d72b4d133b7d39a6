// Making elements. Text is always text: nothing that somebody wrote is ever read as HTML.

export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(name) {
  const SVG = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

export function unseen(text) {
  return make("span", { class: "unseen" }, text);
}

const TOKENS = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])|(?<=^|[\s(])(\/[\p{L}]{2,24}(?: [0-9A-Za-z]{4}-?[0-9A-Za-z]{3}\b)?)(?![\p{L}\d/])/gu;

// The text with its addresses as links and its /commands as buttons that call `run`.
export function rich(text, run) {
  const parts = document.createDocumentFragment();
  let from = 0;
  for (const found of text.matchAll(TOKENS)) {
    parts.append(text.slice(from, found.index));
    const [whole, address] = found;
    if (address) parts.append(make("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address));
    else parts.append(make("button", { type: "button", class: "command", onclick: () => run(whole) }, whole));
    from = found.index + whole.length;
  }
  parts.append(text.slice(from));
  return parts;
}

const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f|\s){1,12}$/u;

export function isOnlyEmoji(text) {
  return EMOJI.test(text) && /\p{Extended_Pictographic}/u.test(text);
}

// An address that a link may lead to: a page, never a script.
export function safeAddress(address) {
  try {
    const url = new URL(address, location.href);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
