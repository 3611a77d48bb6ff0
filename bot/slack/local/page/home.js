// The bot's home: a view that the bot publishes for each person, beside their direct messages with it.

import { fragment, morph } from "./dom.js";
import { post } from "./wire.js";

const $ = (id) => document.getElementById(id);

export class Home {
  constructor(app) {
    this.app = app;
    this.open = false;
    this.view = $("home");
    $("room-tabs").addEventListener("click", (event) => this.turn(event.target.closest("[data-tab]")));
    this.view.addEventListener("click", (event) => this.press(event.target.closest(".block-button")));
    this.view.addEventListener("change", (event) => this.choose(event.target.closest(".block-select")));
  }

  /** Keep what the bot has published; nothing before it has. */
  show(html) {
    morph(this.view, fragment(html ?? "<p>The bot has not shown its home yet.</p>"));
  }

  /** The tabs stand where the bot and one person are alone. */
  draw(has) {
    const open = has && this.open;
    $("room-tabs").hidden = !has;
    this.view.hidden = !open;
    $("room-timeline").hidden = open;
    $("room-composer").hidden = open;
    for (const tab of $("room-tabs").children) tab.setAttribute("aria-selected", String((tab.dataset.tab === "home") === open));
  }

  turn(tab) {
    if (!tab) return;
    this.open = tab.dataset.tab === "home";
    if (this.open) this.send("home", {});
    this.app.draw();
  }

  press(button) {
    if (!button || (button.dataset.confirm && !confirm(button.dataset.confirm))) return;
    this.send("click_home", { action_id: button.dataset.actionId, value: button.dataset.value });
  }

  choose(list) {
    if (list) this.send("click_home", { action_id: list.dataset.actionId, value: list.value });
  }

  send(path, body) {
    return post(path, { as: this.app.me, ...body }).catch((error) => console.warn(path, error));
  }
}
