import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';

/** 0001-01-01T00:00:00Z, which Go sends for a time that was never set. */
const GO_ZERO_TIME_SECONDS = -62_135_596_800n;

/** Milliseconds since the epoch; undefined for a time that was never set. */
export function millisecondsOf(timestamp: Timestamp | undefined): number | undefined {
  if (timestamp === undefined || timestamp.seconds === GO_ZERO_TIME_SECONDS) return undefined;
  return timestampMs(timestamp);
}
