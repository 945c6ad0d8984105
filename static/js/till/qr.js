// QR codes, drawn here so that nothing is asked of anybody: byte mode, error correction M, versions 1 to 10 (213 bytes).
// ISO/IEC 18004:2015. encode(text) gives rows of booleans; picture(text) an SVG with its quiet zone.

const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26]; // correction bytes of a block, versions 1…10
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5];
const TOTAL = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346];
const MARKS = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

// The field GF(256) modulo x⁸+x⁴+x³+x²+1.
const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++, x = x & 128 ? (x << 1) ^ 0x11d : x << 1) {
  EXP[i] = EXP[i + 255] = x;
  LOG[x] = i;
}
const times = (a, b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);

function correction(block, count) {
  let divisor = [1];
  for (let i = 0; i < count; i++) {
    const next = new Array(divisor.length + 1).fill(0);
    divisor.forEach((c, j) => {
      next[j] ^= c;
      next[j + 1] ^= times(c, EXP[i]);
    });
    divisor = next;
  }
  const rest = [...block, ...new Array(count).fill(0)];
  for (let i = 0; i < block.length; i++) {
    const lead = rest[i];
    if (lead) for (let j = 0; j < divisor.length; j++) rest[i + j] ^= times(divisor[j], lead);
  }
  return rest.slice(block.length);
}

function codewords(text) {
  const bytes = new TextEncoder().encode(text);
  const room = (v) => TOTAL[v - 1] - CORRECTION[v - 1] * BLOCKS[v - 1];
  let version = 1;
  while (version <= 10 && bytes.length > room(version) - (version > 9 ? 3 : 2)) version++;
  if (version > 10) throw new RangeError(`a QR code of ${bytes.length} bytes is too long`);
  const bits = [];
  const put = (value, length) => {
    for (let i = length - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  put(4, 4);
  put(bytes.length, version > 9 ? 16 : 8);
  for (const byte of bytes) put(byte, 8);
  const size = room(version) * 8;
  put(0, Math.min(4, size - bits.length));
  while (bits.length % 8) bits.push(0);
  for (let pad = 0xec; bits.length < size; pad ^= 0xfd) put(pad, 8);
  const data = [];
  for (let i = 0; i < bits.length; i += 8) data.push(parseInt(bits.slice(i, i + 8).join(""), 2));

  const count = BLOCKS[version - 1];
  const short = Math.floor(data.length / count);
  const long = data.length % count; // so many blocks, the last ones, have one byte more
  const blocks = [];
  for (let i = 0, at = 0; i < count; i++) {
    const length = short + (i >= count - long ? 1 : 0);
    blocks.push(data.slice(at, (at += length)));
  }
  const checks = blocks.map((block) => correction(block, CORRECTION[version - 1]));
  const out = [];
  for (const part of [blocks, checks]) {
    for (let i = 0; i < Math.max(...part.map((b) => b.length)); i++) for (const block of part) if (i < block.length) out.push(block[i]);
  }
  return { version, bytes: out };
}

const MASKS = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

function remainder(value, length, divisor) {
  const degree = 31 - Math.clz32(divisor);
  let rest = value << degree;
  for (let i = length - 1; i >= 0; i--) if (rest & (1 << (i + degree))) rest ^= divisor << i;
  return (value << degree) | rest;
}

export function encode(text) {
  const { version, bytes } = codewords(text);
  const size = 17 + 4 * version;
  const dark = Array.from({ length: size }, () => new Array(size).fill(false));
  const fixed = Array.from({ length: size }, () => new Array(size).fill(false));
  const set = (r, c, on) => {
    if (r < 0 || c < 0 || r >= size || c >= size) return;
    dark[r][c] = Boolean(on);
    fixed[r][c] = true;
  };
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [r, c] of [[3, 3], [3, size - 4], [size - 4, 3]]) {
    for (let y = -4; y <= 4; y++) {
      for (let x = -4; x <= 4; x++) {
        const ring = Math.max(Math.abs(x), Math.abs(y));
        set(r + y, c + x, ring !== 2 && ring !== 4);
      }
    }
  }
  const marks = MARKS[version - 1];
  for (const r of marks) {
    for (const c of marks) {
      if ((r === 6 && (c === 6 || c === size - 7)) || (c === 6 && r === size - 7)) continue;
      for (let y = -2; y <= 2; y++) for (let x = -2; x <= 2; x++) set(r + y, c + x, Math.max(Math.abs(x), Math.abs(y)) !== 1);
    }
  }
  const format = (mask) => {
    const word = remainder(mask, 5, 0x537) ^ 0x5412; // level M is 00, so the five bits are the mask's
    const bit = (i) => (word >> i) & 1;
    for (let i = 0; i < 6; i++) set(i, 8, bit(i));
    set(7, 8, bit(6));
    set(8, 8, bit(7));
    set(8, 7, bit(8));
    for (let i = 9; i < 15; i++) set(8, 14 - i, bit(i));
    for (let i = 0; i < 8; i++) set(8, size - 1 - i, bit(i));
    for (let i = 8; i < 15; i++) set(size - 15 + i, 8, bit(i));
    set(size - 8, 8, true);
  };
  format(0);
  if (version >= 7) {
    const word = remainder(version, 6, 0x1f25);
    for (let i = 0; i < 18; i++) {
      const [far, near] = [size - 11 + (i % 3), Math.floor(i / 3)];
      set(far, near, (word >> i) & 1);
      set(near, far, (word >> i) & 1);
    }
  }
  let at = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const upward = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step++) {
      const r = upward ? size - 1 - step : step;
      for (const c of [right, right - 1]) {
        if (fixed[r][c]) continue;
        dark[r][c] = at < bytes.length * 8 && ((bytes[at >> 3] >> (7 - (at & 7))) & 1) === 1;
        at++;
      }
    }
  }
  const masked = (mask) => {
    for (let r = 0; r < size; r++) for (let c = 0; c < size; c++) if (!fixed[r][c] && MASKS[mask](r, c)) dark[r][c] = !dark[r][c];
  };
  let best = [Infinity, 0];
  for (let mask = 0; mask < 8; mask++) {
    masked(mask);
    format(mask);
    const cost = penalty(dark);
    if (cost < best[0]) best = [cost, mask];
    masked(mask);
  }
  masked(best[1]);
  format(best[1]);
  return dark;
}

