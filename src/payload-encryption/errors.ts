/** What is wrong with the text that holds the keys; its message never repeats any of that text. */
export class PayloadKeysError extends Error {
  override readonly name = 'PayloadKeysError';
}

/** A payload that this process cannot decrypt. Its message names the id of the key, never a key. */
export class EncryptedPayloadError extends Error {
  override readonly name = 'EncryptedPayloadError';
}
