// The sentences of the app in the language the device speaks. They come from the server's catalogue and lie in the cache.

let said = {};
let spoken = "vi";
const PLACE = /%%|%\((\w+)\)s/g;

export const language = () => spoken;
// The path of an address of the API in that language, so that refusals are said in it.
export const spokenPath = (path) => (spoken === "en" ? "/en" : "") + path;

export async function speak(wanted) {
  const answer = await fetch(wanted === "en" ? "/en/till/words.json" : "/till/words.json");
  if (!answer.ok) throw new Error(`words: ${answer.status}`);
  said = await answer.json();
  spoken = wanted;
  document.documentElement.lang = wanted;
  localStorage.setItem("till-language", wanted);
}

export function t(key, values = {}) {
  const text = said[key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return text.replace(PLACE, (found, name) => (found === "%%" ? "%" : values[name]));
}
