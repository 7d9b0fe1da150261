import { readFile, writeFile } from 'node:fs/promises';
import ssh2 from 'ssh2';

/**
 * The public half of the private key in a file, as one line. Where there is no such file yet it is written with a new key, for a worker
 * that reads it from there: then a simulated account needs nobody who makes a key first.
 */
export async function publicKeyOfFile(path: string): Promise<string> {
  const key = ssh2.utils.parseKey(await readOrMake(path));
  if (key instanceof Error || !key.isPrivateKey())
    throw new Error(`--ssh-key-file: ${path} is not a private key without a passphrase`);
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}

async function readOrMake(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new Error(`--ssh-key-file: ${path} cannot be read`, { cause: error });
  }
  const { private: made } = ssh2.utils.generateKeyPairSync('ed25519');
  try {
    await writeFile(path, made, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new Error(`--ssh-key-file: ${path} cannot be written`, { cause: error });
  }
  return made;
}
