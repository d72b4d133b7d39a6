// One phone's line to the server: opens, reopens, and sends what is unsent, one message at a time and in order.

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 15000;
const ACK_PATIENCE = 12000;
// A short break is nobody's business; after this the page says that it is connecting.
const QUIET_BREAK = 1200;

export class Connection extends EventTarget {
  constructor(phone) {
    super();
    this.phone = phone;
    this.cursor = "";
    this.queue = [];
    this.failures = 0;
    this.waiting = null;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    // A page that the browser has put aside and brings back has lost its socket without a word.
    addEventListener("pageshow", (event) => event.persisted && this.hurry());
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/chat/ws?phone=${this.phone}&after=${this.cursor}`);
    let opened = false;
    this.socket = socket;
    this.quiet ??= setTimeout(() => this.tellState("connecting"), QUIET_BREAK);
    socket.onopen = () => {
      opened = true;
      this.failures = 0;
      clearTimeout(this.quiet);
      this.quiet = null;
      this.tellState("open");
      this.waiting = null;
      this.flush();
    };
    socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    socket.onclose = () => this.socket === socket && this.reopen(opened);
  }

  // Wait longer each time, never all pages at once; a socket that never opened may lack a good cookie.
  async reopen(opened) {
    this.socket = null;
    clearTimeout(this.patience);
    this.quiet ??= setTimeout(() => this.tellState("connecting"), QUIET_BREAK);
    if (!opened && this.failures > 0) {
      await fetch("/chat/session", { method: "POST" }).catch(() => null);
    }
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures) * (0.5 + Math.random());
    this.failures += 1;
    this.timer = setTimeout(() => this.open(), pause);
  }

  hurry() {
    if (this.socket) return;
    clearTimeout(this.timer);
    this.failures = 0;
    this.open();
  }

  hear(frame) {
    if (frame.lines) {
      this.cursor = frame.cursor ?? this.cursor;
      this.tell("lines", frame);
    }
    if (frame.ack) this.settle(frame.ack, "ack");
    if (frame.told) this.tell("told", { id: frame.ack, words: frame.told });
    if (frame.refused) this.settle(frame.refused, "refused");
    const again = frame.slow ?? frame.later;
    if (again) {
      this.tell(frame.slow ? "slow" : "later", { id: again });
      clearTimeout(this.patience);
      setTimeout(() => this.release(again), frame.after * 1000);
    }
  }

  settle(id, what) {
    this.queue = this.queue.filter((message) => message.id !== id);
    this.release(id);
    this.tell(what, { id });
  }

  release(id) {
    if (this.waiting !== id) return;
    this.waiting = null;
    clearTimeout(this.patience);
    this.flush();
  }

  send(message) {
    this.queue.push(message);
    this.flush();
  }

  flush() {
    if (this.waiting || !this.queue.length || this.socket?.readyState !== WebSocket.OPEN) return;
    const message = this.queue[0];
    this.waiting = message.id;
    const { at, ...said } = message;
    this.socket.send(JSON.stringify(said));
    this.tell("sent", { id: message.id });
    // No answer: this line is dead, whatever the browser believes.
    this.patience = setTimeout(() => this.socket?.close(), ACK_PATIENCE);
  }

  tellState(state) {
    this.tell("state", state);
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
