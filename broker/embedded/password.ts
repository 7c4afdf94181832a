import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

const keyBytes = 32;
const saltBytes = 16;
const cost = { ln: 14, r: 8, p: 1 };
const hashPattern = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

function derive(password: string, salt: Buffer, { ln, r, p }: typeof cost, bytes: number): Promise<Buffer> {
  const N = 2 ** ln;
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

/**
 * A password as it may stand in a users file.
 *
 * @returns scrypt in the PHC string format, `$scrypt$ln=14,r=8,p=1$salt$key`, different for each call
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const key = await derive(password, salt, cost, keyBytes);
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${unpadded(salt)}$${unpadded(key)}`;
}

/** Whether the password is the one that was hashed. A hash that cannot be read fits no password. */
export async function fitsHash(password: string, hash: string): Promise<boolean> {
  const [, ln, r, p, salt, key] = hashPattern.exec(hash) ?? [];
  if (salt === undefined || key === undefined) return false;
  const wanted = Buffer.from(key, 'base64');
  const parameters = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (parameters.ln > 20 || wanted.length < 16) return false;
  try {
    const got = await derive(password, Buffer.from(salt, 'base64'), parameters, wanted.length);
    return timingSafeEqual(got, wanted);
  } catch {
    return false; // parameters that scrypt refuses
  }
}

/** Whether two passwords are the same, in a time that does not tell how much of them is. */
export function isSamePassword(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
