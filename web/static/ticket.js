// The ticket's page: its map, and its pictures over the whole page.

import { drawMap, pinIcon } from "./map.js";
import { view } from "./viewer.js";
import { told } from "./words.js";

const box = document.querySelector(".map");

if (box) {
  drawMap(box).then(({ L, map }) => {
    map.setView([told.lat, told.lon], told.tiles ? 16 : 13);
    map.scrollWheelZoom.disable(); // scrolling the page must not end on the map
    L.marker([told.lat, told.lon], { icon: pinIcon(L), interactive: false, keyboard: false, alt: "" }).addTo(map);
  }).catch(() => box.remove());
}

document.querySelectorAll("a[data-view]").forEach((link) =>
  link.addEventListener("click", (event) => {
    event.preventDefault();
    view(link.href, link.dataset.view, link.getAttribute("aria-label"));
  }),
);
