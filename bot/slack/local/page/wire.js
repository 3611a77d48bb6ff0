// The server's side of the page: one state, five things to post, one stream of events.

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 8000;

export async function post(path, body) {
  const response = await fetch(`/play/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({ ok: false }));
  if (!response.ok || answer.ok === false) throw new Error(answer.error ?? `HTTP ${response.status}`);
  return answer;
}

async function state(as) {
  const response = await fetch(`/play/state${as ? `?as=${encodeURIComponent(as)}` : ""}`);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

/** Events as one person sees them, for as long as nobody closes it. Whenever the connection stands anew, the whole
 * state is read first; what happens meanwhile is kept and told after it, so that nothing is lost between the two. */
export class Live {
  constructor({ as, onState, onEvent, onUp }) {
    Object.assign(this, { as, onState, onEvent, onUp });
    this.pause = FIRST_PAUSE_MS;
    this.closed = false;
    this.timer = null;
    this.socket = null;
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/play/live?as=${encodeURIComponent(this.as)}`);
    let early = [];
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      if (this.closed) return;
      const event = JSON.parse(data);
      if (early) early.push(event);
      else this.onEvent(event);
    };
    socket.onopen = async () => {
      try {
        const fresh = await state(this.as);
        if (this.closed || socket !== this.socket) return;
        this.pause = FIRST_PAUSE_MS;
        this.onState(fresh);
        early.forEach(this.onEvent);
        early = null;
        this.onUp(true);
      } catch {
        socket.close();
      }
    };
    socket.onclose = () => this.lost(socket);
  }

  lost(socket) {
    if (this.closed || socket !== this.socket) return;
    this.onUp(false);
    this.timer = setTimeout(() => this.open(), this.pause * (0.8 + Math.random() * 0.4));
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }
}

/** Who there is to act as, before anybody was chosen. */
export async function people() {
  return (await state(null)).people;
}
