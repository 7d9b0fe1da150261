import type { Client } from '@temporalio/client';
import { defaultPayloadConverter, type Payload, type ProtoFailure } from '@temporalio/common';

/** What a failure says that Temporal shows as it stores it; undefined: it cannot be read. */
export async function messageOf(
  { options }: Client,
  { message, encodedAttributes }: ProtoFailure,
): Promise<string | undefined> {
  if (encodedAttributes == null) return message ?? undefined;
  let payloads: Payload[] = [encodedAttributes];
  try {
    for (const codec of [...options.loadedDataConverter.payloadCodecs].reverse())
      payloads = await codec.decode(payloads);
  } catch {
    // What was asked for is something else, and may be readable.
    return undefined;
  }
  const [payload = {}] = payloads;
  const attributes = defaultPayloadConverter.fromPayload<{ readonly message?: unknown } | null>(payload);
  return typeof attributes?.message === 'string' ? attributes.message : undefined;
}
