// Asking the server. Every failure becomes one of three: the network is gone, the server refuses, the device is shut out.

import { spokenPath } from "./words.js";

export class Offline extends Error {}

export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class ShutOut extends Refused {}

const PATIENCE = 20_000;

export async function call(path, { token, body, etag, patience = PATIENCE } = {}) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-None-Match"] = etag;
  let answer;
  try {
    answer = await fetch(spokenPath(`/till/api/${path}`), {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(patience),
    });
  } catch (error) {
    throw new Offline(String(error));
  }
  if (answer.status === 304) return { fresh: false, etag };
  let said;
  try {
    said = await answer.json();
  } catch {
    // Something between us and the shop answered (a portal of a hotspot): as good as no network.
    throw new Offline(`${answer.status} without an answer`);
  }
  if (answer.ok) return { fresh: true, said, etag: answer.headers.get("ETag") };
  const code = said.code ?? "error";
  if (answer.status === 401) throw new ShutOut(401, code, said.title ?? said.detail ?? code);
  throw new Refused(answer.status, code, said.detail ?? said.title ?? code);
}

// A paper the server makes, as a blob.
export async function paper(path, token) {
  let answer;
  try {
    answer = await fetch(spokenPath(path), { headers: { Authorization: `Bearer ${token}` }, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    throw new Offline(String(error));
  }
  if (!answer.ok) throw new Refused(answer.status, "error", String(answer.status));
  return answer.blob();
}
