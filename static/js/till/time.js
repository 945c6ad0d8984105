// Instants and days. The business day is that of Vietnam, whatever the device is set to.

const DAY = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Ho_Chi_Minh", year: "numeric", month: "2-digit", day: "2-digit" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit" });

export const dayOf = (instant) => DAY.format(new Date(instant)); // 2026-11-24
export const dayText = (iso) => iso.slice(0, 10).split("-").reverse().join("/"); // 24/11/2026
export const clockText = (instant) => CLOCK.format(new Date(instant)); // 07:15
export const instantText = (instant) => `${clockText(instant)} ${dayText(dayOf(instant))}`;

// The device's own clock with its offset: 2026-11-24T07:15:30.123+07:00
export function stamp(date = new Date()) {
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
  const two = (n) => String(Math.floor(Math.abs(n))).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${two(offset / 60)}:${two(offset % 60)}`;
}
