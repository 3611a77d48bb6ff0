// The reactions that the page can draw; others are shown by name.

const EMOJI = {
  "+1": "👍",
  thumbsup: "👍",
  "-1": "👎",
  thumbsdown: "👎",
  eyes: "👀",
  heart: "❤️",
  tada: "🎉",
  white_check_mark: "✅",
  heavy_check_mark: "✔️",
  x: "❌",
  warning: "⚠️",
  question: "❓",
  hourglass: "⌛",
  hourglass_flowing_sand: "⏳",
  thinking_face: "🤔",
  speech_balloon: "💬",
  wave: "👋",
  yarn: "🧶",
  thread: "🧵",
};

export const OFFERED = ["+1", "eyes", "heart", "tada", "white_check_mark", "yarn"];

export function emoji(name) {
  return EMOJI[name] ?? `:${name}:`;
}
