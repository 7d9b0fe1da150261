export { EncryptionCodec } from './codec.ts';
export { keysFromEnvironment } from './environment.ts';
export { EncryptedPayloadError, PayloadKeysError } from './errors.ts';
export { parseKeyRing, type KeyRing } from './key-ring.ts';
export { KEYS, keySource, type KeySource } from './key-source.ts';
