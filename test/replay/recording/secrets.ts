// What the worker of the recordings is given as secrets: the tests look for these in the recorded histories (P8).
export const SECRETS = {
  apiKey: 'secret_of-these-recordings_lambda.0123456789abcdef',
  navarchToken: 'token-of-these-recordings-navarch-0123456789',
  hostKeySecret: 'host-key-secret-of-these-recordings-0123456789',
  bootstrapSecret: 'bootstrap-secret-of-these-recordings-0123456789',
} as const;

/** The name by which requests ask for the bootstrap secret. */
export const BOOTSTRAP_SECRET_NAME = 'RECORDING_TOKEN';

/** What is in every PEM or OpenSSH private key. */
export const PRIVATE_KEY = 'PRIVATE KEY';
