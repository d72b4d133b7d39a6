// A picture or a film over the whole page.

import { make } from "./dom.js";

const dialog = document.querySelector("dialog.viewer");
const shown = dialog.querySelector(".shown");

export function view(url, kind, name) {
  const film = kind === "video";
  shown.replaceChildren(film ? make("video", { src: url, controls: true, "aria-label": name }) : make("img", { src: url, alt: name }));
  dialog.showModal();
}

dialog.querySelector('[data-do="close"]').addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => shown.replaceChildren());
shown.addEventListener("click", (event) => event.target === shown && dialog.close());