function penalty(dark) {
  const size = dark.length;
  let cost = 0;
  let black = 0;
  const finder = (line, i) => [1, 0, 1, 1, 1, 0, 1].every((on, j) => line[i + j] === Boolean(on));
  const light = (line, from, to) => {
    for (let i = from; i < to; i++) if (line[i]) return false; // outside the code all is light
    return true;
  };
  for (let r = 0; r < size; r++) {
    for (const line of [dark[r], dark.map((row) => row[r])]) {
      for (let i = 0, run = 1; i < size; i++, run++) {
        if (line[i] !== line[i + 1]) {
          if (run >= 5) cost += run - 2;
          run = 0;
        }
        if (i + 7 <= size && finder(line, i) && (light(line, i - 4, i) || light(line, i + 7, i + 11))) cost += 40;
      }
    }
    for (let c = 0; c < size; c++) {
      black += dark[r][c];
      if (r && c && dark[r][c] === dark[r - 1][c] && dark[r][c] === dark[r][c - 1] && dark[r][c] === dark[r - 1][c - 1]) cost += 3;
    }
  }
  return cost + Math.floor(Math.abs((black * 20) / (size * size) - 10)) * 10;
}

export function picture(text, label) {
  const rows = encode(text);
  const quiet = 4;
  const SVG = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(SVG, "svg");
  const side = rows.length + 2 * quiet;
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("class", "qr-svg");
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const ground = document.createElementNS(SVG, "path");
  ground.setAttribute("fill", "#fff");
  ground.setAttribute("d", `M0 0h${side}v${side}H0z`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("fill", "#000");
  path.setAttribute("d", rows.map((row, r) => row.map((on, c) => (on ? `M${c + quiet} ${r + quiet}h1v1h-1z` : "")).join("")).join(""));
  svg.append(ground, path);
  return svg;
}
