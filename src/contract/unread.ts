import { defaultPayloadConverter, type DataConverter, type PayloadCodec } from '@temporalio/common';

/**
 * For a client that describes and lists without looking at what is encoded (memos, arguments): every payload is read as null, so that one
 * that cannot be decrypted is in nobody's way. It writes as `codecs` do.
 */
export function unread(codecs: readonly PayloadCodec[]): DataConverter {
  const blind: PayloadCodec = {
    async encode(payloads, context) {
      let encoded = payloads;
      for (const codec of codecs) encoded = await codec.encode(encoded, context);
      return encoded;
    },
    decode: (payloads) => Promise.resolve(payloads.map(() => defaultPayloadConverter.toPayload(null))),
  };
  return { payloadCodecs: [blind] };
}
