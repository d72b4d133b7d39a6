// Where one writes: words, files in the tray, a place, what is answered.

import { icon, make, unseen } from "./dom.js";
import { canLocate, choosePlace, locate } from "./place.js";
import { shorten } from "./log.js";
import { megabytes, say, told } from "./words.js";

const MOST_FILES = 10;

export class Composer {
  // `send` takes {text, files, place, replyTo}.
  constructor(form, send) {
    this.form = form;
    this.send = send;
    this.words = form.querySelector("textarea");
    this.tray = form.querySelector(".tray");
    this.menu = form.querySelector(".menu");
    this.menuButton = form.querySelector(".attach > button");
    this.trouble = form.querySelector(".trouble");
    this.answering = form.querySelector(".answering");
    this.hints = form.querySelector(".hints");
    this.files = [];
    this.replyTo = null;
    this.listen();
  }

  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
    });
    this.words.addEventListener("input", () => this.grow());
    this.words.addEventListener("paste", (event) => this.take(event.clipboardData.files, event));
    this.menuButton.addEventListener("click", () => this.openMenu(this.menu.hidden));
    this.menu.addEventListener("click", (event) => this.attach(event.target.closest("[data-attach]")?.dataset.attach));
    this.form.addEventListener("keydown", (event) => event.key === "Escape" && this.escape());
    document.addEventListener("click", (event) => this.menu.parentElement.contains(event.target) || this.openMenu(false));
    this.form.querySelectorAll("input[type=file]").forEach((input) =>
      input.addEventListener("change", () => {
        this.take(input.files);
        input.value = "";
      }),
    );
    this.answering.querySelector("button").addEventListener("click", () => this.answer(null));
  }

  submit() {
    const text = this.words.value.trim();
    if (!text && !this.files.length) return;
    const files = this.files;
    this.say({ text, files: files.map(({ file }) => file) });
    this.words.value = "";
    this.files = [];
    this.drawTray();
    this.grow();
    this.words.focus();
  }

  say(message) {
    this.send({ ...message, replyTo: this.replyTo?.key });
    this.answer(null);
    this.trouble.textContent = "";
  }

  escape() {
    if (!this.menu.hidden) {
      this.openMenu(false);
      this.menuButton.focus();
    } else {
      this.answer(null);
    }
  }

  // As tall as its words, up to what the style allows.
  grow() {
    this.words.style.height = "auto";
    this.words.style.height = `${this.words.scrollHeight + 3}px`;
  }

  openMenu(open) {
    this.menu.hidden = !open;
    this.menuButton.setAttribute("aria-expanded", String(open));
    if (open) this.menu.querySelector("button").focus();
  }

  attach(what) {
    if (!what) return;
    this.openMenu(false);
    if (what === "place") this.askPlace();
    else this.form.querySelector(`[data-input="${what}"]`).click();
  }

  async askPlace() {
    const place = await choosePlace();
    if (place) this.say({ place });
    this.words.focus();
  }

  async sendHere() {
    this.trouble.textContent = say("place-looking");
    try {
      this.say({ place: await locate() });
    } catch (error) {
      this.trouble.textContent = error.message;
    }
  }

  take(list, event) {
    const files = [...(list ?? [])];
    if (!files.length) return;
    event?.preventDefault();
    this.trouble.textContent = "";
    for (const file of files) {
      if (file.size > told.mostBytes) this.trouble.textContent = say("too-large", { most: megabytes(told.mostBytes) });
      else if (this.files.length >= MOST_FILES) this.trouble.textContent = say("too-many", { n: MOST_FILES });
      else this.files.push({ file, url: file.type.startsWith("image/") ? URL.createObjectURL(file) : null });
    }
    this.drawTray();
    this.words.focus();
  }

  drawTray() {
    this.tray.hidden = !this.files.length;
    this.tray.replaceChildren(...this.files.map((one) => this.drawFile(one)));
  }

  drawFile(one) {
    const remove = () => {
      if (one.url) URL.revokeObjectURL(one.url);
      this.files = this.files.filter((other) => other !== one);
      this.drawTray();
      (this.tray.querySelector("button") ?? this.words).focus();
    };
    const face = one.url ? make("img", { src: one.url, alt: one.file.name }) : make("span", {}, shorten(one.file.name).slice(0, 40));
    return make("li", {}, face, make("button", { type: "button", onclick: remove }, icon("close"), unseen(say("tray-remove", { name: one.file.name }))));
  }

  // The bot's line that the next message answers.
  answer(line) {
    this.replyTo = line;
    this.answering.hidden = !line;
    this.answering.querySelector("span").textContent = line ? shorten(line.text ?? "") : "";
    if (line) this.words.focus();
  }

  // What the bot waits for now gets a short cut of its own.
  hint(wants) {
    const offered = { place: [["pin", "hint-map", () => this.askPlace()]], photos: [["camera", "hint-camera", () => this.attach("camera")], ["picture", "hint-gallery", () => this.attach("gallery")]] }[wants] ?? [];
    if (wants === "place" && canLocate()) offered.push(["here", "hint-here", () => this.sendHere()]);
    this.hints.hidden = !offered.length;
    this.hints.replaceChildren(...offered.map(([picture, words, act]) => make("button", { type: "button", class: "quick", onclick: act }, icon(picture), say(words))));
  }
}
