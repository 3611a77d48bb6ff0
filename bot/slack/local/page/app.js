// The page as a whole: who one is, where one is, and what a click or a key means.

import { MessageActions } from "./actions.js";
import { Composer } from "./composer.js";
import { el, label } from "./dom.js";
import { Form } from "./form.js";
import { Home } from "./home.js";
import { icon } from "./icons.js";
import { Sidebar } from "./sidebar.js";
import { capital, isRoot, Store } from "./store.js";
import { followUps, welcome } from "./suggestions.js";
import { Timeline } from "./timeline.js";
import { Live, people, post } from "./wire.js";

const $ = (id) => document.getElementById(id);

class App {
  constructor() {
    this.store = new Store();
    this.place = new URLSearchParams(location.hash.slice(1));
    this.me = this.place.get("as");
    this.channel = this.place.get("channel");
    this.thread = this.place.get("thread");
    this.awaited = new Set();
    this.live = null;
    this.drawing = false;
    this.sidebar = new Sidebar({ onChannel: (id) => this.openChannel(id), onPerson: (id) => this.actAs(id) });
    this.room = new Timeline($("room-timeline"), "Messages");
    this.side = new Timeline($("thread-timeline"), "Replies");
    this.roomComposer = this.composer("room-composer", this.room, () => null);
    this.sideComposer = this.composer("thread-composer", this.side, () => this.thread);
    this.actions = new MessageActions(this);
    this.form = new Form(this);
    this.home = new Home(this);
    this.listen();
  }

  composer(id, timeline, threadTs) {
    return new Composer($(id), {
      candidates: () => this.mentionable(),
      onSend: (text) => this.say(text, threadTs()),
      onEditLast: () => this.actions.editLast(timeline),
    });
  }

