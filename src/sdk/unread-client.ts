import { Client } from '@temporalio/client';
import { unread } from '../contract/unread.ts';

/** The same Temporal, for what is to be found whether or not it can be read: memos, arguments and results are null to it. */
export function unreadClient({ connection, options }: Client): Client {
  const { namespace, interceptors, loadedDataConverter } = options;
  return new Client({ connection, namespace, interceptors, dataConverter: unread(loadedDataConverter.payloadCodecs) });
}
