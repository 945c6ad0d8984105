// A keeper's PIN is checked on the device, so that a counter opens without a network: PBKDF2-HMAC-SHA256 against what the
// catalogue holds. Wrong tries make the keeper wait, longer each time; the waiting outlives a reload.

const FREE_TRIES = 4;
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

export async function matches(pin, { salt, hash, rounds }) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const made = new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: rounds }, key, 256));
  const wanted = bytes(hash);
  return wanted.length === made.length && made.reduce((differ, byte, i) => differ | (byte ^ wanted[i]), 0) === 0;
}

// Seconds to wait after `wrong` wrong tries in a row: none for the first four, then 15 s, 30 s, 60 s … up to an hour.
export const waitAfter = (wrong) => (wrong <= FREE_TRIES ? 0 : Math.min(3600, 15 * 2 ** (wrong - FREE_TRIES - 1)));
