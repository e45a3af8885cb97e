/**
 * Bytes in, messages out. Frames are MessagePack; a snapshot's body is MessagePack inside zlib, which browsers unpack themselves
 * (`deflate` of DecompressionStream is the zlib format of RFC 1950).
 */
import { decode, encode } from "@msgpack/msgpack";
import type { FromBrowser, ToBrowser, Whole } from "./messages";

/** This will read one frame; it throws where the bytes are not a message. */
export function message(bytes: ArrayBuffer | Uint8Array): ToBrowser {
  const value = decode(bytes) as { type?: unknown };
  if (typeof value !== "object" || value === null || typeof value.type !== "string") throw new TypeError("a frame without a type");
  return value as ToBrowser;
}

export function frame(message: FromBrowser): Uint8Array<ArrayBuffer> {
  return encode(message);
}

/** This will unpack the body of a snapshot. */
export async function whole(body: Uint8Array): Promise<Whole> {
  const stream = new Blob([body as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate"));
  return decode(await new Response(stream).arrayBuffer()) as Whole;
}
