// The page: its phones, which of them is in front, and how much has come that nobody has seen.

import { unseen } from "./dom.js";
import { prepareInvite } from "./invite.js";
import { Phone } from "./phone.js";
import { say } from "./words.js";

const wide = matchMedia("(min-width: 940px)");
const sections = [...document.querySelectorAll(".phone")];
const tabs = [...document.querySelectorAll("[data-tab]")];
const phones = sections.map((section) => new Phone(section));
const unread = new Map(phones.map((phone) => [phone.name, 0]));
const title = document.title;

function isInFront(phone) {
  return !document.hidden && (wide.matches || phone.root.classList.contains("shown"));
}

function bringToFront(name) {
  for (const phone of phones) phone.root.classList.toggle("shown", phone.name === name);
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.tab === name));
  document.querySelector(".skip").href = `#${name}-words`;
  phones.find((phone) => phone.name === name).log.toEnd();
  seen();
}

function seen() {
  for (const phone of phones) if (isInFront(phone)) unread.set(phone.name, 0);
  showUnread();
}

function showUnread() {
  for (const tab of tabs) {
    const count = unread.get(tab.dataset.tab);
    const badge = tab.querySelector(".unread");
    badge.hidden = !count;
    badge.replaceChildren(String(count), unseen(` ${say("unread")}`));
  }
  const total = [...unread.values()].reduce((sum, count) => sum + count, 0);
  document.title = total ? `(${total}) ${title}` : title;
}

for (const phone of phones) {
  phone.addEventListener("news", ({ detail }) => {
    if (isInFront(phone)) return;
    unread.set(phone.name, unread.get(phone.name) + detail);
    showUnread();
  });
  prepareInvite(phone);
}
tabs.forEach((tab) => tab.addEventListener("click", () => bringToFront(tab.dataset.tab)));
document.addEventListener("visibilitychange", seen);
wide.addEventListener("change", seen);
if (matchMedia("(hover: hover)").matches && !location.hash) phones[0].composer.words.focus();
