// One phone: its line to the server, its conversation and its composer, put together.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Log } from "./log.js";
import { Unsent, newId } from "./unsent.js";
import { UploadError, upload } from "./uploads.js";
import { say } from "./words.js";

// The bot usually answers at once; dots that stay longer than this would be a lie.
const TYPING_MS = 9000;
// A slow reader reads ten letters a second, after she has looked there.
const TOAST_MS = 3000;
const TOAST_MS_LETTER = 100;

export class Phone extends EventTarget {
  constructor(root) {
    super();
    this.name = root.dataset.phone;
    this.root = root;
    this.unsent = new Unsent(this.name);
    this.connection = new Connection(this.name);
    this.log = new Log(root.querySelector(".log"), {
      tap: (option, line) => this.say({ tap: option.tap, on: line.key, label: option.icon ? `${option.icon} ${option.label}` : option.label }),
      command: (text) => this.say({ text }),
      reply: (line) => this.composer.answer(line),
      again: (line) => this.retry(line),
    });
    this.composer = new Composer(root.querySelector(".composer"), (message) => this.say(message));
    this.sending = Promise.resolve();
    this.listen();
    this.resume();
    this.connection.open();
  }

  listen() {
    const on = (name, act) => this.connection.addEventListener(name, (event) => act(event.detail));
    on("state", (state) => this.showState(state));
    on("lines", (frame) => this.show(frame));
    on("sent", ({ id }) => this.mark(id, "sent"));
    on("ack", ({ id }) => this.acknowledged(id));
    on("told", ({ id, words }) => this.tell(id, words));
    on("refused", ({ id }) => this.fail(id, say("not-taken")));
    on("slow", () => (this.composer.trouble.textContent = say("slow")));
    on("later", ({ id }) => this.mark(id, "waiting"));
    this.root.querySelector(".toast").addEventListener("click", (event) => (event.target.textContent = ""));
    this.root.querySelector(".latest").addEventListener("click", () => this.log.toEnd());
    this.log.root.addEventListener("scroll", () => this.showLatest(), { passive: true });
    this.root.querySelectorAll("[data-say]").forEach((button) => button.addEventListener("click", () => this.say({ text: button.dataset.say })));
    this.listenToDrops();
  }

  listenToDrops() {
    const over = (on) => (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.root.classList.toggle("dropping", on);
    };
    this.root.addEventListener("dragover", over(true));
    this.root.addEventListener("dragleave", over(false));
    this.root.addEventListener("drop", (event) => {
      over(false)(event);
      this.composer.take(event.dataTransfer.files);
    });
  }

  // What an earlier page could not send.
  resume() {
    for (const message of this.unsent.all()) {
      this.draw(message, []);
      this.connection.send(message);
    }
  }

  // Say something: on the screen at once, to the server as soon as its files are there, in the order it was said.
  say({ text = "", tap, on: line, label, place, files = [], replyTo }) {
    const message = { id: newId(), at: Date.now() / 1000 };
    Object.assign(message, text && { text }, tap && { tap, label, on: line }, place && { place }, replyTo && { reply_to: replyTo });
    this.draw(message, files);
    this.log.toEnd();
    this.hold(message, files);
    return message.id;
  }

  hold(message, files) {
    this.sending = this.sending.then(async () => {
      try {
        if (files.length) message.uploads = await this.uploadAll(message.id, files);
      } catch (error) {
        if (!(error instanceof UploadError)) throw error;
        this.fail(message.id, error.message);
        return;
      }
      this.unsent.keep(message);
      this.connection.send(message);
    });
  }

  async uploadAll(id, files) {
    const sent = [];
    for (const [number, file] of files.entries()) {
      const ref = await upload(this.name, file, (part) => this.showProgress(id, number, part));
      sent.push({ ref, mime: file.type });
      this.showProgress(id, number, undefined);
    }
    return sent;
  }

  showProgress(id, number, part) {
    const known = this.log.lines.get(id);
    const bar = known?.element.querySelectorAll(".file")[number]?.querySelector("progress");
    if (part !== undefined && bar) bar.value = part;
    if (part !== undefined) return;
    bar?.remove();
    // The line is drawn anew when it has arrived, and has no bar then either.
    delete known?.line.files?.[number]?.progress;
  }

  draw(message, files) {
    const shown = files.map((file) => ({ kind: kindOf(file.type), status: "here", url: URL.createObjectURL(file), progress: 0 }));
    const remembered = (message.uploads ?? []).map(({ mime }) => ({ kind: kindOf(mime), status: "pending" }));
    const line = { key: message.id, at: message.at, mine: true, state: "waiting", text: message.text ?? message.label, place: message.place, files: shown.length ? shown : remembered, replyTo: message.reply_to };
    this.log.add([line]);
    this.changed();
  }

  show({ lines, fresh }) {
    const news = fresh ? [] : lines.filter((line) => !line.mine && !this.log.lines.has(line.key));
    for (const line of lines) if (line.mine) line.state = "stored";
    if (fresh) this.log.replace(lines);
    else this.log.add(lines);
    if (lines.some((line) => !line.mine)) this.setTyping(false);
    this.changed();
    if (news.length) this.dispatchEvent(new CustomEvent("news", { detail: news.length }));
  }

  changed() {
    const line = this.log.last((each) => !each.mine);
    const mine = this.log.last((each) => each.mine);
    this.composer.hint(line && !(mine?.at > line.at && mine.state !== "failed") ? line.wants : "");
    this.root.querySelector(".welcome").hidden = this.log.lines.size > 0;
    this.showLatest();
    this.dispatchEvent(new Event("changed"));
  }

  showLatest() {
    this.root.querySelector(".latest").hidden = this.log.following;
  }

  showState(state) {
    const element = this.root.querySelector(".state");
    element.dataset.state = state;
    element.textContent = say(state === "open" ? "online" : "connecting");
  }

  acknowledged(id) {
    this.unsent.drop(id);
    this.composer.trouble.textContent = "";
    this.mark(id, "stored");
    if (this.log.last(() => true)?.key === id) this.setTyping(true);
  }

  // Said in passing to a tap: what it did is seen on the card that was tapped, so that the tap itself leaves no line.
  tell(id, words) {
    const toast = this.root.querySelector(".toast");
    clearTimeout(this.toastTimer);
    toast.textContent = words;
    this.toastTimer = setTimeout(() => (toast.textContent = ""), TOAST_MS + words.length * TOAST_MS_LETTER);
    this.log.remove(id);
    this.changed();
  }

  mark(id, state) {
    if (this.log.lines.get(id)?.line.state !== "stored") this.log.change(id, { state });
  }

  fail(id, reason) {
    this.unsent.drop(id);
    this.log.change(id, { state: "failed", reason });
  }

  // A message that failed goes back to the composer's hands as a new one.
  retry(line) {
    this.log.remove(line.key);
    this.composer.words.value = line.text ?? "";
    this.composer.grow();
    this.composer.words.focus();
  }

  setTyping(on) {
    clearTimeout(this.typingTimer);
    this.log.showTyping(on);
    if (on) this.typingTimer = setTimeout(() => this.log.showTyping(false), TYPING_MS);
  }
}

function kindOf(mime) {
  return { image: "photo", video: "video", audio: "voice" }[mime.split("/")[0]] ?? "document";
}