  listen() {
    $("menu").append(icon("menu"));
    $("thread-close").append(icon("close"));
    $("thread-close").onclick = () => this.closeThread();
    $("menu").onclick = () => this.drawer(!$("app").classList.contains("drawer"));
    $("shade").onclick = () => this.drawer(false);
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (event) => this.suggested(event));
    addEventListener("online", () => this.live?.lost(this.live.socket));
  }

  async start() {
    try {
      const known = await people();
      const person = known.find(({ id }) => id === this.me) ?? known[0];
      this.actAs(person.id);
    } catch {
      $("offline").hidden = false;
      setTimeout(() => this.start(), 1000);
    }
  }

  actAs(id) {
    this.live?.close();
    if (this.me !== id) {
      this.thread = null;
      this.awaited.clear();
      this.store.unread.clear();
    }
    this.me = id;
    this.room.clear(null);
    this.side.clear(null);
    this.live = new Live({
      as: id,
      onState: (state) => this.loaded(state),
      onEvent: (event) => this.happened(event),
      onUp: (up) => ($("offline").hidden = up),
    });
    this.live.open();
  }

  loaded(state) {
    this.store.load(state);
    this.form.show(state.form);
    this.home.show(state.home);
    if (!this.store.channel(this.channel)) {
      const open = state.channels.filter(({ type }) => type === "channel");
      this.channel = (open.find(({ bot_in }) => bot_in) ?? open[0] ?? state.channels[0])?.id ?? null;
      this.thread = null;
    }
    this.draw();
  }

  happened(event) {
    if (event.type === "message") this.heard(event.message);
    else if (event.type === "deleted") this.store.drop(event.channel, event.ts);
    else if (event.type === "channel") this.store.putChannel(event.channel);
    else if (event.type === "form") this.form.show(event.form);
    else if (event.type === "home") this.home.show(event.html);
    this.draw();
  }

  heard(message) {
    const isNew = this.store.put(message);
    if (isNew && message.channel !== this.channel && message.user !== this.me) this.store.unread.add(message.channel);
    if (message.is_bot && !isRoot(message)) this.answered(message.channel, message.thread_ts);
  }

  /** The bot began to answer in a thread: show it, if its question was asked from this page a moment ago. */
  answered(channel, root) {
    if (!this.awaited.delete(`${channel} ${root}`) || channel !== this.channel) return;
    const writing = document.activeElement === this.roomComposer.input && this.roomComposer.input.value === "";
    this.openThread(root, writing);
  }

  async say(text, threadTs) {
    const { channel, me } = this;
    if (/^\/[a-z]/.test(text)) return post("command", { as: me, channel, text });
    (threadTs ? this.side : this.room).toEnd();
    const { ts } = await post("say", { as: me, channel, text, thread_ts: threadTs });
    if (threadTs || !text.toLowerCase().includes(`@${this.store.bot.name.toLowerCase()}`)) return;
    this.awaited.add(`${channel} ${ts}`);
    if (this.store.replies(channel, ts).some(({ is_bot }) => is_bot)) this.answered(channel, ts);
  }

  suggested(event) {
    const chip = event.target.closest("[data-say]");
    if (!chip) return;
    const composer = chip.closest("#thread") ? this.sideComposer : this.roomComposer;
    composer.input.value = chip.dataset.say;
    composer.changed();
    composer.focus();
    composer.send();
  }

  mentionable() {
    const bot = { name: this.store.bot.name, isBot: true };
    return [bot, ...this.store.people.filter(({ id }) => id !== this.me)];
  }

  openChannel(id) {
    if (id !== this.channel) this.thread = null;
    this.channel = id;
    this.drawer(false);
    this.draw();
    this.roomComposer.focus();
  }

  openThread(ts, focus = true) {
    this.thread = ts;
    this.draw();
    if (focus) requestAnimationFrame(() => this.sideComposer.focus());
  }

  closeThread() {
    this.thread = null;
    this.draw();
    this.roomComposer.focus();
  }

  drawer(open) {
    $("app").classList.toggle("drawer", open);
    $("menu").setAttribute("aria-expanded", String(open));
  }

  key(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if ($("app").classList.contains("drawer")) this.drawer(false);
    else if (this.thread) this.closeThread();
  }

  /** Draw once before the next picture, however many events came meanwhile. */
  draw() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.drawNow();
    });
  }

  drawNow() {
    const channel = this.store.channel(this.channel);
    if (!channel) return;
    this.store.unread.delete(channel.id);
    this.sidebar.show(this.store, this.me, channel.id);
    label($("note"), this.store.modelNote);
    this.drawRoom(channel);
    this.drawThread(channel);
    this.remember();
  }

  drawRoom(channel) {
    const title = this.store.title(channel, this.me);
    const named = channel.type === "channel" || channel.type === "private" ? `#${title}` : title;
    const messages = this.store.roots(channel.id);
    const view = { store: this.store, me: this.me, inThread: false, openThread: this.thread };
    document.title = `${named} · ${this.store.team.name} · Skein`;
    this.drawTitle(channel, title, named);
    label($("room-people"), membership(channel, this.store, this.me));
    this.home.draw(channel.type === "im" && channel.bot_in);
    const hello = messages.length === 0 ? welcome(channel, named, this.store.bot) : null;
    this.room.show(`${this.me} ${channel.id}`, messages, view, hello);
    this.roomComposer.move(`${this.me} ${channel.id}`, `Message ${named}`);
    this.roomComposer.suggest(channel.type === "im" ? followUps(messages) : []);
  }

  drawTitle(channel, title, named) {
    if ($("room-title").dataset.key === `${channel.type} ${named}`) return;
    $("room-title").dataset.key = `${channel.type} ${named}`;
    if (channel.type === "private") $("room-title").replaceChildren(icon("lock"), title);
    else $("room-title").replaceChildren(named);
  }

  drawThread(channel) {
    const messages = this.thread ? this.store.thread(channel.id, this.thread) : [];
    if (messages.length === 0) this.thread = null;
    $("thread").hidden = !this.thread;
    $("app").classList.toggle("with-thread", Boolean(this.thread));
    if (!this.thread) return this.side.clear(null);
    const place = `${this.me} ${channel.id} ${this.thread}`;
    label($("thread-place"), $("room-title").textContent);
    this.side.show(place, messages, { store: this.store, me: this.me, inThread: true, openThread: null });
    this.sideComposer.move(place, "Reply…");
    this.sideComposer.suggest(channel.bot_in ? followUps(messages) : []);
  }

  remember() {
    const place = new URLSearchParams({ as: this.me, channel: this.channel });
    if (this.thread) place.set("thread", this.thread);
    history.replaceState(null, "", `#${place}`);
  }
}

function membership(channel, store, me) {
  if (channel.type === "im") return "Private to you two";
  const known = channel.members.filter((id) => store.person(id) || id === store.bot.id);
  const names = known.map((id) => (id === me ? "you" : store.name(id)));
  if (!channel.bot_in) return `${names.join(", ")} · ${capital(store.bot.name)} is not in this channel`;
  return names.join(", ");
}

new App().start();
