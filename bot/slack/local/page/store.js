// What is known: people, channels and messages as the person acted as sees them. No DOM here.

export class Store {
  constructor() {
    this.load({ team: { name: "" }, bot: { id: "", name: "skein" }, model_note: null, shortcuts: {}, people: [], channels: [], messages: [] });
    this.unread = new Set();
  }

  load(state) {
    this.team = state.team;
    this.bot = state.bot;
    this.modelNote = state.model_note;
    this.shortcuts = state.shortcuts;
    this.people = state.people;
    this.channels = state.channels;
    this.messages = new Map();
    for (const message of state.messages) this.put(message);
  }

  /** Keep a message, in place of the one with its channel and ts. True if it is new. */
  put(message) {
    const room = this.messages.get(message.channel) ?? new Map();
    this.messages.set(message.channel, room);
    const isNew = !room.has(message.ts);
    room.set(message.ts, message);
    return isNew;
  }

  drop(channel, ts) {
    this.messages.get(channel)?.delete(ts);
  }

  putChannel(channel) {
    const place = this.channels.findIndex(({ id }) => id === channel.id);
    if (place < 0) this.channels = [...this.channels, channel];
    else this.channels = this.channels.with(place, channel);
  }

  channel(id) {
    return this.channels.find((channel) => channel.id === id);
  }

  person(id) {
    return this.people.find((person) => person.id === id);
  }

  message(channel, ts) {
    return this.messages.get(channel)?.get(ts);
  }

  all(channel) {
    return [...(this.messages.get(channel)?.values() ?? [])].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  }

  roots(channel) {
    return this.all(channel).filter(isRoot);
  }

  replies(channel, root) {
    return this.all(channel).filter((message) => message.thread_ts === root && !isRoot(message));
  }

  thread(channel, root) {
    const first = this.message(channel, root);
    return first ? [first, ...this.replies(channel, root)] : this.replies(channel, root);
  }

  /** What a channel is called: a direct message by the others who are in it. */
  title(channel, me) {
    if (channel.type !== "im" && channel.type !== "mpim") return channel.name;
    const others = channel.members.filter((id) => id !== me);
    return others.map((id) => this.name(id)).join(", ") || channel.name;
  }

  name(id) {
    if (id === this.bot.id) return capital(this.bot.name);
    return this.person(id)?.name ?? id;
  }
}

export function isRoot(message) {
  return !message.thread_ts || message.thread_ts === message.ts;
}

export function capital(name) {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
