// The text of a VietQR, made on the device: EMVCo merchant-presented tags with NAPAS's tag 38, as shop/payments/vietqr.py does.

import { fold } from "../fold.js";

const tag = (number, value) => {
  if (value.length > 99) throw new RangeError(`tag ${number} is longer than 99 characters`);
  return `${number}${String(value.length).padStart(2, "0")}${value}`;
};

// CRC-16/CCITT-FALSE: "123456789" gives 29B1.
export function crc(text) {
  let rest = 0xffff;
  for (let i = 0; i < text.length; i++) {
    rest ^= text.charCodeAt(i) << 8;
    for (let bit = 0; bit < 8; bit++) rest = rest & 0x8000 ? ((rest << 1) ^ 0x1021) & 0xffff : (rest << 1) & 0xffff;
  }
  return rest.toString(16).toUpperCase().padStart(4, "0");
}

// bank: {bin, account}; amount in đồng; purpose in any letters, written without marks.
export function payload(bank, amount, purpose) {
  const account = tag("00", "A000000727") + tag("01", tag("00", bank.bin) + tag("01", bank.account)) + tag("02", "QRIBFTTA");
  const memo = (/^[\x20-\x7e]*$/.test(purpose) ? purpose : fold(purpose).replace(/[^\x20-\x7e]/g, "")).slice(0, 50);
  const text = tag("00", "01") + tag("01", "12") + tag("38", account) + tag("53", "704") + tag("54", String(amount)) + tag("58", "VN") + (memo ? tag("62", tag("08", memo)) : "") + "6304";
  return text + crc(text);
}
