// Decodes `application/vnd.amazon.eventstream`: the frames of InvokeAgent and InvokeHarness.

const text = new TextDecoder();
/** A frame of the services is smaller. Anything else is not this format. */
const MOST = 32 * 1024 * 1024;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

/** CRC-32 as in zip files. */
export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** The headers that are texts; others are skipped. */
function headers(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = new Map();
  const sizes = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 };
  let at = 0;
  while (at < bytes.length) {
    const length = bytes[at];
    const name = text.decode(bytes.subarray(at + 1, at + 1 + length));
    const type = bytes[at + 1 + length];
    at += 2 + length;
    if (type === 6 || type === 7) {
      const size = view.getUint16(at);
      if (type === 7) found.set(name, text.decode(bytes.subarray(at + 2, at + 2 + size)));
      at += 2 + size;
    } else if (type in sizes) {
      at += sizes[type];
    } else {
      throw new Error("a frame of the stream has an unknown header");
    }
  }
  return found;
}

function message(frame) {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (view.getUint32(8) !== crc32(frame.subarray(0, 8)) || view.getUint32(frame.length - 4) !== crc32(frame.subarray(0, -4))) {
    throw new Error("a frame of the stream has a wrong checksum");
  }
  const long = view.getUint32(4);
  const found = headers(frame.subarray(12, 12 + long));
  const payload = text.decode(frame.subarray(12 + long, frame.length - 4));
  const kind = found.get(":event-type") ?? found.get(":exception-type") ?? found.get(":error-code") ?? "";
  const body = payload === "" ? {} : JSON.parse(payload);
  return { kind, failed: found.get(":message-type") !== "event", body };
}

/** Joins pieces of a stream into frames: `push(bytes)` returns the messages that are complete. */
export function decoder() {
  let rest = new Uint8Array(0);
  return function push(bytes) {
    const all = new Uint8Array(rest.length + bytes.length);
    all.set(rest);
    all.set(bytes, rest.length);
    const messages = [];
    let at = 0;
    while (all.length - at >= 16) {
      const length = new DataView(all.buffer, at).getUint32(0);
      if (length < 16 || length > MOST) throw new Error("the answer is not an event stream");
      if (all.length - at < length) break;
      messages.push(message(all.subarray(at, at + length)));
      at += length;
    }
    rest = all.slice(at);
    return messages;
  };
}

/** The messages of an answer while they arrive: `{kind, failed, body}`. */
export async function* events(answer) {
  const push = decoder();
  const reader = answer.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* push(value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The text of bytes in base64, for pieces of an answer that may end within a character. */
export function pieces() {
  const joined = new TextDecoder();
  return (base64) => joined.decode(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)), { stream: true });
}
