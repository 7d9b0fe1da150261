// What a secret looks like where it should not be: as it is, cut short, and in the encodings that texts and keys go through here.

/** Bytes; a piece so long turns up nowhere by chance. */
const PIECE = 15;

/** Every text of which one is to be found wherever a piece of the secret is. The secret should be random throughout. */
export function needlesOf(secret: Buffer): readonly string[] {
  const starts = [];
  for (let at = 0; at + PIECE < secret.length; at += PIECE) starts.push(at);
  starts.push(Math.max(secret.length - PIECE, 0));
  return starts.flatMap((at) => formsOf(secret.subarray(at, at + PIECE)));
}

function formsOf(piece: Buffer): readonly string[] {
  const asText = /^[\x20-\x7e]+$/.test(piece.toString('latin1')) ? [piece.toString('latin1')] : [];
  const inBase64 = [0, 1, 2].map((before) => withinBase64(piece, before));
  return [...asText, piece.toString('hex'), ...inBase64, ...inBase64.map(urlSafe)];
}

/** The characters of base64 that depend on these bytes alone when so many others (modulo 3) stand before them. */
function withinBase64(piece: Buffer, before: number): string {
  const whole = piece.subarray(before === 0 ? 0 : 3 - before);
  return whole.subarray(0, whole.length - (whole.length % 3)).toString('base64');
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}
