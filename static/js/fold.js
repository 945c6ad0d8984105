// The shop's own folding for searching while typing: no marks, đ as d, lower case. "Ba Chẽ" → "ba che".

export const fold = (text) =>
  text.normalize("NFD").replace(/\p{M}+/gu, "").replace(/[đĐ]/g, "d").toLowerCase().replace(/\s+/g, " ").trim();
